/** Points in a plane with their principal axes: what whitening does to a cloud. */
import { escapeHtml } from '../core/html';
import { finiteNumbers, flag, listOf, needed, type Options, optionsOf, text as aString } from '../core/checks';
import { expectFigure, type Figure, FigureError, type FigureText, TEXT_OPTIONS } from './figure';
import { fmt } from './format';
import { arrows } from './marks/arrows';
import { dots } from './marks/dots';
import { roleOf } from './palette';
import { type DrawMark, panelTitle, panelWidth, plot, type Room } from './plot';
import { type Axis, AXIS_OPTIONS, axisTitle, rangeOf, scaleOf, tickWidth } from './scales';
import { groups, IDENTITY, identityOf, type IdentityName, ink } from './theme';

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
  expectFigure(BUILDER, options, SCATTER_OPTIONS);
  const { panels, x, y } = options;
  requirePoints(panels);
  const [rangeX, rangeY] = [around(x, valuesOf(panels, 'x')), around(y, valuesOf(panels, 'y'))];
  const labels = [...new Set(panels.flatMap((panel) => panel.groups.map((group) => group.label)))];
  const room: Room = { left: Math.ceil(tickWidth(y, rangeY)) + 40, right: 20, head: 40, bottom: 56, gapX: 28 };
  const width = panelWidth(room, panels.length);
  const height = options.height ?? Math.min(360, Math.round(width));
  // Equal scales: widen the axis that has fewer units per pixel.
  const perPixel = Math.max((rangeX[1] - rangeX[0]) / width, (rangeY[1] - rangeY[0]) / height);
  const scale = (axis: Axis, [low, high]: [number, number], pixels: number, more = {}) => {
    const [middle, half] = [(low + high) / 2, (perPixel * pixels) / 2];
    return scaleOf(axis, [middle - half, middle + half], { zeroline: true, zerolinecolor: ink.axis, ...more });
  };
  const clouds = panels.map(({ groups }) =>
    principal(
      groups.flatMap((g) => Array.from(g.x)),
      groups.flatMap((g) => Array.from(g.y)),
    ),
  );
  return plot({
    text: options,
    facts: options.principalAxes === false ? [] : ['arrows: two standard deviations along the principal axes'],
    panels: panels.map((panel, p) => ({
      x: scale(x, rangeX, width, { showgrid: true }),
      y: scale(y, rangeY, height),
      marks: [
        ...panel.groups.map(({ label, as, ...points }) => {
          const index = labels.indexOf(label);
          const { color, symbol, role } = lookOf(as, index, labels.length);
          const inLegend = p === panels.findIndex((other) => other.groups.some((g) => g.label === label));
          return dots({ label, x: points.x, y: points.y, color, role, symbol, inLegend });
        }),
        ...(options.principalAxes === false ? [] : [principalAxes(clouds[p])]),
        named(panel.title, clouds[p]),
      ],
    })),
    room,
    height,
    equal: true,
    hovermode: 'closest',
    legend: labels.length > 1 ? { names: labels, key: 'point' } : undefined,
    summary: [
      `x: ${axisTitle(x)}; y: ${axisTitle(y)}, equal scales`,
      ...panels.map((panel, p) => inWords(panel.title, clouds[p])),
    ],
  });
}

const BUILDER = 'scatterFigure';

function requirePoints(panels: ScatterOptions['panels']): void {
  if (panels.length < 1 || panels.length > 4)
    throw new FigureError(`${BUILDER}: wanted 1 to 4 panels, got ${panels.length}.`);
  for (const panel of panels) {
    if (panel.groups.length === 0)
      throw new FigureError(`${BUILDER}: a panel has no groups of points; wanted at least one.`);
    for (const group of panel.groups) {
      if (group.x.length !== group.y.length || group.x.length === 0) {
        throw new FigureError(
          `${BUILDER}: "${group.label}" has ${group.x.length} x and ${group.y.length} y; wanted as many of both, at least one.`,
        );
      }
    }
  }
}

function lookOf(as: IdentityName | undefined, index: number, count: number) {
  if (as === undefined && count <= groups.length) return { ...groups[index], role: `group ${index}` };
  return { ...identityOf(as, index, count), role: roleOf(as, index, count) };
}

function valuesOf(panels: ScatterOptions['panels'], axis: 'x' | 'y'): number[] {
  return panels.flatMap((panel) => panel.groups.flatMap((group) => Array.from(group[axis])));
}

/** Range of a cloud, which has no floor: never snapped to zero. */
function around(axis: Axis, values: number[]): [number, number] {
  const [low, high] = rangeOf(BUILDER, axis, [...values, ...values.map((v) => v - 1e-12)], 0.05);
  return axis.range ? [low, high] : [Math.min(low, Math.min(...values) - 0.05 * (high - low)), high];
}

type Cloud = ReturnType<typeof principal>;

function principalAxes({ mean, values, vectors }: Cloud): DrawMark {
  return arrows(
    vectors.map(([vx, vy], k) => {
      const length = 2 * Math.sqrt(Math.max(0, values[k]));
      return { from: mean, to: [mean[0] + length * vx, mean[1] + length * vy], color: ink.text, width: 2 };
    }),
  );
}

function conditionOf({ values }: Cloud): string {
  return values[1] > 1e-12 * values[0] ? fmt(values[0] / values[1]) : '∞';
}

function named(title: string | undefined, cloud: Cloud): DrawMark {
  const above = title ? `<b>${escapeHtml(title)}</b><br>` : '';
  return (frame) => ({ annotations: [panelTitle(`${above}condition number ${conditionOf(cloud)}`, frame)] });
}

function inWords(title: string | undefined, cloud: Cloud): string {
  const [mean, variances] = [cloud.mean.map((v) => fmt(v)), cloud.values.map((v) => fmt(v))];
  return (
    `  ${title ? `${title}: ` : ''}mean (${mean.join(', ')}), ` +
    `variances along the principal axes ${variances.join(' and ')}, condition number ${conditionOf(cloud)}`
  );
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
    mean: [mx, my] as [number, number],
    values: [(a + c) / 2 + half, (a + c) / 2 - half],
    vectors: [u, [-u[1], u[0]] as [number, number]],
  };
}
