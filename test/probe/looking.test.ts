import test from 'node:test';
import assert from 'node:assert/strict';
import {
  covariateShiftProbe,
  driftProbe,
  gradientNormProbe,
  mlp,
  captureActivations,
  percentileProbe,
  probeSeries,
  quantile,
  Random,
  ready,
  saturationProbe,
  tf,
  trainNetwork,
  type Values,
} from 'bnlab';
import {
  activationPercentiles,
  distributionDrift,
  saturation,
  typicalUnit,
  updateRatioProbe,
  wasserstein1,
} from 'bnlab/internal';
import { clouds } from '../support/clouds';
import { leakFree, untouchedBy } from '../support/tensors';
import { given } from './given';
import { closeWithin } from '../support/close';

test.before(async () => {
  await ready();
});

const close = closeWithin(1e-6, 'absolute');

test('captureActivations: values inside, by name; training mode leaves moving averages alone', async () => {
  const network = given([
    [
      [2, 0],
      [0, 3],
    ],
    [[1], [1]],
  ]);
  const x = tf.tensor2d([
    [1, 1],
    [2, 4],
  ]);
  const seen = await untouchedBy(network, () =>
    captureActivations({ network, x, training: false, taps: ['layer2/linear', 'layer1/linear'] }),
  );
  assert.deepEqual(seen['layer1/linear'], { shape: [2, 2], values: Float32Array.from([2, 3, 4, 12]) });
  assert.deepEqual([...seen['layer2/linear'].values], [5, 16]);
  await untouchedBy(network, () => {
    assert.throws(
      () => captureActivations({ network, x, training: false, taps: ['layer3/linear'] }),
      /'layer3\/linear'. Taps: layer1/,
    );
    const gone = tf.zeros([2, 2]);
    gone.dispose();
    assert.throws(() => captureActivations({ network, x: gone, training: false, taps: /./ }), /disposed/);
  });
  const bn = mlp({ sizes: [2, 4, 3], norm: 'batch', activation: 'sigmoid', dropout: 0.5, seed: 1 });
  const { 'layer1/xHat': xHat } = await untouchedBy(bn, () =>
    captureActivations({ network: bn, x, training: true, taps: /layer1\/xHat/ }),
  );
  // Two examples: xHat is +-1 up to epsilon (paper, section 3.1).
  xHat.values.forEach((v) => close(Math.abs(v), 1, 1e-3));
  tf.dispose([x]);
  network.dispose();
  bn.dispose();
});

test('captureActivations: a pattern with the flag g finds all that it matches', () => {
  const network = mlp({ sizes: [3, 4, 4, 2], activation: 'tanh', seed: 1 });
  const x = tf.ones([2, 3]);
  const names = (taps: RegExp) => Object.keys(captureActivations({ network, x, training: false, taps }));
  assert.equal(names(/layer2/).length, 3);
  assert.deepEqual(names(/layer2/g), names(/layer2/));
  network.dispose();
  x.dispose();
});

test('activationPercentiles: known distributions, unit by unit and all together', () => {
  const random = new Random(4);
  const n = 20000;
  const values: Values = { shape: [n, 2], values: new Float32Array(2 * n) };
  for (let i = 0; i < n; i++) {
    values.values[2 * i] = random.normal(1, 2);
    values.values[2 * i + 1] = random.uniform(-3, 5);
  }
  // 85 % of a normal distribution lie below 1.0364 standard deviations; standard error here about 0.02.
  const normal = activationPercentiles(values, 0).typical;
  [1 - 2 * 1.0364, 1, 1 + 2 * 1.0364].forEach((q, i) => close(normal[i], q, 0.08));
  const uniform = activationPercentiles(values, 1).typical;
  [-3 + 8 * 0.15, 1, -3 + 8 * 0.85].forEach((q, i) => close(uniform[i], q, 0.1));
  assert.equal(activationPercentiles(values, 0).all[1], quantile(values.values, 0.5));
  assert.throws(() => activationPercentiles(values, 2), /from 0 to 1, got 2/);
});

test('typicalUnit: neither the shifted nor the wide one', () => {
  const random = new Random(5);
  const [means, widths] = [
    [0, 4, 0.1, 0],
    [1, 1, 1, 9],
  ];
  const values = Float32Array.from({ length: 4000 }, (_, i) => random.normal(means[i % 4], widths[i % 4]));
  assert.ok([0, 2].includes(typicalUnit({ shape: [1000, 4], values })));
  // Channels of a picture are units: the same numbers, other axes.
  assert.equal(typicalUnit({ shape: [10, 10, 10, 4], values }), typicalUnit({ shape: [1000, 4], values }));
});

