import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { convNet, linearityProbe, linearRegimeOfNormal, mlp, captureActivations, Random } from 'bnlab';
import { linearizedOutputs, linearRegime } from 'bnlab/internal';
import { ready, tf, trainNetwork } from 'bnlab';
import { clouds } from '../support/clouds';
import { leakFree } from '../support/tensors';

before(async () => void (await ready()));

const values = (rows: number[][]) => ({
  shape: [rows.length, rows[0].length],
  values: Float32Array.from(rows.flat()),
});

test('linearRegime: tanh and sigmoid leave their tangent where they should', () => {
  // tanh(t)/t = 0.9 at t = 0.5858, and sigmoid(z) - 1/2 = tanh(z/2)/2.
  const inside = [[-0.58], [0.58], [0.1], [0]];
  const outside = [[0.59], [-3]];
  assert.equal(linearRegime(values([...inside, ...outside]), 'tanh').share, 4 / 6);
  for (const row of inside) assert.equal(linearRegime(values([row]), 'tanh').share, 1, `${row}`);
  for (const row of outside) assert.equal(linearRegime(values([row]), 'tanh').share, 0, `${row}`);
  const doubled = [...inside, ...outside].map((row) => row.map((v) => 2 * v));
  assert.equal(linearRegime(values(doubled), 'sigmoid').share, 4 / 6);
  assert.equal(linearRegime(values(doubled), 'sigmoid', { tolerance: 0.02 }).share, 2 / 6);
});

test('linearRegime: R^2 of three points by hand, 1 for the identity and a unit that does not vary', () => {
  // tanh at -1, 0, 1 is odd: a line through the origin meets all three.
  assert.ok(Math.abs(linearRegime(values([[-1], [0], [1]]), 'tanh').r2 - 1) < 1e-12);
  // tanh at 0, 0, 5, 50 is 0, 0, 0.9999, 1: R^2 = Sxy^2 / (Sxx Syy).
  const [x, y] = [
    [0, 0, 5, 50],
    [0, 0, Math.tanh(5), Math.tanh(50)],
  ];
  const mean = (v: number[]) => v.reduce((a, b) => a + b) / 4;
  const s = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + (v - mean(a)) * (b[i] - mean(b)), 0);
  const r2 = s(x, y) ** 2 / (s(x, x) * s(y, y));
  assert.ok(Math.abs(linearRegime(values(x.map((v) => [v])), 'tanh').r2 - r2) < 1e-9);
  assert.equal(linearRegime(values([[3], [9], [4]]), 'identity').r2, 1);
  assert.equal(linearRegime(values([[3], [3]]), 'sigmoid').r2, 1);
  assert.throws(() => linearRegime(values([[1], [NaN]]), 'sigmoid'), /not finite/);
  assert.throws(() => linearRegime(values([[1], [2]]), 'relu'), /no tangent/);
  for (const tolerance of [0, 1]) {
    assert.throws(() => linearRegime(values([[1], [2]]), 'tanh', { tolerance }), /tolerance/);
  }
});

test('linearRegime: the identity is linear everywhere; small inputs have their R^2 too', () => {
  assert.equal(linearRegime(values([[-50], [0], [3]]), 'identity').share, 1);
  // Inputs so small that their sums of squares are far below 1: R^2 of tanh at 0, 0.1, 0.4 by hand.
  const [x, y] = [[0, 0.1, 0.4].map(Math.fround), [0, 0.1, 0.4].map(Math.fround).map(Math.tanh)];
  const mean = (v: number[]) => v.reduce((a, b) => a + b) / 3;
  const s = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + (v - mean(a)) * (b[i] - mean(b)), 0);
  const byHand = s(x, y) ** 2 / (s(x, x) * s(y, y));
  const { r2 } = linearRegime(values(x.map((v) => [v])), 'tanh');
  assert.ok(byHand < 0.9999 && Math.abs(r2 - byHand) < 1e-12, `${r2}, by hand ${byHand}`);
  // The standard normal is what is meant unless told.
  assert.deepEqual(linearRegimeOfNormal('sigmoid'), linearRegimeOfNormal('sigmoid', { mean: 0, deviation: 1 }));
});

