/** Every experiment as a worker, a queue or a page uses it: by name, plain data in, plain data out, stopped by a signal. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import {
  experiments,
  listExperiments,
  ready,
  runExperiment,
  tf,
  type ExperimentName,
  type OptionsOf,
  type RunProgress,
  type SideSpec,
} from 'bnlab';
import { runIdentity } from 'bnlab/internal';

before(async () => void (await ready()));

const sides = (['none', 'batch'] as const).map((norm): SideSpec => ({
  name: norm,
  network: { kind: 'mlp', sizes: [784, 6, 10], activation: 'sigmoid', norm },
}));
const data = { kind: 'digits', train: 40, test: 20 } as const;
const comparison = { sides, data, learningRates: [0.1, 1], seeds: [1, 2], steps: 4, batchSize: 10 };

/** A run of a moment of each experiment. */
const TINY: { [N in ExperimentName]: Partial<OptionsOf<N>> } = {
  'batch-noise': { batchSizes: [4], values: [1], draws: 3 },
  'bias-growth': { data, units: 5, steps: 6 },
  'blow-up': comparison,
  'chain-orders': { w: [2, 3] },
  'domain-shift': {
    ...{ data, network: { kind: 'mlp', sizes: [784, 5, 10] }, changes: ['inverted'], strengths: [1] },
    ...{ learningRates: [1], steps: 4, batchSize: 10, examples: 20, tuning: [9], seeds: [1, 2] },
  },
  'drifting-optimum': { rates: [0.1, 1], seeds: [1, 2], steps: 50 },
  'figure-1': { ...comparison, evaluations: 2 },
  'gradient-scan': { data, examples: 10, width: 5, depths: [1, 2], seeds: [1, 2] },
  'gradient-noise': {
    ...{ data, network: sides[0].network, seeds: [1, 2], losses: [2], batchSize: 10, mostSteps: 4 },
    ...{ draws: 2, drawSizes: [1, 40] },
  },
  'ignored-jacobian': {
    data,
    norms: ['batch'],
    learningRates: [1],
    seeds: [1, 2],
    features: 4,
    steps: 4,
    batchSize: 10,
  },
  'input-descent': { data, steps: 3, learningRates: [0.01, 1] },
  'layer-times': { m: 4, sizes: [2], layers: [{ name: 'BN', norm: 'batch' }], repeats: 1, sampleMilliseconds: 0.01 },
  'learning-rate-sweep': comparison,
  'moving-input': {
    data,
    network: sides[1].network,
    below: 1,
    seeds: [1, 2],
    rates: [1],
    steps: 4,
    batchSize: 10,
    looks: 2,
  },
  'newton-schulz': { eigenvalues: [1, 0.1], iterations: 4 },
  'saturation-in-training': comparison,
  'scaled-training': { m: 8, inputs: 3, width: 3, layers: 1, classes: 2, scales: [1, 3], steps: 2 },
  'scale-free-training': { data, hidden: [4], steps: 3, batchSize: 10 },
  'scaled-layer': { m: 4, inputs: 2, d: 3, scales: [1, 10], epsilon: 0 },
  'training-run': { data, network: sides[1].network, steps: 4, batchSize: 10, evaluations: 2 },
  'side-by-side': comparison,
  'small-batches': {
    ...{ data, network: { kind: 'mlp', sizes: [784, 5, 10] }, norms: ['none', 'batch'], batchSizes: [4], amount: 20 },
    ...{ memory: 40, tuning: [9], seeds: [1, 2] },
  },
  'step-times': {
    ...{ network: { kind: 'mlp', sizes: [4, 3] }, batchSizes: [1, 4], modes: ['eager'], repeats: 1 },
    sampleMilliseconds: 0.01,
  },
  'steps-to-losses': {
    ...{ data, network: sides[0].network, seeds: [1, 2], batchSizes: [10, 40], losses: [2.4], mostExamples: 400 },
  },
  'shifted-regression': { examples: 10, seeds: [1, 2] },
  'weight-growth': {
    data,
    network: sides[1].network,
    weights: 'layer1/weights',
    seeds: [1, 2],
    steps: 4,
    batchSize: 10,
  },
};
const NAMES = Object.keys(TINY) as ExperimentName[];
/** Times differ; the others are the same comparison as figure-1, read in another way. */
const ONCE = ['layer-times', 'step-times', 'learning-rate-sweep', 'saturation-in-training', 'blow-up', 'side-by-side'];
const run = (name: ExperimentName, control = {}, options: object = TINY[name]): Promise<unknown> =>
  runExperiment(name, options as never, control);
const answers = new Map<ExperimentName, Promise<unknown>>();
function answerOf(name: ExperimentName): Promise<unknown> {
  if (!answers.has(name)) answers.set(name, run(name));
  return answers.get(name)!;
}

test('the list names every experiment, its question and its defaults, as plain data', () => {
  const listed = listExperiments();
  assert.deepEqual(listed.map(({ name }) => name).sort(), [...NAMES].sort());
  for (const one of listed) {
    assert.deepEqual(JSON.parse(JSON.stringify(one)), one);
    assert.equal(experiments.get(one.name as ExperimentName).name, one.name);
    assert.match(one.question, /^[A-Z].*\?$/);
    assert.ok(Number.isInteger(one.version) && one.version >= 1);
    assert.deepEqual(experiments.get(one.name as ExperimentName).resolve(), one.defaults);
  }
  const misspelt = "experiments: no experiment 'weight-grow'. Did you mean 'weight-growth'? Known: ";
  assert.throws(
    () => experiments.get('weight-grow' as 'weight-growth'),
    (error: Error) => error.message.startsWith(misspelt),
  );
});

