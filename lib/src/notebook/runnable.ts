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
import { normOf, readPoints, READINGS, type ReadingName, type RunCurve } from '../experiments/readings';
import { identities, type IdentityName, lineFigure, type Series, show } from '../figure';
import { emit } from '../figure/display';
import { median } from '../statistics';

/** MIME type of what a report needs to run the experiment again. */
export const RUNNABLE_MIME = 'application/vnd.bnlab.runnable.v1+json';

/** What a reader can be given to change: names of the page's controls. */
// prettier-ignore
export const RUNNABLE_CONTROLS = [
  'rate', 'scale', 'depth', 'width', 'activation', 'batch', 'steps', 'seeds', 'a', 'b',
] as const;
/** One of {@link RUNNABLE_CONTROLS}. */
export type RunnableControl = (typeof RUNNABLE_CONTROLS)[number];

/** What {@link runnable} takes. */
export interface RunnableOptions {
  /** A comparison, such as `sideBySide()`. */
  experiment: Experiment<ComparisonSpec, unknown>;
  /** Of the run; small enough for a page: some hundred steps, on generated digits, which every page can draw. */
  options?: Partial<ComparisonSpec>;
  /** What the reader can change, in order: `rate`, `scale` of the initial weights, `depth`, `width`, `activation`, `batch`, `steps`,
   * `seeds`, and `a` and `b`, the sides' normalizations. */
  controls: readonly RunnableControl[];
  /** What is drawn over the steps: `accuracy`, `loss`, or of one layer `inputs`, `saturated`, `gradient`, `weights`, `shift`. */
  figure: ReadingName;
  /** Which hidden layer a figure of one layer shows, from 1; default the last. */
  layer?: number;
  /** The finding, from each side's value at the last step (the median of its seeds). */
  title: (last: Record<string, number>) => string;
  /** The figure in one or two sentences, for a reader who cannot see it. */
  alt: string;
  /** How to read it. */
  caption: string;
}

const RUNNABLE_OPTIONS: Options<RunnableOptions> = {
  experiment: needed(
    having<Experiment<ComparisonSpec, unknown>>('a comparison such as sideBySide()', {
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
  options: ComparisonSpec;
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
export async function runnable(options: RunnableOptions): Promise<void> {
  expectOptions('runnable', options, RUNNABLE_OPTIONS);
  const { experiment, figure, controls } = options;
  const spec = experiment.resolve(options.options);
  const layer = layerOf(spec, options.layer);
  const points: RunPoint[] = [];
  await experiment.run(spec, { onPoint: (point) => points.push(point) });
  const curves = readPoints(points, figure, layer);
  if (curves.length === 0)
    throw new RangeError(
      `runnable: '${experiment.name}' reported no points. Give it a comparison, such as sideBySide().`,
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
function layerOf({ sides }: ComparisonSpec, given: number | undefined): number {
  const { network } = sides[0];
  const hidden = network.kind === 'mlp' ? network.sizes.length - 2 : 0;
  if (hidden < 1) throw new RangeError("runnable: the sides must be of kind 'mlp', with a hidden layer.");
  if (given !== undefined && !(given >= 1 && given <= hidden))
    throw new RangeError(`runnable: layer must be from 1 to ${hidden}, the number of hidden layers, got ${given}.`);
  return (given ?? hidden) - 1;
}

function titleOf(reading: ReadingName, layer: number): string {
  const { label, ofLayer } = READINGS[reading];
  const name = label[0].toUpperCase() + label.slice(1);
  return ofLayer ? `${name}, hidden layer ${layer + 1}` : name;
}

/** Seeds of one side as a series. */
function seriesOf(spec: ComparisonSpec, curves: readonly RunCurve[]): Series[] {
  return spec.sides.map((side) => {
    const { name } = side;
    const runs = curves.filter((curve) => curve.side === name);
    const norm = normOf(side);
    const as = norm in identities ? { as: norm as IdentityName } : {};
    const [{ steps: x, low, high, values: y }] = [...runs].sort((a, b) => b.steps.length - a.steps.length);
    const label = name;
    if (low && high) return { ...as, label, x, y, low, high, n: 1 };
    // A run that diverged has no value from there on.
    return { ...as, label, x, seeds: runs.map(({ values }) => x.map((_, i) => values[i] ?? NaN)) };
  });
}

function showFigure(options: RunnableOptions, spec: ComparisonSpec, curves: readonly RunCurve[]): void {
  const { figure, title, alt, caption } = options;
  const { label, percent, log } = READINGS[figure];
  const lastOf = (side: string) =>
    median(
      curves.filter((curve) => curve.side === side).map(({ values }) => values.filter(Number.isFinite).at(-1) ?? NaN),
    );
  const { kind, train } = spec.data;
  show(
    lineFigure({
      title: title(Object.fromEntries(spec.sides.map(({ name }) => [name, lastOf(name)]))),
      data: kind === 'digits' ? 'generated digits' : kind === 'mnist' ? 'MNIST' : 'Fashion-MNIST',
      note: `${train === undefined ? 'all' : train.toLocaleString('en-US')} to train on, learning rate ${spec.learningRates[0]}`,
      ...{ x: { label: 'training step' }, y: { label, percent, log, ...(percent && { range: [0, 1] as const }) } },
      series: seriesOf(spec, curves),
      ...{ alt, caption },
    }),
  );
}
