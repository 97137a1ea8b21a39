/** A histogram as a filled outline. */
import { escapeHtml } from '../../core/html';
import type { Role } from '../palette';
import { type DrawMark, numbers } from '../plot';
import { type Identity, translucent } from '../theme';

/** @internal */
export function histogram(
  label: string,
  { identity, role }: { identity: Pick<Identity, 'color' | 'dash'>; role: Role },
  centres: readonly number[],
  shares: readonly number[],
): DrawMark {
  const { color, dash } = identity;
  return ({ axes }) => ({
    data: [
      {
        type: 'scatter',
        mode: 'lines',
        x: numbers(centres),
        y: numbers(shares),
        line: { color, width: 1.75, dash, shape: 'hvh' },
        fill: 'tozeroy',
        fillcolor: translucent(color, 0.28),
        name: label,
        meta: { role },
        hovertemplate: `${escapeHtml(label)}: %{y:.1%} of values near %{x:.3~g}<extra></extra>`,
        ...axes,
      },
    ],
  });
}
