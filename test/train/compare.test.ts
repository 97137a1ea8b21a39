import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import {
  accuracyBand,
  bandOf,
  chooseLearningRates,
  compare,
  evaluate,
  finalAccuracy,
  learningRateSweep,
  loadComparison,
  loadHistory,
  mlp,
  ready,
  runsOf,
  saveComparison,
  saveHistory,
  setPopulationStatistics,
  tf,
  trainNetwork,
  type Comparison,
  type CompareOptions,
  type Evaluation,
  type History,
  type Json,
  type NetworkSpec,
} from 'bnlab';
import { BatchNormLayer, quantileBand, type Sequential } from 'bnlab/internal';
import { clouds } from '../support/clouds';
import { leakFree } from '../support/tensors';
import { timeless } from '../support/timeless';

test.before(async () => {
  await ready();
});

const sizes = [3, 8, 8, 3];
const plainNet = (seed: number) => mlp({ sizes, activation: 'sigmoid', initStd: 0.5, seed });
const normalized = (seed: number) => mlp({ sizes, activation: 'sigmoid', initStd: 0.5, norm: 'batch', seed });
const sides = [
  { name: 'without', build: plainNet },
  { name: 'with BN', build: normalized },
];

async function withData<T>(body: (common: Omit<CompareOptions, 'sides'>) => Promise<T>): Promise<T> {
  return leakFree(async () => {
    const [train, check] = [clouds(300, 1), clouds(150, 2)];
    try {
      const data = { train, test: check, name: 'clouds' };
      return await body({
        seeds: [1, 2],
        learningRates: [0.1, 1],
        data,
        steps: 40,
        batchSize: 30,
        evaluate: { every: 10 },
      });
    } finally {
      tf.dispose([train, check]);
    }
  });
}

test('compare: a side as data gives the runs of the side as a function', async () => {
  await withData(async (common) => {
    const spec: NetworkSpec = { kind: 'mlp', sizes, activation: 'sigmoid', initStd: 0.5 };
    const asData = [
      { name: 'without', network: spec },
      { name: 'with BN', network: { ...spec, norm: 'batch' as const } },
    ];
    const runs = async (given: CompareOptions['sides']) =>
      (await compare({ ...common, sides: given, seeds: [2] })).runs.map((run) => timeless(run.history));
    assert.deepEqual(await runs(asData), await runs(sides));
    for (const wrong of [{ name: 'a' }, { name: 'a', build: plainNet, network: spec }]) {
      await assert.rejects(compare({ ...common, sides: [wrong] }), /side 'a' must have .*; it has (none|both)/);
    }
  });
});

test('compare: same weights and batches for each side, and every run as if trained alone', async () => {
  await withData(async (common) => {
    const initial: Json[] = [];
    const comparison = await compare({
      sides,
      ...common,
      optimizer: 'momentum',
      probes: {
        weights: ({ network, step }) => {
          if (step === 0) initial.push(Array.from(network.named['layer1/weights'].dataSync()));
          return null;
        },
      },
    });
    assert.equal(comparison.runs.length, 8);
    assert.deepEqual(comparison.missing, []);
    assert.deepEqual(JSON.parse(JSON.stringify(comparison)), comparison);
    for (const seedIndex of [0, 1]) {
      const runs = comparison.runs.filter((run) => run.seedIndex === seedIndex);
      assert.equal(new Set(runs.map((run) => run.history.provenance.batches)).size, 1);
      const starts = initial.slice(4 * seedIndex, 4 * seedIndex + 4);
      for (const start of starts) assert.deepEqual(start, starts[0]);
    }
    assert.notDeepEqual(initial[0], initial[4]);
    assert.ok(comparison.shared['with BN'].includes('layer2/weights'));
    assert.ok(comparison.sides[1].parameters !== comparison.sides[0].parameters);
    // The last run came after seven others on a reused step: nothing of them may show.
    const last = comparison.runs.at(-1)!;
    const network = normalized(2);
    const reference = plainNet(2);
    network.copyFrom(reference);
    const alone = await trainNetwork({
      network,
      ...common,
      optimizer: 'momentum',
      learningRate: last.learningRate,
      seed: 2,
      weightsSeed: 2,
      name: last.history.name,
    });
    network.dispose();
    reference.dispose();
    assert.deepEqual(
      timeless(alone).evaluations.map((e) => e.test),
      timeless(last.history).evaluations.map((e) => e.test),
    );
    assert.deepEqual(alone.losses, last.history.losses);
    assert.deepEqual(alone.provenance, last.history.provenance);
  });
});

