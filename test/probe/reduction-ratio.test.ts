import test from 'node:test';
import assert from 'node:assert/strict';
import { mlp, ready, reductionRatio, tf, type MlpOptions } from 'bnlab';
import { clouds } from '../support/clouds';
import { leakFree } from '../support/tensors';
import { given } from './given';

test.before(async () => {
  await ready();
});

test('reductionRatio: a parabola, by hand', async () => {
  // y = x w, l = w^2 for x = 1 and target 0: g = 2 w, l(w - s g) = w^2 (1 - 2 s)^2, share 1 - s.
  await leakFree(() => {
    const network = given([[[3]]]);
    const [x, y] = [tf.tensor2d([[1]]), tf.tensor2d([[0]])];
    const got = reductionRatio({ network, x, y, loss: 'meanSquaredError', training: true, predicted: [3.6, 36] });
    [0.1, 1].forEach((s, i) => assert.ok(Math.abs(got.stepSizes[i] - s) < 1e-6));
    [0.9, 0].forEach((share, i) => assert.ok(Math.abs(got.ratio[i] - share) < 1e-5));
    assert.ok(Math.abs(got.start - 9) < 1e-6 && Math.abs(got.gradientNorm - 6) < 1e-6);
    tf.dispose([x, y]);
    network.dispose();
  });
});

test('reductionRatio: a small step makes all of it through the statistics, less with them held constant', async () => {
  await leakFree(() => {
    const { x, y } = clouds(90, 1);
    const share = (norm: MlpOptions['norm']) => {
      const network = mlp({ sizes: [3, 10, 10, 3], norm, seed: 2 });
      const before = network.stateDict();
      const found = reductionRatio({ network, x, y, training: true, predicted: [0.01] });
      assert.deepEqual(network.stateDict(), before);
      network.dispose();
      return found.ratio[0];
    };
    assert.ok(Math.abs(share('batch') - 1) < 0.05, `${share('batch')}`);
    assert.ok(share('pitfall:detached') < 0.9, `${share('pitfall:detached')}`);
    tf.dispose([x, y]);
  });
});

test('reductionRatio: a predicted decrease of nothing is refused', () => {
  const network = given([[[1]]]);
  const x = tf.ones([2, 1]);
  for (const predicted of [[], [0], [-1], [NaN]]) {
    assert.throws(
      () => reductionRatio({ network, x, y: x, training: true, predicted }),
      /predicted must be decreases above zero/,
    );
  }
  x.dispose();
  network.dispose();
});
