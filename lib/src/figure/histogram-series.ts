/** Histograms over steps as an image: how a distribution moves, at one look. */
import {
  listOf,
  needed,
  numbers as numberList,
  type Options,
  optionsOf,
  rowsOfNumbers,
  text as aString,
  whole,
} from '../core/checks';
import { expectFigure, type Figure, FigureError, type FigureText, TEXT_OPTIONS } from './figure';
import { fmt, percent } from './format';
import { densityImage } from './marks/density';
import { plot, type Room } from './plot';
import { type Binned, binned, ceilingOf, quartiles, requireSamples, shareOutside } from './samples';
import { type Axis, AXIS_OPTIONS, axisTitle, scaleOf, tickWidth } from './scales';
import { IDENTITY, identityOf, type IdentityName } from './theme';

/** What {@link histogramSeriesFigure} takes. */
export interface HistogramSeriesOptions extends FigureText {
  /** The horizontal axis; 'training step' unless told. */
  x?: Axis;
  /** What is distributed, with its unit: the vertical axis. */
  y: Axis;
  /** [steps], rising: the training steps at which samples were taken, at least two. */
  steps: ArrayLike<number>;
  /** One panel each, from left to right; `samples` is [steps][values], as many values as were seen. */
  series: readonly { as?: IdentityName; label?: string; samples: readonly ArrayLike<number>[] }[];
  /** Bins across the range, 60 unless told. */
  bins?: number;
}

const HISTOGRAM_SERIES_OPTIONS: Options<HistogramSeriesOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: optionsOf(AXIS_OPTIONS), y: needed(optionsOf(AXIS_OPTIONS)), steps: needed(numberList), bins: whole },
  series: needed(
    listOf(
      optionsOf<HistogramSeriesOptions['series'][number]>({
        ...{ as: IDENTITY, label: aString, samples: needed(rowsOfNumbers) },
      }),
    ),
  ),
};

/**
 * One column of pixels per step: the histogram of the values seen there, darker where more of them lie. All panels share their range
 * and their darkness. The range spans the 0.1 to the 99.9 percentile of all steps and series unless `y.range` is given; what lies
 * outside is counted in the outermost bins and named in the summary.
 *
 * @throws FigureError for missing text, fewer than two steps, steps that do not rise, or samples that do not match them
 */
export function histogramSeriesFigure(options: HistogramSeriesOptions): Figure {
  expectFigure(BUILDER, options, HISTOGRAM_SERIES_OPTIONS);
  const { y, series } = options;
  const x = options.x ?? { label: 'training step' };
  const steps = Array.from(options.steps);
  requireSamples(BUILDER, steps, series);
  const fall = steps.findIndex((step, i) => i > 0 && !(step > steps[i - 1]));
  if (steps.length < 2 || fall >= 0 || series.length > 3 || x.log || y.log) throw refusal(options, steps, fall);
  const bins = binned(BUILDER, y, series, options.bins ?? 60);
  const ends = [steps[0] - (steps[1] - steps[0]) / 2, steps[steps.length - 1] + lastHalf(steps)] as const;
  const scaleY = scaleOf(y, [bins.from, bins.to], { showgrid: false });
  const labels = series.map((entry, i) => entry.label ?? identityOf(entry.as, i, series.length).label);
  const room: Room = {
    left: Math.ceil(tickWidth(y, [bins.from, bins.to])) + 40,
    ...{ right: 96, head: 24, bottom: 54, gapX: 28 },
  };
  return plot({
    text: options,
    facts: ['each column: the histogram at that step'],
    panels: labels.map((title, p) => ({
      title,
      x: scaleOf(x, ends, { nticks: 5 }),
      y: scaleY,
      marks: [densityImage(steps, bins, p, { ceiling: ceilingOf(bins), bar: p === labels.length - 1 })],
    })),
    room,
    height: options.height ?? 240,
    hovermode: 'closest',
    summary: [
      `${axisTitle(y)} at ${steps.length} steps of "${axisTitle(x)}"`,
      ...inWords(options, steps, labels, bins),
    ],
  });
}

const BUILDER = 'histogramSeriesFigure';

const lastHalf = (steps: readonly number[]) => (steps[steps.length - 1] - steps[steps.length - 2]) / 2;

function refusal({ series }: HistogramSeriesOptions, steps: readonly number[], fall: number): FigureError {
  if (steps.length < 2)
    return new FigureError(
      `${BUILDER}: wanted at least two steps, got ${steps.length}. One histogram: histogramSlider.`,
    );
  if (fall >= 0)
    return new FigureError(
      `${BUILDER}: steps must rise, got ${fmt(steps[fall])} after ${fmt(steps[fall - 1])}. Sort them.`,
    );
  if (series.length > 3)
    return new FigureError(`${BUILDER}: wanted 1 to 3 series side by side, got ${series.length}. Make more figures.`);
  return new FigureError(`${BUILDER}: columns and bins are as wide everywhere; leave log out of x and y.`);
}

function inWords(
  { series }: HistogramSeriesOptions,
  steps: readonly number[],
  labels: readonly string[],
  bins: Binned,
): string[] {
  const said = series.flatMap(({ samples }, i) =>
    [0, steps.length - 1].map((k) => {
      const [low, middle, high] = quartiles(samples[k]).map((v) => fmt(v));
      return `  ${labels[i]} at step ${fmt(steps[k])}: median ${middle}, 15th to 85th percentile ${low} to ${high}`;
    }),
  );
  const outside = shareOutside(bins);
  return outside > 0
    ? [...said, `  ${percent(outside)} of values lie beyond the axis, counted in the outermost bins`]
    : said;
}
