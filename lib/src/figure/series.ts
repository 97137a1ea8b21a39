/** Series: what callers give, checked, with median and band over seeds, and what is said of them in words. */
import {
  counting,
  flag,
  listOf,
  needed,
  number,
  numbers as numberList,
  oneOf,
  type Options,
  optionsOf,
  rowsOfNumbers,
  text as aString,
  type Wanted,
} from '../core/checks';
import { quantile } from '../statistics';
import { FigureError } from './figure';
import { fmt, list, percent } from './format';
import { type Mark, MARK_OPTIONS } from './marks/rules';
import { type Region, REGION_OPTIONS } from './marks/regions';
import { type Role, roleOf } from './palette';
import { type Axis, AXIS_OPTIONS } from './scales';
import { IDENTITY, identityOf, type Identity, type IdentityName } from './theme';

/** One curve: `y` for a single run or an exact value, `seeds` for several runs of the same thing. */
export interface Series {
  /** fixed identity: colour, dash and name ('none' is no BN, 'batch' is BN) */
  as?: IdentityName;
  /** name in the legend; the identity's own unless told */
  label?: string; // an empty one: a companion line that has no name of its own
  /** [points] */
  x: ArrayLike<number>;
  /** [points], of one run or a formula */
  y?: ArrayLike<number>;
  /** [seeds][points]: several runs; the median is drawn, with a band of quantiles */
  seeds?: readonly ArrayLike<number>[];
  /** [points], a band computed elsewhere, around `y` */
  low?: ArrayLike<number>;
  /** [points] */
  high?: ArrayLike<number>;
  /** number of seeds behind `y`, `low` and `high`; counted from `seeds` */
  n?: number;
  /** names of the lower and upper edge: draws the edges as lines, as the paper's Figure 1 does */
  edges?: readonly [string, string];
  /** draw points: unless told, where there are 16 or fewer */
  markers?: boolean;
  /** hold each value until the next point */
  step?: boolean;
  /** draw no line between the points */
  points?: boolean;
}

/** One set of axes with its curves. */
export interface Panel {
  /** stands above the panel, for small multiples */
  title?: string;
  /** What is drawn. */
  series: readonly Series[];
  /** this panel's own y axis; the figure's unless told */
  y?: Axis;
  /** Reference lines: `{ x }` stands, `{ y }` lies. */
  marks?: readonly Mark[];
  /** Shaded parts of the x axis. */
  regions?: readonly Region[];
}

/** How curves are named: at their ends, in a legend above the panels, or by the panels' titles alone. */
export type Labels = 'direct' | 'legend' | 'none';

const EDGES: Wanted = {
  ...listOf(aString),
  words: 'two names, of the lower and the upper edge',
  fits: (value) => Array.isArray(value) && value.length === 2,
};
const SERIES_OPTIONS: Options<Series> = {
  ...{ as: IDENTITY, label: aString, x: needed(numberList), y: numberList, seeds: rowsOfNumbers },
  ...{ low: numberList, high: numberList, n: counting, edges: EDGES },
  ...{ markers: flag, step: flag, points: flag },
};

/** What is wanted of a list of series, of marks, of regions, of panels. */
export const SERIES = listOf(optionsOf(SERIES_OPTIONS));
export const MARKS = listOf(optionsOf(MARK_OPTIONS));
export const REGIONS = listOf(optionsOf(REGION_OPTIONS));
export const LABELS = oneOf(['direct', 'legend', 'none']);
/** Lower and upper quantile. */
export const BAND: Wanted = {
  ...listOf(number),
  words: 'two quantiles from 0 to 1, the lower first',
  fits: (value) => Array.isArray(value) && value.length === 2 && value[0] >= 0 && value[0] <= value[1] && value[1] <= 1,
};
export const AXIS = optionsOf(AXIS_OPTIONS);
export const PANELS = listOf(
  optionsOf<Panel>({ title: aString, series: needed(SERIES), y: AXIS, marks: MARKS, regions: REGIONS }),
);

/** A series, ready to draw. @internal */
export interface Drawn {
  source: Series;
  identity: Identity;
  role: Role;
  label: string;
  n: number | undefined;
  x: number[];
  y: number[];
  low?: number[];
  high?: number[];
  diverged: number;
}

/** Checks a panel's series and computes their medians and bands. @internal */
export function prepare(builder: string, panel: Panel, p: number, band: readonly [number, number]): Drawn[] {
  if (panel.series.length === 0) {
    throw new FigureError(`${builder}: panel ${p + 1}${panel.title ? ` ("${panel.title}")` : ''} has no series.`);
  }
  const anonymous = panel.series.filter((s) => s.as === undefined).length;
  let index = 0;
  return panel.series.map((source, i) => {
    const place = source.as === undefined ? index++ : 0;
    const identity = identityOf(source.as, place, anonymous);
    const label = source.label ?? identity.label;
    const name = `${builder}: series ${i + 1} ("${label}")`;
    return { source, identity, label, role: roleOf(source.as, place, anonymous), ...curve(name, source, band) };
  });
}

