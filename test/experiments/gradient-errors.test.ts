import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { gradientErrors, gradientNoise, mlp, noiseInTraining, ready, tf } from 'bnlab';
import { clouds } from '../support/clouds';
import { leakFree, untouchedBy } from '../support/tensors';

before(async () => void (await ready()));

const N = 32;
const sizes = [3, 8, 3];

test('gradientErrors: tr S / m (N - m)/(N - 1), and not tr S / m; without bias', async () => {
  await leakFree(async () => {
    const { x, y } = clouds(N, 1);
    const network = mlp({ sizes, activation: 'tanh', seed: 1 });
    const { trace } = gradientNoise({ network, x, y });
    const found = await untouchedBy(network, () =>
      gradientErrors({ network, x, y, batchSizes: [1, 4, 16, 24, N], draws: 100 }),
    );
    for (const { batchSize: m, squaredError, standardError, squaredBias } of found.slice(0, -1)) {
      const expected = ((trace / m) * (N - m)) / (N - 1);
      assert.ok(Math.abs(squaredError - expected) < 4 * standardError, `m = ${m}: ${squaredError}, ${expected}`);
      assert.ok(standardError < 0.15 * expected, `m = ${m}: ${standardError}`);
      assert.ok(Math.abs(squaredBias) < 0.06 * expected, `m = ${m}: ${squaredBias} of ${expected}`);
      if (m >= 16) assert.ok(squaredError < (0.6 * trace) / m, `m = ${m}`);
    }
    assert.ok(found[4].squaredError < 1e-10 * trace, 'all N examples make no error');
    tf.dispose([x, y]);
    network.dispose();
  });
});

test('gradientErrors: with batch normalization a small mini-batch errs by more than the closed form, and with a bias', async () => {
  await leakFree(async () => {
    const { x, y } = clouds(N, 1);
    const network = mlp({ sizes, activation: 'tanh', norm: 'batch', seed: 1 });
    const [two, large] = await untouchedBy(network, () =>
      gradientErrors({ network, x, y, batchSizes: [2, 16], draws: 200 }),
    );
    const trace = (large.squaredError * 16 * (N - 1)) / (N - 16); // as the closed form would have it
    assert.ok(two.squaredError > (2 * (trace / 2) * (N - 2)) / (N - 1), `${two.squaredError}`);
    assert.ok(
      two.squaredBias > 4 * large.squaredBias && two.squaredBias > 0,
      `${two.squaredBias}, ${large.squaredBias}`,
    );
    const wrong = () => gradientErrors({ network, x, y, batchSizes: [N + 1], draws: 1 });
    assert.throws(wrong, /a mini-batch of 33 of 32 examples; wanted at most 32/);
    tf.dispose([x, y]);
    network.dispose();
  });
});

test('noiseInTraining: looks before training and at each loss that is reached, with the exact noise and the draws', async () => {
  await leakFree(async () => {
    const { x, y } = clouds(60, 1);
    const build = (seed: number) => mlp({ sizes, activation: 'tanh', seed });
    const options = { build, x, y, seeds: [1, 2], batchSize: 20, learningRate: 0.5, mostSteps: 60 };
    const looks = await noiseInTraining({ ...options, losses: [0.9, 0.6, 1e-9], draws: 3, drawSizes: [1, 20] });
    assert.deepEqual(
      looks.map(({ seed, reached }) => [seed, reached]),
      [1, 2].flatMap((seed) => [null, 0.9, 0.6].map((reached) => [seed, reached])),
    );
    for (const { reached, step, loss, noise, errors } of looks) {
      assert.equal(step === 0, reached === null);
      assert.ok(reached === null || loss <= reached);
      assert.ok(Math.abs(noise!.loss - loss) < 1e-5 && noise!.critical > 0);
      assert.deepEqual(errors.map(({ batchSize }) => batchSize), [1, 20]); // prettier-ignore
    }
    const plain = await noiseInTraining({ ...options, losses: [0.9] });
    assert.deepEqual([plain[0].noise, plain[0].errors], [looks[0].noise, []]);
    const start = build(2);
    const { squaredNorms: _, ...exact } = gradientNoise({ network: start, x, y });
    assert.deepEqual(looks[3].noise, exact);
    start.dispose();
    await assert.rejects(noiseInTraining({ ...options, losses: [0.5, 0.9] }), /losses must fall, got \[0.5,0.9\]/);
    tf.dispose([x, y]);
  });
});
