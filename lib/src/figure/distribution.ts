/** Distributions over training: histograms with a slider over steps, and the same as small multiples. */
import {
  finite,
  listOf,
  needed,
  numbers as numberList,
  type Options,
  optionsOf,
  rowsOfNumbers,
  shown as named,
  text as aString,
  whole,
} from '../core/checks';
import {
  assemble,
  AXIS_OPTIONS,
  axisTitle,
  escapeHtml,
  expectFigure,
  FigureError,
  heading,
  numbers,
  plotlyAxis,
  REGION_OPTIONS,
  TEXT_OPTIONS,
  type Axis,
  type Figure,
  type FigureText,
  type PlotlyTrace,
  type Region,
} from './figure';
import { fmt, percent, textWidth } from './format';
import { IDENTITY, identityOf, ink, size, translucent, type IdentityName } from './theme';

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
  if (steps.length === 0 || series.length === 0) {
    throw new FigureError(
      `${builder}: wanted at least one step and one series, got ${steps.length} and ${series.length}.`,
    );
  }
  series.forEach((entry, i) => {
    if (entry.samples.length !== steps.length) {
      throw new FigureError(
        `${builder}: series ${i + 1} has samples at ${entry.samples.length} steps, but there are ${steps.length} steps.`,
      );
    }
  });
  const shownStep = options.shownStep ?? steps[steps.length - 1];
  const shown = steps.indexOf(shownStep);
  if (shown < 0) {
    throw new FigureError(
      `${builder}: shownStep ${shownStep} is not among the steps ${steps.map((s) => fmt(s)).join(', ')}.`,
    );
  }
  const bins = options.bins ?? 60;
  if (bins < 1 || bins > 1e4) throw new FigureError(`${builder}: bins must be from 1 to 10,000, got ${named(bins)}.`);
  const pooled = series.flatMap((entry) =>
    entry.samples.map((s) => Float64Array.from(s).filter(Number.isFinite).sort()),
  );
  if (pooled.some((s) => s.length === 0))
    throw new FigureError(`${builder}: a step has no finite sample. Take samples at every step.`);
  const [from, to] = x.range ?? outer(pooled);
  const binWidth = (to - from) / bins;
  const centres = Array.from({ length: bins }, (_, i) => from + (i + 0.5) * binWidth);

  const identities = series.map((entry, i) => ({ ...identityOf(entry.as, i, series.length) }));
  const labels = series.map((entry, i) => entry.label ?? identities[i].label);
  const density = series.map((entry) => entry.samples.map((s) => histogram(s, from, binWidth, bins)));
  // One height for all: the tallest bin, but never so tall that a spike at one step hides all others.
  const peaks = density
    .flat()
    .map((d) => Math.max(...d.shares))
    .sort((a, b) => a - b);
  const ceiling = Math.min(1, 1.08 * Math.min(peaks[peaks.length - 1], 3 * peaks[Math.floor(peaks.length / 2)]));

  const headed = (step: number) => heading(options, [`step ${fmt(step)} shown; the slider moves through training`]);
  const { title, height: headHeight } = headed(shownStep);
  const panelHeight = options.height ?? (series.length === 1 ? 240 : 140);
  const gap = 34;
  const top = headHeight + 24;
  const inner = series.length * panelHeight + (series.length - 1) * gap;
  const bottom = 128;
  const left = 78;
  const right = 24;

  const traceOf = (i: number, step: number): PlotlyTrace => ({
    type: 'scatter',
    mode: 'lines',
    x: numbers(centres),
    y: numbers(density[i][step].shares),
    line: { color: identities[i].color, width: 1.75, dash: identities[i].dash, shape: 'hvh' },
    fill: 'tozeroy',
    fillcolor: translucent(identities[i].color, 0.28),
    name: labels[i],
    hovertemplate: `${escapeHtml(labels[i])}: %{y:.1%} of values near %{x:.3~g}<extra></extra>`,
    xaxis: 'x',
    yaxis: `y${i === 0 ? '' : i + 1}`,
  });
  const quartiles = (i: number, step: number) => {
    const sorted = Float64Array.from(series[i].samples[step]).filter(Number.isFinite).sort();
    const at = (q: number) => sorted[Math.round(q * (sorted.length - 1))];
    return [at(0.15), at(0.5), at(0.85)];
  };
  const notes = (step: number) =>
    series.map((_, i) => {
      const [low, mid, high] = quartiles(i, step);
      return {
        text: `<b><span style="color:${identities[i].color}">${escapeHtml(labels[i])}</span></b>   median ${fmt(mid)}, 15th to 85th percentile ${fmt(low)} to ${fmt(high)}`,
        font: { size: size.text, color: ink.text },
        xref: 'paper',
        yref: 'paper',
        x: 0,
        y: 1 - (i * (panelHeight + gap)) / inner,
        yshift: 3,
        xanchor: 'left',
        yanchor: 'bottom',
      };
    });
  // Regions may reach beyond the axis ("from -Infinity"); a name stands only where there is room for it.
  const regions = (options.regions ?? [])
    .map((region) => ({ ...region, from: Math.max(region.from, from), to: Math.min(region.to, to) }))
    .filter((region) => region.from < region.to);
  const perUnit = (size.width - left - right) / (to - from);
  const regionNotes = regions.flatMap((region) =>
    region.label && textWidth(region.label, size.small) < (region.to - region.from) * perUnit
      ? [
          {
            text: escapeHtml(region.label),
            xref: 'x',
            yref: 'paper',
            x: (region.from + region.to) / 2,
            y: 1,
            yshift: -2,
            yanchor: 'top',
          },
        ]
      : [],
  );

  const layout: Record<string, unknown> = {
    width: size.width,
    height: top + inner + bottom,
    margin: { t: top, r: right, b: bottom, l: left },
    title,
    showlegend: false,
    hovermode: 'closest',
    annotations: [...notes(shown), ...regionNotes],
    xaxis: { ...plotlyAxis(x, [from, to]), anchor: series.length === 1 ? 'y' : `y${series.length}` },
    shapes: regions.flatMap((region) =>
      series.map((_, i) => ({
        type: 'rect',
        xref: 'x',
        yref: `y${i === 0 ? '' : i + 1} domain`,
        x0: region.from,
        x1: region.to,
        y0: 0,
        y1: 1,
        fillcolor: ink.shade,
        line: { width: 0 },
        layer: 'below',
      })),
    ),
    sliders: [
      {
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
        steps: steps.map((step) => ({
          label: fmt(step),
          method: 'animate',
          args: [
            [String(step)],
            { mode: 'immediate', frame: { duration: 0, redraw: true }, transition: { duration: 0 } },
          ],
        })),
      },
    ],
  };
  series.forEach((_, i) => {
    const start = i * (panelHeight + gap);
    layout[`yaxis${i === 0 ? '' : i + 1}`] = {
      ...plotlyAxis({ label: 'share of values', percent: true }, [0, ceiling]),
      domain: [1 - (start + panelHeight) / inner, 1 - start / inner],
      anchor: 'x',
      nticks: 5,
    };
  });

  const outside = density.flat().reduce((sum, d) => sum + d.outside, 0);
  const frames = steps.map((step, k) => ({
    name: String(step),
    data: series.map((_, i) => ({ y: numbers(density[i][k].shares) })),
    traces: series.map((_, i) => i),
    layout: { annotations: [...notes(k), ...regionNotes], title: headed(step).title },
  }));
  return assemble(options, {
    data: series.map((_, i) => traceOf(i, shown)),
    layout,
    frames,
    summary: [
      `${axisTitle(x)} at ${steps.length} training steps, ${fmt(steps[0])} to ${fmt(steps[steps.length - 1])}; step ${fmt(shownStep)} shown`,
      ...series.flatMap((_, i) =>
        [0, shown]
          .filter((k, j, list) => list.indexOf(k) === j)
          .map((k) => {
            const [low, mid, high] = quartiles(i, k);
            return `  ${labels[i]} at step ${fmt(steps[k])}: median ${fmt(mid)}, 15th to 85th percentile ${fmt(low)} to ${fmt(high)}`;
          }),
      ),
      ...(outside > 0
        ? [
            `  ${percent(outside / (density.flat().length || 1))} of values lie beyond the axis, counted in the outermost bins`,
          ]
        : []),
    ],
  });
}

/** 0.1 to 99.9 percentile over all samples, each step and net counting the same. */
function outer(sorted: Float64Array[]): [number, number] {
  const at = (s: Float64Array, q: number) => s[Math.round(q * (s.length - 1))];
  const from = Math.min(...sorted.map((s) => at(s, 0.001)));
  const to = Math.max(...sorted.map((s) => at(s, 0.999)));
  return from < to ? [from, to] : [from - 0.5, to + 0.5];
}

/** Share of the samples in each bin; what lies outside goes to the outermost bins and is counted. */
function histogram(samples: ArrayLike<number>, from: number, width: number, bins: number) {
  const shares = new Array<number>(bins).fill(0);
  let finite = 0;
  let outside = 0;
  for (let i = 0; i < samples.length; i++) {
    if (!Number.isFinite(samples[i])) continue;
    finite++;
    const bin = Math.floor((samples[i] - from) / width);
    // The right edge belongs to the last bin.
    if (bin < 0 || samples[i] > from + width * bins * (1 + 1e-9)) outside++;
    shares[Math.min(bins - 1, Math.max(0, bin))]++;
  }
  return { shares: shares.map((s) => s / finite), outside: outside / finite };
}
