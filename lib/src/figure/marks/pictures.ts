/** Pictures in a grid, as one picture with gutters between, and the names below them and beside their rows. */
import { escapeHtml } from '../../core/html';
import type { PlotlyTrace } from '../figure';
import { light } from '../palette';
import type { DrawMark } from '../plot';
import { ink, size } from '../theme';

/** Where pictures stand: each in a cell, in pixels of the pictures. @internal */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  /** One picture. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** One cell: a picture with its gutter, and the strip for its name. */
  readonly cellHeight: number;
  readonly cellWidth: number;
  /** The whole grid. */
  readonly totalHeight: number;
  readonly totalWidth: number;
}

/** @internal */
export function gridOf(
  count: number,
  [height, width, channels]: readonly [number, number, number],
  wanted: { columns: number; labelled: boolean },
): Grid {
  const columns = Math.min(wanted.columns, count);
  const rows = Math.ceil(count / columns);
  const gutter = Math.max(2, Math.round(width / 9));
  const strip = wanted.labelled ? Math.round(width * 0.42) : 0;
  const [cellWidth, cellHeight] = [width + gutter, height + gutter + strip];
  const totalHeight = rows * cellHeight - (wanted.labelled ? 0 : gutter);
  const totalWidth = columns * cellWidth - gutter;
  return { columns, rows, height, width, channels, cellHeight, cellWidth, totalHeight, totalWidth };
}

/** The pictures; `white` is the value of full ink, or of full light. @internal */
export function pictures(images: readonly ArrayLike<number>[], grid: Grid, white: number): DrawMark {
  const level = (value: number) => Math.round((255 * Math.min(Math.max(value, 0), white)) / white);
  const fill = <T>(empty: T, pixel: (image: ArrayLike<number>, at: number) => T): T[][] => {
    const z = Array.from({ length: grid.totalHeight }, () => new Array<T>(grid.totalWidth).fill(empty));
    images.forEach((image, i) => {
      const [top, left] = [Math.floor(i / grid.columns) * grid.cellHeight, (i % grid.columns) * grid.cellWidth];
      for (let p = 0; p < grid.height; p++) {
        for (let q = 0; q < grid.width; q++) z[top + p][left + q] = pixel(image, (p * grid.width + q) * grid.channels);
      }
    });
    return z;
  };
  const trace: PlotlyTrace =
    grid.channels === 1
      ? {
          type: 'heatmap',
          z: fill<number | null>(null, (image, at) => level(image[at])),
          zmin: 0,
          zmax: 255,
          colorscale: light.scale('picture'),
          meta: { scale: 'picture' },
          showscale: false,
          hoverinfo: 'skip',
        }
      : {
          type: 'image',
          colormodel: 'rgba256',
          z: fill([255, 255, 255, 0], (image, at) => [
            ...[level(image[at]), level(image[at + 1]), level(image[at + 2])],
            255,
          ]),
          hoverinfo: 'skip',
        };
  return () => ({ data: [trace] });
}

/** A name below each picture, and one beside each row. @internal */
export function pictureNames(labels: readonly string[], rowLabels: readonly string[], grid: Grid): DrawMark {
  const below = labels.map((label, i) => ({
    text: escapeHtml(label),
    font: { size: size.small, color: ink.text },
    x: (i % grid.columns) * grid.cellWidth + grid.width / 2,
    y: Math.floor(i / grid.columns) * grid.cellHeight + grid.height,
    yanchor: 'top',
  }));
  const beside = rowLabels.map((label, r) => ({
    text: escapeHtml(label),
    font: { size: size.text, color: ink.text },
    ...{ xref: 'paper', x: 0, xshift: -10, xanchor: 'right' },
    ...{ y: r * grid.cellHeight + grid.height / 2, yanchor: 'middle' },
  }));
  return () => ({ annotations: [...below, ...beside] });
}
