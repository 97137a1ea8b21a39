/** Texts beside a panel or in it. */
import { escapeHtml } from '../../core/html';
import type { DrawMark } from '../plot';
import { ink, size } from '../theme';

/** Texts right of the panel, each at the height of a value of y. @internal */
export function textsBeside(texts: readonly string[], heights: readonly number[]): DrawMark {
  return ({ axes }) => ({
    annotations: texts.map((text, i) => ({
      text: escapeHtml(text),
      font: { size: size.small, color: ink.text },
      ...{ xref: 'paper', yref: axes.yaxis, x: 1, xshift: 8, y: heights[i], xanchor: 'left' },
    })),
  });
}
