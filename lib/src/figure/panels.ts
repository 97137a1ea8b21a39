/**
 * Panels of lines: the common ground of every builder that draws curves. It turns series into traces (median, band,
 * dash, marker), lays panels out in rows and columns on a page of fixed width, and names the lines, at their ends where
 * one column leaves room for that, else in a legend.
 */
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
import {
  assemble,
  AXIS_OPTIONS,
  escapeHtml,
  FigureError,
  heading,
  legendRoom,
  MARK_OPTIONS,
  numbers,
  plotlyAxis,
  rangeOf,
  REGION_OPTIONS,
  requireText,
  spread,
  tickWidth,
  type Axis,
  type Figure,
  type FigureText,
  type Mark,
  type PlotlyTrace,
  type Region,
} from './figure';
import { fmt, list, percent, textWidth, wrap } from './format';
import { IDENTITY, identityOf, ink, size, translucent, type Identity, type IdentityName } from './theme';

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

/** A series, ready to draw. */
interface Drawn {
  source: Series;
  identity: Identity;
  label: string;
  n: number | undefined;
  x: number[];
  y: number[];
  low?: number[];
  high?: number[];
  diverged: number;
}

/** What {@link drawPanels} draws. @internal */
export interface PanelPlan {
  builder: string;
  text: FigureText;
  panels: readonly Panel[];
  columns: number;
  x: Axis;
  y: Axis;
  /** panels share one y range */
  sharedY: boolean;
  /** only the lowest row labels its x axis */
  sharedX: boolean;
  labels?: Labels;
  /** lower and upper quantile over seeds */
  band?: readonly [number, number];
  /** height of a panel, pixels */
  height: number;
  /** air on both sides of the x axis, as a share of its span */
  airX?: number;
  /** more sentences for the subtitle and for the summary */
  facts?: string[];
  summary?: string[];
}

const GAP_X = 40;
/** Length of a line in the legend, pixels: two dashes of the longest dash. */
const LEGEND_LINE = 40;
/** Names at line ends are broken at this width, pixels. */
const NAME_WIDTH = 190;

