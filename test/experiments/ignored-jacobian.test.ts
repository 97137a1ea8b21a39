/** Training with and without dNorm(x, X)/dX. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  dense,
  gaussian,
  ignoredJacobian,
  jacobian,
  normJacobians,
  powerLaw,
  Random,
  rowsWithSpectrum,
  normOverBatchLayer,
  tf,
} from 'bnlab';
import { clean } from '../support/tensors';

test(
  'normOverBatchLayer: the same output either way; its derivative is the first Jacobian, or both',
  clean(() => {
    const rows = rowsWithSpectrum([2, 1, 0.5], { m: 5, seed: 1 });
    const kinds = { center: 'center', batch: 'batch', whiten: 'zca' } as const;
    tf.tidy(() => {
      const x = tf.tensor2d(rows);
      for (const norm of ['center', 'batch', 'whiten'] as const) {
        const options = { epsilon: 0.1, iterations: 20 };
        const both = normOverBatchLayer(norm, { ...options, statistics: 'differentiated' });
        const first = normOverBatchLayer(norm, { ...options, statistics: 'detached' });
        const apart = tf.max(tf.abs(tf.sub(both.apply(x, { training: true }), first.apply(x, { training: true }))));
        assert.ok(apart.dataSync()[0] < 1e-6);
        const exact = normJacobians(rows, 2, kinds[norm], { epsilon: 0.1 });
        const want = {
          detached: exact.x,
          differentiated: exact.x.map((row, i) => row.map((v, j) => v + exact.X[i][2 * 3 + j])),
        };
        for (const [layer, kept] of [
          [both, 'differentiated'],
          [first, 'detached'],
        ] as const) {
          const got = jacobian({ of: layer, x, training: true, example: 2 });
          got.forEach((row, i) => row.forEach((v, j) => assert.ok(Math.abs(v - want[kept][i][j]) < 1e-3, `${norm}`)));
        }
      }
    });
  }),
);

test(
  'ignoredJacobian: same start and batches; b stays with both Jacobians and grows with the first alone',
  clean(async () => {
    const random = new Random(1);
    const x = tf.tensor2d(
      random.normals(200 * 784).map((v) => v + 2),
      [200, 784],
    ); // a mean that all units see
    const labels = Int32Array.from({ length: 200 }, (_, i) => i % 10);
    const y = tf.tidy(() => tf.oneHot(labels, 10).toFloat());
    const settings = { data: { train: { x, y }, test: { x, y } }, seeds: [3], batchSize: 20, features: 6 };
    const runs = await ignoredJacobian({ ...settings, norms: ['center', 'whiten'], learningRates: [1], steps: 40 });
    assert.deepEqual(
      runs.map(({ norm, statistics }) => `${norm} ${statistics}`),
      ['center differentiated', 'center detached', 'whiten differentiated', 'whiten detached'],
    );
    for (const run of runs) {
      assert.equal(run.loss.length, 40);
      assert.equal(run.bias[0], 0);
      assert.equal(run.seed, 3);
      assert.ok(Math.abs(run.growth - Math.hypot(run.weights[39], run.bias[39]) / run.weights[0]) < 1e-9);
      if (run.statistics === 'differentiated') assert.ok(run.bias[39] < 1e-4);
      else {
        assert.ok(run.bias[39] > 0.01 && run.biasExponent > 0);
        // Over the last three quarters of the steps.
        const late = Array.from({ length: 30 }, (_, i) => 10 + i);
        const { exponent } = powerLaw(late, late.map((t) => run.bias[t])); // prettier-ignore
        assert.ok(Math.abs(run.biasExponent - exponent) < 1e-9);
      }
    }
    const alignment = (norm: string, kept: string) =>
      runs.find((run) => run.norm === norm && run.statistics === kept)!.alignment;
    assert.ok(alignment('center', 'detached') > 0.3 && alignment('center', 'differentiated') < 0.1);
    const [start] = await ignoredJacobian({ ...settings, norms: ['center'], learningRates: [1], steps: 1 });
    assert.ok(Math.abs(start.alignment - meanCosine(3, 6)) < 1e-5);
    // Short runs: from the second step on at the earliest, over three steps at least.
    for (const [steps, from] of [
      [6, 1],
      [4, 1],
      [8, 2],
    ]) {
      const short = { ...settings, norms: ['center'] as const, learningRates: [1], steps };
      const first = (await ignoredJacobian(short)).find(({ statistics }) => statistics === 'detached')!;
      const late = first.bias.map((_, t) => t).slice(from);
      const { exponent } = powerLaw(late, late.map((t) => first.bias[t])); // prettier-ignore
      assert.ok(Math.abs(first.biasExponent - exponent) < 1e-9, `${steps} steps`);
    }
    const one = { ...settings, features: undefined, norms: ['center'] as const, learningRates: [1], steps: 1 };
    const [wide] = await ignoredJacobian(one);
    assert.ok(Math.abs(wide.weights[0] / startNorm(3, 32) - 1) < 1e-5, '32 features unless told');
    assert.ok(Math.abs(runs[0].weights[0] / startNorm(3, 6) - 1) < 1e-5);
    assert.equal(runs[0].weights[0], runs[3].weights[0]);
    assert.ok(Math.abs(runs[2].loss[0] - runs[3].loss[0]) < 1e-5);
    x.dispose();
    y.dispose();
  }),
);

/** ||W|| before the first step. */
function startNorm(seed: number, units: number): number {
  const layer = dense(784, units, { name: 'layer1', initializer: gaussian(0.1), seed });
  const norm = Math.hypot(...layer.weights.dataSync());
  layer.dispose();
  return norm;
}

/** Mean |cosine| between two units' initial weights, pair by pair. */
function meanCosine(seed: number, units: number): number {
  const layer = dense(784, units, { name: 'layer1', initializer: gaussian(0.1), seed });
  const rows = tf.tidy(() => layer.weights.transpose().arraySync() as number[][]);
  layer.dispose();
  const dot = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + v * b[i], 0);
  const pairs = rows.flatMap((a, i) =>
    rows.slice(i + 1).map((b) => Math.abs(dot(a, b)) / Math.sqrt(dot(a, a) * dot(b, b))),
  );
  return pairs.reduce((sum, v) => sum + v, 0) / pairs.length;
}