test('compare: seeds apart for weights and order, own settings of a side, progress, onRun', async () => {
  await withData(async (common) => {
    const done: string[] = [];
    let last = 0;
    const comparison = await compare({
      ...common,
      sides: [
        { ...sides[0], learningRates: [0.5] },
        {
          ...sides[1],
          name: 'adam',
          learningRates: [0.01],
          options: { optimizer: 'adam', schedule: { kind: 'cosine' } },
        },
      ],
      seeds: [
        { weights: 1, order: 7 },
        { weights: 2, order: 7 },
      ],
      onRun: ({ history }) => void done.push(history.name),
      onProgress: ({ step, steps }) => {
        assert.ok(step >= last && steps === 160, `${step} of ${steps} after ${last}`);
        last = step;
      },
    });
    assert.equal(last, 160);
    assert.deepEqual(done, [
      'without, seed 1, rate 0.5',
      'adam, seed 1, rate 0.01',
      'without, seed 2, rate 0.5',
      'adam, seed 2, rate 0.01',
    ]);
    assert.equal(new Set(comparison.runs.map((run) => run.history.provenance.batches)).size, 1);
    assert.equal(comparison.runs[1].history.provenance.settings.optimizer.kind, 'adam');
    assert.equal(comparison.runs[1].history.provenance.settings.schedule.kind, 'cosine');
    assert.deepEqual(comparison.runs[3].history.provenance.seeds, { weights: 2, order: 7, noise: 7 });
  });
});

test('compare: dropout differs from step to step and repeats with the seed', async () => {
  await withData(async (common) => {
    const build = (seed: number) => mlp({ sizes, activation: 'relu', dropout: 0.5, seed });
    const once = () =>
      compare({ ...common, sides: [{ name: 'dropout', build }], learningRates: [1e-6], seeds: [1], batchSize: 300 });
    const [a, b] = [await once(), await once()];
    assert.deepEqual(a.runs[0].history.losses, b.runs[0].history.losses);
    // The whole set in each batch at next to no learning rate: only the masks can move the loss.
    assert.ok(new Set(a.runs[0].history.losses.values).size > 30);
  });
});

test('a spent budget or a stop leaves the rest in `missing`', async () => {
  await withData(async (common) => {
    const none = await compare({ sides, ...common, budget: { seconds: 0 } });
    assert.equal(none.runs.length, 0);
    assert.equal(none.missing.length, 8);
    const stop = new AbortController();
    const some = await compare({ sides, ...common, signal: stop.signal, onRun: () => stop.abort() });
    assert.equal(some.runs.length, 1);
    assert.equal(some.missing.length, 7);
  });
});

test('bands: over seeds, at common steps; bad names say what there is', async () => {
  await withData(async (common) => {
    const comparison = await compare({ sides, ...common, seeds: [1, 2, 3] });
    const band = accuracyBand(comparison, { side: 'with BN', learningRate: 1, low: 0, high: 1 });
    const series = runsOf(comparison, 'with BN', 1).map((h) => h.evaluations.map((e) => e.test.accuracy!));
    assert.deepEqual(band, { steps: [0, 10, 20, 30, 40], ...quantileBand(series, 0, 1), n: 3, diverged: 0 });
    assert.throws(() => runsOf(comparison, 'layer'), /no side 'layer'; it has 'without', 'with BN'/);
    assert.throws(() => runsOf(comparison, 'without'), /learning rates 0.1, 1; wanted one of them, got undefined/);
    assert.throws(() => runsOf(comparison, 'without', 3), /got 3/);
  });
});