/** @internal */
export function drawPanels(plan: PanelPlan): Figure {
  const { builder, text, panels, columns, y } = plan;
  requireText(builder, text);
  if (panels.length === 0) throw new FigureError(`${builder}: wanted at least one panel, got none.`);
  const band = plan.band ?? [0.15, 0.85];
  const drawn = panels.map((panel, p) => prepare(builder, panel, p, band));
  const all = drawn.flat();

  const labels = plan.labels ?? (columns === 1 && drawn.every((d) => d.length <= 6) ? 'direct' : 'legend');
  const direct = labels === 'direct';
  if (direct && columns > 1) {
    throw new FigureError(`${builder}: labels at the line ends need one column, got ${columns}. Use labels: 'legend'.`);
  }

  const xRange = rangeOf(
    builder,
    plan.x,
    valuesX(panels, all),
    plan.airX ?? (all.some((s) => withMarkers(s)) ? 0.02 : 0),
  );
  const axesY = panels.map((panel) => panel.y ?? y);
  const ownRanges = () => panels.map((panel, p) => rangeOf(builder, axesY[p], valuesY(panel, drawn[p])));
  const shared = () =>
    rangeOf(
      builder,
      y,
      panels.flatMap((panel, p) => [...valuesY(panel, drawn[p])]),
    );
  const yRanges = plan.sharedY ? panels.map(shared) : ownRanges();

  // Horizontal room.
  const rows = Math.ceil(panels.length / columns);
  const yTicks = Math.max(...panels.map((_, p) => tickWidth(axesY[p], yRanges[p])));
  const left = Math.ceil(yTicks) + 40;
  const names = panels.map((panel, p) => lineNames(panel, drawn[p], yRanges[p], axesY[p], direct));
  const right = direct
    ? Math.ceil(Math.max(14, ...names.flat().flatMap((name) => name.lines.map((line) => textWidth(line, size.text))))) +
      22
    : 26;
  const gapX = plan.sharedY ? GAP_X : left;
  const width = (size.width - left - right - (columns - 1) * gapX) / columns;

  const x = measuredTicks(plan.x, all, xRange, width);

  // Vertical room.
  const facts = [...seedFacts(all, band), ...(plan.facts ?? [])];
  const { title, height: headHeight } = heading(text, facts);
  const legendRows = labels !== 'legend' ? 0 : legendLines(all, size.width - left - right);
  const panelTitle = panels.some((panel) => panel.title) ? 22 : 8;
  const bottom = 54;
  const gapY = plan.sharedX ? panelTitle + 14 : panelTitle + 50;
  const top = headHeight + legendRows * 21 + panelTitle;
  const height = plan.height;
  const inner = rows * height + (rows - 1) * gapY;

  const data: PlotlyTrace[] = [];
  const shapes: Record<string, unknown>[] = [];
  const annotations: Record<string, unknown>[] = [];
  const layout: Record<string, unknown> = {
    width: size.width,
    height: top + inner + bottom,
    margin: { t: top, r: right, b: bottom, l: left },
    title,
    hovermode: panels.length === 1 ? 'x unified' : 'closest',
    showlegend: labels === 'legend',
  };
  if (labels === 'legend') {
    layout.legend = {
      orientation: 'h',
      x: 0,
      xanchor: 'left',
      y: 1 + (panelTitle + 2) / inner,
      yanchor: 'bottom',
      font: { size: size.text },
      itemwidth: LEGEND_LINE,
      ...legendRoom(all.map(legendName)),
      tracegroupgap: 0,
    };
  }
  const named = new Set<string>();
  const unlabelled = { showticklabels: false, title: { text: '' }, tickformat: undefined };
  const innerWidth = size.width - left - right;

  panels.forEach((panel, p) => {
    const column = p % columns;
    const row = Math.floor(p / columns);
    const suffix = p === 0 ? '' : String(p + 1);
    const domainX = [(column * (width + gapX)) / innerWidth, (column * (width + gapX) + width) / innerWidth];
    const fromTop = row * (height + gapY);
    const domainY = [1 - (fromTop + height) / inner, 1 - fromTop / inner];
    const lowest = row === rows - 1 || p + columns >= panels.length;
    const labelled = lowest || !plan.sharedX;
    layout[`xaxis${suffix}`] = {
      ...plotlyAxis(x, xRange),
      domain: domainX,
      anchor: `y${suffix}`,
      ...(labelled ? {} : unlabelled),
      ...(!x.log && !x.ticks && width < 300 ? { nticks: 4 } : {}),
      ...(p > 0 ? { matches: 'x' } : {}),
    };
    const labelledY = column === 0 || !plan.sharedY;
    layout[`yaxis${suffix}`] = {
      ...plotlyAxis(axesY[p], yRanges[p]),
      domain: domainY,
      anchor: `x${suffix}`,
      ...(labelledY ? {} : unlabelled),
      ...(p > 0 && plan.sharedY ? { matches: 'y' } : {}),
    };
    if (panel.title) {
      annotations.push({
        text: `<b>${escapeHtml(panel.title)}</b>`,
        font: { size: size.text, color: ink.text },
        xref: 'paper',
        yref: 'paper',
        x: domainX[0],
        y: domainY[1],
        yshift: 2,
        xanchor: 'left',
        yanchor: 'bottom',
      });
    }
    furniture(panel, suffix, direct, x, axesY[p], shapes, annotations);
    for (const series of drawn[p]) {
      data.push(...traces(series, suffix, axesY[p], direct, named));
    }
    // Names at the line ends, moved apart where lines end close together.
    const [low, high] = yRanges[p];
    const gap = (size.text + 3.5) * Math.max(1, ...names[p].map((name) => name.lines.length));
    const placed = spread(
      names[p].map((name) => ((name.at - low) / (high - low)) * height),
      gap,
      height,
    );
    names[p].forEach((name, i) => {
      annotations.push({
        text: name.lines.map(escapeHtml).join('<br>'),
        align: 'left',
        font: { size: size.text, color: name.color },
        xref: 'paper',
        yref: 'paper',
        x: domainX[1],
        xshift: 8,
        y: domainY[0] + (placed[i] / height) * (domainY[1] - domainY[0]),
        xanchor: 'left',
        yanchor: 'middle',
      });
    });
  });
  if (shapes.length > 0) layout.shapes = shapes;
  if (annotations.length > 0) layout.annotations = annotations;

  const summary = panels.flatMap((panel, p) => [
    ...(panel.title ? [`${panel.title}:`] : []),
    ...drawn[p].filter((series) => series.label !== '').map((series) => describe(series, x, axesY[p])),
    ...(panel.marks ?? []).map(
      (mark) =>
        `  ${mark.label}: ${mark.y === undefined ? `x = ${fmt(mark.x as number)}` : `y = ${value(mark.y, axesY[p])}`}`,
    ),
  ]);
  return assemble(text, {
    data,
    layout,
    summary: [
      ...facts,
      `x: ${x.label}${x.unit ? ` (${x.unit})` : ''}; y: ${axesY
        .map((a) => a.label + (a.unit ? ` (${a.unit})` : ''))
        .filter((a, i, s) => s.indexOf(a) === i)
        .join(', ')}`,
      ...summary,
      ...(plan.summary ?? []),
    ],
  });
}

