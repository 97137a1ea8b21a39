/** Points in a plane with their principal axes: what whitening does to a cloud. */
import { finiteNumbers, flag, listOf, needed, type Options, optionsOf, text as aString } from '../core/checks';
import {
  assemble,
  AXIS_OPTIONS,
  axisTitle,
  escapeHtml,
  expectFigure,
  FigureError,
  heading,
  legendRoom,
  numbers,
  plotlyAxis,
  rangeOf,
  TEXT_OPTIONS,
  tickWidth,
  type Axis,
  type Figure,
  type FigureText,
  type PlotlyTrace,
} from './figure';
import { fmt } from './format';
import { IDENTITY, identityOf, ink, size, translucent, type IdentityName } from './theme';

/** What {@link scatterFigure} takes. */
export interface ScatterOptions extends FigureText {
  /** Horizontal axis. */
  x: Axis;
  /** Vertical axis, to the same scale. */
  y: Axis;
  /** side by side, with the same ranges */
  panels: readonly {
    title?: string;
    groups: readonly { label: string; as?: IdentityName; x: ArrayLike<number>; y: ArrayLike<number> }[];
  }[];
  /** draw mean and principal axes of each panel's points: arrows of one standard deviation; true unless told */
  principalAxes?: boolean;
}

const GROUP = optionsOf<ScatterOptions['panels'][number]['groups'][number]>({
  ...{ label: needed(aString), as: IDENTITY, x: needed(finiteNumbers), y: needed(finiteNumbers) },
});
const SCATTER_OPTIONS: Options<ScatterOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(optionsOf(AXIS_OPTIONS)), y: needed(optionsOf(AXIS_OPTIONS)), principalAxes: flag },
  panels: needed(
    listOf(optionsOf<ScatterOptions['panels'][number]>({ title: aString, groups: needed(listOf(GROUP)) })),
  ),
};

/**
 * Clouds of points on equal scales, each panel with its mean and its principal axes: arrows along the eigenvectors of the
 * biased covariance, as long as the standard deviation there (twice, to be seen). The ratio of the two eigenvalues
 * is the condition number, named in each panel.
 *
 * @throws FigureError for missing text, no panels, or x and y of different lengths
 */
