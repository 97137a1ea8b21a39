/** The layer of section 2's first example: its normalization is known to the gradient, or is not. */
import { checkedOptions, flag, oneOf, type Options, own } from '../core/checks';
import { tf } from '../engine';
import {
  BaseLayer,
  batchMoments,
  batchNorm,
  expectShape,
  stopGradient,
  type ApplyContext,
  type StatisticsGradient,
} from '../nn';
import { expectCount } from '../nn/checks';

/** What {@link shiftThenNormalize} takes. */
export interface ShiftThenNormalizeOptions {
  /** Label of the variables and taps. Default `shift`. */
  name?: string;
  /** `center`: xHat = x - E[x]. `both`: xHat = (x - E[x]) / sqrt(Var[x]). Default `center`. */
  normalize?: 'center' | 'both';
  /** Whether the gradient takes E[x] and Var[x] for constants (`detached`) or goes through them. Default `detached`. */
  statistics?: StatisticsGradient;
  /** Learn g as well, one for each feature: x = g u + b. Default false: x = u + b. */
  scale?: boolean;
  /** Follow with section 3's gamma and beta: y = gamma xHat + beta. Default false: y = xHat. */
  affine?: boolean;
}

/** Every option of {@link ShiftThenNormalizeOptions}. */
export const SHIFT_OPTIONS: Options<ShiftThenNormalizeOptions> = {
  ...{ name: own, normalize: oneOf(['center', 'both']), statistics: oneOf(['detached', 'differentiated']) },
  ...{ scale: flag, affine: flag },
};

/** The layer that {@link shiftThenNormalize} makes. */
export class ShiftThenNormalizeLayer extends BaseLayer {
  /** b, [features]. Starts at 0. */
  readonly b: tf.Variable;
  /** g, [features], or null. Starts at 1. */
  readonly g: tf.Variable | null;
  private readonly gamma: tf.Variable | null;
  private readonly beta: tf.Variable | null;
  private readonly normalize: 'center' | 'both';
  private readonly statistics: StatisticsGradient;

  constructor(
    /** Width of the input and of the output. */
    readonly features: number,
    options: ShiftThenNormalizeOptions = {},
  ) {
    super(checkedOptions('shiftThenNormalize', options, SHIFT_OPTIONS).name ?? 'shift');
    expectCount(this.name, 'features', features);
    this.normalize = options.normalize ?? 'center';
    this.statistics = options.statistics ?? 'detached';
    const d = [features];
    this.b = this.addVariable('b', tf.zeros(d));
    this.g = options.scale ? this.addVariable('g', tf.ones(d)) : null;
    this.gamma = options.affine ? this.addVariable('gamma', tf.ones(d)) : null;
    this.beta = options.affine ? this.addVariable('beta', tf.zeros(d)) : null;
  }

  apply(u: tf.Tensor, context: ApplyContext): tf.Tensor {
    this.expectAlive();
    expectShape(u, [null, this.features], `${this.name}: u`);
    return tf.tidy(() => {
      const x = tf.add(this.g ? tf.mul(u, this.g) : u, this.b);
      const xHat = this.statistics === 'detached' ? this.detached(x) : this.differentiated(x);
      context.tap?.(`${this.name}/xHat`, xHat);
      return this.gamma && this.beta ? tf.add(tf.mul(xHat, this.gamma), this.beta) : xHat;
    });
  }

  private detached(x: tf.Tensor): tf.Tensor {
    const { mean, variance } = batchMoments(x);
    const centred = tf.sub(x, stopGradient(mean));
    return this.normalize === 'center' ? centred : tf.mul(centred, stopGradient(tf.rsqrt(variance)));
  }

  private differentiated(x: tf.Tensor): tf.Tensor {
    if (this.normalize === 'center') return batchMoments(x).centred;
    return batchNorm(x, null, null, { epsilon: 0, allowZeroEpsilon: true, check: false }).y;
  }
}

/**
 * The layer of section 2's example: x = u + b (or g u + b), then xHat = x - E[x] (or also divided by the standard deviation, with
 * epsilon 0), where the gradient either takes the statistics for constants or goes through them. The forward pass is the same.
 *
 * The statistics are those of the rows it is given, in training and otherwise: it is made for whole training sets and for
 * looking at training, not for inference. Taps `NAME/xHat`; labels `NAME/b`, `NAME/g`, `NAME/gamma`, `NAME/beta`.
 *
 * @param features width of u, [m, features]
 * @example shiftThenNormalize(100, { statistics: 'detached' }).apply(u, { training: true }) // [m, 100]
 * @throws when u is not [m, features]
 */
export function shiftThenNormalize(features: number, options: ShiftThenNormalizeOptions = {}): ShiftThenNormalizeLayer {
  return new ShiftThenNormalizeLayer(features, options);
}
