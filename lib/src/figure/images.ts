/** Pictures in a grid with a name below each: grey ones as ink, dark on white, others in their colours. */
import { counting, listOf, needed, type Options, positive, rowsOfNumbers, text as aString } from '../core/checks';
import { expectFigure, type Figure, FigureError, type FigureText, TEXT_OPTIONS } from './figure';
import { gridOf, pictureNames, pictures } from './marks/pictures';
import { plot } from './plot';
import { hiddenScale } from './scales';
import { size } from './theme';

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
  expectFigure(BUILDER, options, IMAGE_GRID_OPTIONS);
  const { images, labels, rowLabels } = options;
  const shape = shapeOf(options);
  const grid = gridOf(images.length, shape, { columns: options.columns ?? 10, labelled: labels !== undefined });
  const largest = Math.max(...images.map((image) => Array.from(image).reduce((a, b) => Math.max(a, b), 0)));
  const white = options.white ?? (largest > 0 ? largest : 1);
  const left = rowLabels ? 130 : 14;
  const scale = Math.min(2.6 * (28 / grid.width), (size.width - left - 14) / grid.totalWidth);
  const shownLabels = (labels ?? []).slice(0, images.length);
  const colour = grid.channels === 3 ? ' in colour' : '';
  return plot({
    text: options,
    panels: [
      {
        x: hiddenScale([-0.5, grid.totalWidth - 0.5]),
        y: hiddenScale([grid.totalHeight - 0.5, -0.5]),
        marks: [pictures(images, grid, white), pictureNames(shownLabels, (rowLabels ?? []).slice(0, grid.rows), grid)],
      },
    ],
    room: { left, right: size.width - left - grid.totalWidth * scale, head: 8, bottom: 16 },
    height: grid.totalHeight * scale,
    equal: true,
    summary: [
      `${images.length} pictures of ${grid.height} x ${grid.width} pixels${colour}${labels ? `: ${shownLabels.join(', ')}` : ''}`,
    ],
  });
}

const BUILDER = 'imageGrid';

/** Height, width and channels of each picture, once all have them. */
function shapeOf({ images, shape, side = 28 }: ImageGridOptions): [number, number, number] {
  const [height, width, channels = 1] = shape ?? [side, side];
  if (
    (shape && shape.length !== 2 && shape.length !== 3) ||
    ![height, width].every((length) => Number.isInteger(length) && length > 0) ||
    (channels !== 1 && channels !== 3)
  ) {
    throw new FigureError(
      `${BUILDER}: shape [${(shape ?? [side, side]).join(', ')}]; wanted [height, width] or [height, width, channels] with 1 or 3 channels.`,
    );
  }
  if (images.length === 0) throw new FigureError(`${BUILDER}: wanted at least one picture, got none.`);
  images.forEach((image, i) => {
    if (image.length === height * width * channels) return;
    const wanted = shape ? shape.join(' * ') : `${side} * ${side}`;
    const advice = shape ? '' : ' Pictures of another size: shape: [height, width, channels].';
    throw new FigureError(
      `${BUILDER}: picture ${i} has ${image.length} values, wanted ${wanted} = ${height * width * channels}.${advice}`,
    );
  });
  return [height, width, channels];
}