test('saturation: shares of known inputs', async () => {
  const z = [-6, -4.5, -4.3, -1, 0, 1, 4.3, 6];
  const x = tf.tensor2d(z.map((v) => [v, 10]));
  const network = given(
    [
      [
        [1, 0],
        [0, 1],
      ],
      [[1], [1]],
    ],
    'sigmoid',
  );
  const taps = ['layer1/linear'];
  const look = (options: object) =>
    untouchedBy(
      network,
      () => saturation({ network, x, training: false, activation: 'sigmoid', taps, ...options })['layer1/linear'],
    );
  // sigma' < 1/80 where |z| > 4.357: three of eight in the first unit, always in the second.
  assert.deepEqual(await look({}), { share: 11 / 16, stuckUnits: 0.5 });
  // tanh' = 1 - tanh^2 < 0.05 where |z| > 2.178
  assert.deepEqual(await look({ activation: 'tanh' }), { share: 13 / 16, stuckUnits: 0.5 });
  assert.deepEqual(await look({ activation: 'relu' }), { share: 5 / 16, stuckUnits: 0 });
  assert.deepEqual(await look({ activation: 'identity' }), { share: 0, stuckUnits: 0 });
  assert.deepEqual(await look({ beyond: 0.5 }), { share: 15 / 16, stuckUnits: 0.5 });
  await assert.rejects(look({ fraction: 0 }), /fraction/);
  await assert.rejects(look({ beyond: -1 }), /beyond/);
  network.dispose();
  // In the library's networks the last preActivation is the output, which does not saturate.
  const three = mlp({ sizes: [2, 4, 4, 3], activation: 'sigmoid', seed: 1 });
  const found = await untouchedBy(three, () =>
    saturation({ network: three, x, training: true, activation: 'sigmoid' }),
  );
  assert.deepEqual(Object.keys(found), ['layer1/preActivation', 'layer2/preActivation']);
  three.dispose();
  x.dispose();
});

test('wasserstein1: the shift of a shifted sample; samples of unequal size; closed forms', () => {
  const random = new Random(6);
  const a = Array.from({ length: 301 }, () => random.normal());
  close(
    wasserstein1(
      a,
      a.map((v) => v + 3),
    ),
    3,
    1e-12,
  );
  close(
    wasserstein1(
      a,
      a.map((v) => v - 0.5),
    ),
    0.5,
    1e-12,
  );
  assert.equal(wasserstein1(a, [...a].reverse()), 0);
  // Scaling by s: mean of |s - 1| |x - 0| for a sample symmetric about 0.
  const symmetric = [-3, -1, 0, 1, 3];
  close(
    wasserstein1(
      symmetric,
      symmetric.map((v) => 2 * v),
    ),
    8 / 5,
  );
  close(wasserstein1([0], [1, 2, 3]), 2);
  close(wasserstein1([0, 1], [0, 0.5, 1]), 1 / 6);
  close(wasserstein1([0, 0, 1, 1], [0, 1]), 0);
  // The same mass in another number of pieces, where 1/3 is no binary fraction.
  assert.equal(wasserstein1([1, 2, 3], [1, 1, 2, 2, 3, 3]), 0);
  // Two uniform distributions of the same centre: (b - a) / 4 of the difference in width.
  const grid = Array.from({ length: 1000 }, (_, i) => (i + 0.5) / 1000 - 0.5);
  close(
    wasserstein1(
      grid,
      grid.map((v) => 3 * v),
    ),
    0.5,
    1e-6,
  );
  assert.throws(() => wasserstein1([], [1]), /first sample is empty/);
  assert.throws(() => wasserstein1([1], [NaN]), /second sample is NaN/);
});

