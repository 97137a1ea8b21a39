/** One batch normalization layer that a pass applies twice, and snapshots that cannot be put back. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  batchNormLayer,
  batchRenormLayer,
  compile,
  mlp,
  Random,
  sequential,
  setPopulationStatistics,
  tf,
  type ApplyContext,
  type Layer,
} from 'bnlab';
import { BatchNormLayer, BatchRenormLayer, usePopulationStatistics } from 'bnlab/internal';
import { assertSame, clean, values } from '../support/tensors';

/** y = BN(x) + BN(2 x + 3) with one BN. */
class Twice implements Layer {
  readonly name = 'twice';
  readonly layers: Layer[];
  constructor(readonly bn: BatchNormLayer | BatchRenormLayer) {
    this.layers = [bn];
  }
  get named() {
    return this.bn.named;
  }
  get variables() {
    return this.bn.variables;
  }
  get trainable() {
    return this.bn.trainable;
  }
  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    return tf.tidy(() => {
      const first = this.bn.apply(x, context);
      return tf.add(first, this.bn.apply(tf.add(tf.mul(x, 2), 3), context));
    });
  }
  dispose(): void {
    this.bn.dispose();
  }
}

const M = 5;
const batches = (count: number) =>
  Array.from({ length: count }, (_, i) => tf.tensor2d(new Random(i, 'shared').normals(M * 2), [M, 2]));

/** Mean and unbiased variance of each column. */
function statistics(x: tf.Tensor): { mean: number[]; variance: number[] } {
  const rows = x.arraySync() as number[][];
  const mean = [0, 1].map((j) => rows.reduce((sum, row) => sum + row[j], 0) / M);
  const variance = [0, 1].map((j) => rows.reduce((sum, row) => sum + (row[j] - mean[j]) ** 2, 0) / (M - 1));
  return { mean, variance };
}

test(
  'moving averages take the batches of both applications, in their order, eagerly and compiled',
  clean(async () => {
    const decay = 0.8;
    const given = batches(3);
    let [mean, variance] = [[0, 0], [1, 1]]; // prettier-ignore
    for (const x of given) {
      const { mean: mu, variance: s2 } = statistics(x);
      const move = (old: number[], batch: number[]) => old.map((v, j) => decay * v + (1 - decay) * batch[j]);
      mean = move(move(mean, mu), mu.map((v) => 2 * v + 3)); // prettier-ignore
      variance = move(move(variance, s2), s2.map((v) => 4 * v)); // prettier-ignore
    }
    for (const mode of ['eager', 'auto'] as const) {
      const network = new Twice(batchNormLayer(2, { decay }));
      const step = compile(({ x }) => ({ y: network.apply(x, { training: true }) }), { mode });
      const data = { x: tf.concat(given) };
      const rows = Int32Array.from({ length: 3 * M }, (_, i) => i);
      const { outputs } = await step.run({ data, batches: rows, batchSize: M });
      const bn = network.bn as BatchNormLayer;
      assertSame(bn.movingMean, mean, `mean, ${mode}`, 1e-5);
      assertSame(bn.movingVariance, variance, `variance, ${mode}`, 1e-5);
      step.dispose();
      network.dispose();
      tf.dispose([data, outputs]);
    }
    tf.dispose(given);
  }),
);

test(
  'population statistics are averages over all applications',
  clean(() => {
    const given = batches(3);
    const wanted = { mean: [0, 0], variance: [0, 0] };
    for (const x of given) {
      const { mean, variance } = statistics(x);
      for (const j of [0, 1]) {
        wanted.mean[j] += (mean[j] + 2 * mean[j] + 3) / 6;
        wanted.variance[j] += (variance[j] + 4 * variance[j]) / 6;
      }
    }
    const network = new Twice(batchNormLayer(2));
    const bn = network.bn as BatchNormLayer;
    usePopulationStatistics(network, given);
    assertSame(bn.movingMean, wanted.mean, 'mean', 1e-5);
    assertSame(bn.movingVariance, wanted.variance, 'variance', 1e-5);
    // The same through a training set whose every mini-batch is all of it.
    const [all] = given;
    const one = statistics(all);
    assert.deepEqual(setPopulationStatistics(network, all, { batchSize: M, batchCount: 2 }), ['batchNorm']);
    assertSame(bn.movingMean, one.mean.map((v) => (3 * v + 3) / 2), 'mean of a set', 1e-5); // prettier-ignore
    assertSame(bn.movingVariance, one.variance.map((v) => (5 * v) / 2), 'variance of a set', 1e-5); // prettier-ignore
    network.dispose();
    tf.dispose(given);
  }),
);

