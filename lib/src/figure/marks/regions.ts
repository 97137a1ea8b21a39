/** Shaded stretches of the x axis. */
import { escapeHtml } from '../../core/html';
import { needed, number, type Options, text as aString } from '../../core/checks';
import type { DrawMark } from '../plot';
import { placeOn } from '../scales';
import { ink } from '../theme';

/** A shaded stretch of the x axis, such as the region in which a unit saturates. */
export interface Region {
  /** Left end, in units of x. */
  from: number;
  /** Right end. */
  to: number;
  /** Inside, at the top. */
  label?: string;
}

/** A region may reach to infinity. */
export const REGION_OPTIONS: Options<Region> = { from: needed(number), to: needed(number), label: aString };

/** @internal */
export function regions(stretches: readonly Region[]): DrawMark {
  return ({ axes, x }) => {
    const place = { xref: axes.xaxis, yref: `${axes.yaxis} domain` };
    const shapes = stretches.map(({ from, to }) => ({
      ...{ type: 'rect', ...place, x0: from, x1: to, y0: 0, y1: 1 },
      ...{ fillcolor: ink.shade, line: { width: 0 }, layer: 'below' },
    }));
    const annotations = stretches.flatMap(({ from, to, label }) => {
      const middle = (placeOn(x, from) + placeOn(x, to)) / 2;
      return label ? [{ text: escapeHtml(label), ...place, x: middle, y: 1, yshift: -2, yanchor: 'top' }] : [];
    });
    return { shapes, annotations };
  };
}
