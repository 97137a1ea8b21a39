/** How many times faster one side of a comparison is than another: steps to an accuracy, or to a training loss, over all of them. */
import { counting, listOf, needed, number, type Options, expectOptions, text } from '../core/checks';
import { median } from '../statistics';
import { isotonicRegression } from '../statistics/isotonic';
import { COMPARISON, sideOf, type Comparison } from './comparison';
import { accuracies, type History } from './history';

/** What {@link speedup} takes. */
export interface SpeedupOptions {
  /** Runs of both sides, over the same seeds. */
  comparison: Comparison;
  /** Side whose steps are divided: 1 is its speed. */
  reference: string;
  /** Side that is held against it. */
  candidate: string;
  /** Rates of the reference that are looked at; default all that it has. */
  referenceRates?: readonly number[];
  /** The same of the candidate. */
  candidateRates?: readonly number[];
  /** How many accuracies; default 20. */
  points?: number;
}

/** Steps to an accuracy on both sides, and their ratio. */
export interface Speedup {
  /** Test accuracies by rising order, evenly spaced; the last is the highest that every seed of both sides reaches. */
  accuracy: number[];
  /** [seeds][accuracies]: steps of the reference over steps of the candidate. Above 1 the candidate is faster. */
  ratio: number[][];
  /** [seeds][accuracies]: steps of the reference. */
  reference: number[][];
  /** [seeds][accuracies]: steps of the candidate. */
  candidate: number[][];
  /** At each accuracy, the rate at which each side gets there first. */
  rates: { reference: number[]; candidate: number[] };
}

/** Steps to a training loss on both sides, and their ratio. */
export interface LossSpeedup extends Omit<Speedup, 'accuracy'> {
  /** Training losses, falling, by equal factors; the last is the lowest that every seed of both sides reaches. */
  loss: number[];
}

const SPEEDUP_OPTIONS: Options<SpeedupOptions> = {
  ...{ comparison: needed(COMPARISON), reference: needed(text), candidate: needed(text), points: counting },
  ...{ referenceRates: listOf(number), candidateRates: listOf(number) },
};

/** Accuracies at which two sides are compared, unless told. */
const POINTS = 20;

/**
 * How many times faster a side reaches each test accuracy.
 *
 * Each run's accuracy is smoothed to the rising curve nearest to it (isotonic regression), and the step at which that curve crosses an
 * accuracy is interpolated between evaluation points. At each accuracy each side is taken at the one of its rates at which every seed
 * gets there and the median seed gets there first: both are tuned for that accuracy. Both sides are treated alike, so that two networks
 * that are the same give 1: exactly where their runs are, within the scatter of the seeds where they differ by chance. The first step
 * at which a noisy curve exceeds the maximum of another noisy curve has no such property.
 *
 * The accuracies end at the highest one that every seed of both sides reaches at some rate; where one side ends higher than the other,
 * the ratio says nothing of what only that side reaches.
 *
 * @example speedup({ comparison, reference: 'no BN', candidate: 'BN' }).ratio
 * @throws RangeError for a side or rate that the comparison does not have, and for a side that at no rate gets above where the runs start
 */
export function speedup(options: SpeedupOptions): Speedup {
  expectOptions('speedup', options, SPEEDUP_OPTIONS);
  const { goals, ...found } = stepsOf('speedup', options, {
    rising: (history) => {
      const { steps, accuracy } = accuracies(history);
      return { steps, values: accuracy };
    },
    ends: (name, start) =>
      `side '${name}' gets at no rate above the accuracy at which the runs start, ${start}; there are no steps to compare.`,
    noun: 'accuracies',
  });
  return { accuracy: goals, ...found };
}

/**
 * How many times faster a side reaches each training loss: as {@link speedup}, with the loss over the first training examples
 * (`evaluate: { train: n }`) in the place of the test accuracy. The losses lie between where the runs start and the lowest that
 * every seed of both sides reaches at some rate, each the same factor below the one before. A loss that is not finite counts as
 * the start's.
 *
 * @example lossSpeedup({ comparison, reference: 'raw', candidate: 'whitened' }).ratio
 * @throws RangeError as {@link speedup}, and for runs whose training loss was not evaluated
 */
export function lossSpeedup(options: SpeedupOptions): LossSpeedup {
  expectOptions('lossSpeedup', options, SPEEDUP_OPTIONS);
  const { goals, ...found } = stepsOf('lossSpeedup', options, {
    rising: (history) => {
      const seen = history.evaluations.filter(({ train }) => train !== undefined);
      const first = seen[0]?.train?.loss ?? 1;
      return {
        steps: seen.map(({ step }) => step),
        values: seen.map(({ train }) => -Math.log(Math.max(train?.loss ?? first, Number.MIN_VALUE))),
      };
    },
    ends: (name, start) =>
      `side '${name}' gets at no rate below the training loss at which the runs start, ${Math.exp(-start)}; there are no steps to compare.`,
    noun: 'training losses',
  });
  return { loss: goals.map((level) => Math.exp(-level)), ...found };
}

