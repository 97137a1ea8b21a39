/** Points of a comparison as lines of a chart, and as words. */
import { normOf, type Reading, readPoints, type ReadingName, type RunCurve } from '../src/experiments/readings';
import type { ComparisonSpec, RunPoint } from '../src/experiments';
import { numberText, percentText } from './axis';
import type { Line, Wearer } from './line';

const WEARERS: Record<string, Wearer> = { none: 'none', batch: 'batch', layer: 'layer', renorm: 'renorm' };

/** Who wears which colour: a side by its normalization, whatever it is called; the second of two alike another. */
export function wearers(spec: ComparisonSpec): Map<string, Wearer> {
  const taken = new Set<Wearer>();
  return new Map(
    spec.sides.map((side) => {
      const own = WEARERS[normOf(side)] ?? 'other';
      const as = taken.has(own) ? 'other' : own;
      taken.add(as);
      return [side.name, as];
    }),
  );
}

const IN_ORDER: readonly Wearer[] = ['first', 'second', 'third', 'fourth'];

/** The same for sides that are no networks of a comparison: by their order in the stored run. */
export function wearersInOrder(curves: readonly RunCurve[]): Map<string, Wearer> {
  const sides = [...new Set(curves.map(({ side }) => side))];
  return new Map(sides.map((side, i) => [side, IN_ORDER[i] ?? 'other']));
}

/** The middle of what is a number; NaN where nothing is. */
export function median(values: readonly number[]): number {
  const known = values.filter(Number.isFinite).sort((a, b) => a - b);
  const half = known.length >> 1;
  return known.length === 0 ? NaN : known.length % 2 === 1 ? known[half] : (known[half - 1] + known[half]) / 2;
}

/** One line a side: the median over the seeds at each step, with a band from the smallest to the largest. */
export function linesOf(curves: readonly RunCurve[], colours: ReadonlyMap<string, Wearer>): Line[] {
  const sides = [...new Set(curves.map(({ side }) => side))];
  return sides.map((side) => {
    const runs = curves.filter((curve) => curve.side === side);
    const steps = [...new Set(runs.flatMap((run) => run.steps))].sort((a, b) => a - b);
    const at = (of: 'values' | 'low' | 'high', step: number) =>
      runs.map((run) => run[of]?.[run.steps.indexOf(step)] ?? NaN).filter(Number.isFinite);
    const line: Line = {
      name: side,
      as: colours.get(side) ?? 'other',
      x: steps,
      y: steps.map((step) => median(at('values', step))),
    };
    if (runs[0].low)
      return { ...line, low: steps.map((s) => median(at('low', s))), high: steps.map((s) => median(at('high', s))) };
    if (runs.length === 1) return line;
    const end = (pick: (...values: number[]) => number) => steps.map((step) => pick(...at('values', step)));
    return { ...line, low: end(Math.min), high: end(Math.max) };
  });
}

/** The same from points. */
export function linesFrom(points: readonly RunPoint[], spec: ComparisonSpec, reading: ReadingName, layer = 0): Line[] {
  return linesOf(readPoints(points, reading, layer), wearers(spec));
}

/** What each line came to, in a sentence: where it ended, or over learning rates its lowest point and where theory draws the limit. */
export function endings(lines: readonly Line[], { label, over }: Reading, curves: readonly RunCurve[]): string[] {
  return lines.flatMap(({ name, x, y }) => {
    const known = y.flatMap((value, i) => (Number.isFinite(value) ? [{ x: x[i], value }] : []));
    if (known.length === 0) return [`${name}: no number, it left all bounds.`];
    if (over === 'step') {
      const { x: step, value } = known.at(-1)!;
      return [`${name}: ${label} ${numberText(value)} after ${step} steps.`];
    }
    const best = known.reduce((a, b) => (b.value < a.value ? b : a));
    const limit = curves.find((curve) => curve.side === name)?.limit;
    const said = limit === undefined ? '' : `; 2/λ max is ${numberText(limit)}`;
    return [`${name}: lowest loss ${numberText(best.value)}, at rate ${numberText(best.x)}${said}.`];
  });
}

/** How one run stands. */
export interface Standing {
  side: string;
  seed: number;
  learningRate: number;
  /** Steps done at its last point. */
  step: number;
  accuracy: number;
  loss: number;
  /** Its loss is no number, or left all bounds. */
  diverged: boolean;
}

/** Each run at its last point. A run that ended early in a comparison that went on, or ended by itself, had diverged. */
export function standings(points: readonly RunPoint[], spec: ComparisonSpec, ended: boolean): Standing[] {
  const losses = readPoints(points, 'loss');
  return readPoints(points, 'accuracy').map(({ side, seed, learningRate, steps, values }, i) => {
    const [step, loss] = [steps.at(-1)!, losses[i].values.at(-1)!];
    const isOver = ended || i < losses.length - 1;
    const diverged = !Number.isFinite(loss) || (isOver && step < spec.steps);
    return { side, seed, learningRate, step, accuracy: values.at(-1)!, loss, diverged };
  });
}

/** Chance among ten classes, and what is no better. */
export const CHANCE = 0.1;
const DEAD = 0.15;

/** What came out, in a sentence a side. */
export function sentences(points: readonly RunPoint[], spec: ComparisonSpec, ended: boolean): string[] {
  const all = standings(points, spec, ended);
  return spec.sides.flatMap(({ name }) => {
    const runs = all.filter(({ side }) => side === name);
    if (runs.length === 0) return [];
    const lost = runs.filter(({ diverged }) => diverged);
    const step = Math.max(...runs.map((run) => run.step));
    const accuracy = median(runs.map((run) => run.accuracy));
    const middle = runs.length > 1 ? ', the median of its runs' : '';
    const said =
      accuracy < DEAD
        ? `${percentText(accuracy)} after ${step} steps${middle}: no better than chance, it learns nothing`
        : `${percentText(accuracy)} after ${step} steps${middle}`;
    const which = runs.length > 1 ? `${lost.length} of ${runs.length} runs` : 'it';
    const diverged = lost.length > 0 ? `; ${which} diverged by step ${Math.max(...lost.map((run) => run.step))}` : '';
    return [`${name}: ${said}${diverged}.`];
  });
}

/** Where a network ended at one rate: the median of its runs. */
export interface RateEnd {
  rate: number;
  accuracy: number;
}

/** The ends of a side's runs, by rising rate. A run that diverged has learned nothing, whatever it knew before. */
export function endsOf(runs: readonly Standing[], side: string): RateEnd[] {
  const own = runs.filter((run) => run.side === side);
  const rates = [...new Set(own.map((run) => run.learningRate))].sort((a, b) => a - b);
  const end = ({ diverged, accuracy }: Standing) => (diverged ? Math.min(accuracy, CHANCE) : accuracy);
  return rates.map((rate) => ({ rate, accuracy: median(own.filter((run) => run.learningRate === rate).map(end)) }));
}

/** At which rates a network learns best, and from which on it learns nothing. */
export function rateSentence(side: string, ends: readonly RateEnd[]): string {
  if (ends.length < 2) return '';
  const best = ends.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  if (best.accuracy < DEAD) return `${side}: no better than chance at each of these rates.`;
  const said = `${side}: best ${percentText(best.accuracy)}, at rate ${best.rate}`;
  const last = ends.map(({ accuracy }) => accuracy >= DEAD).lastIndexOf(true);
  const dead = ends[last + 1];
  return dead
    ? `${said}; from rate ${dead.rate} on no better than chance.`
    : `${said}; it still learns at the highest rate tried, ${ends[last].rate}.`;
}