test('distributionDrift: mean over the units of distance, means and variances', () => {
  const before: Values = { shape: [4, 2], values: Float32Array.from([-1, 0, 1, 0, -1, 2, 1, 2]) };
  const after: Values = { shape: [4, 2], values: Float32Array.from([2, 0, 4, 0, 2, 4, 4, 4]) };
  // Unit 0: shifted by 3. Unit 1: {0, 0, 2, 2} to {0, 0, 4, 4}: distance 1, mean 1 to 2, variance 1 to 4.
  assert.deepEqual(distributionDrift(before, after), { wasserstein: 2, mean: 2, variance: 1.5, relative: 2 });
  // Relative to the standard deviation: in units ten times as large, the same.
  const tenfold = [before, after].map(({ shape, values }) => ({ shape, values: values.map((v) => 10 * v) }));
  assert.ok(
    Math.abs(distributionDrift(tenfold[0], tenfold[1]).relative - distributionDrift(before, after).relative) < 1e-9,
  );
  assert.deepEqual(distributionDrift(before, before), { wasserstein: 0, mean: 0, variance: 0, relative: 0 });
  assert.throws(() => distributionDrift(before, { shape: [8, 1], values: after.values }), /last axis/);
  // A unit that did not vary has no scale of its own; the mean of ten times 0.1 is not 0.1.
  const still: Values = { shape: [10, 1], values: new Float32Array(10).fill(0.1) };
  const moved: Values = { shape: [10, 1], values: new Float32Array(10).fill(0.2) };
  assert.equal(distributionDrift(still, moved).relative, Infinity);
  assert.equal(distributionDrift(still, still).relative, 0);
});

test('probes during training: plain numbers at every evaluation, and no trace in the run', async () => {
  await leakFree(async () => {
    const [train, check] = [clouds(300, 1), clouds(150, 2)];
    const options = {
      data: { train, test: check },
      steps: 30,
      batchSize: 30,
      learningRate: 0.5,
      seed: 1,
      evaluate: { every: 10 },
    };
    const build = () => mlp({ sizes: [3, 8, 8, 3], activation: 'sigmoid', norm: 'batch', dropout: 0.2, seed: 1 });
    const [watched, alone] = [build(), build()];
    const history = await trainNetwork({
      network: watched,
      ...options,
      probes: {
        figure1: percentileProbe({ tap: 'layer2/preActivation' }),
        unit3: percentileProbe({ tap: 'layer2/preActivation', unit: 3, percentiles: [0.5] }),
        inTraining: percentileProbe({ tap: 'layer2/preActivation', unit: 3, training: true }),
        saturation: saturationProbe({ training: true, activation: 'sigmoid' }),
        gradients: gradientNormProbe(),
        updates: updateRatioProbe(),
        drift: driftProbe({ taps: ['layer2/linear'], rows: 100 }),
        sinceStart: driftProbe({ taps: ['layer2/linear'], since: 'start', rows: 100 }),
        shift: covariateShiftProbe(),
      },
    });
    const plain = await trainNetwork({ network: alone, ...options });
    assert.deepEqual(history.losses, plain.losses);
    assert.deepEqual(watched.stateDict(), alone.stateDict());
    assert.deepEqual(JSON.parse(JSON.stringify(history)), history);
    const [first, second, third] = history.evaluations.map((e) => e.probes);
    assert.equal(first.figure1!.unit, third.figure1!.unit);
    assert.equal(first.unit3!.unit, 3);
    assert.equal(first.figure1!.all.length, 3);
    assert.equal(first.drift!['layer2/linear'], null);
    assert.ok(third.drift!['layer2/linear']!.wasserstein! > 0);
    assert.deepEqual(second.drift, second.sinceStart);
    assert.notDeepEqual(third.drift, third.sinceStart);
    assert.equal(third.shift!.length, 3);
    assert.ok(
      third.gradients!.weights['layer1/weights']! > 0 && third.gradients!.activations['layer1/activation']! > 0,
    );
    close(
      third.updates!['layer1/weights']! / third.gradients!.weights['layer1/weights']!,
      first.updates!['layer1/weights']! / first.gradients!.weights['layer1/weights']!,
      1,
    );
    assert.ok(third.saturation!['layer1/preActivation'].share! < 1);
    // What the probe says of the end is what one sees there: the test set, inference mode.
    const tap = 'layer2/preActivation';
    const seen = captureActivations({ network: watched, x: check.x, training: false, taps: [tap] })[tap];
    const last = probeSeries(history, 'figure1').at(-1)!.value!;
    activationPercentiles(seen, last.unit!).typical.forEach((q, i) => close(q, last.typical[i]!, 1e-5));
    // Or training mode: the test set normalized by its own statistics.
    const inTraining = captureActivations({ network: watched, x: check.x, training: true, taps: [tap] })[tap];
    const lastInTraining = probeSeries(history, 'inTraining').at(-1)!.value!;
    activationPercentiles(inTraining, 3).typical.forEach((q, i) => close(q, lastInTraining.typical[i]!, 1e-5));
    assert.notDeepEqual(
      first.inTraining!.all,
      first.figure1!.all,
      'at the start moving averages know nothing of the values',
    );
    watched.dispose();
    alone.dispose();
    tf.dispose([train, check]);
  });
});
