/** Arrows between two points of a panel. */
import type { DrawMark } from '../plot';

/** @internal */
export interface Arrow {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly color: string;
  readonly width: number;
}

/** @internal */
export function arrows(list: readonly Arrow[]): DrawMark {
  return ({ axes }) => ({
    annotations: list.map(({ from, to, color, width }) => ({
      ...{ xref: axes.xaxis, yref: axes.yaxis, axref: axes.xaxis, ayref: axes.yaxis },
      ...{ ax: from[0], ay: from[1], x: to[0], y: to[1] },
      ...{ showarrow: true, arrowhead: 2, arrowsize: 1, arrowwidth: width, arrowcolor: color, text: '' },
    })),
  });
}
