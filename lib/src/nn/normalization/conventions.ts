/** How other libraries keep the statistics of batch normalization: what differs, measured from them (data/golden/zoo). */
import { expectOneOf } from '../checks';
import { DEFAULT_EPSILON } from './shared';

/** How a library keeps its statistics. */
export interface Convention {
  /** Weight of the past in the moving averages, by default; undefined where that library has no default. */
  readonly decay: number | undefined;
  /** Added to the variance, by default. */
  readonly epsilon: number;
  /** Whether the variance that is averaged is m/(m-1) sigma2_B; `images` where it is for images alone. */
  readonly unbiased: boolean | 'images';
  /**
   * Where the averages start: `standard` at mean 0 and variance 1; `zero` at 0 and 0, divided by the weight gathered; `debiased`
   * at 0 and 1, and divided all the same, so that what the start adds to the variance is d^t / (1 - d^t); `firstBatch` with a
   * copy of the first batch.
   */
  readonly start: 'standard' | 'zero' | 'debiased' | 'firstBatch';
  /** Training too divides by the moving averages, with the batch taken in first, and not by the batch. */
  readonly normalizesByMoving?: boolean;
}

const standard = { start: 'standard' } as const;

/**
 * Conventions by name. Libraries that keep the same statistics share one: `pytorch` is also tinygrad's, MLX's and MindSpore's, `keras`
 * (version 3) that of the layers of TensorFlow.js, `paddle` that of MXNet (Gluon) and of ONNX, `flax` that of linen and nnx alike.
 *
 * - `keras2` (tf_keras) and `sonnet` store the unbiased variance of images, because TensorFlow's kernel computes it, and the
 *   biased one of rows.
 * - `haiku` has no default decay: give one. The batch handed to its `init` is not imitated.
 * - `equinox` is its default mode, `ema`; `equinoxBatch` is `mode="batch"`.
 */
export const CONVENTIONS = {
  pytorch: { ...standard, decay: 0.9, epsilon: 1e-5, unbiased: true },
  chainer: { ...standard, decay: 0.9, epsilon: 2e-5, unbiased: true },
  keras: { ...standard, decay: 0.99, epsilon: 1e-3, unbiased: false },
  keras2: { ...standard, decay: 0.99, epsilon: 1e-3, unbiased: 'images' },
  flax: { ...standard, decay: 0.99, epsilon: 1e-5, unbiased: false },
  paddle: { ...standard, decay: 0.9, epsilon: 1e-5, unbiased: false },
  haiku: { start: 'zero', decay: undefined, epsilon: 1e-5, unbiased: false },
  sonnet: { start: 'zero', decay: 0.999, epsilon: 1e-5, unbiased: 'images' },
  equinox: { start: 'firstBatch', decay: 0.99, epsilon: 1e-5, unbiased: false, normalizesByMoving: true },
  equinoxBatch: { start: 'debiased', decay: 0.99, epsilon: 1e-5, unbiased: false },
} satisfies Record<string, Convention>;

/** One of {@link CONVENTIONS}. */
export type ConventionName = keyof typeof CONVENTIONS;

/**
 * What the options of a layer say about its statistics.
 *
 * @throws RangeError for a name that is not known, beside `debias` or a pitfall, or without the decay that it has no default for
 */
export function conventionOf(
  where: string,
  options: { convention?: ConventionName; debias?: boolean; pitfall?: string; decay?: number },
): Convention {
  const { convention: name, debias } = options;
  if (name === undefined) {
    return { start: debias ? 'zero' : 'standard', decay: 0.9, epsilon: DEFAULT_EPSILON, unbiased: true };
  }
  expectOneOf(where, 'convention', name, Object.keys(CONVENTIONS) as ConventionName[]);
  for (const other of ['debias', 'pitfall'] as const) {
    if (options[other] === undefined) continue;
    throw new RangeError(`${where}: convention '${name}' and ${other} both say how statistics are kept. Give one.`);
  }
  const rules: Convention = CONVENTIONS[name];
  if (rules.decay === undefined && options.decay === undefined) {
    throw new RangeError(`${where}: convention '${name}' has no default decay, as that library has none. Give decay.`);
  }
  return rules;
}
