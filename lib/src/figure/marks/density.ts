/** Histograms side by side as an image: one column a step, darker where more values lie. */
import { light } from '../palette';
import { type DrawMark, numbers } from '../plot';
import type { Binned } from '../samples';
import { colorBar } from './heatmap';

/** The `p`-th series of `bins`; shares of `ceiling` and more are darkest. @internal */
export function densityImage(
  steps: readonly number[],
  bins: Binned,
  p: number,
  { ceiling, bar }: { ceiling: number; bar: boolean },
): DrawMark {
  const shares = bins.density[p].map((density) => density.shares);
  const axis = { label: 'share of values', percent: true };
  return ({ axes }) => ({
    data: [
      {
        type: 'heatmap',
        x: numbers(steps),
        y: numbers(bins.centres),
        z: bins.centres.map((_, b) => shares.map((column) => Number(column[b].toPrecision(4)))),
        ...{ zmin: 0, zmax: ceiling, colorscale: light.scale('density'), meta: { scale: 'density' } },
        hovertemplate: 'step %{x:,}: %{z:.1%} of values near %{y:.3~g}<extra></extra>',
        ...axes,
        showscale: bar,
        ...(bar ? { colorbar: colorBar({ axis, low: 0, high: ceiling }) } : {}),
      },
    ],
  });
}
