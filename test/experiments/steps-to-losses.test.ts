import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { mlp, Random, ready, softmaxCrossEntropy, stepsToLosses, tf, type StepsToLossesOptions } from 'bnlab';
import { Deck } from 'bnlab/internal';
import { clouds } from '../support/clouds';
import { leakFree } from '../support/tensors';

before(async () => void (await ready()));

const N = 48;
const build = (seed: number) => mlp({ sizes: [3, 8, 3], activation: 'tanh', seed });
const race = (options: Partial<StepsToLossesOptions> = {}) =>
  leakFree(async () => {
    const { x, y } = clouds(N, 1);
    const given = { build, x, y, seeds: [1, 2], batchSizes: [2, N], losses: [0.9, 0.6], learningRate: 0.25 };
    const found = await stepsToLosses({ ...given, ...options });
    tf.dispose([x, y]);
    return found;
  });

/** The loss after each step of gradient descent on all examples, one by one and without anything compiled. */
function descent(seed: number, learningRate: number, steps: number): number[] {
  const { x, y } = clouds(N, 1);
  const network = build(seed);
  const loss = () => softmaxCrossEntropy(network.apply(x, { training: true }), y);
  const losses = Array.from({ length: steps }, () =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss, network.trainable);
      for (const w of network.trainable) w.assign(tf.sub(w, tf.mul(learningRate, grads[w.name])));
      return value.dataSync()[0];
    }),
  );
  network.dispose();
  tf.dispose([x, y]);
  return losses;
}

test('stepsToLosses: with all examples in the mini-batch, the steps of gradient descent', async () => {
  const { runs } = await race();
  const full = runs.filter(({ batchSize }) => batchSize === N);
  assert.ok(full.length >= 3);
  const { learningRate, steps } = full.find((run) => run.steps.flat().every(Number.isFinite))!;
  for (const [s, seed] of [1, 2].entries()) {
    const losses = descent(seed, learningRate, Math.ceil(Math.max(steps[0][s], steps[1][s]) * 1.2) + 2);
    [0.9, 0.6].forEach((loss, k) => {
      const first = losses.findIndex((value) => value <= loss);
      assert.ok(first > 0);
      // Looks are a tenth of the steps apart, and in between the logarithm is taken as straight.
      const off = Math.abs(steps[k][s] - first);
      assert.ok(off <= 1 + first / 10, `seed ${seed}, loss ${loss}: ${steps[k][s]}, ${first}`);
    });
  }
});

test('stepsToLosses: every best rate has a worse one that was tried on each side, and small batches see fewer examples', async () => {
  const { best, runs } = await race();
  assert.deepEqual(
    best.map(({ batchSize, loss }) => [batchSize, loss]),
    [2, N].flatMap((m) => [0.9, 0.6].map((loss) => [m, loss])),
  );
  const middle = (steps: number[]) => (steps[0] + steps[1]) / 2;
  for (const { batchSize, loss, learningRate, steps } of best) {
    for (const factor of [2, 0.5]) {
      const beside = runs.find((run) => run.batchSize === batchSize && run.learningRate === learningRate * factor);
      assert.ok(beside, `m = ${batchSize}, rate ${learningRate * factor} was not tried`);
      assert.ok(middle(beside.steps[loss === 0.9 ? 0 : 1]) >= middle(steps));
    }
  }
  const at = (m: number) => middle(best.find(({ batchSize, loss }) => batchSize === m && loss === 0.6)!.steps);
  assert.ok(at(N) < at(2) && 2 * at(2) < N * at(N), `${at(2)} steps of 2, ${at(N)} of ${N}`);
});

test('stepsToLosses: a loss that is out of reach has no row, and the search for a rate ends', async () => {
  const { best, runs } = await race({ losses: [0.9, 1e-6], seeds: [1], batchSizes: [N], mostExamples: 20 * N });
  assert.deepEqual(best.map(({ loss }) => loss), [0.9]); // prettier-ignore
  assert.ok(runs.length <= 16 && runs.every(({ steps }) => steps[1][0] === Infinity));
});

test('stepsToLosses: what makes no sense is refused', async () => {
  await assert.rejects(race({ losses: [0.5, 0.9] }), /losses must fall, got \[0.5,0.9\]/);
  await assert.rejects(race({ batchSizes: [4, 2] }), /batchSizes must rise and be at most 48/);
  await assert.rejects(race({ batchSizes: [N + 1] }), /batchSizes must rise and be at most 48/);
  await assert.rejects(race({ seeds: [] }), /seeds is empty/);
  await assert.rejects(race({ factor: 1 }), /factor must be above 1, got 1/);
});

test('Deck: epochs in random orders, however they are dealt, without what does not fill a mini-batch', () => {
  const all = new Deck(10, 3, new Random(1)).deal(9);
  const parts = new Deck(10, 3, new Random(1));
  assert.deepEqual([2, 1, 4, 2].flatMap((steps) => [...parts.deal(steps)]), [...all]); // prettier-ignore
  for (let epoch = 0; epoch < 3; epoch++) {
    const rows = new Set(all.subarray(9 * epoch, 9 * epoch + 9));
    assert.ok(rows.size === 9 && Math.max(...rows) < 10);
  }
  assert.notDeepEqual(all.subarray(0, 9), all.subarray(9, 18));
});