test('linearRegimeOfNormal: what a large normal sample shows, and the step function as the limit', () => {
  const random = new Random(1);
  const z = Array.from({ length: 100000 }, () => [1 + 2 * random.normal()]);
  const theory = linearRegimeOfNormal('sigmoid', { mean: 1, deviation: 2 });
  const sample = linearRegime(values(z), 'sigmoid');
  assert.ok(Math.abs(theory.share - sample.share) < 0.005, `${theory.share} ${sample.share}`);
  assert.ok(Math.abs(theory.r2 - sample.r2) < 0.003, `${theory.r2} ${sample.r2}`);
  // A sigmoid of very wide inputs is a step: R^2 = E[|z|]^2 / E[z^2] = 2/pi.
  assert.ok(Math.abs(linearRegimeOfNormal('sigmoid', { deviation: 1e4 }).r2 - 2 / Math.PI) < 1e-3);
  assert.ok(Math.abs(linearRegimeOfNormal('tanh', { deviation: 1e-3 }).r2 - 1) < 1e-6);
  assert.throws(() => linearRegimeOfNormal('tanh', { deviation: 0 }), /deviation/);
});

test('linearizedOutputs: a linear network is its own; any network becomes an affine map of its inputs', async () => {
  const { x, y } = clouds(40, 3);
  const apply = (network: ReturnType<typeof mlp>) =>
    network.apply(x, { training: true, updateStatistics: false }) as tf.Tensor2D;
  for (const norm of ['none', 'batch'] as const) {
    const linear = mlp({ sizes: [3, 6, 5, 3], activation: 'identity', norm, seed: 2 });
    const [own, lined] = [apply(linear), linearizedOutputs(linear, x)];
    assert.ok(tf.max(tf.abs(tf.sub(own, lined))).dataSync()[0] < 1e-5);
    const curved = mlp({ sizes: [3, 6, 5, 3], activation: 'sigmoid', norm, initStd: 3, seed: 2 });
    const before = curved.stateDict();
    const outputs = await leakFree(() => {
      const out = linearizedOutputs(curved, x);
      const kept = out.arraySync() as number[][];
      out.dispose();
      return kept;
    });
    assert.deepEqual(curved.stateDict(), before);
    // Affine in x: the two coordinates that vary and a constant explain every output.
    const inputs = x.arraySync() as number[][];
    for (let k = 0; k < 3; k++)
      assert.ok(
        affineError(
          inputs,
          outputs.map((row) => row[k]),
        ) < 1e-4,
      );
    const own2 = (apply(curved).arraySync() as number[][]).map((row) => row[0]);
    assert.ok(affineError(inputs, own2) > 1e-2);
    linear.dispose();
    curved.dispose();
  }
  const images = convNet({ image: [4, 4, 1], filters: [2], hidden: 3, classes: 3 });
  assert.throws(() => linearizedOutputs(images, tf.zeros([4, 16])), /not a block/);
  images.dispose();
  tf.dispose([x, y]);
});

test('linearizedOutputs: each unit’s line is that of least squares', () => {
  const { x, y } = clouds(40, 3);
  const network = mlp({ sizes: [3, 4, 3], activation: 'sigmoid', initStd: 3, seed: 2 });
  const rows = x.arraySync() as number[][];
  const matrix = (label: string) => network.named[label].arraySync() as number[][];
  const vector = (label: string) => network.named[label].arraySync() as number[];
  const [w1, b1, w2, b2] = [
    matrix('layer1/weights'),
    vector('layer1/bias'),
    matrix('layer2/weights'),
    vector('layer2/bias'),
  ];
  const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length;
  const lines = b1.map((b, j) => {
    const z = rows.map((row) => row.reduce((sum, v, k) => sum + v * w1[k][j], b));
    const g = z.map((v) => 1 / (1 + Math.exp(-v)));
    const [mz, mg] = [mean(z), mean(g)];
    const slope = mean(z.map((v, i) => (v - mz) * (g[i] - mg))) / mean(z.map((v) => (v - mz) ** 2));
    return z.map((v) => mg + slope * (v - mz));
  }); // [units][examples]
  const want = rows.map((_, i) => b2.map((b, k) => lines.reduce((sum, line, j) => sum + line[i] * w2[j][k], b)));
  const got = linearizedOutputs(network, x);
  (got.arraySync() as number[][]).forEach((row, i) =>
    row.forEach((v, k) => assert.ok(Math.abs(v - want[i][k]) < 1e-5, `${v}, wanted ${want[i][k]}`)),
  );
  network.dispose();
  tf.dispose([x, y, got]);
});