export function scatterFigure(options: ScatterOptions): Figure {
  const builder = 'scatterFigure';
  expectFigure(builder, options, SCATTER_OPTIONS);
  const { panels, x, y } = options;
  if (panels.length < 1 || panels.length > 4)
    throw new FigureError(`${builder}: wanted 1 to 4 panels, got ${panels.length}.`);
  for (const panel of panels) {
    if (panel.groups.length === 0)
      throw new FigureError(`${builder}: a panel has no groups of points; wanted at least one.`);
    for (const group of panel.groups) {
      if (group.x.length !== group.y.length || group.x.length === 0) {
        throw new FigureError(
          `${builder}: "${group.label}" has ${group.x.length} x and ${group.y.length} y; wanted as many of both, at least one.`,
        );
      }
    }
  }
  const every = (axis: 'x' | 'y') =>
    panels.flatMap((panel) => panel.groups.flatMap((group) => Array.from(group[axis])));
  // Both axes from their data, never snapped to zero: a cloud has no floor.
  const around = (axis: Axis, values: number[]): [number, number] => {
    const [low, high] = rangeOf(builder, axis, [...values, ...values.map((v) => v - 1e-12)], 0.05);
    return axis.range ? [low, high] : [Math.min(low, Math.min(...values) - 0.05 * (high - low)), high];
  };
  let [xr, yr] = [around(x, every('x')), around(y, every('y'))];
  const { title, height: headHeight } = heading(
    options,
    options.principalAxes === false ? [] : ['arrows: two standard deviations along the principal axes'],
  );
  const left = Math.ceil(tickWidth(y, yr)) + 40;
  const gap = 28;
  const width = (size.width - left - 20 - (panels.length - 1) * gap) / panels.length;
  const height = options.height ?? Math.min(360, Math.round(width));
  // Equal scales: widen the axis that has fewer units per pixel.
  const perPixel = Math.max((xr[1] - xr[0]) / width, (yr[1] - yr[0]) / height);
  const widen = (r: [number, number], pixels: number): [number, number] => {
    const mid = (r[0] + r[1]) / 2;
    return [mid - (perPixel * pixels) / 2, mid + (perPixel * pixels) / 2];
  };
  [xr, yr] = [widen(xr, width), widen(yr, height)];
  const labels = [...new Set(panels.flatMap((panel) => panel.groups.map((group) => group.label)))];
  const legend = labels.length > 1;
  const top = headHeight + (legend ? 24 : 0) + 40;
  const bottom = 56;
  const inner = size.width - left - 20;
  const data: PlotlyTrace[] = [];
  const annotations: Record<string, unknown>[] = [];
  const layout: Record<string, unknown> = {
    width: size.width,
    height: top + height + bottom,
    margin: { t: top, r: 20, b: bottom, l: left },
    title,
    hovermode: 'closest',
    showlegend: legend,
    legend: {
      orientation: 'h',
      x: 0,
      xanchor: 'left',
      y: 1 + 40 / height,
      yanchor: 'bottom',
      itemsizing: 'constant',
      ...legendRoom(labels),
    },
  };
  const summary: string[] = [];
  panels.forEach((panel, p) => {
    const suffix = p === 0 ? '' : String(p + 1);
    const domain = [(p * (width + gap)) / inner, (p * (width + gap) + width) / inner];
    layout[`xaxis${suffix}`] = {
      ...plotlyAxis(x, xr),
      domain,
      anchor: `y${suffix}`,
      showgrid: true,
      zeroline: true,
      zerolinecolor: ink.axis,
    };
    layout[`yaxis${suffix}`] = {
      ...plotlyAxis(y, yr),
      anchor: `x${suffix}`,
      zeroline: true,
      zerolinecolor: ink.axis,
      ...(p > 0 ? { showticklabels: false, title: { text: '' } } : {}),
    };
    panel.groups.forEach((group) => {
      const index = labels.indexOf(group.label);
      const identity = group.as ? identityOf(group.as) : groupLook(index, labels.length);
      data.push({
        type: 'scatter',
        mode: 'markers',
        x: numbers(group.x),
        y: numbers(group.y),
        marker: { color: translucent(identity.color, 0.5), size: 4.5, symbol: identity.symbol },
        name: escapeHtml(group.label),
        legendgroup: group.label,
        showlegend: p === panels.findIndex((other) => other.groups.some((g) => g.label === group.label)),
        hovertemplate: `${escapeHtml(group.label)}: (%{x:.3~g}, %{y:.3~g})<extra></extra>`,
        xaxis: `x${suffix}`,
        yaxis: `y${suffix}`,
      });
    });
    const cloud = principal(
      panel.groups.flatMap((g) => Array.from(g.x)),
      panel.groups.flatMap((g) => Array.from(g.y)),
    );
    const ratio = cloud.values[1] > 1e-12 * cloud.values[0] ? fmt(cloud.values[0] / cloud.values[1]) : '∞';
    if (options.principalAxes !== false) {
      cloud.vectors.forEach(([vx, vy], k) => {
        const length = 2 * Math.sqrt(Math.max(0, cloud.values[k]));
        annotations.push({
          xref: `x${suffix}`,
          yref: `y${suffix}`,
          axref: `x${suffix}`,
          ayref: `y${suffix}`,
          ax: cloud.mean[0],
          ay: cloud.mean[1],
          x: cloud.mean[0] + length * vx,
          y: cloud.mean[1] + length * vy,
          showarrow: true,
          arrowhead: 2,
          arrowsize: 1,
          arrowwidth: 2,
          arrowcolor: ink.text,
          text: '',
        });
      });
    }
    annotations.push({
      text: `${panel.title ? `<b>${escapeHtml(panel.title)}</b><br>` : ''}condition number ${ratio}`,
      align: 'left',
      font: { size: size.text, color: ink.text },
      xref: 'paper',
      yref: 'paper',
      x: domain[0],
      y: 1,
      yshift: 3,
      xanchor: 'left',
      yanchor: 'bottom',
    });
    summary.push(
      `  ${panel.title ? `${panel.title}: ` : ''}mean (${fmt(cloud.mean[0])}, ${fmt(cloud.mean[1])}), variances along the principal axes ${fmt(cloud.values[0])} and ${fmt(cloud.values[1])}, condition number ${ratio}`,
    );
  });
  layout.annotations = annotations;
  return assemble(options, {
    data,
    layout,
    summary: [`x: ${axisTitle(x)}; y: ${axisTitle(y)}, equal scales`, ...summary],
  });
}

/** Two groups are told apart by hue, lightness and symbol, and wear neither BN's colour nor the other's. */
function groupLook(index: number, count: number): { color: string; symbol: string } {
  if (count > 2) return identityOf(undefined, index, count);
  return index === 0 ? { color: '#2b7bb0', symbol: 'circle' } : { color: '#5c3a00', symbol: 'triangle-up' };
}

/** Mean, and eigenvalues (largest first) with unit eigenvectors of the biased covariance of points in a plane. */
function principal(xs: number[], ys: number[]) {
  const n = xs.length;
  const mx = xs.reduce((a, b) => a + b, 0) / n;
  const my = ys.reduce((a, b) => a + b, 0) / n;
  let [a, b, c] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    a += (xs[i] - mx) ** 2 / n;
    b += ((xs[i] - mx) * (ys[i] - my)) / n;
    c += (ys[i] - my) ** 2 / n;
  }
  // Closed form of a symmetric 2 x 2 matrix: half the trace, plus and minus half the gap.
  const half = Math.hypot((a - c) / 2, b);
  const angle = Math.atan2(2 * b, a - c) / 2;
  const u: [number, number] = [Math.cos(angle), Math.sin(angle)];
  return {
    mean: [mx, my],
    values: [(a + c) / 2 + half, (a + c) / 2 - half],
    vectors: [u, [-u[1], u[0]] as [number, number]],
  };
}
