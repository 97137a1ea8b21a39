/** Distributions over training: histograms with a slider over steps. */
import { escapeHtml } from '../core/html';
import {
  finite,
  listOf,
  needed,
  numbers as numberList,
  type Options,
  optionsOf,
  rowsOfNumbers,
  text as aString,
  whole,
} from '../core/checks';
import { expectFigure, type Figure, type FigureText, TEXT_OPTIONS } from './figure';
import { fmt, percent, textWidth } from './format';
import { histogram } from './marks/histogram';
import { type Region, REGION_OPTIONS, regions as shaded } from './marks/regions';
import { type Role, roleOf } from './palette';
import { type DrawMark, numbers, panelTitle, panelWidth, plot, type Plot, type Room } from './plot';
import { binned, type Binned, ceilingOf, quartiles, requireSamples, requireStep, shareOutside } from './samples';
import { type Axis, AXIS_OPTIONS, axisTitle, scaleOf } from './scales';
import { IDENTITY, type Identity, identityOf, type IdentityName, ink, size } from './theme';

/** What {@link histogramSlider} takes. */
export interface HistogramOptions extends FigureText {
  /** what is distributed, with its unit */
  x: Axis;
  /** [steps], the training steps at which samples were taken */
  steps: ArrayLike<number>;
  /** one panel each, from top to bottom; `samples` is [steps][values], as many values as were seen */
  series: readonly { as?: IdentityName; label?: string; samples: readonly ArrayLike<number>[] }[];
  /** bins across the range, 60 unless told */
  bins?: number;
  /** the step that is shown first, and on a page without scripts; the last one unless told */
  shownStep?: number;
  /** shaded stretches, such as where the activation saturates */
  regions?: readonly Region[];
}

const HISTOGRAM_OPTIONS: Options<HistogramOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(optionsOf(AXIS_OPTIONS)), steps: needed(numberList), bins: whole, shownStep: finite },
  series: needed(
    listOf(
      optionsOf<HistogramOptions['series'][number]>({
        ...{ as: IDENTITY, label: aString, samples: needed(rowsOfNumbers) },
      }),
    ),
  ),
  regions: listOf(optionsOf(REGION_OPTIONS)),
};

/**
 * Histograms of the same quantity in several nets, one above the other, with a slider over training steps. All steps
 * share one range and one height, so that what moves is the distribution and never the axes. Without scripts, and in the
 * static twin, the figure shows `shownStep`, and says so below the title.
 *
 * The range spans all steps and nets between the 0.1 and 99.9 percentile; what lies outside is counted in the
 * outermost bins and named in the summary.
 *
 * @throws FigureError for missing text, no steps, samples that do not match the steps, or a `shownStep` that was not taken
 */
export function histogramSlider(options: HistogramOptions): Figure {
  const builder = 'histogramSlider';
  expectFigure(builder, options, HISTOGRAM_OPTIONS);
  const steps = Array.from(options.steps);
  const { x, series } = options;
  requireSamples(builder, steps, series);
  const shownStep = options.shownStep ?? steps[steps.length - 1];
  const shown = requireStep(builder, steps, shownStep);
  const bins = binned(builder, x, series, options.bins ?? 60);
  const looks = series.map((entry, i): Look => {
    const identity = identityOf(entry.as, i, series.length);
    const role = roleOf(entry.as, i, series.length);
    return { identity, role, label: entry.label ?? identity.label, samples: entry.samples };
  });
  const at = (k: number) => plot(plotAt(options, steps, bins, looks, k));
  const figure = at(shown);
  const frames = steps.map((step, k) => {
    const { title, annotations } = at(k).layout;
    const data = bins.density.map((density) => ({ y: numbers(density[k].shares) }));
    return { name: String(step), data, traces: series.map((_, i) => i), layout: { annotations, title } };
  });
  return { ...figure, frames };
}

