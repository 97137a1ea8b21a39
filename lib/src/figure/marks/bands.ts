/** Bands between two edges, such as the quantiles over seeds; the edges drawn as lines where they have names. */
import { escapeHtml } from '../../core/html';
import type { PlotlyTrace } from '../figure';
import { type DrawMark, numbers } from '../plot';
import type { Axis } from '../scales';
import { type Drawn, legendName } from '../series';
import { translucent } from '../theme';
import { FORMAT } from './lines';

/** @internal */
export function band(series: Drawn): DrawMark {
  return (frame) => {
    const { low, high } = series;
    if (!low || !high) return {};
    const { color } = series.identity;
    const name = legendName(series);
    const area: PlotlyTrace = {
      type: 'scatter',
      mode: 'lines',
      ...outline(series.x, low, high, frame.y.axis),
      line: { width: 0, color },
      fill: 'toself',
      fillcolor: translucent(color, 0.16),
      hoverinfo: 'skip',
      showlegend: false,
      legendgroup: name,
      name: `${name}, band`,
      meta: { role: series.role },
      ...frame.axes,
    };
    const edges = series.source.edges ?? [];
    return { data: [area, ...edges.map((edge, i) => edgeLine(series, edge, i === 0 ? low : high, frame))] };
  };
}

function edgeLine(series: Drawn, edge: string, y: number[], frame: Parameters<DrawMark>[0]): PlotlyTrace {
  const { color, dash } = series.identity;
  return {
    type: 'scatter',
    mode: 'lines',
    x: numbers(series.x),
    y: numbers(y),
    line: { color, width: 1.25, dash, ...(series.source.step ? { shape: 'hv' } : {}) },
    name: edge,
    legendgroup: legendName(series),
    showlegend: false,
    meta: { role: series.role },
    hovertemplate: `${escapeHtml(edge)}: %{y:${FORMAT(frame.y.axis)}}<extra></extra>`,
    ...frame.axes,
  };
}

/** The band as closed outlines, one for each stretch without a gap. */
function outline(x: number[], low: number[], high: number[], axis: Axis) {
  const xs: (number | null)[] = [];
  const ys: (number | null)[] = [];
  const drawable = (i: number) => Number.isFinite(low[i]) && Number.isFinite(high[i]) && (!axis.log || low[i] > 0);
  for (let i = 0; i < x.length;) {
    if (!drawable(i)) {
      i++;
      continue;
    }
    let end = i;
    while (end < x.length && drawable(end)) end++;
    if (xs.length > 0) {
      xs.push(null);
      ys.push(null);
    }
    const stretch = Array.from({ length: end - i }, (_, k) => i + k);
    xs.push(...numbers(stretch.map((k) => x[k])), ...numbers(stretch.map((k) => x[k]).reverse()));
    ys.push(...numbers(stretch.map((k) => low[k])), ...numbers(stretch.map((k) => high[k]).reverse()));
    i = end;
  }
  return { x: xs, y: ys };
}
