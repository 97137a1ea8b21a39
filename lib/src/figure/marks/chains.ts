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
/** Height of a name above its chain. */
const LABEL = 24;
/** Width of a value, which stands without a box. */
const VALUE = 26;

/** One block, where it stands: its middle, in pixels from the upper left corner of the page. */
interface Block {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly value: boolean;
  readonly filled: boolean;
}

/** One row, where it stands. */
interface PlacedRow {
  readonly name: Record<string, unknown>;
  readonly blocks: readonly Block[];
  readonly note?: Record<string, unknown>;
}

/** Where chains stand on a page. @internal */
export interface ChainPlan {
  readonly rows: readonly PlacedRow[];
  /** Pixels that all rows take. */
  readonly height: number;
  /** Pixels across that names and the longest chain need. */
  readonly needed: number;
}

/** Names before their chains, notes beside them where there is room, else below. @internal */
export function planChains(rows: readonly BlockRow[], highlight: readonly string[], inner: number): ChainPlan {
  const start = Math.ceil(Math.max(...rows.map((row) => textWidth(row.label, FONT, true)))) + 18;
  const needed = start + Math.max(...rows.map(chainWidth));
  const below = inner - (needed + 16) < 130;
  const noteStart = below ? start : needed + 16;
  let height = 0;
  const placed = rows.map((row): PlacedRow => {
    const y = height + ROW / 2;
    const lines = row.note ? wrap(row.note, inner - noteStart, size.small) : [];
    height += ROW + (below && lines.length > 0 ? 18 * lines.length - 6 : 0);
    return {
      name: nameAt(row.label, y),
      blocks: blocksOf(row, highlight, y, start),
      note: below ? noteAt(lines, noteStart, y + BOX / 2 + 4, 'top') : noteAt(lines, noteStart, y, 'middle'),
    };
  });
  return { rows: placed, height, needed };
}

/** For a narrow page: names above their chains, which go on below where the page ends, and notes below them. @internal */
export function planNarrow(rows: readonly BlockRow[], highlight: readonly string[], inner: number): ChainPlan {
  let height = 0;
  const placed = rows.map((row): PlacedRow => {
    const y = height + LABEL + BOX / 2;
    const blocks = blocksOf(row, highlight, y, 0, inner);
    const bottom = Math.max(...blocks.map((block) => block.y)) + BOX / 2;
    const lines = row.note ? wrap(row.note, inner, size.small) : [];
    const name = nameAt(row.label, height + LABEL / 2);
    height = bottom + (lines.length > 0 ? 18 * lines.length + 4 : 0) + 16;
    return { name, blocks, note: noteAt(lines, 0, bottom + 4, 'top') };
  });
  return { rows: placed, height, needed: inner };
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

/** The blocks of a chain, side by side; on the next line where they would pass `end`. */
function blocksOf(row: BlockRow, highlight: readonly string[], middle: number, start: number, end = Infinity): Block[] {
  let [left, y] = [start, middle];
  return row.blocks.map((text, k) => {
    const width = blockWidth(row, k);
    if (k > 0 && left + width > end) [left, y] = [start + ARROW, y + BOX + 12];
    const x = left + width / 2;
    left += width + ARROW;
    return { text, x, y, width, value: isValue(row, k), filled: highlight.includes(text) };
  });
}

/** @internal */
export function chains(plan: ChainPlan): DrawMark {
  const all = plan.rows.flatMap((row) => row.blocks);
  return (frame) => ({
    data: [words(all)],
    roles: ['batch'],
    shapes: all.filter((block) => !block.value).map(box),
    annotations: plan.rows.flatMap((row) => [
      row.name,
      ...(arrows(between(row.blocks))(frame).annotations ?? []),
      ...(row.note ? [row.note] : []),
    ]),
  });
}

/** Arrows from block to block; to the first one of a line, from the left edge. */
function between(blocks: readonly Block[]): Arrow[] {
  return blocks.slice(1).map((next, k) => {
    const left = blocks[k].y === next.y ? blocks[k].x + blocks[k].width / 2 + 4 : 2;
    const right = next.x - next.width / 2 - 4;
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

function nameAt(label: string, y: number): Record<string, unknown> {
  const text = `<b>${escapeHtml(label)}</b>`;
  return { text, font: { size: FONT, color: ink.text }, x: 0, y, xanchor: 'left', yanchor: 'middle' };
}

function noteAt(lines: readonly string[], x: number, y: number, yanchor: string): Record<string, unknown> | undefined {
  if (lines.length === 0) return undefined;
  const text = lines.map(escapeHtml).join('<br>');
  return { text, font: { size: size.small, color: ink.muted }, align: 'left', x, y, xanchor: 'left', yanchor };
}
