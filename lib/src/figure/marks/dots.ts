/** Points of one group. */
import { escapeHtml } from '../../core/html';
import type { Role } from '../palette';
import { type DrawMark, numbers } from '../plot';
import { translucent } from '../theme';

/** One group of points with its look. @internal */
export interface Dots {
  readonly label: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly color: string;
  readonly role: Role;
  readonly symbol: string;
  readonly inLegend: boolean;
}

/** @internal */
export function dots(group: Dots): DrawMark {
  const label = escapeHtml(group.label);
  return ({ axes }) => ({
    data: [
      {
        type: 'scatter',
        mode: 'markers',
        x: numbers(group.x),
        y: numbers(group.y),
        marker: { color: translucent(group.color, 0.5), size: 4.5, symbol: group.symbol },
        name: label,
        legendgroup: group.label,
        showlegend: group.inLegend,
        meta: { role: group.role },
        hovertemplate: `${label}: (%{x:.3~g}, %{y:.3~g})<extra></extra>`,
        ...axes,
      },
    ],
  });
}
