/** Runs of a comparison in processes beside this one: the same numbers, progress and Stop, and no process outlives who started it. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as readline from 'node:readline';
import {
  compare,
  learningRateSweep,
  loadDataset,
  mlp,
  ready,
  tf,
  type Comparison,
  type CompareOptions,
  type NetworkSpec,
} from 'bnlab';
import {
  covariateShiftProbe,
  driftProbe,
  gradientNormProbe,
  inputDriftProbe,
  linearityProbe,
  percentileProbe,
  sampleProbe,
  saturationProbe,
  shapeProbe,
  updateRatioProbe,
} from 'bnlab/internal';
import { endIdleLanes, laneIds } from 'bnlab/dist/src/lanes/idle';
import { startOf } from 'bnlab/dist/src/platform/node/processes';
import { lanesAllowed, lanesWorth } from 'bnlab/dist/src/train/lane-rule';
import { travelling } from 'bnlab/dist/src/train/travelling';
import { clouds } from '../support/clouds';
import { hasEnded } from '../support/project';
import { leakFree } from '../support/tensors';
import { timelessComparison } from '../support/timeless';
import { until } from '../support/until';

test.before(async () => {
  await ready();
});
test.after(() => endIdleLanes());

const network: NetworkSpec = { kind: 'mlp', sizes: [3, 8, 8, 3], activation: 'sigmoid', initStd: 0.5 };
const sides = [
  { name: 'without', network },
  {
    name: 'with BN',
    network: { ...network, norm: 'batch' as const },
    options: { schedule: { kind: 'cosine' as const } },
  },
];
type Common = Omit<CompareOptions, 'sides'>;

async function withClouds<T>(body: (common: Common) => Promise<T>): Promise<T> {
  return leakFree(async () => {
    const [train, check] = [clouds(300, 1), clouds(150, 2)];
    try {
      const data = { train, test: check, name: 'clouds' };
      const common = { seeds: [1, 2], learningRates: [0.1, 1], data, steps: 40, batchSize: 30 };
      return await body({ ...common, evaluate: { every: 10 } });
    } finally {
      tf.dispose([train, check]);
    }
  });
}

/** Of all that a comparison holds, but for how long it took. */
function hashOf(comparison: Comparison): string {
  return createHash('sha256')
    .update(JSON.stringify(timelessComparison(comparison)))
    .digest('hex');
}

/** The comparison with a lane that has told of a run before the first run's end is taken note of. */
async function inTwo(options: CompareOptions): Promise<{ comparison: Comparison; told: string[]; steps: number[] }> {
  const told: string[] = [];
  const steps: number[] = [];
  const under = new Set<string>();
  const comparison = await compare({
    ...options,
    lanes: 2,
    onProgress: (at) => {
      steps.push(at.step);
      under.add(at.name);
    },
    onRun: async ({ history }) => {
      told.push(history.name);
      if (told.length === 1) await until(() => under.size > 1, 'a lane tells of its run');
    },
  });
  return { comparison, told, steps };
}

test('runs in two processes are those of one, by hash; progress only goes on, and onRun keeps the order', async () => {
  await withClouds(async (common) => {
    const tap = 'layer2/preActivation';
    const probes = {
      ...{ fan: percentileProbe({ tap }), inputs: sampleProbe({ tap, count: 20 }), shift: covariateShiftProbe() },
      ...{
        drift: driftProbe({ taps: [tap] }),
        moved: inputDriftProbe({ taps: [tap] }),
        shape: shapeProbe({ taps: [tap] }),
      },
      ...{ gradients: gradientNormProbe(), updates: updateRatioProbe() },
      ...{
        linear: linearityProbe({ activation: 'sigmoid' }),
        saturated: saturationProbe({ activation: 'sigmoid', training: true }),
      },
    };
    const own = { probes: { fan: percentileProbe({ tap, training: true, unit: 1 }) } };
    const options: CompareOptions = { ...common, sides: [sides[0], { ...sides[1], options: own }], probes };
    const here = await compare({ ...options, optimizer: 'momentum', lanes: 1 });
    const { comparison, told, steps } = await inTwo({ ...options, optimizer: 'momentum' });
    assert.equal(hashOf(comparison), hashOf(here));
    assert.deepEqual(
      told,
      here.runs.map(({ history }) => history.name),
    );
    assert.deepEqual(
      steps,
      [...steps].sort((a, b) => a - b),
    );
    assert.equal(steps.at(-1), 8 * 40);
    assert.equal(laneIds().length, 1);
  });
});

