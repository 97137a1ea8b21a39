/** Sweeps as data: every combination a run with an identity, and what is wrong is found before the first. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { defineExperiment, defineSweep, experiments } from 'bnlab';
import { runIdentity, type SweepSpec } from 'bnlab/internal';

const sizes = [784, 6, 10];
const plain = { kind: 'mlp', sizes } as const;
const spec = {
  name: 'rates-and-scales',
  experiment: 'training-run',
  options: { steps: 5 },
  grid: {
    network: { 'no BN': plain, BN: { ...plain, norm: 'batch' } },
    'network.initStd': [0.1, 1],
    learningRate: [0.1, 1, 10],
    seed: [1, 2],
  },
} as const;

test('every combination is one run, the last axis fastest, named as the axes name it', () => {
  const { runs, axes, name } = defineSweep(spec);
  assert.equal(name, 'rates-and-scales');
  assert.deepEqual(axes, ['network', 'network.initStd', 'learningRate', 'seed']);
  assert.equal(runs.length, 2 * 2 * 3 * 2);
  assert.deepEqual(runs[1].at, { network: 'no BN', 'network.initStd': 0.1, learningRate: 0.1, seed: 2 });
  const last = { network: { ...plain, norm: 'batch', initStd: 1 }, steps: 5, learningRate: 10, seed: 2 } as const;
  const experiment = experiments.get('training-run');
  assert.deepEqual(runs.at(-1)!.options, experiment.resolve(last));
  assert.equal(runs.at(-1)!.identity, runIdentity(experiment, last));
  assert.deepEqual(defineSweep(JSON.parse(JSON.stringify(spec)) as typeof spec).runs, runs);
});

test('an experiment of one’s own is swept as those of the library', () => {
  const experiment = defineExperiment({
    ...{ name: 'squares', version: 1, question: 'How large is a square?', whenAborted: 'throws' },
    ...{ defaults: { x: 1 }, options: { x: { words: 'a number', fits: Number.isFinite, needed: true } } },
    compute: async ({ x }: { x: number }) => x * x,
  });
  const { runs } = defineSweep({ name: 'squares', experiment, grid: { x: [1, 2] } });
  assert.deepEqual(
    runs.map(({ options }) => options),
    [{ x: 1 }, { x: 2 }],
  );
});

test('what is wrong with any run is found before the first', () => {
  for (const [change, message] of [
    [{ name: 'My sweep' }, /name must be small letters, digits and hyphens/],
    [{ experiment: 'training-runs' }, /Did you mean 'training-run'/],
    [{ options: { stepps: 5 } }, /no option 'stepps'.*Did you mean 'steps'/],
    [{ grid: {} }, /grid is empty/],
    [{ grid: { seed: [] } }, /grid\.seed has no values/],
    [{ grid: { seed: 1 } }, /grid\.seed must be a list of values, or an object of them by name/],
    [{ grid: { learningRate: [1, -1] } }, /learningRate must be a finite number above 0, got -1/],
    [{ grid: { learningRate: [NaN] } }, /grid\.learningRate\[0\] must be plain JSON/],
    [{ grid: { rate: [1] } }, /no option 'rate'/],
    [{ grid: { seed: [1, 1] } }, /\{"seed":1\} and \{"seed":1\} are the same run/],
    [{ grid: { 'network.initStd': [1] } }, /the path to 'initStd' leads into null/],
    [{ grids: {} }, /no option 'grids'/],
  ] as [object, RegExp][]) {
    assert.throws(() => defineSweep({ ...spec, ...change } as unknown as SweepSpec), message);
  }
});
