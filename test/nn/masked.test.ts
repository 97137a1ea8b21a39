/** Batch normalization over the positions that count: against the rows taken out, in float64, by differences; and what is refused. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  batchNorm,
  batchNorm64,
  batchNormGradient64,
  batchNormLayer,
  batchRenormLayer,
  compile,
  dense,
  ghostBatchNormLayer,
  groupNormLayer,
  layerNormLayer,
  maskedBatchNorm,
  Random,
  sequential,
  tf,
} from 'bnlab';
import { assertSameValues as same, clean, values } from '../support/tensors';

const training = { training: true };
const [BATCH, LENGTH, D] = [5, 7, 3];
const LENGTHS = [7, 2, 4, 1, 6];
/** Padded sequences; what stands behind their ends is `padding`. */
const sequences = (padding = 99) => {
  const random = new Random(3);
  const x = LENGTHS.map((length) =>
    Array.from({ length: LENGTH }, (_, t) =>
      Array.from({ length: D }, (_, j) => (t < length ? random.normal(2 * j, 1 + j) : padding)),
    ),
  );
  const mask = LENGTHS.map((length) => Array.from({ length: LENGTH }, (_, t) => t < length));
  return { x: tf.tensor3d(x), mask: tf.tensor2d(mask, [BATCH, LENGTH], 'bool') };
};
const affine = () => {
  const [gamma, beta] = [
    [0.5, -1, 2],
    [1, 2, 3],
  ];
  return { gamma, beta, tensors: [tf.tensor1d(gamma), tf.tensor1d(beta)] };
};
const rowsOf = (x: tf.Tensor) => tf.reshape(x, [-1, D]).arraySync() as number[][];
const counts = LENGTHS.flatMap((length) => Array.from({ length: LENGTH }, (_, t) => t < length));
const taken = (rows: number[][]) => rows.filter((_, i) => counts[i]);
/** Rows that count at their places, zeros elsewhere. */
const putBack = (rows: number[][]) => {
  const left = [...rows];
  return counts.flatMap((one) => (one ? left.shift()! : new Array<number>(D).fill(0)));
};

test(
  'what counts is batch norm of the rows that count, in float64; what does not is 0, whatever stands there',
  clean(() =>
    tf.tidy(() => {
      const { gamma, beta, tensors } = affine();
      const clear = sequences();
      const wanted = batchNorm64(taken(rowsOf(clear.x)), { gamma, beta });
      for (const padding of [99, 0, NaN, Infinity]) {
        const { x, mask } = sequences(padding);
        const { y, mean, variance } = maskedBatchNorm(x, mask, tensors[0], tensors[1]);
        assert.deepEqual(y.shape, x.shape);
        same(y, putBack(wanted.y), `padding ${padding}: y`);
        same(mean, wanted.mean, 'mean');
        same(variance, wanted.variance, 'variance');
      }
      // Where everything counts, and as an image or as rows, it is batch norm.
      const rows = tf.reshape(clear.x, [-1, D]);
      same(maskedBatchNorm(rows, tf.ones([BATCH * LENGTH])).y, batchNorm(rows).y, 'all of it');
      const image = tf.reshape(clear.x, [BATCH, LENGTH, 1, D]);
      const of = maskedBatchNorm(image, tf.reshape(clear.mask, [BATCH, LENGTH, 1]).toInt(), tensors[0], tensors[1]);
      same(of.y, putBack(wanted.y), 'as an image');
      // Far from 0 no digits are lost.
      const far = maskedBatchNorm(tf.add(clear.x, 1e4), clear.mask);
      const far64 = batchNorm64(taken(rowsOf(tf.add(clear.x, 1e4))));
      same(far.y, putBack(far64.y), 'far from 0', 2e-5);
    }),
  ),
);

