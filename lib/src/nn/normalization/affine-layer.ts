/** What normalization layers share: epsilon, gamma, beta, and the tap of xHat. */
import { flag, Options, own } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext, expectNoMask, expectTraining } from '../context';
import { expectCount, expectEpsilon, expectFeatures, expectFilled, expectFloatTensor } from '../checks';
import { BaseLayer } from '../layers/base';
import { DEFAULT_EPSILON, EpsilonOptions, scaleAndShift } from './shared';

/** Options that all normalization layers share. */
export interface NormLayerOptions {
  /** Label of the variables and taps, such as `layer1`. Default the kind of normalization, such as `layerNorm`. */
  name?: string;
  /** Default 1e-5. */
  epsilon?: number;
  /** Accept epsilon = 0. Default false. */
  allowZeroEpsilon?: boolean;
  /** Learn beta. Default true. */
  center?: boolean;
  /** Learn gamma. Default true. */
  scale?: boolean;
}

export const NORM_LAYER_OPTIONS: Options<NormLayerOptions> = {
  ...{ name: own, epsilon: own, allowZeroEpsilon: flag, center: flag, scale: flag },
};

export abstract class AffineNormLayer extends BaseLayer {
  /** Added to the variance, inside the root. */
  readonly epsilon: number;
  /** [d], or null without `scale`. */
  readonly gamma: tf.Variable | null;
  /** [d], or null without `center`. */
  readonly beta: tf.Variable | null;
  /** Whether epsilon may be 0. */
  protected readonly allowZeroEpsilon: boolean;
  /** Whether an example's output depends on the rest of its mini-batch. */
  protected readonly mixesRows: boolean = false;

  constructor(
    /** d, the size of the last axis. */
    readonly features: number,
    options: NormLayerOptions,
    name: string,
  ) {
    super(options.name ?? name);
    expectCount(this.name, 'features', features);
    this.epsilon = options.epsilon ?? DEFAULT_EPSILON;
    this.allowZeroEpsilon = options.allowZeroEpsilon ?? false;
    expectEpsilon(this.name, this.epsilon, this.allowZeroEpsilon);
    this.gamma = (options.scale ?? true) ? this.addVariable('gamma', tf.ones([features])) : null;
    this.beta = (options.center ?? true) ? this.addVariable('beta', tf.zeros([features])) : null;
  }

  /** xHat, before gamma and beta, like x. */
  protected abstract standardized(x: tf.Tensor, context: ApplyContext, options: EpsilonOptions): tf.Tensor;

  /**
   * gamma xHat + beta.
   * @throws TypeError, RangeError for a tensor of another type, rank or number of features; nothing is updated then
   */
  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    this.expectAlive();
    expectFloatTensor(this.name, 'x', x, [2, 4]);
    expectFilled(this.name, 'x', x);
    expectFeatures(this.name, x, this.features);
    expectTraining(this.name, context);
    if (x.rank > 2 || this.mixesRows) expectNoMask(this.name, context);
    return tf.tidy(() => {
      const options = { epsilon: this.epsilon, allowZeroEpsilon: this.allowZeroEpsilon, check: false };
      const xHat = this.standardized(x, context, options);
      context.tap?.(`${this.name}/xHat`, xHat);
      return scaleAndShift(xHat, this.gamma, this.beta);
    });
  }
}