for (const name of NAMES) {
  test(`${name}: the same answer after a trip through JSON, as plain data, and nothing is left on the engine`, async () => {
    const kept = tf.memory().numTensors;
    const answer = await answerOf(name);
    assert.equal(tf.memory().numTensors, kept);
    assert.deepEqual(JSON.parse(JSON.stringify(answer)), answer);
    if (ONCE.includes(name)) return;
    assert.deepEqual(await run(name, {}, JSON.parse(JSON.stringify(TINY[name]))), answer);
  });

  test(`${name}: each option is checked by type and range before anything is computed`, async () => {
    const { defaults } = experiments.get(name);
    for (const option of Object.keys(defaults)) {
      for (const wrong of [() => 1, NaN, { no: 'such' }, -1.5, [null]]) {
        if (name === 'chain-orders' && option !== 'w' && wrong === -1.5) continue; // any finite number will do
        const named = new RegExp(`^experiment '${name}': (options\\.)?${option}\\b.*(must be|no option) `);
        await assert.rejects(run(name, {}, { [option]: wrong }), (error: Error) => {
          assert.match(error.message, named, `${option}: ${String(wrong)}`);
          return error instanceof TypeError || error instanceof RangeError;
        });
      }
    }
    const [first] = Object.keys(defaults);
    await assert.rejects(run(name, {}, { [`${first}x`]: 1 }), /no option '.*'\. Did you mean '.*'\? Known: /);
    await assert.rejects(run(name, { onprogress: () => 0 }), /no option 'onprogress'. Did you mean 'onProgress'/);
    await assert.rejects(run(name, {}, 'text' as never), /options must be an object, got 'text'/);
  });

  test(`${name}: aborted before it began, it throws the signal's reason`, async () => {
    await assert.rejects(run(name, { signal: AbortSignal.abort() }), { name: 'AbortError' });
    const reason = new Error('enough');
    await assert.rejects(run(name, { signal: AbortSignal.abort(reason) }), reason);
  });
}

/** A run that is aborted at its first word of progress. */
async function abortedAtOnce(name: ExperimentName): Promise<unknown> {
  const abort = new AbortController();
  return run(name, { signal: abort.signal, onProgress: () => abort.abort() });
}

test('aborted under way: what finished comes back, and what did not is named', async () => {
  for (const name of ['figure-1', 'blow-up'] as const) {
    assert.equal(experiments.get(name).whenAborted, 'returns what finished');
    const { missing } = (await abortedAtOnce(name)) as { missing: unknown[] };
    assert.equal(missing.length, 8, name);
    assert.deepEqual(missing[0], { side: 'none', seed: 1, learningRate: 0.1 });
  }
  const halved = (await abortedAtOnce('input-descent')) as { kinds: unknown[] };
  assert.deepEqual(halved.kinds, [], 'input-descent');
  for (const name of ['weight-growth', 'ignored-jacobian'] as const) {
    const whole = (await answerOf(name)) as { runs: unknown[] };
    const some = (await abortedAtOnce(name)) as { runs: unknown[] };
    assert.ok(some.runs.length < whole.runs.length, name);
    assert.deepEqual(some.runs, whole.runs.slice(0, some.runs.length));
  }
  for (const name of [
    'bias-growth',
    'gradient-noise',
    'gradient-scan',
    'moving-input',
    'step-times',
    'steps-to-losses',
  ] as const) {
    assert.equal(experiments.get(name).whenAborted, 'throws');
    await assert.rejects(abortedAtOnce(name), { name: 'AbortError' });
  }
});

test('progress rises from 0 to the whole, and does not change the answer', async () => {
  for (const name of [
    'figure-1',
    'weight-growth',
    'ignored-jacobian',
    'input-descent',
    'bias-growth',
    'gradient-scan',
    'moving-input',
    'steps-to-losses',
  ] as const) {
    const seen: RunProgress[] = [];
    const answer = await run(name, { onProgress: (at: RunProgress) => seen.push(at) });
    assert.deepEqual(answer, await answerOf(name));
    seen.forEach(({ done, total }, i) => assert.ok(done <= total && (i === 0 || done >= seen[i - 1].done), name));
    const { done, total } = seen.at(-1)!;
    assert.equal(done, total, name);
    assert.ok(seen.every(({ text }) => text.length > 0));
  }
});

test('the identity of a run: name, version and options, whatever is left out or in which order it is written', () => {
  const growth = experiments.get('weight-growth');
  const all = growth.resolve();
  const turned = Object.fromEntries(Object.entries(all).reverse());
  assert.equal(runIdentity(growth, turned), runIdentity(growth));
  const parsed = JSON.parse(runIdentity(growth, { seeds: [7] })) as { name: string; version: number; options: object };
  assert.deepEqual(parsed, { name: 'weight-growth', version: growth.version, options: { ...all, seeds: [7] } });
  assert.notEqual(runIdentity(growth, { seeds: [7] }), runIdentity(growth));
  assert.throws(() => runIdentity(growth, { seeds: ['1'] as never }), /seeds\[0\] must be a whole number, got '1'/);
});