test('linearizedOutputs: with one hidden layer the lines, through the means, leave the mean output where it was', () => {
  const { x, y } = clouds(40, 3);
  for (const norm of ['none', 'batch'] as const) {
    const network = mlp({ sizes: [3, 6, 3], activation: 'sigmoid', norm, initStd: 3, seed: 2 });
    tf.tidy(() => {
      const own = tf.mean(network.apply(x, { training: true, updateStatistics: false }) as tf.Tensor2D, 0);
      const lined = tf.mean(linearizedOutputs(network, x), 0);
      assert.ok(tf.max(tf.abs(own)).dataSync()[0] > 0.1, 'a mean that can be lost');
      assert.ok(tf.max(tf.abs(tf.sub(own, lined))).dataSync()[0] < 1e-5);
    });
    network.dispose();
  }
  tf.dispose([x, y]);
});

test('linearityProbe: the first examples as many as asked for, with their own statistics', async () => {
  const { x, y } = clouds(1200, 2);
  const network = mlp({ sizes: [3, 8, 3], activation: 'tanh', norm: 'batch', seed: 1 });
  // Moving statistics that nobody may use here.
  network.named['layer1/movingMean'].assign(tf.fill([8], 50));
  const at = { network, test: { x, y } } as unknown as Parameters<ReturnType<typeof linearityProbe>['measure']>[0];
  const seen = async (examples?: number) => (await linearityProbe({ activation: 'tanh', examples }).measure(at))!;
  const share = (rows: number) =>
    tf.tidy(() => {
      const part = tf.slice(x, 0, rows);
      const outputs = network.apply(part, { training: true, updateStatistics: false });
      const hits = tf.equal(tf.argMax(outputs, 1), tf.argMax(tf.slice(y, 0, rows), 1));
      return tf.mean(tf.cast(hits, 'float32')).dataSync()[0];
    });
  assert.equal((await seen(25)).accuracy, share(25));
  assert.equal((await seen()).accuracy, share(1000));
  assert.notEqual(share(25), share(1000));
  assert.notEqual(share(1000), share(1001));
  assert.equal((await seen(5000)).accuracy, share(1200));
  network.dispose();
  tf.dispose([x, y]);
});

test('linearityProbe: a trained network and its straightened twin, by layer, without a leak', async () => {
  const data = { train: clouds(90, 1), test: clouds(60, 2) };
  const network = mlp({ sizes: [3, 8, 8, 3], activation: 'tanh', norm: 'batch', seed: 1 });
  const probes = { linearity: linearityProbe({ activation: 'tanh', examples: 60 }) };
  const options = { network, data, probes, batchSize: 30, learningRate: 0.5, seed: 1 };
  const history = await leakFree(() => trainNetwork({ ...options, steps: 60, evaluate: { every: 60 } }));
  const seen = history.evaluations[1].probes.linearity!;
  const tap = 'layer2/preActivation';
  const values = captureActivations({ network, x: data.test.x, training: true, taps: [tap] })[tap];
  assert.deepEqual(seen.layers[1], linearRegime(values, 'tanh'));
  assert.equal(seen.layers.length, 2);
  assert.ok(seen.accuracy! > 0.85, `${seen.accuracy}`);
  const outputs = linearizedOutputs(network, data.test.x);
  const hits = tf.tidy(() => tf.sum(tf.equal(tf.argMax(outputs, 1), tf.argMax(data.test.y, 1))).dataSync()[0]);
  assert.ok(Math.abs(seen.linearizedAccuracy! - hits / 60) < 1e-6);
  const at = { network, test: data.test } as unknown as Parameters<typeof probes.linearity.measure>[0];
  const plain = mlp({ sizes: [3, 8, 3], activation: 'tanh', seed: 1 });
  plain.named['layer1/weights'].assign(tf.fill([3, 8], NaN));
  assert.equal(await probes.linearity.measure({ ...at, network: plain }), null);
  plain.dispose();
  network.dispose();
  outputs.dispose();
  tf.dispose([data.train.x, data.train.y, data.test.x, data.test.y]);
});

/** Largest error of b at the other rows, where an affine map is put through three of them (columns 0 and 1 and a constant). */
function affineError(x: number[][], b: number[]): number {
  const rows = [0, 1, 2].map((i) => [x[i][0], x[i][1], 1]);
  const det = (a: number[][]) =>
    a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) -
    a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0]) +
    a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0]);
  const solution = [0, 1, 2].map((k) => det(rows.map((row, i) => row.map((v, j) => (j === k ? b[i] : v)))) / det(rows));
  return Math.max(...x.map((row, i) => Math.abs(solution[0] * row[0] + solution[1] * row[1] + solution[2] - b[i])));
}