/** The points of a series with the band around them. */
function curve(name: string, source: Series, band: readonly [number, number]) {
  const x = Array.from(source.x);
  if ((source.y === undefined) === (source.seeds === undefined)) {
    throw new FigureError(
      `${name}: give either y (one run) or seeds (several runs), got ${source.y ? 'both' : 'neither'}.`,
    );
  }
  const check = (values: ArrayLike<number>, what: string) => {
    if (values.length !== x.length) {
      throw new FigureError(
        `${name}: x has ${x.length} points but ${what} has ${values.length}. They must be equally long.`,
      );
    }
  };
  if (source.seeds) {
    if (source.seeds.length === 0) throw new FigureError(`${name}: seeds is empty; wanted one row per seed.`);
    source.seeds.forEach((row, k) => check(row, `seeds[${k}]`));
    return { n: source.n ?? source.seeds.length, x, ...bandOverSeeds(source.seeds, band) };
  }
  const y = Array.from(source.y as ArrayLike<number>);
  check(y, 'y');
  const { low, high, n } = source;
  if ((low === undefined) !== (high === undefined)) throw new FigureError(`${name}: a band needs both low and high.`);
  if (!low || !high) return { n, x, y, diverged: 0 };
  check(low, 'low');
  check(high, 'high');
  return { n, x, y, low: Array.from(low), high: Array.from(high), diverged: 0 };
}

/** Median and quantiles over the seeds that still have a finite value there; a diverged seed is counted and named. */
function bandOverSeeds(seeds: readonly ArrayLike<number>[], band: readonly [number, number]) {
  const y: number[] = [];
  const low: number[] = [];
  const high: number[] = [];
  for (let t = 0; t < seeds[0].length; t++) {
    const finite = seeds.map((row) => row[t]).filter(Number.isFinite);
    y.push(finite.length ? quantile(finite, 0.5) : NaN);
    low.push(finite.length ? quantile(finite, band[0]) : NaN);
    high.push(finite.length ? quantile(finite, band[1]) : NaN);
  }
  const diverged = seeds.filter((row) => Array.from(row).some((v) => !Number.isFinite(v))).length;
  return seeds.length > 1 ? { y, low, high, diverged } : { y, diverged };
}

/** `n = 5 seeds`, `median and 15–85 % band`, and who diverged. @internal */
export function seedFacts(all: Drawn[], band: readonly [number, number]): string[] {
  const counts = [...new Set(all.flatMap((s) => (s.n !== undefined && s.n > 1 ? [s.n] : [])))].sort((a, b) => a - b);
  const facts: string[] = [];
  const quantiles = all.some((s) => s.source.seeds && s.low);
  if (counts.length > 0) {
    const n = counts.length === 1 ? `n = ${counts[0]}` : `n = ${counts[0]}–${counts[counts.length - 1]}`;
    facts.push(`${n} seeds${quantiles ? `, median and ${fmt(band[0] * 100)}–${fmt(band[1] * 100)}% band` : ''}`);
  }
  const diverged = new Map<string, string>();
  for (const s of all) if (s.diverged > 0) diverged.set(s.label, `${s.label}: ${s.diverged} of ${s.n ?? 1} diverged`);
  if (diverged.size > 0) facts.push([...diverged.values()].join(', '));
  return facts;
}

/** Name with the number of seeds. @internal */
export function legendName(series: Drawn): string {
  return series.n !== undefined && series.n > 1 ? `${series.label} (n = ${series.n})` : series.label;
}

/** Whether points are drawn. @internal */
export function withMarkers({ source, x }: Drawn): boolean {
  return source.points === true || (source.markers ?? x.length <= 16);
}

/** A value in its unit. @internal */
export function value(v: number, axis: Axis): string {
  return axis.percent ? percent(v) : fmt(v) + (axis.unit ? ` ${axis.unit}` : '');
}

/** One line of text for one series: start, extremes, end. @internal */
export function describe(series: Drawn, x: Axis, y: Axis): string {
  const finite = series.y.map((_, i) => i).filter((i) => Number.isFinite(series.y[i]));
  if (finite.length === 0) return `  ${legendName(series)}: no finite value`;
  const [first, last] = [finite[0], finite[finite.length - 1]];
  const at = (i: number) => `${value(series.y[i], y)} at ${fmt(series.x[i])}${x.unit ? ` ${x.unit}` : ''}`;
  const parts = [at(first)];
  const lowest = finite.reduce((a, b) => (series.y[b] < series.y[a] ? b : a));
  const highest = finite.reduce((a, b) => (series.y[b] > series.y[a] ? b : a));
  for (const [name, i] of [['lowest', lowest] as const, ['highest', highest] as const]) {
    if (i !== first && i !== last) parts.push(`${name} ${at(i)}`);
  }
  if (last !== first) parts.push(at(last));
  if (series.low && series.high)
    parts.push(`band at the end ${value(series.low[last], y)} to ${value(series.high[last], y)}`);
  if (series.diverged) parts.push(`${series.diverged} of ${series.n} diverged`);
  return `  ${legendName(series)}: ${list(parts).replace(/ and ([^,]*)$/, ', $1')}`;
}
