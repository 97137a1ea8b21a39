/** Digits as pictures: ink dark on white, in a grid with a name below each. */
import { assemble, escapeHtml, FigureError, heading, requireText, type Figure, type FigureText } from './figure';
import { ink, size } from './theme';

/** What {@link imageGrid} takes. */
export interface ImageGridOptions extends FigureText {
  /** one entry per picture: [side * side] values, row by row from the top */
  images: readonly ArrayLike<number>[];
  /** pixels per side, 28 unless told */
  side?: number;
  /** value of full ink: 255 for bytes, 1 for shares; the largest value among the pictures unless told */
  white?: number;
  /** what stands below each picture */
  labels?: readonly string[];
  /** what stands left of each row */
  rowLabels?: readonly string[];
  /** pictures side by side, 10 unless told */
  columns?: number;
}

/**
 * A grid of grey pictures, such as digits: 0 is white paper and the largest value black ink.
 *
 * @throws FigureError for missing text, no pictures, or a picture that has not side * side values
 */
export function imageGrid(options: ImageGridOptions): Figure {
  const builder = 'imageGrid';
  requireText(builder, options);
  const { images, labels, rowLabels } = options;
  const side = options.side ?? 28;
  if (images.length === 0) throw new FigureError(`${builder}: wanted at least one picture, got none.`);
  images.forEach((image, i) => {
    if (image.length !== side * side) {
      throw new FigureError(
        `${builder}: picture ${i} has ${image.length} values, wanted ${side} * ${side} = ${side * side}.`,
      );
    }
  });
  const columns = Math.min(options.columns ?? 10, images.length);
  const rows = Math.ceil(images.length / columns);
  const largest = Math.max(...images.map((image) => Array.from(image).reduce((a, b) => Math.max(a, b), 0)));
  const white = options.white ?? (largest > 0 ? largest : 1);

  // One picture of all pictures, with white gutters; below each a strip for its name.
  const gutter = Math.max(2, Math.round(side / 9));
  const strip = labels ? Math.round(side * 0.42) : 0;
  const [cellW, cellH] = [side + gutter, side + gutter + strip];
  const [w, h] = [columns * cellW - gutter, rows * cellH - (labels ? 0 : gutter)];
  const z: (number | null)[][] = Array.from({ length: h }, () => new Array<number | null>(w).fill(null));
  images.forEach((image, i) => {
    const [r, c] = [Math.floor(i / columns), i % columns];
    for (let p = 0; p < side; p++) {
      for (let q = 0; q < side; q++) {
        z[r * cellH + p][c * cellW + q] = Math.round((255 * Math.min(Math.max(image[p * side + q], 0), white)) / white);
      }
    }
  });
  const { title, height: headHeight } = heading(options, []);
  const left = rowLabels ? 130 : 14;
  const scale = Math.min(2.6 * (28 / side), (size.width - left - 14) / w);
  const right = size.width - left - w * scale;
  const top = headHeight + 8;
  return assemble(options, {
    data: [
      {
        type: 'heatmap',
        z,
        zmin: 0,
        zmax: 255,
        colorscale: [
          [0, '#f7f7f7'],
          [1, '#000000'],
        ],
        showscale: false,
        hoverinfo: 'skip',
      },
    ],
    layout: {
      width: size.width,
      height: Math.round(top + h * scale + 16),
      margin: { t: top, r: right, b: 16, l: left },
      title,
      xaxis: { visible: false, range: [-0.5, w - 0.5], fixedrange: true },
      yaxis: { visible: false, range: [h - 0.5, -0.5], fixedrange: true },
      annotations: [
        ...(labels ?? []).slice(0, images.length).map((label, i) => ({
          text: escapeHtml(label),
          font: { size: size.small, color: ink.text },
          x: (i % columns) * cellW + side / 2,
          y: Math.floor(i / columns) * cellH + side,
          yanchor: 'top',
        })),
        ...(rowLabels ?? []).slice(0, rows).map((label, r) => ({
          text: escapeHtml(label),
          font: { size: size.text, color: ink.text },
          xref: 'paper',
          x: 0,
          xshift: -10,
          xanchor: 'right',
          y: r * cellH + side / 2,
          yanchor: 'middle',
        })),
      ],
    },
    summary: [
      `${images.length} pictures of ${side} x ${side} pixels${labels ? `: ${labels.slice(0, images.length).join(', ')}` : ''}`,
    ],
  });
}