/** A comparison made of numbers, for the rules that read one. */
function made(finals: Record<string, Record<number, (number | 'diverged')[]>>): Comparison {
  const runs = Object.entries(finals).flatMap(([side, rates]) =>
    Object.entries(rates).flatMap(([rate, values]) =>
      values.map((value, seedIndex) => {
        const broken = value === 'diverged';
        const at = (step: number, accuracy: number) => ({ step, test: { loss: 1, accuracy, n: 10 }, probes: {} });
        const evaluations: Evaluation[] = broken ? [at(0, 0.1), at(3, 0.2)] : [at(0, 0.1), at(5, 0.5), at(10, value)];
        const diverged = broken ? { step: 2, loss: null, reason: 'loss is NaN' } : null;
        const history = { kind: 'history', stopped: null, diverged, evaluations } as unknown as History;
        return { side, seedIndex, learningRate: Number(rate), history };
      }),
    ),
  );
  const names = Object.keys(finals);
  return {
    kind: 'comparison',
    version: 1,
    sides: names.map((name) => ({
      name,
      learningRates: Object.keys(finals[name])
        .map(Number)
        .sort((a, b) => a - b),
      parameters: 1,
    })),
    seeds: [],
    shared: {},
    runs,
    missing: [],
  };
}

test('the rule: highest median, ties to the smaller rate, diverged runs count as they ended', () => {
  const comparison = made({
    a: { 0.1: [0.9, 0.8, 0.7], 1: [0.99, 0.8, 0.1], 10: ['diverged', 'diverged', 0.99] },
    b: { 0.1: [0.5, 0.5, 0.5], 1: [0.6, 0.9, 0.6], 10: [0.7, 0.4, 0.7] },
  });
  const { best, table, atEdge } = chooseLearningRates(comparison);
  assert.deepEqual(best, { a: 0.1, b: 10 });
  assert.deepEqual(atEdge, ['a', 'b']);
  assert.deepEqual(
    table.map((row) => row.median),
    [0.8, 0.8, 0.2, 0.5, 0.6, 0.7],
  );
  assert.equal(table[2].diverged, 2);
  const band = bandOf(comparison, { side: 'a', learningRate: 10, low: 0, high: 1 }, (e) => e.test.accuracy!);
  assert.deepEqual(band.steps, [0, 5, 10]);
  assert.deepEqual(band.low, [0.1, 0.2, 0.2]);
  assert.deepEqual(band.high, [0.1, 0.5, 0.99]);
  assert.equal(band.diverged, 2);
});

test('learningRateSweep: what a budget cut short is kept, and a side without a finished run has no best rate', async () => {
  await withData(async (common) => {
    const stop = new AbortController();
    const onRun = ({ side }: { side: string }) => {
      if (side === 'without') stop.abort();
    };
    const settings = { ...common, seeds: [1] as const, learningRates: [0.1] as const, signal: stop.signal, onRun };
    const sweep = await learningRateSweep({ sides, ...settings });
    assert.deepEqual(Object.keys(sweep.best), ['without']);
    assert.equal(sweep.comparison.runs.filter(({ history }) => !history.stopped).length, 1);
    assert.deepEqual(sweep.table.find((row) => row.side === 'with BN')?.final, []);
    assert.throws(() => chooseLearningRates(sweep.comparison), /side 'with BN' has no finished run/);
  });
});

