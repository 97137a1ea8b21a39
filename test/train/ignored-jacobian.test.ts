/** Training with and without dNorm(x, X)/dX. */
import assert from 'node:assert/strict';
import { ignoredJacobian, jacobian, normJacobians, Random, rowsWithSpectrum, setNormLayer, tf } from 'bnlab';
import { clean } from '../support/tensors';

clean('setNormLayer: the same output either way; its derivative is the first Jacobian, or both', () => {
  const rows = rowsWithSpectrum([2, 1, 0.5], { m: 5, seed: 1 });
  const kinds = { center: 'center', batch: 'batch', whiten: 'zca' } as const;
  tf.tidy(() => {
    const x = tf.tensor2d(rows);
    for (const norm of ['center', 'batch', 'whiten'] as const) {
      const options = { epsilon: 1e-5, iterations: 20 };
      const both = setNormLayer(norm, { ...options, jacobians: 'both' });
      const first = setNormLayer(norm, { ...options, jacobians: 'first' });
      const apart = tf.max(tf.abs(tf.sub(both.apply(x, { training: true }), first.apply(x, { training: true }))));
      assert.ok(apart.dataSync()[0] < 1e-6);
      const exact = normJacobians(rows, 2, kinds[norm], { epsilon: 1e-5 });
      const want = { first: exact.x, both: exact.x.map((row, i) => row.map((v, j) => v + exact.X[i][2 * 3 + j])) };
      for (const [layer, kept] of [
        [both, 'both'],
        [first, 'first'],
      ] as const) {
        const got = jacobian({ of: layer, x, training: true, example: 2 });
        got.forEach((row, i) => row.forEach((v, j) => assert.ok(Math.abs(v - want[kept][i][j]) < 1e-3, `${norm}`)));
      }
    }
  });
});

clean(
  'ignoredJacobian: same start and batches; b stays with both Jacobians and grows with the first alone',
  async () => {
    const random = new Random(1);
    const x = tf.tensor2d(random.normals(200 * 784), [200, 784]);
    const labels = Int32Array.from({ length: 200 }, (_, i) => i % 10);
    const y = tf.tidy(() => tf.oneHot(labels, 10).toFloat());
    const runs = await ignoredJacobian({
      data: { train: { x, y }, test: { x, y } },
      norms: ['center', 'whiten'],
      learningRates: [1],
      seeds: [3],
      steps: 40,
      batchSize: 20,
      features: 6,
    });
    assert.deepEqual(
      runs.map(({ norm, jacobians }) => `${norm} ${jacobians}`),
      ['center both', 'center first', 'whiten both', 'whiten first'],
    );
    for (const run of runs) {
      assert.equal(run.loss.length, 40);
      assert.equal(run.bias[0], 0);
      assert.equal(run.seed, 3);
      assert.ok(Math.abs(run.growth - Math.hypot(run.weights[39], run.bias[39]) / run.weights[0]) < 1e-9);
      if (run.jacobians === 'both') assert.ok(run.bias[39] < 1e-4);
      else assert.ok(run.bias[39] > 0.01 && run.biasExponent > 0);
    }
    assert.equal(runs[0].weights[0], runs[3].weights[0]);
    assert.ok(Math.abs(runs[2].loss[0] - runs[3].loss[0]) < 1e-5);
    x.dispose();
    y.dispose();
  },
);
