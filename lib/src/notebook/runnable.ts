/** An experiment that a reader can run in a report: the notebook runs it here, and the page again, with what the reader changes. */
import {
  callback,
  expectOptions,
  having,
  listOf,
  needed,
  object,
  oneOf,
  type Options,
  text,
  whole,
} from '../core/checks';
import type { ComparisonSpec, Experiment, RunPoint } from '../experiments';
import {
  limitMarks,
  normOf,
  readPoints,
  READINGS,
  type Reading,
  type ReadingName,
  type RunCurve,
  type RunnableSpec,
  upToTheCliff,
} from '../experiments/readings';
import { identities, type IdentityName, lineFigure, type Series, show } from '../figure';
import { emit } from '../figure/display';
import { median } from '../statistics';

/** MIME type of what a report needs to run the experiment again. */
export const RUNNABLE_MIME = 'application/vnd.bnlab.runnable.v1+json';

/** What a reader can be given to change: names of the page's controls. */
// prettier-ignore
export const RUNNABLE_CONTROLS = [
  'rate', 'scale', 'depth', 'width', 'activation', 'batch', 'steps', 'seeds', 'a', 'b', 'offset', 'epsilon',
] as const;
/** One of {@link RUNNABLE_CONTROLS}. */
export type RunnableControl = (typeof RUNNABLE_CONTROLS)[number];

/** What {@link runnable} takes. */
export interface RunnableOptions<S extends RunnableSpec = ComparisonSpec> {
  /** A comparison, such as `sideBySide()`, or another that reports points: `ignoredTerm()`, `inputDescent()`. */
  experiment: Experiment<S, unknown>;
  /** Of the run; small enough for a page: some hundred steps, on generated digits, which every page can draw. */
  options?: Partial<S>;
  /** What the reader can change, in order: `rate`, `scale` of the initial weights, `depth`, `width`, `activation`, `batch`, `steps`,
   * `seeds`, and `a` and `b`, the sides' normalizations; of `inputDescent()` `offset` and `epsilon`. */
  controls: readonly RunnableControl[];
  /**
   * What is drawn over the steps: `accuracy`, `loss`, or of one layer `inputs`, `saturated`, `gradient`, `weights`, `shift`; `bias` of
   * `ignoredTerm()`; `reached` of `inputDescent()`, over the learning rates.
   */
  figure: ReadingName;
  /** Which hidden layer a figure of one layer shows, from 1; default the last. */
  layer?: number;
  /** The finding, from each side's value at the last step (the median of its seeds), or its lowest over the rates. */
  title: (last: Record<string, number>) => string;
  /** The figure in one or two sentences, for a reader who cannot see it. */
  alt: string;
  /** How to read it. */
  caption: string;
}

const RUNNABLE_OPTIONS: Options<RunnableOptions<RunnableSpec>> = {
  experiment: needed(
    having<Experiment<RunnableSpec, unknown>>('an experiment such as sideBySide()', {
      ...{ name: needed(text), resolve: needed(callback), run: needed(callback) },
    }),
  ),
  ...{
    options: object,
    controls: needed(listOf(oneOf(RUNNABLE_CONTROLS))),
    figure: needed(oneOf(Object.keys(READINGS))),
  },
  ...{ layer: whole, title: needed(callback), alt: needed(text), caption: needed(text) },
};

/** What a report reads: the run that is stored, and how to make another. */
export interface RunnableRecord {
  /** Of this layout. */
  version: 1;
  /** Name of the experiment. */
  experiment: string;
  /** With the defaults filled in. */
  options: RunnableSpec;
  /** What a reader can change. */
  controls: RunnableControl[];
  /** What is drawn; `layer` from 0. */
  figure: { reading: ReadingName; layer: number };
  /** What the reader's figure is called. */
  title: string;
  /** The stored run. A value that is no number is null. */
  committed: RunCurve[];
}

/**
 * Runs an experiment, shows its figure, and stores what a report needs to run it again in the reader's page: there the figure gets
 * controls, and the reader's curves are drawn over these.
 *
 * @example
 * await runnable({ experiment: sideBySide(), options: { learningRates: [3] }, controls: ['rate', 'activation'], figure: 'accuracy',
 *   title: (last) => fmt`BN ends at ${percent(last.BN)}`, alt: '...', caption: '...' });
 * @throws TypeError or RangeError for options that make no sense, before anything is computed
 */
export async function runnable<S extends RunnableSpec = ComparisonSpec>(given: RunnableOptions<S>): Promise<void> {
  const options = given as unknown as RunnableOptions<RunnableSpec>;
  expectOptions('runnable', options, RUNNABLE_OPTIONS);
  const { experiment, figure, controls } = options;
  const spec = experiment.resolve(options.options);
  const layer = READINGS[figure].ofLayer || options.layer !== undefined ? layerOf(spec, options.layer) : 0;
  const points: RunPoint[] = [];
  await experiment.run(spec, { onPoint: (point) => points.push(point) });
  const curves = readPoints(points, figure, layer);
  if (!curves.some(({ values }) => values.some(Number.isFinite)))
    throw new RangeError(
      `runnable: '${experiment.name}' reported nothing of '${figure}'. Give a comparison such as sideBySide(), or another figure.`,
    );
  showFigure(options, spec, curves);
  const record: RunnableRecord = {
    ...{ version: 1, experiment: experiment.name, options: spec, controls: [...controls] },
    ...{ figure: { reading: figure, layer }, title: titleOf(figure, layer), committed: curves },
  };
  emit(
    {
      [RUNNABLE_MIME]: JSON.parse(JSON.stringify(record)) as RunnableRecord,
      'text/markdown': '*In the report of this notebook (`npm run report`) a reader runs this experiment in the page.*',
      'text/plain': 'In the report of this notebook (npm run report) a reader runs this experiment in the page.',
    },
    { bnlab: { role: 'runnable' } },
  );
}