interface Look {
  role: Role;
  identity: Identity;
  label: string;
  samples: readonly ArrayLike<number>[];
}

/** The figure at the k-th step. */
function plotAt(
  options: HistogramOptions,
  steps: readonly number[],
  bins: Binned,
  looks: readonly Look[],
  k: number,
): Plot {
  const single = looks.length === 1;
  const room: Room = { left: 78, right: 24, head: 24, bottom: 128, gapY: 34 };
  const scaleX = scaleOf(options.x, [bins.from, bins.to]);
  const scaleY = scaleOf({ label: 'share of values', percent: true }, [0, ceilingOf(bins)], { nticks: 5 });
  const stretches = visible(options.regions ?? [], bins, panelWidth(room, 1));
  return {
    text: options,
    facts: [`step ${fmt(steps[k])} shown; the slider moves through training`],
    columns: 1,
    panels: looks.map((look, i) => ({
      ...{ x: scaleX, y: scaleY },
      marks: [
        named(look, k),
        // Their names stand once, at the top.
        shaded(i === 0 ? stretches : stretches.map(({ from, to }) => ({ from, to }))),
        histogram(look.label, look, bins.centres, bins.density[i][k].shares),
      ],
    })),
    room,
    height: options.height ?? (single ? 240 : 140),
    sharedY: false,
    oneX: true,
    hovermode: 'closest',
    layout: { sliders: [slider(steps, k)] },
    summary: [
      `${axisTitle(options.x)} at ${steps.length} training steps, ${fmt(steps[0])} to ${fmt(steps[steps.length - 1])}; step ${fmt(steps[k])} shown`,
      ...looks.flatMap((look) =>
        [...new Set([0, k])].map((j) => `  ${look.label} at step ${fmt(steps[j])}: ${spreadOf(look, j)}`),
      ),
      ...(shareOutside(bins) > 0
        ? [`  ${percent(shareOutside(bins))} of values lie beyond the axis, counted in the outermost bins`]
        : []),
    ],
  };
}

/** Regions may reach beyond the axis ("from -Infinity"); a name stands only where there is room for it. */
function visible(given: readonly Region[], { from, to }: Binned, width: number): Region[] {
  const perUnit = width / (to - from);
  return given
    .map((region) => ({ ...region, from: Math.max(region.from, from), to: Math.min(region.to, to) }))
    .filter((region) => region.from < region.to)
    .map((region) => {
      const fits = region.label && textWidth(region.label, size.small) < (region.to - region.from) * perUnit;
      return fits ? region : { from: region.from, to: region.to };
    });
}

function spreadOf({ samples }: Look, k: number): string {
  const [low, middle, high] = quartiles(samples[k]);
  return `median ${fmt(middle)}, 15th to 85th percentile ${fmt(low)} to ${fmt(high)}`;
}

function named(look: Look, k: number): DrawMark {
  const name = `<b><span style="color:${look.identity.color}">${escapeHtml(look.label)}</span></b>`;
  return (frame) => ({ annotations: [panelTitle(`${name}   ${spreadOf(look, k)}`, frame)] });
}

function slider(steps: readonly number[], shown: number): Record<string, unknown> {
  const still = { mode: 'immediate', frame: { duration: 0, redraw: true }, transition: { duration: 0 } };
  return {
    active: shown,
    x: 0,
    len: 1,
    y: 0,
    yanchor: 'top',
    pad: { t: 58, b: 0, l: 0, r: 0 },
    currentvalue: {
      prefix: 'training step ',
      font: { size: size.text, color: ink.text },
      xanchor: 'left',
      offset: 6,
    },
    font: { size: size.small, color: ink.muted },
    tickcolor: ink.axis,
    bordercolor: ink.axis,
    bgcolor: ink.grid,
    ticklen: 4,
    transition: { duration: 0 },
    steps: steps.map((step) => ({ label: fmt(step), method: 'animate', args: [[String(step)], still] })),
  };
}
