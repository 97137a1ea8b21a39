/** The page of a sweep: what its figures hold, what it says of failures, and that it needs no network. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test from 'node:test';
import { defineSweep } from 'bnlab';
import { mapFigure, parallelFigure, type Shown, spreadFigure } from 'bnlab/dist/tools/sweep/report/figures';
import { writeReport } from 'bnlab/dist/tools/sweep/report/page';
import { Results, Store } from 'bnlab/dist/tools/sweep/store';

const network = { kind: 'mlp', sizes: [784, 10], activation: 'sigmoid' } as const;
const sweep = defineSweep({
  name: 'two-axes',
  experiment: 'training-run',
  options: { steps: 1 },
  grid: {
    network: { 'no BN': network, BN: { ...network, norm: 'batch' } },
    'network.initStd': [0.1, 1],
    learningRate: [10, 1],
    seed: [1, 2, 3],
  },
});

/** A value that tells of its place. */
const valueOf = (at: Record<string, unknown>) =>
  (at.network === 'BN' ? 0.5 : 0) +
  Number(at['network.initStd']) / 10 +
  Number(at.learningRate) / 100 +
  Number(at.seed) / 1000;

const shown: Shown = {
  ...{ sweep: 'two-axes', measure: 'final', axes: sweep.axes },
  runs: sweep.runs
    .filter(({ at }) => !(at.network === 'BN' && at.learningRate === 1 && at['network.initStd'] === 1))
    .map(({ at }) => ({ at, value: valueOf(at) })),
};

test('a map has the median over the seeds at each rate and scale, one for each of the rest, and a gap where no run is', () => {
  const figure = mapFigure(shown)!;
  const maps = figure.data.filter(({ type }) => type === 'heatmap') as unknown as { z: (number | null)[][] }[];
  const rounded = maps.map(({ z }) => z.map((row) => row.map((value) => value && Number(value.toFixed(3)))));
  assert.deepEqual(rounded, [
    [
      [0.022, 0.112],
      [0.112, 0.202],
    ],
    [
      [0.522, 0.612],
      [null, 0.702],
    ],
  ]);
  assert.match(
    figure.summary,
    /The largest median final is 0\.702, at network BN, network\.initStd 1, learningRate 10/,
  );
  assert.equal(mapFigure({ ...shown, axes: ['learningRate', 'seed'] }), undefined);
});

test('the spread has a row for each combination, the largest first; every run is a line through all axes', () => {
  const spread = spreadFigure(shown);
  assert.match(spread.summary, /At network BN, network\.initStd 1, learningRate 10 final is between 0\.701 and 0\.703/);
  const [{ dimensions }] = parallelFigure(shown).data as unknown as {
    dimensions: { label: string; values: number[]; ticktext?: string[] }[];
  }[];
  assert.deepEqual(
    dimensions.map(({ label, values, ticktext }) => [label, values.length, ticktext?.join()]),
    [
      ['network', 21, 'no BN,BN'],
      ['network.initStd', 21, '0.1,1'],
      ['learningRate', 21, '1,10'],
      ['seed', 21, '1,2,3'],
      ['final', 21, undefined],
    ],
  );
});

test('the page lists what was set aside, holds its figures, and asks for nothing elsewhere', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-report-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const store = await Store.open(folder);
  const [failing, ...rest] = sweep.runs;
  const made = { seconds: 1, code: 'a', engine: 'an engine' };
  await store.put(
    ...rest.map(({ identity, at }) => ({ ...made, identity, at, answer: { steps: [0], final: valueOf(at) } })),
  );
  await store.setAside({ identity: failing.identity, at: failing.at, error: 'bad <luck>', tries: 3 });
  const options = { sweep, runs: sweep.runs, results: await Results.read(folder), code: 'a' };
  const html = fs.readFileSync(writeReport(options), 'utf8');
  assert.match(html, /23 of 24 runs there, 1 set aside/);
  assert.match(
    html,
    /<td>network no BN, network\.initStd 0\.1, learningRate 10, seed 1<\/td><td>3<\/td><td>bad &lt;luck&gt;<\/td>/,
  );
  const [, json] = /<script type="application\/json" id="figures">(.*?)<\/script>/s.exec(html)!;
  const figures = JSON.parse(json) as { data: { type: string }[] }[];
  assert.equal(figures.length, 3);
  assert.ok(fs.statSync(path.join(folder, 'report', 'plotly.js')).size > 1e6);
  assert.ok(!/(?:src|href)="(?:https?:)?\/\//.test(html));
  assert.throws(() => writeReport({ ...options, measure: 'loss' }), /have no number 'loss'; they have: final/);
  assert.throws(() => writeReport({ ...options, code: 'b' }), /No run of two-axes is there yet/);
});
