/** Pictures in a grid with a name below each: grey ones as ink, dark on white, others in their colours. */
import { counting, listOf, needed, type Options, positive, rowsOfNumbers, text as aString } from '../core/checks';
import {
  assemble,
  escapeHtml,
  expectFigure,
  FigureError,
  heading,
  TEXT_OPTIONS,
  type Figure,
  type FigureText,
} from './figure';
import { ink, size } from './theme';

/** What {@link imageGrid} takes. */
export interface ImageGridOptions extends FigureText {
  /** one entry per picture: [height * width * channels] values, row by row from the top, the channels of a pixel side by side */
  images: readonly ArrayLike<number>[];
  /** pixels per side of square grey pictures, 28 unless told */
  side?: number;
  /** height, width and channels, such as [32, 32, 3] (`data.train.shape`): 1 channel is grey, 3 are red, green and blue */
  shape?: readonly number[];
  /** value of full ink: 255 for bytes, 1 for shares; the largest value among the pictures unless told */
  white?: number;
  /** what stands below each picture */
  labels?: readonly string[];
  /** what stands left of each row */
  rowLabels?: readonly string[];
  /** pictures side by side, 10 unless told */
  columns?: number;
}

const IMAGE_GRID_OPTIONS: Options<ImageGridOptions> = {
  ...TEXT_OPTIONS,
  ...{
    images: needed(rowsOfNumbers),
    side: counting,
    shape: listOf(counting),
    white: positive,
    labels: listOf(aString),
  },
  ...{ rowLabels: listOf(aString), columns: counting },
};

/**
 * A grid of pictures. Grey ones, such as digits: 0 is white paper and the largest value black ink. In colour, such as CIFAR-10's: 0
 * is dark and the largest value light.
 *
 * @throws FigureError for missing text, no pictures, a shape that is none, or a picture of another number of values
 */
export function imageGrid(options: ImageGridOptions): Figure {
  const builder = 'imageGrid';
  expectFigure(builder, options, IMAGE_GRID_OPTIONS);
  const { images, labels, rowLabels } = options;
  const { shape, side = 28 } = options;
  const [height, width, channels = 1] = shape ?? [side, side];
  if (
    (shape && shape.length !== 2 && shape.length !== 3) ||
    ![height, width].every((length) => Number.isInteger(length) && length > 0) ||
    (channels !== 1 && channels !== 3)
  ) {
    throw new FigureError(
      `${builder}: shape [${(shape ?? [side, side]).join(', ')}]; wanted [height, width] or [height, width, channels] with 1 or 3 channels.`,
    );
  }
  if (images.length === 0) throw new FigureError(`${builder}: wanted at least one picture, got none.`);
  images.forEach((image, i) => {
    if (image.length === height * width * channels) return;
    const wanted = shape ? shape.join(' * ') : `${side} * ${side}`;
    const advice = shape ? '' : ' Pictures of another size: shape: [height, width, channels].';
    throw new FigureError(
      `${builder}: picture ${i} has ${image.length} values, wanted ${wanted} = ${height * width * channels}.${advice}`,
    );
  });
  const columns = Math.min(options.columns ?? 10, images.length);
  const rows = Math.ceil(images.length / columns);
  const largest = Math.max(...images.map((image) => Array.from(image).reduce((a, b) => Math.max(a, b), 0)));
  const white = options.white ?? (largest > 0 ? largest : 1);

  // One picture of all pictures, with white gutters; below each a strip for its name.
  const gutter = Math.max(2, Math.round(width / 9));
  const strip = labels ? Math.round(width * 0.42) : 0;
  const [cellW, cellH] = [width + gutter, height + gutter + strip];
  const [w, h] = [columns * cellW - gutter, rows * cellH - (labels ? 0 : gutter)];
  const level = (value: number) => Math.round((255 * Math.min(Math.max(value, 0), white)) / white);
  const fill = <T>(empty: T, pixel: (image: ArrayLike<number>, at: number) => T): T[][] => {
    const z = Array.from({ length: h }, () => new Array<T>(w).fill(empty));
    images.forEach((image, i) => {
      const [r, c] = [Math.floor(i / columns), i % columns];
      for (let p = 0; p < height; p++) {
        for (let q = 0; q < width; q++) z[r * cellH + p][c * cellW + q] = pixel(image, (p * width + q) * channels);
      }
    });
    return z;
  };
  const trace =
    channels === 1
      ? {
          type: 'heatmap',
          z: fill<number | null>(null, (image, at) => level(image[at])),
          zmin: 0,
          zmax: 255,
          colorscale: [
            [0, '#f7f7f7'],
            [1, '#000000'],
          ],
          showscale: false,
          hoverinfo: 'skip',
        }
      : {
          type: 'image',
          colormodel: 'rgba256',
          z: fill([255, 255, 255, 0], (image, at) => [
            level(image[at]),
            level(image[at + 1]),
            level(image[at + 2]),
            255,
          ]),
          hoverinfo: 'skip',
        };
  const { title, height: headHeight } = heading(options, []);
  const left = rowLabels ? 130 : 14;
  const scale = Math.min(2.6 * (28 / width), (size.width - left - 14) / w);
  const right = size.width - left - w * scale;
  const top = headHeight + 8;
  return assemble(options, {
    data: [trace],
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
          x: (i % columns) * cellW + width / 2,
          y: Math.floor(i / columns) * cellH + height,
          yanchor: 'top',
        })),
        ...(rowLabels ?? []).slice(0, rows).map((label, r) => ({
          text: escapeHtml(label),
          font: { size: size.text, color: ink.text },
          xref: 'paper',
          x: 0,
          xshift: -10,
          xanchor: 'right',
          y: r * cellH + height / 2,
          yanchor: 'middle',
        })),
      ],
    },
    summary: [
      `${images.length} pictures of ${height} x ${width} pixels${channels === 3 ? ' in colour' : ''}${labels ? `: ${labels.slice(0, images.length).join(', ')}` : ''}`,
    ],
  });
}