/** Place of the layer, from 0. */
function layerOf(spec: RunnableSpec, given: number | undefined): number {
  const network = isComparison(spec) ? spec.sides[0].network : undefined;
  const hidden = network?.kind === 'mlp' ? network.sizes.length - 2 : 0;
  if (hidden < 1) throw new RangeError("runnable: the sides must be of kind 'mlp', with a hidden layer.");
  if (given !== undefined && !(given >= 1 && given <= hidden))
    throw new RangeError(`runnable: layer must be from 1 to ${hidden}, the number of hidden layers, got ${given}.`);
  return (given ?? hidden) - 1;
}

/** Whether its sides are networks. */
export function isComparison(spec: RunnableSpec): spec is ComparisonSpec {
  return 'sides' in spec;
}

/** Names of the sides, each with its normalization where it has one. */
function sidesOf(spec: RunnableSpec, curves: readonly RunCurve[]): { name: string; norm?: string }[] {
  if (isComparison(spec)) return spec.sides.map((side) => ({ name: side.name, norm: normOf(side) }));
  return [...new Set(curves.map(({ side }) => side))].map((name) => ({ name }));
}

function titleOf(reading: ReadingName, layer: number): string {
  const { label, ofLayer } = READINGS[reading];
  const name = label[0].toUpperCase() + label.slice(1);
  return ofLayer ? `${name}, hidden layer ${layer + 1}` : name;
}

/** Above every axis that is held: where a descent without bounds is drawn. */
const FAR = 100;

/** Seeds of one side as a series. */
function seriesOf(spec: RunnableSpec, curves: readonly RunCurve[]): Series[] {
  const worn = new Set<string>(); // the second of two sides with one normalization wears colours of its own
  return sidesOf(spec, curves).map(({ name, norm = '' }) => {
    const runs = curves.filter((curve) => curve.side === name);
    const as = norm in identities && !worn.has(norm) ? { as: norm as IdentityName } : {};
    worn.add(norm);
    const [{ steps: x, low, high, values: y }] = [...runs].sort((a, b) => b.steps.length - a.steps.length);
    const label = name;
    if (low && high) return { ...as, label, x, y, low, high, n: 1 };
    const isOverRates = runs[0].limit !== undefined;
    if (isOverRates) return { label, x, y: upToTheCliff(y).map((value) => Math.min(value, FAR)), markers: false };
    // A run that diverged has no value from there on.
    return { ...as, label, x, seeds: runs.map(({ values }) => x.map((_, i) => values[i] ?? NaN)) };
  });
}

function showFigure(options: RunnableOptions<RunnableSpec>, spec: RunnableSpec, curves: readonly RunCurve[]): void {
  const { figure, title, alt, caption } = options;
  const { label, percent, log, over, range }: Reading = READINGS[figure];
  const sayOf = (values: number[]) => (over === 'rate' ? Math.min(...values) : (values.at(-1) ?? NaN));
  const lastOf = (side: string) =>
    median(curves.filter((curve) => curve.side === side).map(({ values }) => sayOf(values.filter(Number.isFinite))));
  const limits = limitMarks(curves);
  const { kind, train } = spec.data;
  const condition = over === 'rate' ? `${spec.steps} steps` : `learning rate ${spec.learningRates[0]}`;
  show(
    lineFigure({
      title: title(Object.fromEntries(sidesOf(spec, curves).map(({ name }) => [name, lastOf(name)]))),
      data: kind === 'digits' ? 'generated digits' : kind === 'mnist' ? 'MNIST' : 'Fashion-MNIST',
      note: `${train === undefined ? 'all' : train.toLocaleString('en-US')} to train on, ${condition}`,
      x: over === 'rate' ? { label: 'learning rate η', log: true } : { label: 'training step' },
      y: { label, percent, log, ...shownRange(percent ? { min: 0, max: 1 } : range, curves) },
      ...(limits.length > 0 && { marks: limits }),
      series: seriesOf(spec, curves),
      ...{ alt, caption },
    }),
  );
}

/** An axis that is held at both ends, the upper one by the values where nothing holds it. */
function shownRange(range: Reading['range'], curves: readonly RunCurve[]): { range?: [number, number] } {
  if (range?.min === undefined) return {};
  const largest = Math.max(...curves.flatMap(({ values }) => values.filter(Number.isFinite)));
  return { range: [range.min, range.max ?? 2 * Math.max(largest, range.min)] };
}
