/** Batch normalization by the statistics of a part of the rows: of groups of the mini-batch, or of a fixed batch beside it. */
import {
  counting,
  expectArgument,
  expectOptions,
  layer as aLayer,
  needed,
  Options,
  own,
  shown,
} from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext, expectContext, expectNoMask, expectTraining } from '../context';
import { expectCount, expectFeatures, expectFloatTensor } from '../checks';
import { Composite } from '../layers/composite';
import { Layer, Network } from '../types';
import { BatchNormLayer } from './batch-norm-layer';
import { type BatchNormLayerOptions } from './batch-norm-options';
import { moveWithDecay } from './moving';
import { scaleAndShift } from './shared';

/** What the layers of this file take. */
export type PartialBatchNormOptions = Pick<BatchNormLayerOptions, 'name' | 'epsilon' | 'decay'>;

const COMMON: Options<PartialBatchNormOptions> = { name: own, epsilon: own, decay: own };

/** Batch normalization whose statistics in training are those of a part of the rows; at inference it is batch normalization. */
abstract class PartialBatchNormLayer extends BatchNormLayer {
  /** Rows by groups [groups, rows, d], and the mean and biased variance of each group [groups, 1, d]. */
  protected abstract grouped(x: tf.Tensor): { rows: tf.Tensor; mean: tf.Tensor; variance: tf.Tensor; m: number };

  override apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectTraining(this.name, context);
    expectNoMask(this.name, context);
    if (!context.training || this.frozen || this.frozenStatistics) return super.apply(x, context);
    this.expectAlive();
    expectFloatTensor(this.name, 'x', x, [2]);
    expectFeatures(this.name, x, this.features);
    return tf.tidy(() => {
      const { rows, mean, variance, m } = this.grouped(x);
      const deviation = tf.sqrt(tf.add(variance, this.epsilon));
      const xHat = tf.reshape(tf.div(tf.sub(rows, mean), deviation), x.shape);
      const [averageMean, averageVariance] = [mean, variance].map((of) => tf.mean(of, [0, 1]));
      if (context.updateStatistics ?? true) {
        const unbiased = tf.mul(averageVariance, m / (m - 1));
        this.movingMean.assign(moveWithDecay(this.movingMean, averageMean, this.decay));
        this.movingVariance.assign(moveWithDecay(this.movingVariance, unbiased, this.decay));
      }
      context.tap?.(`${this.name}/mean`, averageMean);
      context.tap?.(`${this.name}/variance`, averageVariance);
      context.tap?.(`${this.name}/xHat`, xHat);
      return scaleAndShift(xHat, this.gamma, this.beta);
    });
  }
}

function momentsOf(rows: tf.Tensor): { mean: tf.Tensor; variance: tf.Tensor } {
  const mean = tf.mean(rows, 1, true);
  return { mean, variance: tf.mean(tf.square(tf.sub(rows, mean)), 1, true) };
}

/** The layer that `ghostBatchNormLayer` makes. */
class GhostBatchNormLayer extends PartialBatchNormLayer {
  constructor(
    features: number,
    /** Rows of a group. */
    readonly size: number,
    options: PartialBatchNormOptions,
  ) {
    super(features, { ...options, name: options.name ?? 'ghostBatchNorm' });
    if (size < 2) throw new RangeError(`${this.name}: size must be at least 2, got ${shown(size)}.`);
  }

  protected grouped(x: tf.Tensor) {
    const [n, d] = x.shape;
    if (n % this.size !== 0) {
      throw new RangeError(`${this.name}: ${n} rows are no whole number of groups of ${this.size}.`);
    }
    const rows = tf.reshape(x, [n / this.size, this.size, d]);
    return { rows, ...momentsOf(rows), m: this.size };
  }
}

/** The layer that `referenceBatchNormLayer` makes. */
class ReferenceBatchNormLayer extends PartialBatchNormLayer {
  constructor(
    features: number,
    /** Rows of the fixed batch. */
    readonly reference: number,
    options: PartialBatchNormOptions,
  ) {
    super(features, { ...options, name: options.name ?? 'referenceBatchNorm' });
    if (reference < 2) throw new RangeError(`${this.name}: reference must be at least 2, got ${shown(reference)}.`);
  }

