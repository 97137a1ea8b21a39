/** Runs as numbers by seed, from histories and comparisons that are written down here. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  curves,
  differenceBySeed,
  finalLoss,
  overRates,
  ratioBySeed,
  usableRates,
  type Comparison,
  type History,
} from 'bnlab';
import { stepSeries } from 'bnlab/internal';

interface Given {
  accuracy?: (number | null)[];
  losses?: (number | null)[];
  diverged?: boolean;
  stopped?: boolean;
  perStep?: Record<string, (number | null)[]>;
  steps?: number;
}

/** A history with an evaluation every ten steps. */
function historyOf({ accuracy = [], losses = [], diverged, stopped, perStep = {}, steps = 4 }: Given): History {
  const known = Object.values(perStep)[0]?.length ?? steps;
  const history: Partial<History> = {
    ...{ kind: 'history', version: 1, name: 'made', steps, stepsDone: known, perStep },
    stopped: stopped ? 'signal' : null,
    diverged: diverged ? { step: 1, loss: null, reason: 'loss is NaN' } : null,
    losses: { window: 1, steps: losses.map((_, i) => i + 1), values: losses },
    evaluations: accuracy.map((value, i) => ({
      ...{ step: 10 * i, probes: { twice: value === null ? null : 2 * value } },
      test: { accuracy: value, loss: 1, n: 5 },
    })),
  };
  return history as History;
}

/** Side `a` at the rates 0.1 and 1: seed 0 by the first row, seed 1 by the second; undefined is a run that is missing. */
function comparisonOf(rows: (Given | undefined)[][]): Comparison {
  const rates = [0.1, 1];
  const runs = rows.flatMap((row, seedIndex) =>
    row.flatMap((given, k) =>
      given ? [{ side: 'a', seedIndex, learningRate: rates[k], history: historyOf(given) }] : [],
    ),
  );
  const sides = [{ name: 'a', learningRates: rates, parameters: 1 }];
  const seeds = rows.map((_, i) => ({ weights: i, order: i }));
  return { kind: 'comparison', version: 1, sides, seeds, shared: {}, runs, missing: [] };
}

test('curves: a row per run over the points of the longest; a gap after divergence and where there is no number', () => {
  const runs = [historyOf({ accuracy: [0.1, 0.5, 0.9] }), historyOf({ accuracy: [0.2, null], diverged: true })];
  assert.deepEqual(curves(runs), {
    x: [0, 10, 20],
    seeds: [
      [0.1, 0.5, 0.9],
      [0.2, NaN, NaN],
    ],
  });
  assert.deepEqual(curves([...runs].reverse()).seeds[1], [0.1, 0.5, 0.9]);
  assert.deepEqual(curves(runs, (e) => e.probes.twice as number).seeds, [
    [0.2, 1, 1.8],
    [0.4, NaN, NaN],
  ]);
  assert.throws(() => curves([]), /curves: no runs; wanted at least one history/);
});

test('overRates and usableRates: seeds by rates; diverged, stopped and missing runs are gaps, and do not train', () => {
  const comparison = comparisonOf([
    [{ accuracy: [0.1, 0.6] }, { accuracy: [0.1, 0.9], diverged: true }],
    [{ accuracy: [0.1, 0.7], stopped: true }, undefined],
    [{ accuracy: [0.1, 0.2] }, { accuracy: [0.1, 0.8] }],
  ]);
  assert.deepEqual(overRates(comparison, 'a'), {
    x: [0.1, 1],
    seeds: [
      [0.6, NaN],
      [NaN, NaN],
      [0.2, 0.8],
    ],
  });
  assert.deepEqual(overRates(comparison, 'a', (h) => h.evaluations.length).seeds[0], [2, 2]);
  const trains = (h: History) => h.evaluations.at(-1)!.test.accuracy! > 0.5;
  assert.deepEqual(usableRates(comparison, 'a', trains), [[0.1, 1], [], [1]]);
  assert.throws(() => overRates(comparison, 'b'), /comparison: no side 'b'; it has 'a'/);
});

test('finalLoss: the median of the last 20, infinite after divergence', () => {
  assert.equal(finalLoss(historyOf({ losses: [9, 3, 2, 1] })), 2.5);
  const long = Array.from({ length: 40 }, (_, i) => (i < 20 ? 100 : i));
  assert.equal(finalLoss(historyOf({ losses: long })), 29.5);
  assert.equal(finalLoss(historyOf({ losses: [1], diverged: true })), Infinity);
  assert.throws(() => finalLoss(historyOf({})), /finalLoss: history 'made' holds no loss/);
});

test('stepSeries: a number per step of the run, NaN where it ended early or was not finite', () => {
  const history = historyOf({ perStep: { norm: [1, null, 3] }, steps: 5 });
  assert.deepEqual(stepSeries(history, 'norm'), [1, NaN, 3, NaN, NaN]);
  assert.throws(() => stepSeries(history, 'nrm'), /stepSeries: no 'nrm' was recorded\. Recorded: norm\./);
  const rows = historyOf({ perStep: { norm: [[1, 2]] as never } });
  assert.throws(() => stepSeries(rows, 'norm'), /stepSeries: norm is no number at step 0, but \[1,2\]/);
});

test('ratioBySeed and differenceBySeed: entry by entry, and only where every seed has both', () => {
  assert.deepEqual(ratioBySeed([6, 1], [2, 4]), [3, 0.25]);
  assert.deepEqual(differenceBySeed([6, 1], [2, 4]), [4, -3]);
  for (const f of [ratioBySeed, differenceBySeed]) {
    assert.deepEqual(f([6, null, 1], [2, 2, null]).slice(1), [null, null], 'a seed without a value has no answer');
    assert.throws(() => f([1, 2], [1]), /wanted a value of each seed on both sides, got 2 and 1/);
  }
});
