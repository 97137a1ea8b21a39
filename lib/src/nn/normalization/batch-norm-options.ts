/** What batch normalization as a layer takes. */
import { flag, Options, own } from '../../core/checks';
import { ConventionName } from './conventions';
import { PitfallName } from './pitfalls';

/** Options of batch normalization as a layer. */
export interface BatchNormLayerOptions {
  /** Label of the variables and taps, such as `layer1`. Default `batchNorm`. */
  name?: string;
  /** Added to the variance, inside the root. Default 1e-5. */
  epsilon?: number;
  /** Accept epsilon = 0. Default false. */
  allowZeroEpsilon?: boolean;
  /** Weight of the past in the moving averages: moving = decay*moving + (1-decay)*batch. Default 0.9. */
  decay?: number;
  /**
   * Keep statistics as another library does: `CONVENTIONS` sets the decay, epsilon, start values, and whether the variance that is
   * stored is biased, so that the same batches leave the same statistics and the same outputs at inference. `decay` and `epsilon` beside it
   * win. A batch of one in training stays an error, and a frozen layer stands still, whatever that library does. Left out: this
   * library's own, which stores the unbiased variance, as Algorithm 2 and PyTorch do.
   */
  convention?: ConventionName;
  /** Learn beta. Default true. */
  center?: boolean;
  /** Learn gamma. Default true. */
  scale?: boolean;
  /**
   * Start the moving averages at zero and divide by the weight they have gathered, 1 - decay^t, so that they are averages of
   * the batches seen and of nothing else. Default false: they start at (0, 1), as in PyTorch and TensorFlow.
   */
  debias?: boolean;
  /** Default 1. */
  initialGamma?: number;
  /** Default 0. */
  initialBeta?: number;
  /**
   * Stop at NaN and infinity before they reach the moving averages. It looks at the batch's statistics, d numbers, where they
   * are about to be averaged; inside `compile` nothing can be read, and nothing is checked. Default true.
   */
  check?: boolean;
  /** A known-wrong variant in place of the right one. */
  pitfall?: PitfallName;
  /**
   * What computes in training: `auto` takes a fused kernel for images where it is faster; `composed` is always
   * `batchNorm`. They differ by rounding: the kernel's mean carries an error that grows with |mu|/sigma (1e-7 of it; where TensorFlow's
   * own is taken, about 1e-6), `batchNorm` has none. Default `auto`.
   */
  kernel?: 'auto' | 'composed';
}

export const BATCH_NORM_LAYER_OPTIONS: Options<BatchNormLayerOptions> = {
  ...{ name: own, epsilon: own, allowZeroEpsilon: flag, decay: own, center: flag, scale: flag, debias: flag },
  ...{ convention: own, initialGamma: own, initialBeta: own, check: flag, pitfall: own, kernel: own },
};