test(
  'the gradient is that of the rows that count, in float64 and by differences, and 0 elsewhere',
  clean(() =>
    tf.tidy(() => {
      const { gamma, beta, tensors } = affine();
      const { x, mask } = sequences();
      const dy = tf.tensor3d(new Random(5).normals(BATCH * LENGTH * D), [BATCH, LENGTH, D]);
      const loss = (u: tf.Tensor, g: tf.Tensor, b: tf.Tensor) =>
        tf.sum(tf.mul(maskedBatchNorm(u, mask, g, b).y, dy)) as tf.Scalar;
      const [dx, dGamma, dBeta] = tf.grads(loss)([x, tensors[0], tensors[1]]);
      const wanted = batchNormGradient64(taken(rowsOf(dy)), taken(rowsOf(x)), { gamma });
      same(dx, putBack(wanted.dx), 'dx', 1e-5);
      same(dGamma, wanted.dGamma, 'dGamma', 1e-5);
      same(dBeta, wanted.dBeta, 'dBeta', 1e-5);
      // Differences of the float64 function, along one direction.
      const v = new Random(6).normals(BATCH * LENGTH * D);
      const at = (h: number) => {
        const moved = rowsOf(x).map((row, i) => row.map((value, j) => value + h * v[i * D + j]));
        const { y } = batchNorm64(taken(moved), { gamma, beta });
        return taken(rowsOf(dy)).reduce(
          (sum, row, i) => sum + row.reduce((part, value, j) => part + value * y[i][j], 0),
          0,
        );
      };
      const along = values(dx).reduce((sum, value, i) => sum + value * v[i], 0);
      const differences = (at(1e-4) - at(-1e-4)) / 2e-4;
      assert.ok(Math.abs(along - differences) < 1e-4 * Math.abs(differences), `${along} against ${differences}`);
      // NaN behind the end of a sequence reaches no gradient.
      const spoilt = sequences(NaN);
      const [clean_] = tf.grads(loss)([spoilt.x, tensors[0], tensors[1]]);
      same(clean_, dx, 'NaN behind the ends');
    }),
  ),
);

test(
  'the layer: moving averages of what counts, unbiased by their number; inference, frozen statistics, a network',
  clean(() =>
    tf.tidy(() => {
      const { x, mask } = sequences(NaN);
      const layer = batchNormLayer(D, { name: 'bn', decay: 0.75 });
      const taps: Record<string, number[]> = {};
      const tap = (name: string, value: tf.Tensor) => void (taps[name] = values(value));
      const y = layer.apply(x, { ...training, mask });
      const rows = taken(rowsOf(x));
      const { mean, variance, y: plain } = batchNorm64(rows);
      same(y, putBack(plain), 'y');
      same(
        layer.movingMean,
        mean.map((value) => 0.25 * value),
        'moving mean',
      );
      const m = rows.length;
      same(
        layer.movingVariance,
        variance.map((v) => 0.75 + (0.25 * v * m) / (m - 1)),
        'moving variance',
      );
      const looked = layer.apply(x, { ...training, mask, tap, updateStatistics: false });
      same(looked, values(y), 'looked at', 1e-6);
      same(taps['bn/mean'], mean, 'tap');
      const still = layer.apply(x, { training: false, mask });
      layer.frozenStatistics = true;
      assert.deepEqual(values(layer.apply(x, { ...training, mask })), values(still));
      assert.ok(values(still).every(Number.isFinite), 'NaN behind the ends stays there');
      const alone = batchNormLayer(D, { decay: 0.75 });
      alone.setStatistics(layer.movingMean, layer.movingVariance);
      const first = tf.slice(x, [0, 0, 0], [1, 7, D]).reshape([7, D]);
      same(tf.slice(still, [0, 0, 0], [1, 7, D]), alone.apply(first, { training: false }), 'inference');
      // Through a network: rows of sequences.
      const network = sequential([dense(D, 4, { seed: 1 }), batchNormLayer(4), dense(4, 2, { seed: 2, name: 'out' })]);
      const flat = sequences();
      const [u, flags] = [tf.reshape(flat.x, [-1, D]), tf.reshape(flat.mask, [-1])];
      const all = network.apply(u, { ...training, mask: flags });
      const few = tf.tensor2d(taken(rowsOf(flat.x)));
      const others = network.apply(few, training);
      same(taken(all.arraySync() as number[][]).flat(), values(others), 'a network', 1e-5);
      for (const each of [layer, alone, network]) each.dispose();
    }),
  ),
);