test('learningRateSweep gives the table and the choice of one comparison', async () => {
  await withData(async (common) => {
    const sweep = await learningRateSweep({ sides, ...common });
    assert.deepEqual(chooseLearningRates(sweep.comparison).best, sweep.best);
    assert.equal(sweep.table.length, 4);
    for (const row of sweep.table) {
      assert.deepEqual(row.final, runsOf(sweep.comparison, row.side, row.learningRate).map(finalAccuracy));
    }
  });
});

test('compare refuses what it cannot compare', async () => {
  await withData(async (common) => {
    await assert.rejects(compare({ ...common, sides: [] }), /no sides/);
    await assert.rejects(compare({ ...common, sides, seeds: [] }), /no seeds/);
    await assert.rejects(compare({ ...common, sides, seeds: [1, 2, 1] }), /seeds must differ, got 1, 2, 1/);
    const pair = { weights: 1, order: 2 };
    await assert.rejects(compare({ ...common, sides, seeds: [pair, { ...pair }] }), /seeds must differ, got .*1 and 2/);
    await assert.rejects(compare({ ...common, sides, seeds: [3, { weights: 3, order: 3 }] }), /seeds must differ/);
    await assert.rejects(
      compare({ ...common, sides, learningRates: [1, 0.1, 1] }),
      /'without' must differ, got 1, 0.1, 1/,
    );
    // Refused before the first run, whichever side and rate it is about.
    const onRun = () => assert.fail('a run was made');
    await assert.rejects(compare({ ...common, sides, learningRates: [0.1, -1], onRun }), /learningRate: .*got -1/);
    const late = { ...sides[1], options: { schedule: { kind: 'step' as const, every: 0, factor: 1 } } };
    await assert.rejects(compare({ ...common, sides: [sides[0], late], onRun }), /every and factor/);
    const blind = { ...sides[1], options: { probes: { nothing: 3 as never } } };
    await assert.rejects(compare({ ...common, sides: [sides[0], blind], onRun }), /probes.nothing/);
    await assert.rejects(compare({ ...common, sides, learningRates: [] }), /no learning rates for side 'without'/);
    await assert.rejects(compare({ ...common, sides: [sides[0], sides[0]] }), /must differ/);
    await assert.rejects(compare({ ...common, sides, batchSize: 301 }), /301 is more than the 300/);
    await assert.rejects(compare({ ...common, sides, steps: 0 }), /steps/);
    const other = { name: 'wide', build: (seed: number) => mlp({ sizes: [3, 9, 8, 3], seed }) };
    await assert.rejects(compare({ ...common, sides: [sides[0], other] }), /layer1\/weights is \[3, 9\]/);
    const apart = await compare({
      ...common,
      sides: [sides[0], other],
      shareWeights: false,
      learningRates: [1],
      seeds: [1],
    });
    assert.deepEqual(apart.shared, { wide: [] });
  });
});

