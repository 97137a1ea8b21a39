/** Which numbers share one mean and one variance: the cube of examples, channels and positions. */
import { counting, listOf, type Options, oneOf, optionsOf } from '../core/checks';
import { expectFigure, type Figure, FigureError, type FigureText, TEXT_OPTIONS } from './figure';
import { cube, cubeExtent, type Sizes } from './marks/cube';
import { panelWidth, plot, type Room } from './plot';
import { hiddenScale } from './scales';
import { identities } from './theme';

/** A normalization whose statistics {@link normalizationAxesFigure} draws. */
export type NormalizationKind = 'batch' | 'layer' | 'instance' | 'group';

const KINDS = ['batch', 'layer', 'instance', 'group'] as const;

/** What {@link normalizationAxesFigure} takes. */
export interface NormalizationAxesOptions extends FigureText {
  /** From left to right; batch, layer, instance and group normalization unless told. */
  kinds?: readonly NormalizationKind[];
  /** Cells along each axis: examples N, channels C, positions H·W; 4, 6 and 4 unless told. */
  sizes?: { N?: number; C?: number; HW?: number };
  /** Groups of channels of group normalization, 2 unless told; they must divide C. */
  groups?: number;
}

const NORMALIZATION_AXES_OPTIONS: Options<NormalizationAxesOptions> = {
  ...{ ...TEXT_OPTIONS, kinds: listOf(oneOf(KINDS)), groups: counting },
  sizes: optionsOf<NonNullable<NormalizationAxesOptions['sizes']>>({ N: counting, C: counting, HW: counting }),
};

/** Over which axes the mean and the variance are taken, in words. */
const OVER: Record<NormalizationKind, string> = {
  batch: 'over N, H, W: one per channel',
  layer: 'over C, H, W: one per example',
  instance: 'over H, W: one per example and channel',
  group: 'over H, W and a group of C',
};

/**
 * A cube per normalization, with the examples N from left to right, the channels C into the page, the positions H·W from bottom to top.
 * The coloured cells share one mean and one variance (after Wu & He 2018, Group Normalization, figure 2).
 *
 * @throws FigureError for missing text, no kinds, or groups that do not divide the channels
 */
export function normalizationAxesFigure(options: NormalizationAxesOptions): Figure {
  expectFigure(BUILDER, options, NORMALIZATION_AXES_OPTIONS);
  const { kinds = KINDS, groups = 2 } = options;
  const sizes: Sizes = { N: 4, C: 6, HW: 4, ...options.sizes };
  if (kinds.length === 0) throw new FigureError(`${BUILDER}: wanted at least one kind of ${KINDS.join(', ')}.`);
  if (kinds.includes('group') && sizes.C % groups !== 0) {
    throw new FigureError(`${BUILDER}: ${groups} groups do not divide ${sizes.C} channels. Change groups or sizes.C.`);
  }
  const extent = cubeExtent(sizes);
  const room: Room = { left: 14, right: 14, head: 26, bottom: 14, gapX: 18 };
  return plot({
    text: options,
    facts: ['coloured: numbers that share one mean and one variance'],
    panels: kinds.map((kind) => ({
      title: identities[kind].label,
      x: hiddenScale(extent.x),
      y: hiddenScale(extent.y),
      marks: [cube(kind, sizes, groups, OVER[kind])],
    })),
    room,
    height:
      options.height ??
      Math.round((panelWidth(room, kinds.length) * (extent.y[1] - extent.y[0])) / (extent.x[1] - extent.x[0])),
    ...{ equal: true, sharedY: false },
    summary: [
      `a cube of ${sizes.N} examples (N), ${sizes.C} channels (C) and ${sizes.HW} positions (H, W)`,
      ...kinds.map((kind) => `  ${identities[kind].label}: mean and variance ${OVER[kind]}`),
    ],
  });
}

const BUILDER = 'normalizationAxesFigure';
