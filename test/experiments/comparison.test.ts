/** The experiments on a comparison give the numbers of the functions that a notebook calls. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import {
  chooseLearningRates,
  compare,
  curves,
  finalAccuracy,
  finalLoss,
  ready,
  runExperiment,
  runsOf,
  saturationProbe,
  tf,
  type ComparisonSpec,
  type SideSpec,
} from 'bnlab';
import { datasetOf, stepSeries } from 'bnlab/internal';

before(async () => void (await ready()));

const sides = (['none', 'batch'] as const).map((norm): SideSpec => ({
  name: norm,
  network: { kind: 'mlp', sizes: [784, 6, 10], activation: 'sigmoid', norm },
}));
const spec = {
  ...{ sides, data: { kind: 'digits', train: 60, test: 30 } as const, learningRates: [0.1, 3], seeds: [1, 2] },
  ...{ steps: 6, batchSize: 20, evaluations: 2, pixels: 'binary' as const },
} satisfies Partial<ComparisonSpec>;
const common = async () => {
  const { data, evaluations, ...settings } = spec;
  return { ...settings, data: await datasetOf(data), evaluate: { every: spec.steps / evaluations } };
};

let compared: ReturnType<typeof compare> | undefined;
const comparisonHere = async () => (compared ??= compare(await common()));

test('figure-1: the curves of compare, side by side and rate by rate', async () => {
  const comparison = await comparisonHere();
  const { curves: found, missing, origin } = await runExperiment('figure-1', spec);
  assert.deepEqual(missing, []);
  assert.deepEqual(
    found.map(({ side, learningRate }) => [side, learningRate]),
    sides.flatMap(({ name }) => spec.learningRates.map((rate) => [name, rate])),
  );
  for (const { side, learningRate, steps, accuracy, diverged } of found) {
    const want = curves(runsOf(comparison, side!, learningRate!));
    assert.deepEqual([steps, accuracy, diverged], [want.x, want.seeds, 0]);
  }
  assert.deepEqual(origin!.data, comparison.runs[0].history.provenance.data);
});

test('learning-rate-sweep: the table and the choice of chooseLearningRates', async () => {
  const comparison = await comparisonHere();
  const { missing, origin, ...chosen } = await runExperiment('learning-rate-sweep', spec);
  assert.deepEqual(chosen, chooseLearningRates(comparison));
  assert.deepEqual([missing, origin!.commit], [[], comparison.runs[0].history.provenance.commit]);
});

test('saturation-in-training: the mean over layers of the probe, also where rates are absurd', async () => {
  const options = { ...spec, learningRates: [1e4], fraction: 0.1 };
  const probes = { off: saturationProbe({ activation: 'sigmoid', fraction: 0.1, training: true }) };
  const comparison = await compare({ ...(await common()), learningRates: [1e4], probes, divergenceBound: Infinity });
  const { curves: found } = await runExperiment('saturation-in-training', options);
  assert.equal(found.length, 2);
  for (const { side, share, stuckUnits } of found) {
    const runs = runsOf(comparison, side!);
    for (const [what, got] of [['share', share] as const, ['stuckUnits', stuckUnits] as const]) {
      const want = curves(runs, (e) => e.probes.off!['layer1/preActivation']?.[what] ?? null).seeds;
      assert.deepEqual(got, want);
    }
    assert.ok(
      share.flat().some((value) => value! > 0.3),
      'something saturates',
    );
  }
});

test('blow-up: loss at the end, weights after every step, and what diverges is null', async () => {
  const { rows } = await runExperiment('blow-up', { ...spec, learningRates: [0.1, 1e30] });
  const norm = (after: Record<string, tf.Tensor>) =>
    tf.sqrt(tf.addN(['layer1/weights', 'layer2/weights'].map((label) => tf.sum(tf.square(after[label])))));
  const comparison = await compare({
    ...(await common()),
    learningRates: [0.1, 1e30],
    record: ({ after }) => ({ norm: norm(after) }),
  });
  for (const { side, learningRate, loss, weights, accuracy } of rows) {
    const runs = runsOf(comparison, side!, learningRate!);
    assert.deepEqual(
      loss.map((value) => value ?? Infinity),
      runs.map(finalLoss),
    );
    assert.deepEqual(
      weights.map((row) => row.map((value) => value ?? NaN)),
      runs.map((run) => stepSeries(run, 'norm')),
    );
    assert.deepEqual(accuracy, runs.map(finalAccuracy));
  }
  assert.ok(
    rows.filter(({ learningRate }) => learningRate === 1e30).some(({ loss }) => loss.some((value) => value === null)),
  );
});