test(
  'applications to images of two sizes count with their own m',
  clean(() => {
    class Sizes extends Twice {
      override apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
        return tf.tidy(() => {
          const small = tf.slice(x, [0, 0, 0, 0], [2, 1, 1, 1]);
          return tf.add(this.bn.apply(small, context), tf.mean(this.bn.apply(x, context)));
        });
      }
    }
    const network = new Sizes(batchNormLayer(1));
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 9], [2, 2, 2, 1]);
    usePopulationStatistics(network, [x]);
    const bn = network.bn as BatchNormLayer;
    // small is (1, 5): mean 3, unbiased variance 8; x: mean 37/8, sum of squares 221, unbiased (221 - 37^2/8)/7.
    assertSame(bn.movingMean, [(3 + 37 / 8) / 2], 'mean', 1e-5);
    assertSame(bn.movingVariance, [(8 + (221 - 37 ** 2 / 8) / 7) / 2], 'variance', 1e-5);
    network.dispose();
    x.dispose();
  }),
);

test(
  'a layer that no pass applies keeps its statistics; two of one name are refused',
  clean(() => {
    class First extends Twice {
      readonly idle = batchNormLayer(2, { name: 'idle' });
      override readonly layers: Layer[] = [this.bn, this.idle];
      override apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
        return this.bn.apply(x, context);
      }
    }
    const network = new First(batchNormLayer(2));
    const [x] = batches(1);
    usePopulationStatistics(network, [x]);
    assert.deepEqual(values(network.idle.movingMean), [0, 0]);
    assert.notDeepEqual(values((network.bn as BatchNormLayer).movingMean), [0, 0]);
    network.layers.push(batchNormLayer(2, { name: 'idle' }));
    assert.throws(() => usePopulationStatistics(network, [x]), /two batch normalization layers are called 'idle'/);
    for (const layer of network.layers) layer.dispose();
    x.dispose();
  }),
);

test(
  'loadStateDict refuses what no network can hold, and then changes nothing',
  clean(() => {
    const network = mlp({ sizes: [3, 2, 2], norm: 'batch', normOptions: { debias: true }, seed: 1 });
    const good = network.stateDict();
    const changed = (label: string, of: (old: Float32Array) => unknown) => ({
      ...good,
      // The first label is put back last, so that a network restored half-way would show.
      [label]: { shape: good[label].shape, values: of(good[label].values) as Float32Array },
    });
    tf.tidy(() => network.named['layer1/weights'].assign(tf.fill([3, 2], 7)));
    const before = network.stateDict();
    const refused = (snapshot: unknown, message: RegExp) => {
      assert.throws(() => network.loadStateDict(snapshot as never), message);
      assert.deepEqual(network.stateDict(), before);
    };
    const set = (value: number) => (old: Float32Array) => old.map((v, i) => (i === 1 ? value : v));
    refused(
      changed('layer2/weights', set(NaN)),
      /mlp\.loadStateDict: layer2\/weights: value 1 is NaN; wanted a finite number/,
    );
    refused(changed('layer1/gamma', set(-Infinity)), /layer1\/gamma: value 1 is -Infinity/);
    refused(
      changed('layer1/movingVariance', set(-1e-3)),
      /layer1\/movingVariance: value 1 is -0\.001\d*; wanted a variance, none negative/,
    );
    refused(
      changed('layer1/movingWeight', () => Float32Array.of(2)),
      /value 0 is 2; wanted a weight from 0 to 1/,
    );
    refused(
      changed('layer2/bias', (old) => Float64Array.from(old)),
      /layer2\/bias: wanted \{ shape: \[2\], values: a Float32Array \}.*got a Float64Array/,
    );
    refused(
      changed('layer2/bias', (old) => Array.from(old, String)),
      /layer2\/bias: value 0 is '0'; wanted a number/,
    );
    refused(
      changed('layer2/bias', () => Float32Array.of(1)),
      /layer2\/bias is \[2\], the state has \[2\] with 1 values/,
    );
    refused({ ...good, 'layer2/bias': null }, /layer2\/bias: wanted .* got null/);
    refused({ ...good, 'layer2/bias': network.named['layer2/bias'] }, /got a tensor/);
    refused(undefined, /mlp\.loadStateDict: state must be an object, got undefined/);
    refused({}, /Missing: layer1\/weights/);
    network.loadStateDict(good);
    assert.deepEqual(network.stateDict(), good);
    network.dispose();

    const renorm = sequential([batchRenormLayer(2)]);
    const snapshot = renorm.stateDict();
    snapshot['batchRenorm/movingDeviation'].values[0] = 0;
    assert.throws(
      () => renorm.loadStateDict(snapshot),
      /movingDeviation: value 0 is 0; wanted a standard deviation, above 0/,
    );
    renorm.dispose();
  }),
);