test('population statistics: those of the batches, used at evaluation, moving averages left alone', async () => {
  await withData(async (common) => {
    const { data } = common as { data: { train: { x: tf.Tensor }; test: { x: tf.Tensor; y: tf.Tensor } } };
    const network = normalized(1) as Sequential;
    // One batch that is the whole set: mean and m/(m-1) times the biased variance, by hand.
    assert.deepEqual(setPopulationStatistics(network, data.train.x, { batchSize: 300, batchCount: 3 }), [
      'layer1',
      'layer2',
    ]);
    const expected = tf.tidy(() => {
      const linear = tf.matMul(data.train.x, network.named['layer1/weights'] as tf.Tensor);
      const { mean, variance } = tf.moments(linear, 0);
      return [mean.arraySync(), tf.mul(variance, 300 / 299).arraySync()] as [number[], number[]];
    });
    const first = batchNormLayers(network)[0];
    [first.movingMean, first.movingVariance].forEach((variable, k) =>
      (variable.arraySync() as number[]).forEach((v, i) => assert.ok(Math.abs(v - expected[k][i]) < 1e-5)),
    );
    // With the statistics of the whole set, inference of that set is training mode but for m/(m-1).
    const training = evaluate({
      network,
      ...(data.train as never as { x: tf.Tensor; y: tf.Tensor }),
      training: true,
      batchSize: 300,
    });
    const inference = evaluate({ network, ...(data.train as never as { x: tf.Tensor; y: tf.Tensor }) });
    assert.ok(Math.abs(training.loss! - inference.loss!) < 2e-3);
    network.dispose();

    const runs = [normalized(3), normalized(3)];
    const options = { ...common, learningRate: 0.5, seed: 1, steps: 20 };
    const moving = await trainNetwork({ network: runs[0], ...options });
    const population = await trainNetwork({ network: runs[1], ...options, evaluate: { inference: 'population' } });
    assert.deepEqual(population.losses, moving.losses);
    assert.deepEqual(runs[0].stateDict(), runs[1].stateDict());
    assert.notDeepEqual(population.evaluations.at(-1)!.test, moving.evaluations.at(-1)!.test);
    assert.equal(population.provenance.settings.evaluate.inference, 'population');
    runs.forEach((run) => run.dispose());
    const none = plainNet(1);
    assert.deepEqual(setPopulationStatistics(none, data.train.x, { batchSize: 30 }), []);
    none.dispose();
  });
});

function batchNormLayers(network: { layers?: unknown[] }): BatchNormLayer[] {
  return (network.layers ?? []).flatMap((layer) =>
    layer instanceof BatchNormLayer ? [layer] : batchNormLayers(layer as { layers?: unknown[] }),
  );
}

test('results are stored whole or not at all, and a damaged file says so', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bnlab-train-'));
  try {
    await withData(async (common) => {
      const comparison = await compare({ sides, ...common, seeds: [1], learningRates: [0.5] });
      const history = comparison.runs[0].history;
      const file = path.join(folder, 'deep', 'run.json');
      await saveHistory(file, history);
      assert.deepEqual(await loadHistory(file), history);
      await saveHistory(file, comparison.runs[1].history);
      assert.deepEqual(await loadHistory(file), comparison.runs[1].history);
      assert.deepEqual(readdirSync(path.dirname(file)), ['run.json']);
      const both = path.join(folder, 'both.json');
      await saveComparison(both, comparison);
      assert.deepEqual(await loadComparison(both), comparison);

      const text = readFileSync(file, 'utf8');
      const damaged = async (change: string, message: RegExp) => {
        writeFileSync(file, change);
        await assert.rejects(loadHistory(file), (error: Error) => {
          assert.equal(error.name, 'StoreError');
          assert.ok(error.message.startsWith(file), error.message);
          assert.match(error.message, message);
          return true;
        });
      };
      await damaged(text.slice(0, 500), /is not JSON .*cut short/);
      await damaged('', /is not JSON/);
      await damaged('[1]', /no stored result/);
      await damaged('null', /no stored result/);
      await damaged(text.replace('"version":1', '"version":2'), /version 2; this library reads version 1/);
      await damaged(text.replace('"stepsDone":40', '"stepsDone":41'), /does not match its SHA-256/);
      await assert.rejects(loadHistory(both), /holds a comparison; wanted a history/);
      await assert.rejects(loadHistory(path.join(folder, 'none.json')), /cannot be read .*Run the experiment/);
      await assert.rejects(saveHistory(path.join(both, 'x.json'), history), /cannot be written/);
      const kept = readFileSync(both, 'utf8');
      await assert.rejects(saveHistory(both, comparison as never), /not written: got a comparison; wanted a history/);
      await assert.rejects(saveHistory(both, undefined as never), /not written: got undefined; wanted a history/);
      assert.equal(readFileSync(both, 'utf8'), kept);
      // Formatting is no damage.
      writeFileSync(both, JSON.stringify(JSON.parse(readFileSync(both, 'utf8')), null, 2));
      assert.deepEqual(await loadComparison(both), comparison);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
