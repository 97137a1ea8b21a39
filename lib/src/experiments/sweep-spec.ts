/** A sweep as data: one experiment, and the grid of options that it is run over. */
import {
  callback,
  counting,
  expectArgument,
  expectOptions,
  having,
  kind,
  needed,
  object,
  type Options,
  own,
  shown,
  text,
} from '../core/checks';
import { canonicalJson, expectJson, stored, type Json } from '../core/json';
import type { Experiment } from './experiment';
import { experiments, type ExperimentName, type OptionsOf } from './registry';

/** Plain JSON data that nobody changes. */
export type SweepValue =
  null | boolean | number | string | readonly SweepValue[] | { readonly [key: string]: SweepValue | undefined };

/** The values of one axis: a list, or by the names that tables and figures show. */
export type SweepAxis = readonly SweepValue[] | { readonly [label: string]: SweepValue };

/** What {@link defineSweep} takes. */
export interface SweepSpec<O extends object = object> {
  /** Words with hyphens, such as `rates-and-scales`: where the results are kept. */
  name: string;
  /** Of this library by name, or one that `defineExperiment` made. */
  experiment: ExperimentName | Pick<Experiment<O, unknown>, 'name' | 'version' | 'resolve' | 'open'>;
  /** The same for every run; the experiment's defaults for the rest. */
  options?: Partial<O>;
  /**
   * By option, the values that it takes; every combination is a run. A path reaches into an option that is an object:
   * `'network.initStd'`. The last axis varies fastest.
   */
  grid: { readonly [path: string]: SweepAxis };
}

/** A sweep, checked: see {@link defineSweep}. */
export interface Sweeping {
  /** What the value is. */
  readonly kind: 'sweep';
  /** Where the results are kept. */
  readonly name: string;
  /** Whether the experiment is the file's own; else it is this library's of that name. */
  readonly own: boolean;
  /** What is run. */
  readonly experiment: Pick<Experiment<object, unknown>, 'name' | 'version' | 'resolve' | 'open'>;
  /** The names of the axes, in order. */
  readonly axes: readonly string[];
  /** Every run. */
  readonly runs: readonly SweepRun[];
}

/** One run of a sweep. */
export interface SweepRun {
  /** Experiment, version and options, the defaults filled in, as one line of JSON with its names in order: no other run has it. */
  readonly identity: string;
  /** By axis, the value, or the name that stands for it. */
  readonly at: Readonly<Record<string, Json>>;
  /** What the experiment is run with. */
  readonly options: Json;
}

const EXPERIMENT = having<SweepSpec['experiment'] & object>(
  'the name of an experiment, or one that defineExperiment made',
  {
    ...{ name: needed(text), version: needed(counting), resolve: needed(callback), open: needed(callback) },
  },
);
const SPEC: Options<SweepSpec> = { name: needed(text), experiment: needed(own), options: object, grid: needed(object) };

/**
 * Describes a sweep: which experiment, over which values of its options. `npm run sweep -- FILE` runs what a file exports as its default.
 *
 * @param spec the experiment, what all runs share, and the values of what varies
 * @returns every run as plain data, each checked by the experiment: what is wrong with one is found before the first
 * @throws TypeError or RangeError for a name or an option that is not known, an axis without values, and runs that would be the same
 * @example
 * export default defineSweep({
 *   name: 'rates-and-scales',
 *   experiment: 'training-run',
 *   options: { data: { kind: 'digits', train: 5000, test: 1000 }, steps: 1000 },
 *   grid: {
 *     network: { 'no BN': { kind: 'mlp', sizes }, BN: { kind: 'mlp', sizes, norm: 'batch' } },
 *     'network.initStd': [0.1, 1], learningRate: [0.1, 1, 10], seed: [1, 2, 3],
 *   },
 * });
 */
export function defineSweep<N extends ExperimentName>(spec: SweepSpec<OptionsOf<N>> & { experiment: N }): Sweeping;
export function defineSweep<O extends object>(spec: SweepSpec<O>): Sweeping;
export function defineSweep(spec: SweepSpec<object>): Sweeping {
  const where = 'defineSweep';
  const given: unknown = spec; // looked at without narrowing its type
  expectOptions(where, given, SPEC);
  const { name, options = {}, grid } = spec;
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) {
    throw new RangeError(
      `${where}: name must be small letters, digits and hyphens, such as 'rates-and-scales', got ${shown(name)}.`,
    );
  }
  if (typeof spec.experiment !== 'string') expectArgument(where, 'experiment', spec.experiment, EXPERIMENT);
  const named = typeof spec.experiment === 'string' ? experiments.get(spec.experiment) : spec.experiment;
  const experiment = named as Sweeping['experiment']; // each takes options of its own, which it checks itself
  expectJson(where, 'options', options);
  expectJson(where, 'grid', grid);
  const axes = Object.entries(grid).map(([path, axis]) => ({ path, points: pointsOf(where, path, axis) }));
  if (axes.length === 0)
    throw new RangeError(`${where}: grid is empty; wanted at least one axis, such as { seed: [1, 2, 3] }.`);
  const runs = combinations(axes).map((points): SweepRun => {
    const chosen = points.reduce<Json>(
      (all, { path, value }) => placed(where, all, path.split('.'), value),
      options as Json,
    );
    const resolved = stored(experiment.resolve(chosen as object)) as Json;
    return {
      identity: canonicalJson({ name: experiment.name, version: experiment.version, options: resolved }),
      at: Object.fromEntries(points.map(({ path, label }) => [path, label])),
      options: resolved,
    };
  });
  expectDifferent(where, runs);
  return {
    kind: 'sweep',
    name,
    own: typeof spec.experiment !== 'string',
    experiment,
    axes: axes.map(({ path }) => path),
    runs,
  };
}

interface Point {
  path: string;
  label: Json;
  value: Json;
}

function pointsOf(where: string, path: string, axis: SweepAxis): Point[] {
  expectArgument(
    where,
    `grid.${path}`,
    axis,
    kind('a list of values, or an object of them by name', (v) => typeof v === 'object'),
  );
  const entries: [Json, Json][] = Array.isArray(axis)
    ? (axis as Json[]).map((value) => [value, value])
    : Object.entries(axis as Record<string, Json>);
  if (entries.length === 0) throw new RangeError(`${where}: grid.${path} has no values.`);
  return entries.map(([label, value]) => ({ path, label, value }));
}

/** Every way to take one point of each axis; the last axis varies fastest. */
function combinations(axes: readonly { points: readonly Point[] }[]): Point[][] {
  return axes.reduce<Point[][]>((all, { points }) => all.flatMap((taken) => points.map((p) => [...taken, p])), [[]]);
}

/** The options with a value at a path. */
function placed(where: string, options: Json, [first, ...rest]: string[], value: Json): Json {
  if (first === undefined) return value;
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw new RangeError(
      `${where}: the path to '${first}' leads into ${shown(options)}; wanted an object that an earlier axis or the options give.`,
    );
  }
  const inner = options[first] ?? (rest.length > 0 ? null : {});
  return { ...options, [first]: placed(where, inner, rest, value) };
}

function expectDifferent(where: string, runs: readonly SweepRun[]): void {
  const seen = new Map<string, SweepRun>();
  for (const run of runs) {
    const twin = seen.get(run.identity);
    if (twin) {
      throw new RangeError(
        `${where}: ${JSON.stringify(twin.at)} and ${JSON.stringify(run.at)} are the same run; the same run twice is no second sample.`,
      );
    }
    seen.set(run.identity, run);
  }
}
