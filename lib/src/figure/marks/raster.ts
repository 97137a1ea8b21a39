/** Cells of a raster, black and white. */
import { escapeHtml } from '../../core/html';
import { light } from '../palette';
import type { DrawMark } from '../plot';
import type { Axis } from '../scales';

/** `values` is [rows][columns] of 0 and 1; rows and columns count from 1. @internal */
export function raster(values: readonly ArrayLike<number>[], columns: Axis, rows: Axis): DrawMark {
  return ({ axes }) => ({
    data: [
      {
        type: 'heatmap',
        ...{ x0: 1, dx: 1, y0: 1, dy: 1 },
        z: values.map((row) => Array.from(row)),
        ...{ zmin: 0, zmax: 1, colorscale: light.scale('raster'), meta: { scale: 'raster' }, showscale: false },
        hovertemplate: `${escapeHtml(columns.label)} %{x}, ${escapeHtml(rows.label)} %{y}: %{z}<extra></extra>`,
        ...axes,
      },
    ],
  });
}