  protected grouped(x: tf.Tensor) {
    const [n, d] = x.shape;
    if (n < this.reference) {
      throw new RangeError(`${this.name}: ${n} rows, fewer than the ${this.reference} of the fixed batch.`);
    }
    const first = tf.slice(x, [0, 0], [this.reference, d]);
    const { mean, variance } = momentsOf(tf.reshape(first, [1, this.reference, d]));
    return { rows: tf.reshape(x, [1, n, d]), mean, variance, m: this.reference };
  }
}

/**
 * Ghost batch normalization (Hoffer et al. 2017): in training the mini-batch [n, d] is cut into groups of `size` rows, and each is normalized
 * by its own mean and variance, so that the noise of the statistics is that of m = size whatever the mini-batch of the gradient is. The moving
 * averages take the mean over the groups. At inference, batch normalization. Labels and taps as `batchNormLayer`.
 *
 * @example ghostBatchNormLayer(100, { size: 16, name: 'layer1' })
 * @param features d
 * @throws RangeError for a size below 2; when applied in training: rows that are no whole number of groups
 */
export function ghostBatchNormLayer(
  features: number,
  options: PartialBatchNormOptions & { size: number },
): BatchNormLayer {
  expectOptions<typeof options>('ghostBatchNormLayer', options, { ...COMMON, size: needed(counting) });
  const { size, ...rest } = options;
  return new GhostBatchNormLayer(features, size, rest);
}

/**
 * Batch normalization by the statistics of a fixed batch (virtual batch normalization, Salimans et al. 2016): in training the first
 * `reference` rows are that batch, their mean and variance normalize every row, and the gradient goes through both. What an example
 * becomes then does not depend on the mini-batch it is in. {@link withReference} puts the fixed batch there.
 *
 * @example referenceBatchNormLayer(100, { reference: 500, name: 'layer1' })
 * @param features d
 * @throws RangeError for fewer than 2 rows; when applied in training to fewer rows than the fixed batch has
 */
export function referenceBatchNormLayer(
  features: number,
  options: PartialBatchNormOptions & { reference: number },
): BatchNormLayer {
  expectOptions<typeof options>('referenceBatchNormLayer', options, { ...COMMON, reference: needed(counting) });
  const { reference, ...rest } = options;
  return new ReferenceBatchNormLayer(features, reference, rest);
}

/** The network that `withReference` makes. */
class ReferenceNetwork extends Composite {
  constructor(
    network: Layer,
    /** The fixed batch [r, inputs]; the caller's. */
    readonly reference: tf.Tensor,
  ) {
    super(`${network.name}/withReference`, [network]);
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectContext(this.name, context);
    const [network] = this.layers;
    if (!context.training) return network.apply(x, context);
    return tf.tidy(() => {
      const rows = this.reference.shape[0];
      const all = network.apply(tf.concat([this.reference, x], 0), context);
      return tf.slice(all, rows, all.shape[0] - rows);
    });
  }
}

/**
 * A network that in training sees a fixed batch before every mini-batch, for its `referenceBatchNormLayer`s, and answers for the mini-batch
 * alone. Dropout falls on the fixed batch as well. At inference it is the network. Taps hold the rows of both.
 *
 * @param reference [r, inputs], not disposed before the network; the same in all its steps
 * @example withReference(sequential([dense(784, 100), referenceBatchNormLayer(100, { reference: 500 }), activation('relu')]), fixed)
 * @throws RangeError for fewer than 2 rows
 */
export function withReference(network: Layer, reference: tf.Tensor): Network {
  expectArgument('withReference', 'network', network, aLayer);
  expectFloatTensor('withReference', 'reference', reference, [2]);
  expectCount('withReference', 'rows of reference', reference.shape[0]);
  if (reference.shape[0] < 2) throw new RangeError('withReference: wanted at least 2 rows, got 1.');
  return new ReferenceNetwork(network, reference);
}
