/** Axes on a phone: labels once below the lowest panel, at every panel's left, and no more ticks than fit. */
import { textWidth } from '../format';
import { size } from '../theme';
import { type Json, linesOf, type OldPanel, type PhonePanel, shortName, widthOf, wrapHtml } from './phone-page';
import type { StoredFigure } from './stored';

/** Names of rows are broken at this width, pixels. */
const ROW_NAME = 84;

interface Axis extends Json {
  tickvals?: number[];
  ticktext?: string[];
  range?: [number, number];
  title?: { text?: string };
}

const axisOf = (layout: Json, name: string) => layout[name] as Axis;

/** Whether a panel is a heat map, whose ticks are names. */
function isNamed(figure: StoredFigure, panel: OldPanel): boolean {
  return figure.data.some(
    ({ type, xaxis = 'x', yaxis = 'y' }) =>
      type === 'heatmap' && xaxis === shortName(panel.xaxis) && yaxis === shortName(panel.yaxis),
  );
}

/** Left margin, pixels: names of rows and pictures wrapped, else as it is stored. */
export function leftOf(figure: StoredFigure, old: readonly OldPanel[]): number {
  const { layout } = figure;
  const { l } = layout.margin as { l: number };
  const first = axisOf(layout, old[0].yaxis);
  const titles = Math.max(...old.map((panel) => linesOf(titleOf(layout, panel, panel.height)) - 1)) * 15;
  if (isNamed(figure, old[0]) && first.ticktext) {
    return (
      Math.ceil(Math.max(...first.ticktext.map((text) => widthOf(wrapHtml(text, ROW_NAME, size.tick), size.tick)))) +
      42 +
      titles
    );
  }
  const beside = ((layout.annotations ?? []) as Json[]).filter((note) => note.xref === 'paper' && note.xshift === -10);
  if (beside.length > 0) {
    return Math.ceil(Math.max(...beside.map((note) => widthOf(wrapHtml(note.text as string, ROW_NAME))))) + 22;
  }
  return l + titles;
}

function titleOf(layout: Json, panel: OldPanel, room: number): string {
  return wrapHtml(axisOf(layout, panel.yaxis).title?.text ?? '', Math.max(room, 120));
}

/** Columns of names are slanted where they are wider than a column. */
function slanted(axis: Axis, columns: number, width: number): boolean {
  const names = axis.ticktext ?? [];
  return Math.max(0, ...names.map((name) => textWidth(name, size.tick))) > width / columns - 2;
}

const columnsOf = (axis: Axis) => Math.abs((axis.range ?? [0, 1])[1] - (axis.range ?? [0, 1])[0]);

/** Bottom margin, pixels. */
export function bottomOf(figure: StoredFigure, width: number): number {
  const { layout } = figure;
  const { b } = layout.margin as { b: number };
  const old = Object.keys(layout).filter((key) => /^xaxis\d*$/.test(key));
  const x = axisOf(layout, old[0]);
  if (x.visible === false) return b;
  const titles = (linesOf(wrapHtml(x.title?.text ?? '', width)) - 1) * 16;
  const named = figure.data.some((trace) => trace.type === 'heatmap');
  if (named) return (slanted(x, columnsOf(x), width) ? 88 : 56) + titles;
  return b + titles;
}

/** The layout's axes. */
export function axesOnPhone(figure: StoredFigure, panels: readonly PhonePanel[], width: number): Json {
  const { layout } = figure;
  const out: Json = {};
  const lowest = panels[panels.length - 1];
  for (const panel of panels) {
    const named = isNamed(figure, panel);
    const labelledX = panel === lowest || panel.xaxis === lowest.xaxis;
    const x = labelsFrom(axisOf(layout, panel.xaxis), axisOf(layout, lowestLabelled(layout, panels)));
    const title = { ...x.title, text: wrapHtml(x.title?.text ?? '', width) };
    const shown = { ...(labelledX ? { ...x, title } : withoutLabels(x)), ...sparse(x, width, named && labelledX) };
    out[panel.xaxis] = { ...(x.visible === false ? x : shown), domain: [0, 1] };
    const y = labelsFrom(axisOf(layout, panel.yaxis), axisOf(layout, firstInRow(panels, panel)));
    const text = wrapHtml(y.title?.text ?? '', Math.max(panel.height, 120));
    const names =
      named && y.ticktext ? { ticktext: y.ticktext.map((name) => wrapHtml(name, ROW_NAME, size.tick)) } : {};
    out[panel.yaxis] = {
      ...y,
      domain: [...panel.domainY],
      ...names,
      ...(y.title ? { title: { ...y.title, text } } : {}),
    };
  }
  return out;
}

/** An axis that another of its row or column labels takes its labels from that one. */
function labelsFrom(axis: Axis, other: Axis): Axis {
  if (axis.showticklabels !== false) return axis;
  const { showticklabels: _hidden, ticks: _none, ...own } = axis;
  const { tickformat, title } = other;
  return { ...own, title, ...(tickformat === undefined ? {} : { tickformat }) };
}

function withoutLabels({ tickangle: _angle, tickformat: _format, ...axis }: Axis): Axis {
  return { ...axis, showticklabels: false, title: { text: '' } };
}

function firstInRow(panels: readonly PhonePanel[], panel: PhonePanel): string {
  const row = panels.filter(({ old }) => old.domainY[1] === panel.old.domainY[1]);
  return row.reduce((a, b) => (b.old.domainX[0] < a.old.domainX[0] ? b : a)).yaxis;
}

function lowestLabelled(layout: Json, panels: readonly PhonePanel[]): string {
  const labelled = panels.filter(({ xaxis }) => axisOf(layout, xaxis).showticklabels !== false);
  return (labelled.at(-1) ?? panels[0]).xaxis;
}

/** Every k-th tick, so that their labels keep apart; of a heat map, slanted names as many as fit. */
function sparse(axis: Axis, width: number, named: boolean): Json {
  const { tickvals, ticktext, range } = axis;
  if (!tickvals || !ticktext || !range) return { nticks: 4 };
  const slant = named && slanted(axis, columnsOf(axis), width);
  const place = (value: number) => {
    const v = axis.type === 'log' ? Math.log10(value) : value;
    return ((v - range[0]) / (range[1] - range[0])) * width;
  };
  const need = (i: number) => (slant ? 15 : textWidth(ticktext[i], size.tick) + 8);
  for (let every = 1; every <= tickvals.length; every++) {
    const kept = tickvals.map((_, i) => i).filter((i) => i % every === 0);
    const apart = kept.every((i, k) => {
      if (k === 0) return true;
      return Math.abs(place(tickvals[i]) - place(tickvals[kept[k - 1]])) >= (need(i) + need(kept[k - 1])) / 2;
    });
    if (apart || every === tickvals.length)
      return {
        tickvals: kept.map((i) => tickvals[i]),
        ticktext: kept.map((i) => ticktext[i]),
        ...(named ? { tickangle: slant ? -40 : 0 } : {}),
      };
  }
  return {};
}
