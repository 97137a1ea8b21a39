/** What a reader can change, as data: each control writes what it reads, an address brings the state back, presets are claims of the ledger. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import test from 'node:test';
import type { ComparisonSpec } from 'bnlab';
import { experiments, READINGS, RUNNABLE_CONTROLS } from 'bnlab/internal';
import { limitMarks, upToTheCliff } from 'bnlab/dist/src/experiments/readings';
import { RUNNABLE_MIME, type RunnableRecord } from 'bnlab/dist/src/notebook/runnable';
import { readLedger } from 'bnlab/dist/tools/claims';
import { readNotebook } from 'bnlab/dist/tools/notebook';
import { ticksOf, numberText, spanOf } from '../../lib/page/axis';
import {
  addressOf,
  type Control,
  CONTROLS,
  controlNamed,
  fromAddress,
  INPUT_CONTROLS,
  rungs,
} from '../../lib/page/controls';
import { endings, endsOf, rateSentence, sentences, standings } from '../../lib/page/curves';
import { PRESETS, STANDARD } from '../../lib/page/presets';
import { home } from '../support/sample';

const all = Object.entries(CONTROLS as Record<string, Control>);

test('each control reads what it wrote, changes nothing else, and the experiment takes it', () => {
  for (const [name, control] of all) {
    for (const value of control.values) {
      const changed = control.write(STANDARD, value);
      assert.equal(control.read(changed), value, name);
      for (const [other, { read }] of all)
        if (other !== name) assert.equal(read(changed), read(STANDARD), `${name}: ${other}`);
      assert.deepEqual(experiments.get('side-by-side').resolve(changed), changed);
      assert.notEqual(changed.sides[0].name, changed.sides[1].name);
    }
    assert.ok(rungs(control, STANDARD).includes(control.read(STANDARD)));
  }
  for (const name of RUNNABLE_CONTROLS) assert.ok(name in CONTROLS || name in INPUT_CONTROLS, name);
});

test('controls of other experiments read what they wrote, and those experiments take it', () => {
  const descent = experiments.get('input-descent');
  for (const name of ['offset', 'epsilon', 'steps'] as const) {
    const control = controlNamed<ReturnType<typeof descent.resolve>>(name);
    for (const value of control.values) {
      const changed = control.write(descent.resolve(), value);
      assert.equal(control.read(changed), value, name);
      assert.deepEqual(descent.resolve(changed), changed);
    }
  }
  const ignored = experiments.get('ignored-jacobian');
  for (const name of ['rate', 'batch', 'steps', 'seeds'] as const) {
    const control = controlNamed<ReturnType<typeof ignored.resolve>>(name);
    for (const value of control.values) {
      const changed = control.write(ignored.resolve(), value);
      assert.equal(control.read(changed), value, name);
      assert.deepEqual(ignored.resolve(changed), changed);
    }
  }
});

test('over rates a curve ends with its first point beyond all bounds, and limits that fall together are one mark', () => {
  assert.deepEqual(upToTheCliff([0.5, 0.3, null, 4, null]), [0.5, 0.3, Infinity, NaN, NaN]);
  assert.deepEqual(upToTheCliff([0.5, 0.3]), [0.5, 0.3]);
  const curve = (side: string, limit?: number) => ({ side, limit, seed: 1, learningRate: 1, steps: [], values: [] });
  assert.deepEqual(limitMarks([curve('raw', 0.1), curve('centred', 2), curve('whitened', 2.001), curve('none')]), [
    { x: 0.1, label: 'r' },
    { x: 2, label: 'c, w' },
  ]);
});

test('what a line came to is said: its end over steps, its lowest point and its limit over rates', () => {
  const line = (y: number[]) => ({ name: 'raw', as: 'first' as const, x: [0.1, 1, 10], y });
  const curve = { side: 'raw', seed: 1, learningRate: 0.1, steps: [], values: [], limit: 2.5 };
  assert.deepEqual(endings([line([0.5, 0.25, NaN])], READINGS.reached, [curve]), [
    'raw: lowest loss 0.25, at rate 1; 2/λ max is 2.5.',
  ]);
  assert.deepEqual(endings([line([0, 3, 7])], READINGS.bias, []), ['raw: norm of the bias |b| 7 after 10 steps.']);
  assert.deepEqual(endings([line([NaN, NaN, NaN])], READINGS.bias, []), ['raw: no number, it left all bounds.']);
});

test('an address holds what differs, and brings it back; what it does not know stays as it was', () => {
  assert.equal(addressOf(STANDARD, STANDARD), '');
  let spec = STANDARD;
  for (const [name, control] of all) if (name !== 'data') spec = control.write(spec, control.values.at(-1)!);
  assert.deepEqual(fromAddress(`#${addressOf(spec, STANDARD)}`, STANDARD), spec);
  assert.equal(addressOf(CONTROLS.rate.write(STANDARD, 30), STANDARD), 'rate=30');
  for (const nonsense of [
    '#rate=-1',
    '#rate=1e9',
    '#depth=2.5',
    '#a=nothing',
    '#x=1',
    '#rate=',
    '#%%%',
    '#constructor=1',
  ])
    assert.deepEqual(fromAddress(nonsense, STANDARD), STANDARD, nonsense);
  assert.deepEqual(fromAddress('#rate=7.5', STANDARD).learningRates, [7.5]);
  assert.deepEqual(rungs(CONTROLS.rate, fromAddress('#rate=7.5', STANDARD)).slice(5, 8), [3, 7.5, 10]);
});

test('each comparison that a notebook stores goes to the playground as it is: no network of it is lost in the address', () => {
  const folder = path.join(home, 'notebooks');
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.ipynb'));
  const stored = names.flatMap((name) => {
    const outputs = readNotebook(path.join(folder, name)).cells.flatMap((cell) => cell.outputs ?? []);
    const records = outputs.flatMap(({ data }) => (data?.[RUNNABLE_MIME] as RunnableRecord | undefined) ?? []);
    return records.flatMap(({ options }) => ('sides' in options ? { name, spec: options as ComparisonSpec } : []));
  });
  assert.ok(stored.length > 10, String(stored.length));
  for (const { name, spec } of stored) {
    const address = addressOf(spec, STANDARD);
    assert.equal(addressOf(fromAddress(address, STANDARD), STANDARD), address, name);
    assert.equal(spec.sides.length, 2, name);
  }
});

test('each preset is a claim of the ledger, and a state that its address gives', () => {
  const ledger = readLedger(home);
  for (const { claim, state, title } of PRESETS) {
    const [notebook, id] = claim.split('/');
    assert.ok(
      ledger[notebook]?.some((record) => record.id === id),
      `${title}: ${claim} is not in the ledger`,
    );
    assert.equal(addressOf(fromAddress(state, STANDARD), STANDARD), state);
  }
});

const point = (side: string, step: number, accuracy: number, loss: number | null, seed = 1) => ({
  ...{ side, seed, learningRate: 1 },
  evaluation: { step, test: { accuracy, loss, n: 10 }, probes: {} } as never,
});

test('what came out is said: no better than chance, diverged, the median of the seeds', () => {
  const points = [
    point('no BN', 0, 0.1, 2.3),
    point('no BN', 100, 0.1, null),
    point('BN', 0, 0.1, 2.3),
    point('BN', 400, 0.9, 0.3),
  ];
  assert.deepEqual(sentences(points, STANDARD, true), [
    'no BN: 10 % after 100 steps: no better than chance, it learns nothing; it diverged by step 100.',
    'BN: 90 % after 400 steps.',
  ]);
  const early = [point('no BN', 100, 0.1, 9999), point('BN', 20, 0.5, 1)];
  assert.deepEqual(
    standings(early, STANDARD, false).map(({ diverged }) => diverged),
    [true, false],
  );
  const two = [point('BN', 400, 0.7, 1), point('BN', 400, 0.9, 1, 2)];
  assert.deepEqual(sentences(two, STANDARD, true), ['BN: 80 % after 400 steps, the median of its runs.']);
});

test('numbers beside an axis are round, inside it, and few', () => {
  for (const [values, log] of [
    [[0, 1], false],
    [[-3.2, 7], false],
    [[0.002, 3], true],
    [[5, 7], true],
    [[2, 2], false],
  ] as const) {
    const span = spanOf(values, log);
    const ticks = ticksOf(span, 5);
    assert.ok(ticks.length >= 2 && ticks.length <= 12, `${values}: ${ticks}`);
    for (const tick of ticks)
      assert.ok(tick >= span.min - 1e-9 && tick <= span.max + 1e-9 && numberText(tick).length <= 6);
  }
});

test('the rate from which a network learns nothing: the first of those that are all at chance; a diverged run knows nothing', () => {
  const run = (learningRate: number, accuracy: number, diverged = false, seed = 1) => ({ side: 'BN', seed, learningRate, step: 1, accuracy, loss: 1, diverged }); // prettier-ignore
  const ends = endsOf([run(10, 0.1), run(1, 0.8), run(3, 0.3), run(0.1, 0.1), run(30, 0.9, true)], 'BN');
  assert.deepEqual(ends.map(({ rate, accuracy }) => [rate, accuracy]), [[0.1, 0.1], [1, 0.8], [3, 0.3], [10, 0.1], [30, 0.1]]); // prettier-ignore
  assert.equal(rateSentence('BN', ends), 'BN: best 80 %, at rate 1; from rate 10 on no better than chance.');
  assert.equal(
    rateSentence('BN', ends.slice(0, 3)),
    'BN: best 80 %, at rate 1; it still learns at the highest rate tried, 3.',
  );
  assert.equal(rateSentence('BN', ends.slice(3)), 'BN: no better than chance at each of these rates.');
  assert.equal(rateSentence('BN', ends.slice(0, 1)), '');
  assert.equal(endsOf([run(1, 0.2), run(1, 0.6, false, 2), run(1, 0.7, false, 3)], 'BN')[0].accuracy, 0.6);
});
