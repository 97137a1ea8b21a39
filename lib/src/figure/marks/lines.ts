/** A line through points, with a symbol at each where they are few; or the points alone. */
import { escapeHtml } from '../../core/html';
import type { PlotlyTrace } from '../figure';
import { type DrawMark, numbers } from '../plot';
import type { Axis } from '../scales';
import { type Drawn, legendName, withMarkers } from '../series';
import type { Identity } from '../theme';

/** How a pointer shows a value. @internal */
export const FORMAT = (axis: Axis): string => (axis.percent ? '.1%' : '.4~g');

/** @internal */
export function line(series: Drawn, inLegend: boolean): DrawMark {
  return ({ axes, y: { axis } }) => {
    const { identity, source } = series;
    const { color, width, dash } = identity;
    const name = legendName(series);
    const markers = withMarkers(series);
    const trace: PlotlyTrace = {
      type: 'scatter',
      mode: source.points ? 'markers' : markers ? 'lines+markers' : 'lines',
      x: numbers(series.x),
      y: numbers(axis.log ? series.y.map((v) => (v > 0 ? v : NaN)) : series.y),
      ...(source.points ? {} : { line: { color, width, dash, ...(source.step ? { shape: 'hv' } : {}) } }),
      ...(markers ? { marker: { color, symbol: markerSymbol(identity), size: 7 } } : {}),
      ...pointed(series, axis),
      name: escapeHtml(name),
      legendgroup: name,
      showlegend: inLegend,
      meta: { role: series.role },
      ...axes,
    };
    return { data: [trace] };
  };
}

/** What a pointer shows: the value and its band, or nothing for a companion line that has no name. */
function pointed(series: Drawn, axis: Axis): Record<string, unknown> {
  const { low, high, label } = series;
  const format = FORMAT(axis);
  const edges = low && high ? { customdata: low.map((value, i) => numbers([value, high[i]])) } : {};
  if (label === '') return { ...edges, hoverinfo: 'skip' };
  const between = low ? ` (%{customdata[0]:${format}} to %{customdata[1]:${format}})` : '';
  return { ...edges, hovertemplate: `${escapeHtml(label)}: %{y:${format}}${between}<extra></extra>` };
}

/** A line symbol has no area to fill; points of a reference are drawn as small circles. */
function markerSymbol(identity: Identity): string {
  return identity.symbol.startsWith('line') ? 'circle-open' : identity.symbol;
}
