/** A cube of cells seen from the front, above and the right, with the cells coloured that share their statistics. */
import { escapeHtml } from '../../core/html';
import { wrap } from '../format';
import type { DrawMark } from '../plot';
import { identities, ink, size, translucent } from '../theme';

/** Cells along each axis. @internal */
export interface Sizes {
  readonly N: number;
  readonly C: number;
  readonly HW: number;
}

/** One cell into the page, on the page: to the right and up. */
const DEPTH = [0.5, 0.4] as const;

/** Room for the letters left of a cube and for the words below it, in cells. */
const MARGIN = { left: 1.5, right: 0.5, top: 0.2, bottom: 2.9 };

/** What a cube with its letters and words takes on the page, in cells. @internal */
export function cubeExtent({ N, C, HW }: Sizes): { x: [number, number]; y: [number, number] } {
  return {
    x: [-MARGIN.left, N + C * DEPTH[0] + MARGIN.right],
    y: [-MARGIN.bottom, HW + C * DEPTH[1] + MARGIN.top],
  };
}

type Kind = 'batch' | 'layer' | 'instance' | 'group';

/** Whether the cell of example `n` and channel `c` is among those that share one mean: of the last example, of the first channel or group. */
function shares(kind: Kind, n: number, c: number, { N, C }: Sizes, groups: number): boolean {
  const [example, channel, group] = [n === N - 1, c === 0, c < C / groups];
  return { batch: channel, layer: example, instance: example && channel, group: example && group }[kind];
}

type Corner = readonly [number, number, number];

/** Corners n, c, h on the page. */
function project([n, c, h]: Corner): string {
  return `${+(n + c * DEPTH[0]).toFixed(3)},${+(h + c * DEPTH[1]).toFixed(3)}`;
}

/** The three faces that are seen, cell by cell: each with its corners, and the example and channel that it belongs to. */
function faces({ N, C, HW }: Sizes): { corners: Corner[]; n: number; c: number; opacity: number }[] {
  const each = (a: number, b: number) => Array.from({ length: a * b }, (_, i) => [i % a, Math.floor(i / a)] as const);
  const front = each(N, HW).map(([n, h]) => ({
    ...{ n, c: 0, opacity: 1 },
    corners: [[n, 0, h], [n + 1, 0, h], [n + 1, 0, h + 1], [n, 0, h + 1]] as Corner[],
  })); // prettier-ignore
  const top = each(N, C).map(([n, c]) => ({
    ...{ n, c, opacity: 0.7 },
    corners: [[n, c, HW], [n + 1, c, HW], [n + 1, c + 1, HW], [n, c + 1, HW]] as Corner[],
  })); // prettier-ignore
  const right = each(C, HW).map(([c, h]) => ({
    ...{ n: N - 1, c, opacity: 0.85 },
    corners: [[N, c, h], [N, c + 1, h], [N, c + 1, h + 1], [N, c, h + 1]] as Corner[],
  })); // prettier-ignore
  return [...front, ...top, ...right];
}

/** @internal */
export function cube(kind: Kind, sizes: Sizes, groups: number, words: string): DrawMark {
  const { N, C, HW } = sizes;
  const { color } = identities[kind];
  return ({ axes, x, width }) => {
    const place = { xref: axes.xaxis, yref: axes.yaxis };
    const shapes = faces(sizes).map(({ corners, n, c, opacity }) => ({
      ...{ type: 'path', ...place, path: `M${corners.map(project).join('L')}Z` },
      fillcolor: shares(kind, n, c, sizes, groups) ? translucent(color, opacity) : ink.box,
      line: { color: ink.axis, width: 0.75 },
    }));
    const lines = wrap(
      `mean and variance ${words}`,
      width - (MARGIN.left * width) / (x.range[1] - x.range[0]),
      size.small,
    );
    const below = {
      ...{
        ...place,
        text: lines.map(escapeHtml).join('<br>'),
        align: 'left',
        font: { size: size.small, color: ink.muted },
      },
      ...{ x: 0, y: -0.9, xanchor: 'left', yanchor: 'top' },
    };
    const letters = {
      ...{ x: [N / 2, N + (C * DEPTH[0]) / 2 + 0.35, -0.8], y: [-0.45, (C * DEPTH[1]) / 2 - 0.4, HW / 2] },
      text: ['N', 'C', 'H·W'],
    };
    return {
      data: [
        {
          ...{ type: 'scatter', mode: 'text', ...letters, textfont: { size: size.text, color: ink.text } },
          ...{ hoverinfo: 'skip', showlegend: false, cliponaxis: false, ...axes },
        },
      ],
      ...{ shapes, annotations: [below], roles: [kind] },
    };
  };
}
