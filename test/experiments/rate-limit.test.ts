import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { atRates, mlp, rateLimit, ready, tf, type Network, type ProbePoint, type RateLimitOptions } from 'bnlab';
import { clouds } from '../support/clouds';
import { leakFree } from '../support/tensors';

before(async () => void (await ready()));

/** A small tanh network on three clouds. */
const limit = (options: Partial<RateLimitOptions> = {}) =>
  leakFree(async () => {
    const data = { train: clouds(90, 1), test: clouds(60, 2) };
    const found = await rateLimit({
      build: (seed) => mlp({ sizes: [3, 10, 10, 3], activation: 'tanh', seed }),
      ...{ data, seeds: [1, 2], rates: [0.125, 0.5, 2, 8, 32, 128], steps: 40, batchSize: 30 },
      ...options,
    });
    tf.dispose([data.train.x, data.train.y, data.test.x, data.test.y]);
    return found;
  });

test('rateLimit: the limit lies between a rate that trains and one that does not, within the factor asked for', async () => {
  const limits = await limit({ accuracy: 0.6, within: 1.2 });
  assert.deepEqual(
    limits.map(({ seed }) => seed),
    [1, 2],
  );
  for (const { runs, highest, fails } of limits) {
    assert.ok(highest !== null && fails !== null && fails > highest && fails / highest <= 1.2, `${highest}, ${fails}`);
    const rates = runs.map(({ learningRate }) => learningRate);
    assert.deepEqual(
      rates,
      [...rates].sort((a, b) => a - b),
    );
    const at = (rate: number) => runs.find(({ learningRate }) => learningRate === rate)!.accuracy;
    assert.ok(at(highest) > 0.6 && at(fails) <= 0.6);
    const best = runs.reduce((a, b) => (b.accuracy > a.accuracy ? b : a)).learningRate;
    const below = runs.filter(({ learningRate }) => learningRate >= best && learningRate <= highest);
    assert.ok(below.every(({ accuracy }) => accuracy > 0.6));
    assert.ok(rates.length > 6, 'bisection adds runs to the grid');
  }
});

test('rateLimit: rates at which it learns too slowly are not the limit', async () => {
  const rates = [1e-9, 0.25, 0.5];
  const build = (seed: number) => mlp({ sizes: [3, 10, 3], activation: 'tanh', seed });
  const [{ runs }] = await limit({ seeds: [3], rates, build });
  const [slow, , fast] = runs.map(({ accuracy }) => accuracy);
  assert.ok(slow < fast, `${slow}, ${fast}`);
  const between = (slow + fast) / 2; // the untrained network is under it, the trained one above
  const [found] = await limit({ seeds: [3], rates, build, accuracy: between });
  assert.deepEqual([found.highest, found.fails], [0.5, null]);
});

test('rateLimit: the same run twice is the same, and a run of the bisection is that of the grid at its rate', async () => {
  const [all] = await limit({ seeds: [1], within: 3 });
  const middle = all.runs.find(({ learningRate }) => ![0.125, 0.5, 2, 8, 32, 128].includes(learningRate))!;
  const [alone] = await limit({ seeds: [1], rates: [middle.learningRate] });
  assert.deepEqual(alone.runs, [middle]);
});

test('rateLimit: an edge is an edge', async () => {
  const [low] = await limit({ seeds: [1], rates: [0.25, 0.5] });
  assert.equal(low.highest, 0.5);
  assert.equal(low.fails, null);
  const [none] = await limit({ seeds: [1], rates: [1e-9, 2e-9], accuracy: 0.99 });
  assert.deepEqual([none.highest, none.fails, none.runs.length], [null, null, 2]);
});

test('rateLimit: a dead network does not train, however harmless its loss', async () => {
  // No unit of the hidden layer is ever above 0: the answer is the same for every example, its loss that of a guess.
  const dead = (seed: number) => {
    const network = mlp({ sizes: [3, 10, 3], activation: 'relu', seed });
    tf.tidy(() => network.named['layer1/bias'].assign(tf.fill([10], -1000)));
    return network;
  };
  const [{ runs, highest }] = await limit({ seeds: [1], rates: [0.1], build: dead, accuracy: 0.5 });
  assert.equal(highest, null);
  assert.ok(Math.abs(runs[0].accuracy - 1 / 3) < 0.02, `${runs[0].accuracy}`);
  assert.ok(Math.abs(runs[0].loss - Math.log(3)) < 0.02 && Math.abs(runs[0].firstLoss - Math.log(3)) < 1e-5);
});

test('rateLimit: growth is the norm of all weight matrices over what it was', async () => {
  const still = await limit({ seeds: [1], rates: [1e-12] });
  assert.ok(Math.abs(still[0].runs[0].growth - 1) < 1e-6);
  const wild = await limit({
    seeds: [1],
    rates: [1e30],
    build: (seed) => mlp({ sizes: [3, 10, 3], activation: 'relu', seed }),
  });
  assert.equal(wild[0].runs[0].growth, Infinity);
  assert.equal(wild[0].runs[0].loss, Infinity);
});

test('atRates: by seed and rate, and a rate that was not tried is an error that names those that were', async () => {
  const limits = await limit({ rates: [0.25, 0.5] });
  const values = atRates(limits, [0.5, 0.25], (run) => run.learningRate);
  assert.deepEqual(values, [
    [0.5, 0.25],
    [0.5, 0.25],
  ]);
  assert.throws(() => atRates(limits, [1], (run) => run.loss), /seed 1 has no run at rate 1; it has 0\.25, 0\.5/);
});

test('rateLimit: a probe is asked where each run ends, and its condition is sought from the lowest rate upwards', async () => {
  // The bias of the last layer, as far as its run moved it: it rises with the rate.
  const probe = {
    measure: ({ network }: ProbePoint) => Math.hypot(...(network as Network).stateDict()['layer2/bias'].values),
  };
  const build = (seed: number) => mlp({ sizes: [3, 10, 3], activation: 'tanh', seed });
  const rates = [0.001, 0.1, 10];
  const plain = await limit({ build, rates, within: 100 });
  const limits = await limit({ build, rates, probe, holds: ({ probed }) => (probed as number) < 0.05, within: 1.3 });
  for (const [s, { runs, highest, fails }] of limits.entries()) {
    const moved = runs.map(({ probed }) => probed as number);
    assert.ok(highest !== null && fails !== null && fails / highest <= 1.3);
    runs.forEach(({ learningRate }, i) => {
      if (learningRate <= highest) assert.ok(moved[i] < 0.05);
    });
    assert.ok(moved[runs.findIndex(({ learningRate }) => learningRate === fails)] >= 0.05);
    // The probe changes nothing of the run.
    for (const rate of rates) {
      const { probed, ...same } = runs.find(({ learningRate }) => learningRate === rate)!;
      assert.deepEqual(
        same,
        plain[s].runs.find(({ learningRate }) => learningRate === rate),
      );
      assert.equal(typeof probed, 'number');
    }
  }
  const [never] = await limit({ build, seeds: [1], rates, holds: () => false });
  assert.deepEqual([never.highest, never.fails, never.runs.length], [null, null, 3]);
});

test('rateLimit: what it cannot do is an error', async () => {
  await assert.rejects(limit({ seeds: [] }), /wanted seeds/);
  await assert.rejects(limit({ rates: [1, 0.5] }), /rates that rise/);
  await assert.rejects(limit({ within: 1 }), /factor above 1/);
  await assert.rejects(limit({ rates: [0] }), /rates/);
});