test('the paper’s network on pictures: the same by hash, and the process is kept for the next comparison', async () => {
  const data = await loadDataset('digits', { digits: { train: 600, test: 200, seed: 3 } });
  const paper: NetworkSpec = { kind: 'mlp', sizes: [784, 100, 100, 100, 10], activation: 'sigmoid' };
  const options: CompareOptions = {
    ...{ data, steps: 60, batchSize: 60, evaluate: { every: 30, train: 100, inference: 'population' } },
    ...{ seeds: [1, { weights: 2, order: 5 }], learningRates: [0.3], pixels: 'binary' },
    sides: [
      { name: 'no BN', network: paper },
      { name: 'BN', network: { ...paper, norm: 'batch' } },
    ],
  };
  const [before] = laneIds();
  const here = await compare({ ...options, lanes: 1 });
  for (const pixels of ['binary', 'grey'] as const) {
    const { comparison } = await inTwo({ ...options, pixels });
    assert.equal(hashOf(comparison) === hashOf(here), pixels === 'binary');
  }
  assert.deepEqual(laneIds(), [before]);
});

test('Stop keeps what each process has, and lists the rest in order', async () => {
  await withClouds(async (common) => {
    const control = new AbortController();
    const under = new Map<string, number>();
    const comparison = await compare({
      ...{ ...common, sides, steps: 1_000_000, batchSize: 3, evaluate: { at: [0] }, lanes: 2, signal: control.signal },
      onProgress: ({ name, step }) => {
        under.set(name, step);
        if (under.size === 2 && [...under.values()].every((steps) => steps > 0)) control.abort();
      },
    });
    assert.deepEqual(
      comparison.runs.map(({ history }) => [history.name, history.stopped]),
      [
        ['without, seed 1, rate 0.1', 'signal'],
        ['without, seed 1, rate 1', 'signal'],
      ],
    );
    for (const { history } of comparison.runs) {
      assert.ok(history.stepsDone < 1_000_000);
      assert.equal(history.evaluations.at(-1)?.step, history.stepsDone);
    }
    assert.deepEqual(
      comparison.missing.map(({ side, seedIndex, learningRate }) => `${side} ${seedIndex} ${learningRate}`),
      ['with BN 0 0.1', 'with BN 0 1', ...['without', 'with BN'].flatMap((s) => [`${s} 1 0.1`, `${s} 1 1`])],
    );
  });
});

test('a process that is killed at a run costs nothing but time: the run is made again', async () => {
  await withClouds(async (common) => {
    const options = { ...common, sides, steps: 2000, seeds: [1] };
    const here = await compare({ ...options, lanes: 1 });
    let killed: number | undefined;
    const names = new Set<string>();
    const comparison = await compare({
      ...{ ...options, lanes: 2 },
      onProgress: ({ name }) => {
        names.add(name);
        if (names.size !== 2 || killed !== undefined) return;
        [killed] = laneIds();
        process.kill(killed, 'SIGKILL');
      },
      onRun: () => until(() => killed !== undefined, 'a lane is killed'),
    });
    assert.ok(killed !== undefined);
    assert.equal(hashOf(comparison), hashOf(here));
    await until(() => !laneIds().includes(killed!), 'its end is known');
  });
});

test('what onProgress and onRun throw ends the comparison, whichever process the run was in', async () => {
  await withClouds(async (common) => {
    const options = { ...common, sides, steps: 2000, lanes: 2 };
    const names = new Set<string>();
    const onProgress = ({ name }: { name: string }) => {
      names.add(name);
      if (names.size === 2) throw new Error(`no more of ${name}`);
    };
    const onRun = () => until(() => names.size > 1, 'a second run is under way');
    await assert.rejects(compare({ ...options, onProgress, onRun }), /no more of/);
    await assert.rejects(
      compare({ ...options, onRun: () => Promise.reject(new Error('cannot be kept')) }),
      /cannot be kept/,
    );
  });
});

test('bad input is the same error with lanes and without', async () => {
  await withClouds(async (common) => {
    const wrong: CompareOptions[] = [
      { ...common, sides: [{ name: 'wide', network: { ...network, sizes: [4, 8, 3] } }] },
      { ...common, sides, batchSize: 301 },
      { ...common, sides, steps: 0 },
      { ...common, sides: [{ name: 'none', network: { kind: 'mpl' } as never }] },
    ];
    for (const options of wrong) {
      const said = async (lanes: number) =>
        compare({ ...options, lanes }).then(String, (error: Error) => String(error));
      const alone = await said(1);
      assert.match(alone, /Error: /);
      assert.equal(await said(2), alone);
    }
    for (const [lanes, words] of [
      [0, /lanes.*a whole number of at least 1.*0/],
      ['two', /lanes.*a whole number of at least 1/],
    ] as const) {
      await assert.rejects(compare({ ...common, sides, lanes: lanes as number }), words);
    }
  });
});