/** On a logarithmic axis with few measured values (rates, batch sizes), the ticks are these values, where they fit. */
function measuredTicks(x: Axis, all: Drawn[], range: [number, number], width: number): Axis {
  if (!x.log || x.ticks) return x;
  const values = [...new Set(all.flatMap((series) => series.x))].filter((v) => v > 0).sort((a, b) => a - b);
  if (values.length < 2 || values.length > 12) return x;
  const perDecade = width / (range[1] - range[0]);
  const fits = values.every((v, i) => {
    if (i === 0) return true;
    const room = (Math.log10(v) - Math.log10(values[i - 1])) * perDecade;
    return room > (textWidth(fmt(v), size.tick) + textWidth(fmt(values[i - 1]), size.tick)) / 2 + 6;
  });
  return fits ? { ...x, ticks: values } : x;
}

/** Checks a panel's series and computes their medians and bands. */
function prepare(builder: string, panel: Panel, p: number, band: readonly [number, number]): Drawn[] {
  if (panel.series.length === 0) {
    throw new FigureError(`${builder}: panel ${p + 1}${panel.title ? ` ("${panel.title}")` : ''} has no series.`);
  }
  const anonymous = panel.series.filter((s) => s.as === undefined).length;
  let index = 0;
  return panel.series.map((source, i) => {
    const identity = source.as === undefined ? identityOf(undefined, index++, anonymous) : identityOf(source.as);
    const label = source.label ?? identity.label;
    const name = `${builder}: series ${i + 1} ("${label}")`;
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
      return { source, identity, label, n: source.n ?? source.seeds.length, x, ...bandOverSeeds(source.seeds, band) };
    }
    const y = Array.from(source.y as ArrayLike<number>);
    check(y, 'y');
    if ((source.low === undefined) !== (source.high === undefined)) {
      throw new FigureError(`${name}: a band needs both low and high.`);
    }
    if (source.low && source.high) {
      check(source.low, 'low');
      check(source.high, 'high');
      return {
        source,
        identity,
        label,
        n: source.n,
        x,
        y,
        low: Array.from(source.low),
        high: Array.from(source.high),
        diverged: 0,
      };
    }
    return { source, identity, label, n: source.n, x, y, diverged: 0 };
  });
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

function* valuesX(panels: readonly Panel[], all: Drawn[]): Iterable<number> {
  for (const series of all) yield* series.x;
  for (const panel of panels) for (const mark of panel.marks ?? []) if (mark.x !== undefined) yield mark.x;
}

function* valuesY(panel: Panel, all: Drawn[]): Iterable<number> {
  for (const series of all) {
    yield* series.y;
    if (series.low && series.high) {
      yield* series.low;
      yield* series.high;
    }
  }
  for (const mark of panel.marks ?? []) if (mark.y !== undefined) yield mark.y;
}

