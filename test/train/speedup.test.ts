/** Steps to an accuracy on two sides, from runs that are written down here. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { lossSpeedup, median, Random, speedup, type Comparison, type History } from 'bnlab';
import { isotonicRegression } from 'bnlab/internal';

/** Rises from a guess among ten to 95%, with a time constant in steps; noise on each evaluation. */
interface Made {
  tau: number;
  noise?: () => number;
  end?: number;
  stopped?: boolean;
}

const STEPS = Array.from({ length: 31 }, (_, k) => Math.round(3000 * (k / 30) ** 2));

function history({ tau, noise = () => 0, end = 0.95, stopped }: Made): History {
  const made: Partial<History> = {
    ...{ kind: 'history', version: 1, name: 'made', steps: 3000, stepsDone: 3000, perStep: {}, diverged: null },
    stopped: stopped ? 'signal' : null,
    evaluations: STEPS.map((step) => ({
      ...{ step, probes: {} },
      // falls by half in every ln 2 time constants, to a twentieth
      train: { accuracy: null, loss: 2 * (0.05 + 0.95 * Math.exp(-step / tau)) * Math.exp(-noise()), n: 5 },
      test: { accuracy: 0.1 + (end - 0.1) * (1 - Math.exp(-step / tau)) + noise(), loss: 1, n: 5 },
    })),
  };
  return made as History;
}

/** Sides by name, each a row of runs per rate 1, 2, ..., each row by seed. */
function comparison(sides: Record<string, Made[][]>): Comparison {
  const seeds = Object.values(sides)[0][0].map((_, i) => ({ weights: i, order: i }));
  return {
    ...{ kind: 'comparison', version: 1, seeds, shared: {}, missing: [] },
    sides: Object.entries(sides).map(([name, rows]) => ({
      ...{ name, parameters: 1, learningRates: rows.map((_, k) => k + 1) },
    })),
    runs: Object.entries(sides).flatMap(([side, rows]) =>
      rows.flatMap((row, k) =>
        row.map((made, seedIndex) => ({ side, seedIndex, learningRate: k + 1, history: history(made) })),
      ),
    ),
  };
}

const a = { reference: 'a', candidate: 'b' };
const near = (got: number, want: number, within: number) =>
  assert.ok(Math.abs(got - want) <= within, `got ${got}, wanted ${want} within ${within}`);

test('isotonicRegression: the nearest rising sequence', () => {
  assert.deepEqual(isotonicRegression([1, 3, 2, 4]), [1, 2.5, 2.5, 4]);
  assert.deepEqual(isotonicRegression([3, 2, 1]), [2, 2, 2]);
  assert.deepEqual(isotonicRegression([1, 2, 3]), [1, 2, 3]);
  assert.deepEqual(isotonicRegression([]), []);
  assert.throws(() => isotonicRegression([1, NaN]), /values\[1\] is NaN/);
});

test('isotonicRegression: no rising sequence is nearer', () => {
  const random = new Random(1);
  const ys = random.normals(12).map((v, i) => v + i / 4);
  const found = isotonicRegression(ys);
  const distance = (xs: ArrayLike<number>) => Array.from(ys).reduce((sum, y, i) => sum + (y - xs[i]) ** 2, 0);
  for (let trial = 0; trial < 300; trial++) {
    const other = Array.from(found, (v) => v + 0.3 * random.normal()).sort((x, y) => x - y);
    assert.ok(distance(other) >= distance(found));
  }
});

test('speedup: three times the time constant is three times the steps, at every accuracy', () => {
  const slow = [{ tau: 300 }, { tau: 600 }];
  const fast = [{ tau: 100 }, { tau: 200 }];
  const { accuracy, ratio, reference, candidate } = speedup({ ...a, comparison: comparison({ a: [slow], b: [fast] }) });
  assert.equal(accuracy.length, 20);
  for (const [i, row] of ratio.entries()) {
    for (const [k, value] of row.entries()) {
      if (accuracy[k] < 0.3 || accuracy[k] > 0.94) continue; // the straight lines between points are near the curve here
      near(value, 3, 0.15);
      near(reference[i][k], -slow[i].tau * Math.log((0.95 - accuracy[k]) / 0.85), 25);
      assert.equal(value, reference[i][k] / candidate[i][k]);
    }
  }
});

test('speedup: equal runs give 1 exactly', () => {
  const runs = [{ tau: 300 }, { tau: 500 }];
  const { ratio } = speedup({ ...a, comparison: comparison({ a: [runs], b: [runs] }) });
  assert.deepEqual(new Set(ratio.flat()), new Set([1]));
});

