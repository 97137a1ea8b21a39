/** Names where lines end, right of the panel, moved apart where lines end close together. */
import { escapeHtml } from '../../core/html';
import { textWidth, wrap } from '../format';
import type { DrawMark } from '../plot';
import { size } from '../theme';

/** Names are broken at this width, pixels. */
const WIDTH = 190;

/** What stands at the right end of a line, and at which height. @internal */
export interface EndName {
  readonly lines: readonly string[];
  readonly color: string;
  /** where the line ends, in axis coordinates (log10 on logarithmic axes) */
  readonly at: number;
}

/** @internal */
export function endName(text: string, color: string, at: number): EndName {
  return { lines: wrap(text, WIDTH, size.text), color, at };
}

/** Pixels that the longest of names takes. @internal */
export function namesWidth(names: readonly EndName[]): number {
  return Math.ceil(Math.max(14, ...names.flatMap((name) => name.lines.map((line) => textWidth(line, size.text)))));
}

/** @internal */
export function endNames(names: readonly EndName[]): DrawMark {
  return ({ y, domainX, domainY, height }) => {
    const [low, high] = y.range;
    const gap = (size.text + 3.5) * Math.max(1, ...names.map((name) => name.lines.length));
    const placed = spread(
      names.map((name) => ((name.at - low) / (high - low)) * height),
      gap,
      height,
    );
    const annotations = names.map((name, i) => ({
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
    }));
    return { annotations };
  };
}

/** Moves labels apart along one axis, in pixels, keeping their order and staying between 0 and `length`. @internal */
export function spread(positions: number[], gap: number, length: number): number[] {
  const order = positions.map((_, i) => i).sort((a, b) => positions[a] - positions[b]);
  const out = order.map((i) => Math.min(Math.max(positions[i], 0), length));
  // Pool neighbours that overlap into one block around their mean, as isotonic regression does, then lay blocks out.
  type Block = { sum: number; members: number[] };
  const blocks: Block[] = [];
  const start = (block: Block) => {
    const centre = block.sum / block.members.length;
    const half = ((block.members.length - 1) * gap) / 2;
    return Math.min(Math.max(centre, half), Math.max(half, length - half)) - half;
  };
  out.forEach((position, k) => {
    blocks.push({ sum: position, members: [k] });
    for (;;) {
      const last = blocks[blocks.length - 1];
      const before = blocks[blocks.length - 2];
      if (!before || start(before) + before.members.length * gap <= start(last)) break;
      blocks.splice(-2, 2, { sum: before.sum + last.sum, members: [...before.members, ...last.members] });
    }
  });
  const result = new Array<number>(positions.length);
  for (const block of blocks) {
    const first = start(block);
    block.members.forEach((k, j) => (result[order[k]] = first + j * gap));
  }
  return result;
}