test(
  'fewer than two positions that count: an error that changes nothing; compiled, the averages stay and nothing is NaN',
  clean(async () => {
    const { x, mask } = tf.tidy(() => sequences());
    const none = tf.zeros([BATCH, LENGTH]);
    const one = tf.tidy(() => tf.oneHot(tf.tensor1d([0, 9, 9, 9, 9], 'int32'), LENGTH).toFloat());
    const layer = batchNormLayer(D, { decay: 0.5, convention: 'equinoxBatch' });
    const before = layer.variables.map(values);
    const once = { batches: Int32Array.from({ length: BATCH }, (_, i) => i), batchSize: BATCH };
    for (const few of [none, one]) {
      assert.throws(
        () => layer.apply(x, { ...training, mask: few }),
        /at least 2 positions that count, got [01] in a mask/,
      );
      assert.throws(() => maskedBatchNorm(x, few), /maskedBatchNorm: training needs at least 2 positions/);
    }
    assert.deepEqual(layer.variables.map(values), before);
    for (const mode of ['auto', 'eager'] as const) {
      const step = compile(
        ({ x: u, mask: flags }) => {
          const { value, grads } = tf.variableGrads(
            () => tf.sum(tf.square(layer.apply(u, { ...training, mask: flags }))) as tf.Scalar,
            [layer.gamma!, layer.beta!],
          );
          return { value, grad: Object.values(grads)[0] };
        },
        { mode },
      );
      for (const few of [none, one]) {
        const { outputs } = await step.run({ ...once, data: { x, mask: few } });
        assert.ok([...values(outputs.value), ...values(outputs.grad)].every(Number.isFinite));
        assert.deepEqual(layer.variables.map(values), before, mode);
        tf.dispose(outputs);
      }
      step.dispose();
    }
    const step = compile(({ x: u, mask: flags }) => ({ y: layer.apply(u, { ...training, mask: flags }) }));
    const { outputs } = await step.run({ ...once, data: { x, mask: tf.keep(mask) } });
    const moved = layer.variables.map(values);
    const eager = batchNormLayer(D, { decay: 0.5, convention: 'equinoxBatch' });
    tf.tidy(() => same(outputs.y, eager.apply(x, { ...training, mask }), 'compiled', 1e-5));
    eager.variables.forEach((variable, i) => same(moved[i], variable, 'compiled averages', 1e-5));
    for (const each of [layer, eager, step]) each.dispose();
    tf.dispose([x, mask, none, one, outputs]);
  }),
);

test(
  'masks that do not fit, and layers that have none, are refused',
  clean(() =>
    tf.tidy(() => {
      const { x, mask } = sequences();
      assert.throws(() => maskedBatchNorm(x, tf.ones([BATCH])), /mask must be \[5, 7\].* got float32 \[5\]/);
      assert.throws(() => maskedBatchNorm(x, [true] as never), /mask must be a tensor/);
      const nan = tf.tensor3d([NaN, ...values(x).slice(1)], [BATCH, LENGTH, D]);
      assert.throws(() => maskedBatchNorm(nan, mask), /maskedBatchNorm: x, where it counts, .* NaN or infinite/);
      const layer = batchNormLayer(D);
      assert.throws(() => layer.apply(x, training), /must have rank 2 or 4/);
      assert.throws(() => layer.apply(x, { ...training, mask: tf.ones([3]) }), /batchNorm: mask must be \[5, 7\]/);
      assert.throws(() => layer.apply(tf.ones([4, D]), { ...training, maks: mask } as never), /Did you mean 'mask'/);
      const rows = { u: tf.reshape(x, [-1, D]), mask: tf.reshape(mask, [-1]) };
      const others = [
        batchRenormLayer(D),
        ghostBatchNormLayer(D, { size: 5 }),
        batchNormLayer(D, { convention: 'equinox' }),
        batchNormLayer(D, { pitfall: 'detached' }),
      ];
      for (const other of others) {
        assert.throws(() => other.apply(rows.u, { ...training, mask: rows.mask }), /mask/, other.constructor.name);
      }
      const images = groupNormLayer(D, { groups: 1 });
      assert.throws(
        () => images.apply(tf.ones([2, 3, 3, D]), { ...training, mask: tf.ones([2, 3, 3]) }),
        /a mask was given/,
      );
      const alone = layerNormLayer(D);
      alone.apply(rows.u, { ...training, mask: rows.mask });
      for (const each of [layer, ...others, images, alone]) each.dispose();
    }),
  ),
);
