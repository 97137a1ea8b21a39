/** Chains of boxes joined by arrows, each with a name before it and a note beside or below it. */
import { escapeHtml } from '../../core/html';
import type { PlotlyTrace } from '../figure';
import { textWidth, wrap } from '../format';
import type { DrawMark } from '../plot';
import { identities, ink, size } from '../theme';
import { type Arrow, arrows } from './arrows';

/** One chain of blocks, drawn from left to right. */
export interface BlockRow {
  /** stands left of the chain */
  label: string;
  /** blocks in order; a block named in `highlight` is filled with BN's colour */
  blocks: readonly string[];
  /** stands right of the chain: what follows from it */
  note?: string;
}

const FONT = size.text;
const ARROW = 30;
const BOX = 32;
const ROW = 62;
/** Width of a value, which stands without a box. */
const VALUE = 26;

/** Where chains stand on a page, in pixels from its upper left corner. @internal */
export interface ChainPlan {
  readonly rows: readonly BlockRow[];
  readonly highlight: readonly string[];
  /** Left edge of the chains and of the notes, and where a line of notes ends. */
  readonly start: number;
  readonly noteStart: number;
  readonly inner: number;
  readonly notesBelow: boolean;
  /** Pixels that each row takes. */
  readonly heights: readonly number[];
  /** Pixels that names and the longest chain need. */
  readonly needed: number;
}

/** @internal */
export function planChains(rows: readonly BlockRow[], highlight: readonly string[], inner: number): ChainPlan {
  const start = Math.ceil(Math.max(...rows.map((row) => textWidth(row.label, FONT, true)))) + 18;
  const needed = start + Math.max(...rows.map(chainWidth));
  const notesBelow = inner - (needed + 16) < 130;
  const noteLines = (row: BlockRow) => (row.note && notesBelow ? wrap(row.note, inner - start, size.small).length : 0);
  const heights = rows.map((row) => ROW + (noteLines(row) > 0 ? 18 * noteLines(row) - 6 : 0));
  return { rows, highlight, start, noteStart: notesBelow ? start : needed + 16, inner, notesBelow, heights, needed };
}

function isValue(row: BlockRow, k: number): boolean {
  const outermost = k === 0 || k === row.blocks.length - 1;
  return outermost && /^[^A-Z(+]*$/.test(row.blocks[k]) && row.blocks[k].length <= 3;
}

function blockWidth(row: BlockRow, k: number): number {
  return isValue(row, k) ? VALUE : Math.max(44, Math.ceil(textWidth(row.blocks[k], FONT)) + 22);
}

function chainWidth(row: BlockRow): number {
  return row.blocks.reduce((sum, _, k) => sum + blockWidth(row, k), 0) + (row.blocks.length - 1) * ARROW;
}

/** One block, where it stands. */
interface Block {
  text: string;
  x: number;
  y: number;
  width: number;
  value: boolean;
  filled: boolean;
}

/** @internal */
export function chains(plan: ChainPlan): DrawMark {
  const tops = plan.heights.map((_, r) => plan.heights.slice(0, r).reduce((a, b) => a + b, 0));
  const middles = tops.map((top) => top + ROW / 2);
  const placed = plan.rows.map((row, r) => blocksOf(row, plan, middles[r]));
  const all = placed.flat();
  return (frame) => ({
    data: [words(all)],
    shapes: all.filter((block) => !block.value).map(box),
    annotations: plan.rows.flatMap((row, r) => [
      name(row.label, middles[r]),
      ...(arrows(between(placed[r]))(frame).annotations ?? []),
      ...(row.note ? [note(row.note, plan, middles[r])] : []),
    ]),
  });
}

function blocksOf(row: BlockRow, { start, highlight }: ChainPlan, y: number): Block[] {
  let left = start;
  return row.blocks.map((text, k) => {
    const width = blockWidth(row, k);
    const x = left + width / 2;
    left += width + ARROW;
    return { text, x, y, width, value: isValue(row, k), filled: highlight.includes(text) };
  });
}

function between(blocks: readonly Block[]): Arrow[] {
  return blocks.slice(1).map((next, k) => {
    const [left, right] = [blocks[k].x + blocks[k].width / 2 + 4, next.x - next.width / 2 - 4];
    return { from: [left, next.y], to: [right, next.y], color: ink.muted, width: 1.3 };
  });
}

function box({ x, y, width, filled }: Block): Record<string, unknown> {
  return {
    type: 'rect',
    ...{ x0: x - width / 2, x1: x + width / 2, y0: y - BOX / 2, y1: y + BOX / 2 },
    line: { color: filled ? identities.batch.color : ink.muted, width: filled ? 1.5 : 1 },
    fillcolor: filled ? identities.batch.color : ink.box,
    layer: 'below',
  };
}

function words(blocks: readonly Block[]): PlotlyTrace {
  const html = ({ text, filled, value }: Block) =>
    filled ? `<b>${escapeHtml(text)}</b>` : value ? `<i>${escapeHtml(text)}</i>` : escapeHtml(text);
  return {
    type: 'scatter',
    mode: 'text',
    x: blocks.map(({ x }) => x),
    y: blocks.map(({ y }) => y),
    text: blocks.map(html),
    textfont: { color: blocks.map(({ filled }) => (filled ? ink.paper : ink.text)), size: FONT },
    hoverinfo: 'skip',
    showlegend: false,
  };
}

function name(label: string, y: number): Record<string, unknown> {
  const text = `<b>${escapeHtml(label)}</b>`;
  return { text, font: { size: FONT, color: ink.text }, x: 0, y, xanchor: 'left', yanchor: 'middle' };
}

function note(text: string, { inner, notesBelow, noteStart }: ChainPlan, y: number): Record<string, unknown> {
  return {
    text: wrap(text, inner - noteStart, size.small)
      .map(escapeHtml)
      .join('<br>'),
    font: { size: size.small, color: ink.muted },
    align: 'left',
    x: noteStart,
    y: notesBelow ? y + BOX / 2 + 4 : y,
    xanchor: 'left',
    yanchor: notesBelow ? 'top' : 'middle',
  };
}
