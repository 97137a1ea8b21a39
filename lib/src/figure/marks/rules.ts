/** Straight reference lines across a panel, with their names. */
import { escapeHtml } from '../../core/html';
import { finite, needed, type Options, text as aString } from '../../core/checks';
import type { DrawMark, Frame } from '../plot';
import { placeOn } from '../scales';
import { ink } from '../theme';

/** A straight reference line across a panel, such as chance level or a limit from theory. */
export interface Mark {
  /** horizontal line at this y */
  y?: number;
  /** vertical line at this x */
  x?: number;
  /** Beside the line. */
  label: string;
}

export const MARK_OPTIONS: Options<Mark> = { y: finite, x: finite, label: needed(aString) };

const LINE = { color: ink.muted, width: 1, dash: 'dot' };

/** Rules; those that lie are named at their right end, unless `endNames` names them beside the panel. @internal */
export function rules(marks: readonly Mark[], named: 'inside' | 'beside'): DrawMark {
  return (frame) => {
    const drawn = marks.map((mark) =>
      mark.y === undefined ? standing(mark, frame) : lying(mark, mark.y, frame, named),
    );
    return {
      shapes: drawn.flatMap(({ shapes }) => shapes),
      annotations: drawn.flatMap(({ annotations }) => annotations),
    };
  };
}

function lying(mark: Mark, y: number, frame: Frame, named: 'inside' | 'beside') {
  const { xaxis, yaxis } = frame.axes;
  const place = { xref: `${xaxis} domain`, yref: yaxis };
  return {
    shapes: [{ type: 'line', ...place, x0: 0, x1: 1, y0: y, y1: y, line: LINE, layer: 'below' }],
    annotations:
      named === 'beside'
        ? []
        : [
            {
              ...{ text: escapeHtml(mark.label), ...place, x: 1, y: placeOn(frame.y, y) },
              ...{ xanchor: 'right', yanchor: 'bottom' },
            },
          ],
  };
}

function standing(mark: Mark, frame: Frame) {
  if (mark.x === undefined) return { shapes: [], annotations: [] };
  const { xaxis, yaxis } = frame.axes;
  const place = { xref: xaxis, yref: `${yaxis} domain` };
  return {
    shapes: [{ type: 'line', ...place, x0: mark.x, x1: mark.x, y0: 0, y1: 1, line: LINE, layer: 'below' }],
    annotations: [
      {
        ...{ text: escapeHtml(mark.label), ...place, x: placeOn(frame.x, mark.x), xshift: 4, y: 1 },
        ...{ xanchor: 'left', yanchor: 'top' },
      },
    ],
  };
}

/** A standing line that is named above the panel. @internal */
export function reference(value: number, label: string): DrawMark {
  return ({ axes, x }) => ({
    shapes: [{ type: 'line', xref: axes.xaxis, yref: 'paper', x0: value, x1: value, y0: 0, y1: 1, line: LINE }],
    annotations: [
      {
        ...{ text: escapeHtml(label), xref: axes.xaxis, yref: 'paper' },
        ...{ x: placeOn(x, value), y: 1, yanchor: 'bottom', yshift: 2 },
      },
    ],
  });
}
