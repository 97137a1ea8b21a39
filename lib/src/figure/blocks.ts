/** Block diagrams: where in a layer the normalization stands. */
import { listOf, needed, type Options, optionsOf, text as aString } from '../core/checks';
import {
  assemble,
  escapeHtml,
  expectFigure,
  FigureError,
  heading,
  TEXT_OPTIONS,
  type Figure,
  type FigureText,
} from './figure';
import { textWidth, wrap } from './format';
import { identities, ink, size } from './theme';

/** One chain of blocks, drawn from left to right. */
export interface BlockRow {
  /** stands left of the chain */
  label: string;
  /** blocks in order; a block named in `highlight` is filled with BN's colour */
  blocks: readonly string[];
  /** stands right of the chain: what follows from it */
  note?: string;
}

/** What {@link blockDiagram} takes. */
export interface BlockOptions extends FigureText {
  /** From top to bottom. */
  rows: readonly BlockRow[];
  /** names of the blocks to fill; 'BN' unless told */
  highlight?: readonly string[];
}

const BLOCK_ROW = optionsOf<BlockRow>({ label: needed(aString), blocks: needed(listOf(aString)), note: aString });
const BLOCK_OPTIONS: Options<BlockOptions> = {
  ...{ ...TEXT_OPTIONS, rows: needed(listOf(BLOCK_ROW)), highlight: listOf(aString) },
};

/**
 * Chains of boxes joined by arrows, one below the other: output -> BN -> activation against the alternatives. The
 * first and last block of a chain are drawn without a box when they are values (written in lower case), not operations.
 *
 * @throws FigureError for missing text, no rows, a row without blocks, or a row that does not fit on the page
 */
export function blockDiagram(options: BlockOptions): Figure {
  const builder = 'blockDiagram';
  expectFigure(builder, options, BLOCK_OPTIONS);
  const { rows } = options;
  if (rows.length === 0 || rows.some((row) => row.blocks.length === 0)) {
    throw new FigureError(`${builder}: wanted at least one row, each with at least one block.`);
  }
  const highlight = options.highlight ?? ['BN'];
  const { title, height: headHeight } = heading(options, []);
  const [font, arrow, boxHeight, rowHeight, margin] = [size.text, 30, 32, 62, 14];
  const labelWidth = Math.ceil(Math.max(...rows.map((row) => textWidth(row.label, font, true)))) + 18;
  const boxWidth = (block: string) => Math.max(44, Math.ceil(textWidth(block, font)) + 22);
  const isValue = (row: BlockRow, k: number) =>
    (k === 0 || k === row.blocks.length - 1) && /^[^A-Z(+]*$/.test(row.blocks[k]) && row.blocks[k].length <= 3;
  const chainWidth = (row: BlockRow) =>
    row.blocks.reduce((sum, block, k) => sum + (isValue(row, k) ? 26 : boxWidth(block)), 0) +
    (row.blocks.length - 1) * arrow;
  const inner = size.width - 2 * margin;
  const widest = Math.max(...rows.map(chainWidth));
  if (labelWidth + widest > inner) {
    throw new FigureError(
      `${builder}: a chain needs ${labelWidth + widest} pixels, the page has ${inner}. Shorten the names, or use fewer blocks.`,
    );
  }
  const noteLeft = labelWidth + widest + 16;
  const noteRoom = inner - noteLeft;
  const notesBelow = noteRoom < 130;
  const heights = rows.map(
    (row) => rowHeight + (row.note && notesBelow ? 18 * wrap(row.note, inner - labelWidth, size.small).length - 6 : 0),
  );
  const height = heights.reduce((a, b) => a + b, 0);
  const shapes: Record<string, unknown>[] = [];
  const annotations: Record<string, unknown>[] = [];
  const words = { x: [] as number[], y: [] as number[], text: [] as string[], color: [] as string[] };
  let top = 0;
  rows.forEach((row, r) => {
    const y = top + rowHeight / 2;
    annotations.push({
      text: `<b>${escapeHtml(row.label)}</b>`,
      font: { size: font, color: ink.text },
      x: 0,
      y,
      xanchor: 'left',
      yanchor: 'middle',
    });
    let x = labelWidth;
    row.blocks.forEach((block, k) => {
      const value = isValue(row, k);
      const w = value ? 26 : boxWidth(block);
      const filled = highlight.includes(block);
      if (!value) {
        shapes.push({
          type: 'rect',
          x0: x,
          x1: x + w,
          y0: y - boxHeight / 2,
          y1: y + boxHeight / 2,
          line: { color: filled ? identities.batch.color : ink.muted, width: filled ? 1.5 : 1 },
          fillcolor: filled ? identities.batch.color : '#f6f6f6',
        });
      }
      words.x.push(x + w / 2);
      words.y.push(y);
      words.text.push(
        filled ? `<b>${escapeHtml(block)}</b>` : value ? `<i>${escapeHtml(block)}</i>` : escapeHtml(block),
      );
      words.color.push(filled ? ink.paper : ink.text);
      x += w;
      if (k < row.blocks.length - 1) {
        annotations.push({
          x: x + arrow - 4,
          y,
          ax: x + 4,
          ay: y,
          axref: 'x',
          ayref: 'y',
          showarrow: true,
          arrowhead: 2,
          arrowsize: 1,
          arrowwidth: 1.3,
          arrowcolor: ink.muted,
          text: '',
        });
        x += arrow;
      }
    });
    if (row.note) {
      const lines = wrap(row.note, notesBelow ? inner - labelWidth : noteRoom, size.small);
      annotations.push({
        text: lines.map(escapeHtml).join('<br>'),
        font: { size: size.small, color: ink.muted },
        align: 'left',
        x: notesBelow ? labelWidth : noteLeft,
        y: notesBelow ? y + boxHeight / 2 + 4 : y,
        xanchor: 'left',
        yanchor: notesBelow ? 'top' : 'middle',
      });
    }
    top += heights[r];
  });
  return assemble(options, {
    data: [
      {
        type: 'scatter',
        mode: 'text',
        x: words.x,
        y: words.y,
        text: words.text,
        textfont: { color: words.color, size: font },
        hoverinfo: 'skip',
        showlegend: false,
      },
    ],
    layout: {
      width: size.width,
      height: headHeight + height + 14,
      margin: { t: headHeight, r: margin, b: 14, l: margin },
      title,
      shapes: shapes.map((shape) => ({ ...shape, layer: 'below' })),
      annotations,
      xaxis: { visible: false, range: [0, inner], fixedrange: true },
      yaxis: { visible: false, range: [height, 0], fixedrange: true },
    },
    summary: rows.map((row) => `  ${row.label}: ${row.blocks.join(' → ')}${row.note ? ` (${row.note})` : ''}`),
  });
}
