/**
 * A figure is a heading, panels with a scale in x and one in y, and marks that are drawn on them. Here the heading, the margins, the
 * axes, the legend and the panels' titles are put together, once for all builders; a mark (marks/) gives the traces, shapes and
 * annotations of one thing on one panel.
 */
import { escapeHtml } from '../core/html';
import { dataTitle, type Figure, type FigureText, type PlotlyTrace } from './figure';
import { heading } from './heading';
import { type Legend, legendHeight, plotlyLegend } from './legend';
import { type Scale } from './scales';
import { light, type Role, rolesOf } from './palette';
import { config, identities, ink, size, templateOf } from './theme';

/** One panel, as a mark sees it. @internal */
export interface Frame {
  /** Plotly's names of its axes. */
  readonly axes: { readonly xaxis: string; readonly yaxis: string };
  readonly x: Scale;
  readonly y: Scale;
  /** Where it lies among the panels: left and right, lower and upper edge, in shares. */
  readonly domainX: readonly [number, number];
  readonly domainY: readonly [number, number];
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** What a mark adds to the figure. @internal */
export interface Drawing {
  readonly data?: readonly PlotlyTrace[];
  readonly shapes?: readonly Record<string, unknown>[];
  readonly annotations?: readonly Record<string, unknown>[];
  /** Whose colours it wears, beside those of its traces' `meta.role`. */
  readonly roles?: readonly Role[];
}

/** Draws one thing on a panel. @internal */
export type DrawMark = (frame: Frame) => Drawing;

/** One set of axes with what is drawn on it. @internal */
export interface PlotPanel {
  /** Above it, as plain text. */
  readonly title?: string;
  readonly x: Scale;
  readonly y: Scale;
  readonly marks: readonly DrawMark[];
}

/** Pixels around and between the panels. @internal */
export interface Room {
  readonly left: number;
  readonly right: number;
  /** Between the heading, or the legend, and the panels. */
  readonly head: number;
  readonly bottom: number;
  /** Between panels. */
  readonly gapX?: number;
  readonly gapY?: number;
}

/** A whole figure. @internal */
export interface Plot {
  readonly text: FigureText;
  /** More for the line below the title. */
  readonly facts?: readonly string[];
  readonly panels: readonly PlotPanel[];
  /** Panels side by side; all of them unless told. */
  readonly columns?: number;
  readonly room: Room;
  /** Height of one panel, pixels. */
  readonly height: number;
  /** One y axis serves a row of panels; true unless told. */
  readonly sharedY?: boolean;
  /** Panels zoom together. */
  readonly together?: boolean;
  /** Panels below each other hang on one x axis, below the lowest. */
  readonly oneX?: boolean;
  readonly legend?: Legend;
  readonly hovermode?: string;
  /** One unit has as many pixels in x as in y, as in a map or a picture. */
  readonly equal?: boolean;
  /** What a narrow page needs to draw the figure anew. */
  readonly meta?: Record<string, unknown>;
  /** Plotly's layout beside this: sliders. */
  readonly layout?: Record<string, unknown>;
  readonly frames?: Record<string, unknown>[];
  /** The figure as text, below its title. */
  readonly summary: readonly string[];
}

/** Pixels across one of `columns` panels. @internal */
export function panelWidth(room: Room, columns: number): number {
  return (size.width - room.left - room.right - (columns - 1) * (room.gapX ?? 0)) / columns;
}

const UNLABELLED = { showticklabels: false, title: { text: '' }, tickformat: undefined };

/** Puts a figure together. @internal */
export function plot(spec: Plot): Figure {
  const { room, panels } = spec;
  const columns = spec.columns ?? panels.length;
  const rows = Math.ceil(panels.length / columns);
  const inner = {
    width: size.width - room.left - room.right,
    height: rows * spec.height + (rows - 1) * (room.gapY ?? 0),
  };
  const { title, height: headHeight } = heading(spec.text, spec.facts ?? []);
  const top = headHeight + (spec.legend ? legendHeight(spec.legend, inner.width) : 0) + room.head;
  const layout: Record<string, unknown> = {
    width: size.width,
    height: Math.round(top + inner.height + room.bottom),
    margin: { t: top, r: room.right, b: room.bottom, l: room.left },
    title,
    ...(spec.hovermode ? { hovermode: spec.hovermode } : {}),
    showlegend: spec.legend !== undefined,
    ...(spec.legend ? { legend: plotlyLegend(spec.legend, 1 + legendLift(spec.legend, room) / inner.height) } : {}),
  };
  const data: PlotlyTrace[] = [];
  const shapes: Record<string, unknown>[] = [];
  const annotations: Record<string, unknown>[] = [];
  const roles: Role[] = [];
  panels.forEach((panel, p) => {
    const frame = frameOf(spec, panel, p, columns, inner);
    Object.assign(layout, axesOf(spec, frame, p, columns));
    if (panel.title) annotations.push(panelTitle(`<b>${escapeHtml(panel.title)}</b>`, frame));
    for (const mark of panel.marks) {
      const drawing = mark(frame);
      data.push(...(drawing.data ?? []));
      shapes.push(...(drawing.shapes ?? []));
      annotations.push(...(drawing.annotations ?? []));
      roles.push(...(drawing.roles ?? []));
    }
  });
  if (shapes.length > 0) layout.shapes = shapes;
  if (annotations.length > 0) layout.annotations = annotations;
  return assemble(spec, data, { ...layout, ...spec.layout }, roles);
}

/** Points get their legend right below the heading, lines right above the panels. */
function legendLift(legend: Legend, room: Room): number {
  return legend.key === 'point' ? room.head : room.head + 2;
}

function frameOf(
  spec: Plot,
  panel: PlotPanel,
  p: number,
  columns: number,
  inner: { width: number; height: number },
): Frame {
  const width = panelWidth(spec.room, columns);
  const left = (p % columns) * (width + (spec.room.gapX ?? 0));
  const above = Math.floor(p / columns) * (spec.height + (spec.room.gapY ?? 0));
  const suffix = p === 0 ? '' : String(p + 1);
  return {
    axes: { xaxis: spec.oneX ? 'x' : `x${suffix}`, yaxis: `y${suffix}` },
    ...{ x: panel.x, y: panel.y, width, height: spec.height },
    domainX: [left / inner.width, (left + width) / inner.width],
    domainY: [1 - (above + spec.height) / inner.height, 1 - above / inner.height],
  };
}

/** Plotly's two axes of a panel: labelled where no other panel of its row or column is. */
function axesOf(spec: Plot, frame: Frame, p: number, columns: number): Record<string, unknown> {
  const count = spec.panels.length;
  const sharedY = spec.sharedY ?? true;
  const x = {
    ...frame.x.plotly,
    domain: frame.domainX,
    anchor: spec.oneX ? `y${count === 1 ? '' : count}` : frame.axes.yaxis,
    ...(p + columns >= count || spec.oneX ? {} : UNLABELLED),
    ...(spec.together && p > 0 ? { matches: 'x' } : {}),
  };
  const y = {
    ...frame.y.plotly,
    domain: frame.domainY,
    anchor: frame.axes.xaxis,
    ...(p % columns === 0 || !sharedY ? {} : UNLABELLED),
    ...(spec.together && sharedY && p > 0 ? { matches: 'y' } : {}),
  };
  const name = (axis: string) => axis.replace(/^([xy])/, '$1axis');
  return { [name(frame.axes.xaxis)]: x, [name(frame.axes.yaxis)]: y };
}

/** What stands above a panel. @internal */
export function panelTitle(html: string, frame: Frame): Record<string, unknown> {
  return {
    text: html,
    align: 'left',
    font: { size: size.text, color: ink.text },
    xref: 'paper',
    yref: 'paper',
    x: frame.domainX[0],
    y: frame.domainY[1],
    yshift: 3,
    xanchor: 'left',
    yanchor: 'bottom',
  };
}

const template = templateOf(
  ink,
  (['batch', 'none', 'layer', 'group'] as const).map((name) => identities[name].color),
  size,
);

function assemble(spec: Plot, data: PlotlyTrace[], layout: Record<string, unknown>, roles: readonly Role[]): Figure {
  const { text } = spec;
  const summary = [text.title, dataTitle(text), ...spec.summary].join('\n');
  const words = { alt: text.alt.trim(), caption: text.caption.trim(), summary };
  const worn = data.flatMap(({ meta }) => (meta as { role?: Role } | undefined)?.role ?? []);
  const more = { ...(spec.equal ? { equal: true } : {}), ...spec.meta };
  const meta = { ...words, roles: rolesOf([...worn, ...roles], light), ...more };
  return {
    data: plain(data) as PlotlyTrace[],
    layout: plain({ template, ...layout, meta }) as Record<string, unknown>,
    config: { ...config },
    ...(spec.frames ? { frames: plain(spec.frames) as Record<string, unknown>[] } : {}),
    ...words,
  };
}

/** Numbers for JSON: plain arrays, six significant digits, gaps (`null`) for what is not finite. @internal */
export function numbers(values: ArrayLike<number>): (number | null)[] {
  return Array.from(values, (v) => (Number.isFinite(v) ? Number(v.toPrecision(6)) : null));
}

/** A copy as plain JSON: typed arrays become arrays, `undefined` goes, what is not finite becomes a gap. */
function plain(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? Number(value.toPrecision(10)) : null;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return plain(Array.from(value as unknown as ArrayLike<number>));
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, v]) => v !== undefined)
        .map(([key, v]) => [key, plain(v)]),
    );
  }
  return value;
}