/** What is looked at: a value of each evaluation that training is to raise, and what is said where there is none. */
interface Quantity {
  rising: (history: History) => { steps: number[]; values: number[] };
  ends: (side: string, start: number) => string;
  noun: string;
}

/** Steps to each of `points` levels, evenly spaced between where the runs start and the highest that both sides reach. */
function stepsOf(where: string, options: SpeedupOptions, quantity: Quantity) {
  const { comparison, points = POINTS } = options;
  const sides = [
    risingOf(where, quantity, comparison, options.reference, options.referenceRates),
    risingOf(where, quantity, comparison, options.candidate, options.candidateRates),
  ];
  const start = Math.max(
    ...sides.flatMap(({ rates }) => rates.flatMap(({ runs }) => runs.map(({ level }) => level[0]))),
  );
  const tops = sides.map(({ rates }) => Math.max(...rates.map(({ runs }) => Math.min(...runs.map(topOf)))));
  sides.forEach(({ name }, i) => {
    if (!(tops[i] > start)) throw new RangeError(`${where}: ${quantity.ends(name, start)}`);
  });
  const top = Math.min(...tops);
  const goals = Array.from({ length: points }, (_, k) =>
    k === points - 1 ? top : start + ((top - start) * (k + 1)) / points,
  );
  const [reference, candidate] = sides.map((side) => goals.map((goal) => firstAt(side, goal)));
  const bySeed = (found: Reached[]) => comparison.seeds.map((_, seed) => found.map(({ steps }) => steps[seed]));
  const [a, b] = [bySeed(reference), bySeed(candidate)];
  return {
    goals,
    ratio: a.map((steps, seed) => steps.map((value, k) => value / b[seed][k])),
    reference: a,
    candidate: b,
    rates: { reference: reference.map(({ rate }) => rate), candidate: candidate.map(({ rate }) => rate) },
  };
}

/** A run as a rising curve. */
interface Rising {
  steps: number[];
  level: number[];
}

/** A side's rates at which all of its seeds finished. */
interface Side {
  name: string;
  rates: { rate: number; runs: Rising[] }[];
}

interface Reached {
  rate: number;
  steps: number[];
}

const topOf = ({ level }: Rising) => level[level.length - 1];

function risingOf(
  where: string,
  quantity: Quantity,
  comparison: Comparison,
  name: string,
  wanted: readonly number[] | undefined,
): Side {
  const known = sideOf(comparison, name).learningRates;
  const unknown = wanted?.find((rate) => !known.includes(rate));
  if (unknown !== undefined || wanted?.length === 0) {
    throw new RangeError(
      `${where}: side '${name}' has the learning rates ${known.join(', ')}; wanted one of them, got ${unknown}.`,
    );
  }
  const rates = (wanted ?? known).flatMap((rate) => {
    const runs = comparison.seeds.map((_, seedIndex) =>
      comparison.runs.find(
        (run) => run.side === name && run.learningRate === rate && run.seedIndex === seedIndex && !run.history.stopped,
      ),
    );
    return runs.every((run) => run !== undefined)
      ? [{ rate, runs: runs.map(({ history }) => rising(where, quantity, history)) }]
      : [];
  });
  if (rates.length === 0) throw new RangeError(`${where}: side '${name}' has no rate at which every seed finished.`);
  return { name, rates };
}

function rising(where: string, quantity: Quantity, history: History): Rising {
  const { steps, values } = quantity.rising(history);
  if (steps.length < 2) {
    throw new RangeError(
      `${where}: history '${history.name}' has ${steps.length} ${quantity.noun}; wanted at least two, the start and one more.`,
    );
  }
  return { steps, level: isotonicRegression(values) };
}

/** The rate at which every seed gets to a level and the median one first; some rate is such by the choice of the levels. */
function firstAt({ rates }: Side, goal: number): Reached {
  const reached = rates.map(({ rate, runs }) => ({ rate, steps: runs.map((run) => stepAt(run, goal)) }));
  const all = reached.filter(({ steps }) => steps.every(Number.isFinite));
  return all.reduce((best, one) => (median(one.steps) < median(best.steps) ? one : best));
}

/** The step at which a rising curve crosses a level, between two points in proportion; Infinity where it does not. */
function stepAt({ steps, level }: Rising, goal: number): number {
  const after = level.findIndex((value) => value >= goal);
  if (after < 0) return Infinity;
  if (after === 0) return steps[0];
  const share = (goal - level[after - 1]) / (level[after] - level[after - 1]);
  return steps[after - 1] + share * (steps[after] - steps[after - 1]);
}
