/** One row: a bar, the seeds' values above it as faint dots, a dot at the centre, and what was expected as an open diamond. */
import { escapeHtml } from '../../core/html';
import type { PlotlyTrace } from '../figure';
import type { Role } from '../palette';
import { type DrawMark, numbers } from '../plot';
import { ink, translucent } from '../theme';

/** @internal */
export interface Interval {
  readonly label: string;
  readonly color: string;
  readonly role: Role;
  readonly symbol: string;
  readonly values: readonly number[];
  readonly center: number;
  readonly low: number;
  readonly high: number;
  readonly expected?: number;
  /** The numbers in words, as a pointer shows them. */
  readonly text: string;
}

/** @internal */
export function interval(row: Interval, at: number, expectedLabel: string): DrawMark {
  const { color } = row;
  const name = escapeHtml(row.label);
  const points = (x: readonly number[], y: number, marker: Record<string, unknown>, says: string, called: string) =>
    ({
      ...{ type: 'scatter', mode: 'markers', x: numbers(x), y: x.map(() => y), marker },
      ...{ hovertemplate: `${says}<extra></extra>`, name: called },
    }) satisfies PlotlyTrace;
  const bar: PlotlyTrace = {
    ...{ type: 'scatter', mode: 'lines', x: numbers([row.low, row.high]), y: [at, at] },
    ...{
      line: { color: translucent(color, 0.55), width: 7 },
      hoverinfo: 'skip',
      name: `${name}, interval`,
      meta: { role: row.role },
    },
  };
  const symbol = row.symbol.startsWith('line') ? 'circle' : row.symbol;
  const data = [bar];
  if (row.values.length > 1) {
    const faint = { color, opacity: 0.55, size: 4 };
    data.push(points(row.values, at + 0.26, faint, `${name}, one seed: %{x:.4~g}`, `${name}, seeds`));
  }
  const centre = { color, size: 10, symbol, line: { color: ink.paper, width: 1 } };
  data.push(points([row.center], at, centre, `${name}: ${escapeHtml(row.text)}`, name));
  if (row.expected !== undefined) {
    const diamond = { color: ink.text, size: 12, symbol: 'diamond-open', line: { width: 1.5 } };
    const says = `${name}, ${escapeHtml(expectedLabel)}: %{x:.4~g}`;
    data.push(points([row.expected], at, diamond, says, `${name}, expected`));
  }
  return () => ({ data });
}
