/** What a history holds has the probe's type, with no cast; that a wrong type is an error is said by `@ts-expect-error`. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import {
  accuracyBand,
  bandOf,
  compare,
  finalAccuracy,
  learningRateSweep,
  loadHistory,
  mlp,
  percentileProbe,
  probeSeries,
  ready,
  runsOf,
  sampleProbe,
  saturationProbe,
  saveHistory,
  tf,
  trainNetwork,
  type History,
  type NetworkSpec,
  type ProbePoint,
} from 'bnlab';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { clouds } from '../support/clouds';

before(async () => void (await ready()));

const tap = 'layer1/preActivation';
const network: NetworkSpec = { kind: 'mlp', sizes: [3, 4, 3], activation: 'sigmoid', norm: 'batch' };
const fan = percentileProbe({ tap });

async function onToy(body: (options: ReturnType<typeof toy>) => Promise<void>): Promise<void> {
  const options = toy();
  await body(options);
  const { train, test: held } = options.data;
  tf.dispose([train.x, train.y, held.x, held.y]);
}

function toy() {
  const data = { train: clouds(30, 1), test: clouds(15, 2) };
  return { data, steps: 4, batchSize: 10, evaluate: { every: 2 }, mode: 'eager' as const };
}

test('trainNetwork: a history holds each probe under its name and with its type', () =>
  onToy(async (options) => {
    const built = mlp({ sizes: [3, 4, 3], activation: 'sigmoid', seed: 1 });
    const history = await trainNetwork({
      ...options,
      ...{ network: built, seed: 1, learningRate: 0.1 },
      probes: { fan, count: ({ step }: ProbePoint) => [step, Infinity], raw: () => new Float32Array([0.5, NaN]) },
    });
    const typical: (number | null)[] = history.evaluations[0].probes.fan!.typical;
    assert.equal(typical.length, 3);
    const series = probeSeries(history, 'count');
    assert.deepEqual(series, [
      { step: 0, value: [0, null] },
      { step: 2, value: [2, null] },
      { step: 4, value: [4, null] },
    ]);
    assert.deepEqual(history.evaluations[1].probes.raw, [0.5, null]);
    const misspelt = /probeSeries: no probe 'fun'\. Did you mean 'fan'\? Known: fan, count, raw/;
    // @ts-expect-error There is no such probe.
    assert.throws(() => probeSeries(history, 'fun'), misspelt);
    // @ts-expect-error A probe's value is not anything.
    const wrong: string = probeSeries(history, 'fan')[0].value;
    assert.notEqual(typeof wrong, 'string');
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'probes-'));
    await saveHistory(path.join(folder, 'run.json'), history);
    const loaded: History = await loadHistory(path.join(folder, 'run.json'));
    assert.deepEqual(probeSeries(loaded, 'count'), series);
    fs.rmSync(folder, { recursive: true });
    assert.equal(typeof finalAccuracy(history), 'number');
    built.dispose();
  }));

test('compare and learningRateSweep: the probes of all sides and those of one side alone', () =>
  onToy(async (options) => {
    const many = { ...options, seeds: [1], learningRates: [0.1] };
    const sides = [
      { name: 'a', network, options: { probes: { off: saturationProbe({ activation: 'sigmoid', training: true }) } } },
      { name: 'b', network },
    ];
    const comparison = await compare({ ...many, sides, probes: { fan } });
    const [own] = runsOf(comparison, 'a');
    assert.ok(probeSeries(own, 'off').every(({ value }) => value![tap].share! >= 0));
    // Probes of its own stand in place of the common ones.
    assert.throws(() => probeSeries(own, 'fan'), /no probe 'fan'/);
    const [common] = runsOf(comparison, 'b');
    assert.equal(probeSeries(common, 'fan')[2].value!.all.length, 3);
    const { median } = bandOf(comparison, { side: 'b' }, (e) => e.probes.fan!.typical[1]!);
    assert.equal(median.length, accuracyBand(comparison, { side: 'b' }).median.length);
    const sweep = await learningRateSweep({
      ...many,
      sides: [sides[1]],
      probes: { few: sampleProbe({ tap, count: 5 }) },
    });
    const [swept] = runsOf(sweep.comparison, 'b');
    const values: (number | null)[] = probeSeries(swept, 'few')[0].value!;
    assert.equal(values.length, 5);
  }));