test('runs that hold functions stay in this process', async () => {
  await withClouds(async (common) => {
    const isEmpty = () => {
      endIdleLanes(); // one that was still starting is idle later
      return laneIds().length === 0;
    };
    await until(isEmpty, 'no lane is left');
    const build = (seed: number) => mlp({ sizes: [3, 8, 8, 3], activation: 'sigmoid', seed });
    const seen: number[] = [];
    const few = {
      ...common,
      seeds: [1],
      learningRates: [0.1],
      steps: 4,
      evaluate: { at: [4] },
      mode: 'eager' as const,
    };
    const options: CompareOptions[] = [
      { ...few, sides, probes: { step: ({ step }) => seen.push(step) } },
      { ...few, sides, probes: { changed: { ...updateRatioProbe(), measure: () => 0 } } },
      { ...few, sides, record: ({ loss }) => ({ twice: tf.mul(2, loss) }) },
      { ...few, sides, loss: (outputs, y) => tf.losses.meanSquaredError(y, outputs) as tf.Scalar },
      { ...few, sides: [...sides, { name: 'own', build }] },
      { ...few, sides: [{ ...sides[0], options: { probes: { step: ({ step }) => step } } }, sides[1]] },
      { ...few, sides, budget: { bytes: 1e12 } },
    ];
    for (const one of options) {
      assert.equal(travelling(one), null);
      await learningRateSweep({ ...one, lanes: 2 });
    }
    assert.ok(seen.length > 0);
    assert.deepEqual(laneIds(), []);
  });
});

test('a spent budget ends the runs in both processes', async () => {
  await withClouds(async (common) => {
    const options = { ...common, sides, steps: 1_000_000, batchSize: 3, evaluate: { at: [0] }, lanes: 2 };
    const comparison = await compare({ ...options, budget: { seconds: 1 } });
    assert.ok(comparison.runs.every(({ history }) => history.stopped === 'seconds'));
    assert.equal(comparison.runs.length + comparison.missing.length, 8);
    assert.ok(comparison.missing.length >= 6);
  });
});

test('the rule: small steps, seconds of work, runs to begin, processors and memory', () => {
  const small = { oneThread: true, secondsLeft: 60, runsLeft: 20, dataBytes: 1e6 };
  assert.equal(lanesWorth(small, 2), 1);
  assert.equal(lanesWorth(small, 1), 0);
  assert.equal(lanesWorth({ ...small, oneThread: false }, 2), 0);
  assert.equal(lanesWorth({ ...small, secondsLeft: 1 }, 2), 0);
  assert.equal(lanesWorth({ ...small, runsLeft: 0 }, 2), 0);
  assert.equal(lanesWorth({ ...small, dataBytes: 1e15 }, 2), 0);
  assert.equal(lanesAllowed(undefined, { BNLAB_LANES: '3' }), 3);
  assert.equal(lanesAllowed(5, { BNLAB_LANES: '3' }), 5);
  for (const given of ['0', '-1', 'many', '1.5'])
    assert.throws(
      () => lanesAllowed(undefined, { BNLAB_LANES: given }),
      new RegExp(`RangeError: BNLAB_LANES='${given}': wanted a whole number of at least 1`),
    );
});

/** A process that compares in two, until it is ended: its number, and that of its lane. */
const PARENT = `const { compare, generateDigits, ready, toTensors } = require('bnlab');
const { laneIds } = require('bnlab/dist/src/lanes/idle');
(async () => {
  await ready();
  const drawn = generateDigits({ train: 100, test: 100 });
  const names = new Set();
  await compare({
    data: { train: toTensors(drawn.train), test: toTensors(drawn.test) }, seeds: [1], learningRates: [0.1, 0.2], lanes: 2,
    steps: 10000000, batchSize: 2, evaluate: { at: [0] },
    sides: [{ name: 'one', network: { kind: 'mlp', sizes: [784, 10], activation: 'sigmoid' } }],
    onProgress: ({ name }) => {
      if (names.has(name)) return;
      names.add(name);
      if (names.size === 2) console.log(JSON.stringify(laneIds()));
      if (names.size === 2 && process.argv[1] === 'throw') setImmediate(() => { throw new Error('an error nobody catches'); });
    },
  });
})();`;

for (const [how, word] of [
  ['killed', 'kill'],
  ['ended by an error', 'throw'],
]) {
  test(`a lane does not outlive a process that is ${how}`, async () => {
    const parent = spawn(process.execPath, ['-e', PARENT, word], {
      cwd: __dirname,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise((resolve) => parent.on('close', resolve));
    const line = await new Promise<string>((resolve) => readline.createInterface(parent.stdout).once('line', resolve));
    const [lane] = JSON.parse(line) as number[];
    const started = startOf(lane);
    if (word === 'kill') {
      assert.notEqual(started, '');
      parent.kill('SIGKILL');
    }
    await ended;
    await until(() => hasEnded(lane) || startOf(lane) !== started, `process ${lane} has ended`);
  });
}
