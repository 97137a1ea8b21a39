/** Normalizations by name: what networks and specifications call them. A new one is a row of the table. */
import { expectOptions, type Options, without } from '../../core/checks';
import { expectOneOf } from '../checks';
import { Layer } from '../types';
import { batchNormLayer } from './batch-norm-layer';
import { BATCH_NORM_LAYER_OPTIONS, type BatchNormLayerOptions } from './batch-norm-options';
import { NORM_LAYER_OPTIONS } from './affine-layer';
import { BATCH_RENORM_LAYER_OPTIONS, batchRenormLayer } from './batch-renorm';
import { GROUP_NORM_LAYER_OPTIONS, groupNormLayer } from './group-norm';
import { instanceNormLayer } from './instance-norm';
import { layerNormLayer } from './layer-norm';
import { pitfall, PitfallName, PITFALLS } from './pitfalls';
import { WHITENING_LAYER_OPTIONS, whiteningLayer } from './whitening-layer';

/** What a network must know of a normalization. */
interface Norm<O> {
  /** Makes the layer. */
  make: (features: number, options?: O) => Layer;
  /** The options it takes. */
  options: Options<O>;
  /** Whether a bias before it has no effect, because a mean over the batch or the image takes it away. */
  removesBias: boolean;
  /** Whether it is for images alone: in a dense layer each value would be its own mean. */
  imagesOnly?: boolean;
}

/** A row, whose types stay its own. */
const row = <O>(norm: Norm<O>): Norm<O> => norm;

const TABLE = {
  batch: row({
    make: batchNormLayer as (features: number, options?: Omit<BatchNormLayerOptions, 'pitfall'>) => Layer,
    options: without(BATCH_NORM_LAYER_OPTIONS, ['pitfall']),
    removesBias: true,
  }),
  layer: row({ make: layerNormLayer, options: NORM_LAYER_OPTIONS, removesBias: false }),
  group: row({ make: groupNormLayer, options: GROUP_NORM_LAYER_OPTIONS, removesBias: false }),
  instance: row({ make: instanceNormLayer, options: NORM_LAYER_OPTIONS, removesBias: true, imagesOnly: true }),
  renorm: row({ make: batchRenormLayer, options: BATCH_RENORM_LAYER_OPTIONS, removesBias: true }),
  whiten: row({ make: whiteningLayer, options: WHITENING_LAYER_OPTIONS, removesBias: true }),
};

type Table = typeof TABLE;
type Together<T> = (T extends unknown ? (each: T) => void : never) extends (all: infer All) => void ? All : never;
type OptionsIn<T> = T extends Norm<infer O> ? O : never;

/** The known-wrong variants are batch normalization with another scheme inside. */
const PREFIX = 'pitfall:';

/** Normalizations by name. Known-wrong variants carry `pitfall:` before their name. */
export const NORMS = ['none', ...(Object.keys(TABLE) as (keyof Table)[])] as const;

/** One of {@link NORMS}, or `pitfall:` and one of {@link PITFALLS}. */
export type NormName = (typeof NORMS)[number] | `pitfall:${PitfallName}`;

export const NORM_NAMES: readonly NormName[] = [...NORMS, ...PITFALLS.map((name) => `${PREFIX}${name}` as const)];

/** Options of the normalization layers inside a network. Those of another kind than the one that is used have no effect. */
export type NormOptions = Omit<Together<OptionsIn<Table[keyof Table]>>, 'name'>;

export const NORM_OPTIONS = without<NormOptions & { name?: string }, 'name'>(
  Object.assign({}, ...Object.values(TABLE).map(({ options }) => options)) as Options<NormOptions & { name?: string }>,
  ['name'],
) as Options<NormOptions>;

/** The known-wrong variant that a name asks for, if it does. */
const pitfallOf = (norm: NormName): PitfallName | undefined =>
  norm.startsWith(PREFIX) ? (norm.slice(PREFIX.length) as PitfallName) : undefined;

/**
 * A normalization layer by name; null for `none`.
 * @example normLayer('group', 32, { groups: 4 }, 'layer1')
 * @throws RangeError for a name that is not known, or options out of range
 */
export function normLayer(
  norm: NormName,
  features: number,
  options: NormOptions = {},
  name = norm as string,
): Layer | null {
  expectOneOf('normLayer', 'norm', norm, NORM_NAMES);
  expectOptions('normLayer', options, NORM_OPTIONS);
  if (norm === 'none') return null;
  const wrong = pitfallOf(norm);
  const { make, options: known } = TABLE[wrong ? 'batch' : (norm as keyof Table)];
  const taken = Object.entries(options).filter(([option]) => option in known);
  return make(features, { ...Object.fromEntries(taken), name, ...(wrong && { pitfall: wrong }) });
}

/** Whether a bias before this normalization has no effect. */
export function removesBias(norm: NormName): boolean {
  const wrong = pitfallOf(norm);
  if (wrong) return !pitfall(wrong).biasBefore;
  return norm !== 'none' && TABLE[norm as keyof Table].removesBias;
}

/** Whether this normalization wants images, and no dense layer. */
export function isForImagesOnly(norm: NormName): boolean {
  return norm in TABLE && (TABLE[norm as keyof Table] as Norm<never>).imagesOnly === true;
}
