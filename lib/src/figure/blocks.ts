/** Block diagrams: where in a layer the normalization stands. */
import { listOf, needed, type Options, optionsOf, text as aString } from '../core/checks';
import { expectFigure, type Figure, FigureError, type FigureText, TEXT_OPTIONS } from './figure';
import { type BlockRow, chains, planChains } from './marks/chains';
import { plot } from './plot';
import { hiddenScale } from './scales';
import { size } from './theme';

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
  const inner = size.width - 2 * MARGIN;
  const { highlight = ['BN'] } = options;
  const plan = planChains(rows, highlight, inner);
  if (plan.needed > inner) {
    throw new FigureError(
      `${builder}: a chain needs ${plan.needed} pixels, the page has ${inner}. Shorten the names, or use fewer blocks.`,
    );
  }
  return plot({
    text: options,
    panels: [{ x: hiddenScale([0, inner]), y: hiddenScale([plan.height, 0]), marks: [chains(plan)] }],
    room: { left: MARGIN, right: MARGIN, head: 0, bottom: MARGIN },
    height: plan.height,
    meta: { chains: { rows, highlight } },
    summary: rows.map((row) => `  ${row.label}: ${row.blocks.join(' → ')}${row.note ? ` (${row.note})` : ''}`),
  });
}

const MARGIN = 14;
