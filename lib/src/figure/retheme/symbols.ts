/** Symbols on lines, for a page without colours. */
import type { PlotlyTrace } from '../figure';
import { identities, symbols } from '../theme';
import type { StoredFigure } from './stored';

/** Symbols along a line of many points. */
const SHOWN = 9;

/** Gives each line that stands beside others its symbol, at a few of its points; dashes it has already. @internal */
export function withSymbols(figure: StoredFigure): StoredFigure {
  const lines = figure.data.filter(isLine);
  const beside = (trace: PlotlyTrace) =>
    lines.some(
      (other) => other.xaxis === trace.xaxis && other.yaxis === trace.yaxis && roleOf(other) !== roleOf(trace),
    );
  return { ...figure, data: figure.data.map((trace) => (isLine(trace) && beside(trace) ? marked(trace) : trace)) };
}

function roleOf(trace: PlotlyTrace): string | undefined {
  return (trace.meta as { role?: string } | undefined)?.role;
}

/** A curve: no area, no histogram, no companion without a name, and a role that says whose symbol it is. */
function isLine(trace: PlotlyTrace): boolean {
  const drawn = trace.type === 'scatter' && /^lines/.test(String(trace.mode));
  return drawn && trace.fill === undefined && trace.hoverinfo !== 'skip' && symbolOf(trace) !== undefined;
}

function symbolOf(trace: PlotlyTrace): string | undefined {
  const role = roleOf(trace) ?? '';
  if (role in identities) return identities[role as keyof typeof identities].symbol;
  const place = /^ordinal (\d+)\//.exec(role);
  return place ? symbols[Number(place[1]) % symbols.length] : undefined;
}

function marked(trace: PlotlyTrace): PlotlyTrace {
  const symbol = symbolOf(trace) as string;
  if (symbol.startsWith('line')) return trace; // a reference is told by its dots
  const { color } = trace.line as { color: string };
  return {
    ...trace,
    mode: 'lines+markers',
    marker: { color, symbol, size: 7, ...(trace.marker as object), maxdisplayed: SHOWN },
  };
}