test('speedup: identical networks with other noise give 1 within its scatter, where steps to the noisy maximum do not', () => {
  const random = new Random(7);
  const noise = () => 0.005 * random.normal();
  const pairs = Array.from({ length: 200 }, () => {
    const [one, two] = ['a', 'b'].map(() => ({ tau: 300, noise }));
    const made = comparison({ a: [[one]], b: [[two]] });
    const { ratio } = speedup({ ...a, comparison: made });
    // What the first step at which b is above the maximum of a would say.
    const [of, against] = made.runs.map(({ history: { evaluations } }) =>
      evaluations.map(({ step, test }) => ({ step, accuracy: test.accuracy! })),
    );
    const best = Math.max(...of.map(({ accuracy }) => accuracy));
    const first = (rows: typeof of) => rows.find(({ accuracy }) => accuracy >= best)?.step ?? 3000;
    return { top: Math.log(ratio[0][19]), half: Math.log(ratio[0][9]), maximum: Math.log(first(of) / first(against)) };
  });
  const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const error = (values: number[]) => Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)) / values.length);
  for (const at of ['top', 'half'] as const) {
    const logs = pairs.map((pair) => pair[at]);
    near(mean(logs), 0, 3 * error(logs));
    near(median(logs), 0, 5 * error(logs));
  }
  const maximum = pairs.map((pair) => pair.maximum);
  assert.ok(mean(maximum) < -3 * error(maximum), 'the measure that is replaced favours no side');
});

test('speedup: each side at the rate at which it gets to the accuracy first, of those that are looked at', () => {
  const early = { tau: 30, end: 0.8 };
  const late = { tau: 300 };
  const { accuracy, rates } = speedup({ ...a, comparison: comparison({ a: [[early], [late]], b: [[late], [late]] }) });
  assert.equal(rates.reference[0], 1);
  assert.equal(rates.reference[19], 2);
  assert.deepEqual(new Set(rates.candidate), new Set([1]));
  near(accuracy[19], 0.95, 1e-3);
  const one = speedup({ ...a, referenceRates: [1], comparison: comparison({ a: [[early]], b: [[late]] }) });
  near(one.accuracy[19], 0.8, 1e-9);
});

test('speedup: a rate at which a seed never gets there, or was stopped, is not taken', () => {
  const good = [{ tau: 600 }, { tau: 600 }];
  const uneven = [{ tau: 10 }, { tau: 10, end: 0.11 }];
  const cut = [{ tau: 10 }, { tau: 10, stopped: true }];
  const { ratio, rates } = speedup({ ...a, comparison: comparison({ a: [uneven, cut, good], b: [good, good, good] }) });
  assert.deepEqual(new Set(rates.reference.slice(1)), new Set([3]));
  near(ratio[0][19], 1, 1e-9);
});

test('speedup: what cannot be compared is said', () => {
  const level = [{ tau: 100, end: 0.1 }];
  const made = comparison({ a: [[{ tau: 100 }]], b: [level] });
  assert.throws(() => speedup({ ...a, comparison: made }), /side 'b' gets at no rate above .* 0\.1/);
  assert.throws(() => speedup({ ...a, candidate: 'c', comparison: made }), /no side 'c'/);
  assert.throws(
    () => speedup({ ...a, candidateRates: [5], comparison: made }),
    /learning rates 1; wanted one of them, got 5/,
  );
  const stopped = comparison({ a: [[{ tau: 1, stopped: true }]], b: [level] });
  assert.throws(() => speedup({ ...a, comparison: stopped }), /side 'a' has no rate at which every seed finished/);
});

test('lossSpeedup: three times the time constant is three times the steps, down to the lowest loss of both', () => {
  const [slow, fast] = [300, 100].map((tau) => [{ tau }, { tau }]);
  const { loss, ratio } = lossSpeedup({ ...a, comparison: comparison({ a: [slow], b: [fast] }) });
  assert.equal(loss.length, 20);
  loss.slice(1).forEach((value, k) => near(value / loss[k], loss[1] / loss[0], 1e-12));
  near(loss[19], 2 * (0.05 + 0.95 * Math.exp(-10)), 1e-12);
  for (const row of ratio) row.slice(2, 18).forEach((value) => near(value, 3, 0.15));
});

test('lossSpeedup: equal runs give 1 exactly, the same networks with other noise within its scatter', () => {
  const runs = Array.from({ length: 5 }, () => ({ tau: 200 }));
  assert.ok(
    lossSpeedup({ ...a, comparison: comparison({ a: [runs], b: [runs] }) })
      .ratio.flat()
      .every((v) => v === 1),
  );
  const random = new Random(3);
  const noisy = () => runs.map((run) => ({ ...run, noise: () => 0.02 * random.normal() }));
  const { ratio } = lossSpeedup({ ...a, comparison: comparison({ a: [noisy()], b: [noisy()] }) });
  near(median(ratio.map((row) => row[19])), 1, 0.15);
});

test('lossSpeedup: a loss that is not finite counts as none, and runs without a training loss are refused', () => {
  const made = comparison({ a: [[{ tau: 300 }], [{ tau: 50 }]], b: [[{ tau: 100 }]] });
  for (const { learningRate, history: of } of made.runs)
    if (learningRate === 2)
      of.evaluations.slice(1).forEach((seen) => (seen.train = { loss: null, accuracy: null, n: 5 }));
  assert.deepEqual([...new Set(lossSpeedup({ ...a, comparison: made }).rates.reference)], [1]);
  for (const { history: of } of made.runs) of.evaluations.forEach((seen) => delete seen.train);
  assert.throws(
    () => lossSpeedup({ ...a, comparison: made }),
    /lossSpeedup: .* 0 training losses; wanted at least two/,
  );
});
