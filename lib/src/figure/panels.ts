/**
 * Panels of lines: the common ground of every builder that draws curves. Medians with their bands, on panels in rows and columns,
 * named at the lines' ends where one column leaves room for that, else in a legend.
 */
import { type Figure, FigureError, type FigureText, requireText } from './figure';
import { fmt, textWidth } from './format';
import { band as bandMark } from './marks/bands';
import { line } from './marks/lines';
import { type EndName, endName, endNames, namesWidth } from './marks/names';
import { regions } from './marks/regions';
import { rules } from './marks/rules';
import { type DrawMark, panelWidth, plot, type Room } from './plot';
import { type Axis, axisTitle, rangeOf, type Scale, scaleOf, tickWidth } from './scales';
import {
  describe,
  type Drawn,
  type Labels,
  legendName,
  type Panel,
  prepare,
  seedFacts,
  value,
  withMarkers,
} from './series';
import { ink, size } from './theme';
import { BAND_QUANTILES } from '../statistics/statistics';

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

/** Between panels side by side on one y axis, pixels. */
const GAP_X = 40;

/** @internal */
export function drawPanels(plan: PanelPlan): Figure {
  const { builder, text, panels, columns } = plan;
  requireText(builder, text);
  if (panels.length === 0) throw new FigureError(`${builder}: wanted at least one panel, got none.`);
  const band = plan.band ?? BAND_QUANTILES;
  const drawn = panels.map((panel, p) => prepare(builder, panel, p, band));
  const all = drawn.flat();
  const labels = placeOfNames(plan, drawn);

  const scalesY = verticalScales(plan, drawn);
  const names = panels.map((panel, p) => (labels === 'direct' ? namesAtEnds(panel, drawn[p], scalesY[p]) : []));
  const titled = panels.some((panel) => panel.title) ? 22 : 8;
  const left = Math.ceil(Math.max(...scalesY.map(({ axis, range }) => tickWidth(axis, range)))) + 40;
  const room: Room = {
    left,
    right: labels === 'direct' ? namesWidth(names.flat()) + 22 : 26,
    head: titled,
    bottom: 54,
    gapX: plan.sharedY ? GAP_X : left,
    gapY: titled + 14,
  };
  const scaleX = horizontalScale(plan, all, panelWidth(room, columns));
  const named = new Set<string>();
  const isFirst = (series: Drawn) => {
    const name = legendName(series);
    const first = labels !== 'direct' && name !== '' && !named.has(name);
    named.add(name);
    return first;
  };
  const facts = [...seedFacts(all, band), ...(plan.facts ?? [])];
  return plot({
    text,
    facts,
    columns,
    room,
    panels: panels.map((panel, p) => ({
      title: panel.title,
      x: scaleX,
      y: scalesY[p],
      marks: [
        regions(panel.regions ?? []),
        rules(panel.marks ?? [], labels === 'direct' ? 'beside' : 'inside'),
        ...drawn[p].flatMap((series): DrawMark[] => [bandMark(series), line(series, isFirst(series))]),
        endNames(names[p]),
      ],
    })),
    height: plan.height,
    sharedY: plan.sharedY,
    together: true,
    hovermode: panels.length === 1 ? 'x unified' : 'closest',
    legend: labels === 'legend' ? { names: all.map(legendName), key: 'line' } : undefined,
    summary: [...facts, axesInWords(plan), ...summaryOf(plan, drawn), ...(plan.summary ?? [])],
  });
}

function placeOfNames(plan: PanelPlan, drawn: Drawn[][]): Labels {
  const labels = plan.labels ?? (plan.columns === 1 && drawn.every((d) => d.length <= 6) ? 'direct' : 'legend');
  if (labels === 'direct' && plan.columns > 1) {
    throw new FigureError(
      `${plan.builder}: labels at the line ends need one column, got ${plan.columns}. Use labels: 'legend'.`,
    );
  }
  return labels;
}

function verticalScales({ builder, panels, y, sharedY }: PanelPlan, drawn: Drawn[][]): Scale[] {
  if (!sharedY) {
    return panels.map((panel, p) => {
      const axis = panel.y ?? y;
      return scaleOf(axis, rangeOf(builder, axis, valuesY(panel, drawn[p])));
    });
  }
  const range = rangeOf(
    builder,
    y,
    panels.flatMap((panel, p) => [...valuesY(panel, drawn[p])]),
  );
  return panels.map((panel) => scaleOf(panel.y ?? y, range));
}

function horizontalScale(plan: PanelPlan, all: Drawn[], width: number): Scale {
  const air = plan.airX ?? (all.some((s) => withMarkers(s)) ? 0.02 : 0);
  const range = rangeOf(plan.builder, plan.x, valuesX(plan.panels, all), air);
  const axis = measuredTicks(plan.x, all, range, width);
  return scaleOf(axis, range, !axis.log && !axis.ticks && width < 300 ? { nticks: 4 } : {});
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

/** What stands at the right end of each line, and at which height. */
function namesAtEnds(panel: Panel, all: Drawn[], { axis, range }: Scale): EndName[] {
  const place = (v: number) => Math.min(Math.max(axis.log ? Math.log10(v) : v, range[0]), range[1]);
  const last = (values: readonly number[]) => values.filter((v) => Number.isFinite(v) && (!axis.log || v > 0)).at(-1);
  const names: EndName[] = [];
  const add = (text: string, color: string, at: number | undefined) => {
    if (at !== undefined) names.push(endName(text, color, place(at)));
  };
  for (const series of all) {
    const { color } = series.identity;
    if (series.label !== '') add(legendName(series), color, last(series.y));
    if (series.source.edges && series.low && series.high) {
      add(series.source.edges[0], color, last(series.low));
      add(series.source.edges[1], color, last(series.high));
    }
  }
  for (const mark of panel.marks ?? []) add(mark.label, ink.muted, mark.y);
  return names;
}

function axesInWords({ x, y, panels }: PanelPlan): string {
  const vertical = new Set(panels.map((panel) => axisTitle(panel.y ?? y)));
  return `x: ${axisTitle(x)}; y: ${[...vertical].join(', ')}`;
}

function summaryOf({ panels, x, y }: PanelPlan, drawn: Drawn[][]): string[] {
  return panels.flatMap((panel, p) => {
    const axis = panel.y ?? y;
    return [
      ...(panel.title ? [`${panel.title}:`] : []),
      ...drawn[p].filter((series) => series.label !== '').map((series) => describe(series, x, axis)),
      ...(panel.marks ?? []).map(
        (mark) =>
          `  ${mark.label}: ${mark.y === undefined ? `x = ${fmt(mark.x as number)}` : `y = ${value(mark.y, axis)}`}`,
      ),
    ];
  });
}