/** `n = 5 seeds`, `median and 15–85 % band`, and who diverged. */
function seedFacts(all: Drawn[], band: readonly [number, number]): string[] {
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

interface Name {
  lines: string[];
  color: string;
  /** where the line ends, in axis coordinates (log10 on logarithmic axes) */
  at: number;
}

function legendName(series: Drawn): string {
  return series.n !== undefined && series.n > 1 ? `${series.label} (n = ${series.n})` : series.label;
}

/** What stands at the right end of each line, and at which height. */
function lineNames(panel: Panel, all: Drawn[], range: [number, number], axis: Axis, direct: boolean): Name[] {
  const place = (v: number) => Math.min(Math.max(axis.log ? Math.log10(v) : v, range[0]), range[1]);
  const last = (values: readonly number[]) => {
    for (let i = values.length - 1; i >= 0; i--)
      if (Number.isFinite(values[i]) && (!axis.log || values[i] > 0)) return values[i];
    return undefined;
  };
  const broken = (text: string) => wrap(text, NAME_WIDTH, size.text);
  const names: Name[] = [];
  if (!direct) return names;
  for (const series of all) {
    const { color } = series.identity;
    const end = last(series.y);
    if (end !== undefined && series.label !== '')
      names.push({ lines: broken(legendName(series)), color, at: place(end) });
    if (series.source.edges && series.low && series.high) {
      const [low, high] = [last(series.low), last(series.high)];
      if (low !== undefined) names.push({ lines: broken(series.source.edges[0]), color, at: place(low) });
      if (high !== undefined) names.push({ lines: broken(series.source.edges[1]), color, at: place(high) });
    }
  }
  for (const mark of panel.marks ?? [])
    if (mark.y !== undefined) names.push({ lines: broken(mark.label), color: ink.muted, at: place(mark.y) });
  return names;
}

function legendLines(all: Drawn[], width: number): number {
  const entries = new Set(all.map(legendName).filter((entry) => entry !== ''));
  const { entrywidth } = legendRoom([...entries]);
  return Math.ceil(entries.size / Math.max(1, Math.floor(width / (entrywidth + LEGEND_LINE + 12))));
}

/** Reference lines and shaded regions of a panel. */
function furniture(
  panel: Panel,
  suffix: string,
  direct: boolean,
  axisX: Axis,
  axisY: Axis,
  shapes: Record<string, unknown>[],
  annotations: Record<string, unknown>[],
): void {
  // On logarithmic axes Plotly takes shapes in data values but annotations as log10.
  const placeX = (v: number) => (axisX.log ? Math.log10(v) : v);
  for (const region of panel.regions ?? []) {
    shapes.push({
      type: 'rect',
      xref: `x${suffix}`,
      yref: `y${suffix} domain`,
      x0: region.from,
      x1: region.to,
      y0: 0,
      y1: 1,
      fillcolor: ink.shade,
      line: { width: 0 },
      layer: 'below',
    });
    if (region.label) {
      annotations.push({
        text: escapeHtml(region.label),
        xref: `x${suffix}`,
        yref: `y${suffix} domain`,
        x: (placeX(region.from) + placeX(region.to)) / 2,
        y: 1,
        yshift: -2,
        yanchor: 'top',
      });
    }
  }
  for (const mark of panel.marks ?? []) {
    const line = { color: ink.muted, width: 1, dash: 'dot' };
    if (mark.y !== undefined) {
      shapes.push({
        type: 'line',
        xref: `x${suffix} domain`,
        yref: `y${suffix}`,
        x0: 0,
        x1: 1,
        y0: mark.y,
        y1: mark.y,
        line,
        layer: 'below',
      });
      if (!direct) {
        annotations.push({
          text: escapeHtml(mark.label),
          xref: `x${suffix} domain`,
          yref: `y${suffix}`,
          x: 1,
          y: axisY.log ? Math.log10(mark.y) : mark.y,
          xanchor: 'right',
          yanchor: 'bottom',
        });
      }
    } else if (mark.x !== undefined) {
      shapes.push({
        type: 'line',
        xref: `x${suffix}`,
        yref: `y${suffix} domain`,
        x0: mark.x,
        x1: mark.x,
        y0: 0,
        y1: 1,
        line,
        layer: 'below',
      });
      annotations.push({
        text: escapeHtml(mark.label),
        xref: `x${suffix}`,
        yref: `y${suffix} domain`,
        x: placeX(mark.x),
        xshift: 4,
        y: 1,
        xanchor: 'left',
        yanchor: 'top',
      });
    }
  }
}

function traces(series: Drawn, suffix: string, axis: Axis, direct: boolean, named: Set<string>): PlotlyTrace[] {
  const { identity, source } = series;
  const axes = { xaxis: `x${suffix}`, yaxis: `y${suffix}` };
  const name = legendName(series);
  const out: PlotlyTrace[] = [];
  const color = identity.color;
  const y = source.step ? { shape: 'hv' } : {};
  if (series.low && series.high) {
    out.push({
      type: 'scatter',
      mode: 'lines',
      ...outline(series.x, series.low, series.high, axis),
      line: { width: 0, color },
      fill: 'toself',
      fillcolor: translucent(color, 0.16),
      hoverinfo: 'skip',
      showlegend: false,
      legendgroup: name,
      name: `${name}, band`,
      ...axes,
    });
    if (source.edges) {
      [series.low, series.high].forEach((edge, i) =>
        out.push({
          type: 'scatter',
          mode: 'lines',
          x: numbers(series.x),
          y: numbers(edge),
          line: { color, width: 1.25, dash: identity.dash, ...y },
          name: (source.edges as readonly string[])[i],
          legendgroup: name,
          showlegend: false,
          hovertemplate: `${escapeHtml((source.edges as readonly string[])[i])}: %{y:${axis.percent ? '.1%' : '.4~g'}}<extra></extra>`,
          ...axes,
        }),
      );
    }
  }
  const markers = withMarkers(series);
  const format = axis.percent ? '.1%' : '.4~g';
  out.push({
    type: 'scatter',
    mode: source.points ? 'markers' : markers ? 'lines+markers' : 'lines',
    x: numbers(series.x),
    y: numbers(axis.log ? series.y.map((v) => (v > 0 ? v : NaN)) : series.y),
    ...(source.points ? {} : { line: { color, width: identity.width, dash: identity.dash, ...y } }),
    ...(markers ? { marker: { color, symbol: markerSymbol(identity), size: 7 } } : {}),
    ...(series.low && series.high
      ? { customdata: series.low.map((low, i) => numbers([low, (series.high as number[])[i]])) }
      : {}),
    name: escapeHtml(name),
    legendgroup: name,
    showlegend: !direct && name !== '' && !named.has(name),
    ...(series.label === '' ? { hoverinfo: 'skip' } : {}),
    ...(series.label === ''
      ? {}
      : {
          hovertemplate:
            `${escapeHtml(series.label)}: %{y:${format}}` +
            (series.low ? ` (%{customdata[0]:${format}} to %{customdata[1]:${format}})` : '') +
            '<extra></extra>',
        }),
    ...axes,
  });
  named.add(name);
  return out;
}

function withMarkers({ source, x }: Drawn): boolean {
  return source.points === true || (source.markers ?? x.length <= 16);
}

/** A line symbol has no area to fill; points of a reference are drawn as small circles. */
function markerSymbol(identity: Identity): string {
  return identity.symbol.startsWith('line') ? 'circle-open' : identity.symbol;
}

/** The band as closed outlines, one for each stretch without a gap. */
function outline(x: number[], low: number[], high: number[], axis: Axis) {
  const xs: (number | null)[] = [];
  const ys: (number | null)[] = [];
  const drawable = (i: number) => Number.isFinite(low[i]) && Number.isFinite(high[i]) && (!axis.log || low[i] > 0);
  for (let i = 0; i < x.length;) {
    if (!drawable(i)) {
      i++;
      continue;
    }
    let end = i;
    while (end < x.length && drawable(end)) end++;
    if (xs.length > 0) {
      xs.push(null);
      ys.push(null);
    }
    const stretch = Array.from({ length: end - i }, (_, k) => i + k);
    xs.push(...numbers(stretch.map((k) => x[k])), ...numbers(stretch.map((k) => x[k]).reverse()));
    ys.push(...numbers(stretch.map((k) => low[k])), ...numbers(stretch.map((k) => high[k]).reverse()));
    i = end;
  }
  return { x: xs, y: ys };
}

function value(v: number, axis: Axis): string {
  return axis.percent ? percent(v) : fmt(v) + (axis.unit ? ` ${axis.unit}` : '');
}

/** One line of text for one series: start, extremes, end. */
function describe(series: Drawn, x: Axis, y: Axis): string {
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
