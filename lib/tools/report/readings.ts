/** What of a figure a reader turns: the place on its axis, over the runs that it holds; read off line by line, without a kernel. */
import type { Drawing } from './blocks';

/** A slider over a figure. */
export interface Reading {
  /** Of the axis. */
  label: string;
  x: number[];
  /** The lines that have a value at each place; `trace` is where in the figure. */
  lines: { name: string; panel: string; trace: number; xaxis: string; yaxis: string; percent: boolean }[];
}

/** A slider has no less stops. */
const STOPS = 4;

type Json = Record<string, unknown>;

/** The figure's slider: over the places that most of its lines share; nothing where fewer than two do. */
export function readingOf({ data, layout, frames }: Drawing): Reading | undefined {
  if (frames.length > 0) return undefined; // its own slider turns it
  const groups = new Map<string, number[]>();
  for (const [i, trace] of data.entries()) {
    if (!isLine(trace)) continue;
    const key = JSON.stringify(trace.x);
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  const [key, traces] = [...groups].sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
  if (key === undefined || traces === undefined || traces.length < 2) return undefined;
  const axis = (layout.xaxis ?? {}) as { title?: { text?: string } };
  const first = axisOf(layout, data[traces[0]].xaxis, 'x') as { title?: { text?: string } };
  const label = wordsOf(first.title?.text || axis.title?.text || 'place');
  return { label, x: JSON.parse(key) as number[], lines: traces.map((i) => lineOf(data[i], layout, i)) };
}

function isLine({ type, mode, name, fill, x, y, hoverinfo }: Json): boolean {
  const isNumbers = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((v) => typeof v === 'number');
  if (type !== undefined && type !== 'scatter') return false;
  if (!String(mode ?? 'lines').includes('lines') || hoverinfo === 'skip' || (fill !== undefined && fill !== 'none'))
    return false;
  return (
    typeof name === 'string' && isNumbers(x) && new Set(x).size >= STOPS && Array.isArray(y) && y.length === x.length
  );
}

function lineOf(trace: Json, layout: Json, at: number): Reading['lines'][number] {
  const [xaxis, yaxis] = [String(trace.xaxis ?? 'x'), String(trace.yaxis ?? 'y')];
  const { tickformat } = axisOf(layout, yaxis, 'y') as { tickformat?: unknown };
  const name = wordsOf(String(trace.name));
  return {
    name,
    panel: panelOf(layout, xaxis, yaxis),
    trace: at,
    xaxis,
    yaxis,
    percent: String(tickformat ?? '').includes('%'),
  };
}

function axisOf(layout: Json, name: unknown, letter: 'x' | 'y'): Json {
  return (layout[`${letter}axis${String(name ?? letter).slice(1)}`] ?? {}) as Json;
}

/** The title that stands above a panel's left edge. */
function panelOf(layout: Json, xaxis: string, yaxis: string): string {
  const [[left], [, top]] = [
    axisOf(layout, xaxis, 'x').domain ?? [0, 1],
    axisOf(layout, yaxis, 'y').domain ?? [0, 1],
  ] as number[][];
  const notes = (Array.isArray(layout.annotations) ? layout.annotations : []) as Json[];
  const near = (a: unknown, b: number) => typeof a === 'number' && Math.abs(a - b) < 1e-6;
  const title = notes.find(
    (note) => note.yanchor === 'bottom' && note.xref === 'paper' && near(note.x, left) && near(note.y, top),
  );
  return wordsOf(String(title?.text ?? ''));
}

function wordsOf(html: string): string {
  return html
    .replace(/<br>/g, ' ')
    .replace(/<[^>]*>/g, '')
    .trim();
}
