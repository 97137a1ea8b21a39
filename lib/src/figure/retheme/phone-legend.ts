/** The legend on a phone: long names on several lines, as many entries a row as fit. */
import type { PlotlyTrace } from '../figure';
import { LINE } from '../legend';
import { type Json, linesOf, PHONE, widthOf, wrapHtml } from './phone-page';
import type { StoredFigure } from './stored';

const MARGIN = 12;
const WIDTH = PHONE.width - MARGIN - PHONE.right;

/** Layout and height of the legend, and the traces with their names wrapped. */
export function legendOnPhone(
  figure: StoredFigure,
  left: number,
): {
  height: number;
  layout?: Json;
  data: (traces: readonly PlotlyTrace[]) => PlotlyTrace[];
} {
  const { legend, showlegend } = figure.layout as { legend?: Json; showlegend?: boolean };
  if (!showlegend || !legend) return { height: 0, data: (traces) => [...traces] };
  const names = figure.data.filter((trace) => trace.showlegend === true).map((trace) => wrapped(trace.name));
  const entrywidth = Math.min(WIDTH - LINE - 12, Math.ceil(Math.max(0, ...names.map((name) => widthOf(name)))) + 10);
  const columns = Math.max(1, Math.floor(WIDTH / (entrywidth + LINE + 12)));
  const rows = Array.from({ length: Math.ceil(names.length / columns) }, (_, r) =>
    names.slice(r * columns, (r + 1) * columns),
  );
  const height = rows.reduce((sum, row) => sum + 5 + 16 * Math.max(...row.map(linesOf)), 0);
  return {
    height: height + 4,
    layout: { ...legend, x: (MARGIN - left) / (PHONE.width - left - PHONE.right), entrywidth },
    data: (traces) =>
      traces.map((trace) => (trace.showlegend === true ? { ...trace, name: wrapped(trace.name) } : trace)),
  };
}

function wrapped(name: unknown): string {
  return wrapHtml(String(name), WIDTH - LINE - 12 - 10);
}
