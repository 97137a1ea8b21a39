/** A sweep's results as figures: a measure over two axes, over seeds, and over all axes at once. */
import { fmt, heatmapFigure, intervalFigure, type Figure } from '../../../src/figure';
import { fontFamily, ink, sequentialScale } from '../../../src/figure/theme';
import type { Json } from '../../../src/core/json';
import { median } from '../../../src/statistics';
import { placeText } from '../../../src/experiments/sweep-summary';

/** A run that is there. */
export interface Measured {
  at: Readonly<Record<string, Json>>;
  /** What was measured of it. */
  value: number;
}

/** What the figures are of. */
export interface Shown {
  /** The sweep's name. */
  sweep: string;
  /** The measure's name. */
  measure: string;
  /** In the order of the sweep. */
  axes: readonly string[];
  runs: readonly Measured[];
}

/** Rows of a figure that can still be read. */
const ROWS = 40;

const valuesOf = (runs: readonly Measured[], axis: string): Json[] => {
  const found = new Map(runs.map(({ at }) => [JSON.stringify(at[axis]), at[axis]]));
  const values = [...found.values()];
  return values.every((value) => typeof value === 'number') ? [...values].sort((a, b) => a - b) : values;
};

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The axes whose values are numbers, without the seed: a rate comes first. */
function numericAxes({ axes, runs }: Shown): string[] {
  const numeric = axes.filter(
    (axis) =>
      axis !== 'seed' && runs.every(({ at }) => typeof at[axis] === 'number') && valuesOf(runs, axis).length > 1,
  );
  return [...numeric].sort((a, b) => Number(b === 'learningRate') - Number(a === 'learningRate'));
}

/** Runs by what they share. */
function grouped(runs: readonly Measured[], axes: readonly string[]): Map<string, Measured[]> {
  const groups = new Map<string, Measured[]>();
  for (const run of runs) {
    const key = placeText(Object.fromEntries(axes.map((axis) => [axis, run.at[axis]])));
    const group = groups.get(key);
    if (group) group.push(run);
    else groups.set(key, [run]);
  }
  return groups;
}

const middle = (runs: readonly Measured[]): number =>
  runs.length === 0 ? NaN : median(runs.map(({ value }) => value));

/** The measure over two axes with numbers, such as rate and scale, a panel for each of the rest; undefined where there are not two. */
export function mapFigure(shown: Shown): Figure | undefined {
  const [x, y] = numericAxes(shown);
  if (x === undefined || y === undefined) return undefined;
  const { sweep, measure, axes, runs } = shown;
  const rest = axes.filter((axis) => ![x, y, 'seed'].includes(axis));
  const [columns, rows] = [valuesOf(runs, x), valuesOf(runs, y)];
  const panels = [...grouped(runs, rest)].map(([title, group]) => {
    const cells = grouped(group, [x, y]);
    const values = rows.map((row) =>
      columns.map((column) => middle(cells.get(placeText({ [x]: column, [y]: row })) ?? [])),
    );
    return { ...(title && { title }), values };
  });
  const best = bestOf(shown);
  return heatmapFigure({
    title: fmt`The largest median ${measure} is ${best.value}, at ${best.place}`,
    data: `sweep ${sweep}, ${runs.length} runs`,
    alt: `Heat maps of ${measure} over ${x} and ${y}.`,
    caption: `Each cell is the median of ${measure} over the seeds at one ${x} and one ${y}; a cross stands where no run ended with a number.`,
    x: { label: x, values: columns as number[] },
    y: { label: y, values: rows as number[] },
    z: { label: measure },
    panels,
  });
}

function bestOf({ axes, runs }: Shown): { place: string; value: number } {
  const others = axes.filter((axis) => axis !== 'seed');
  const all = [...grouped(runs, others)].map(([place, group]) => ({ place, value: middle(group) }));
  return all.reduce((best, one) => (one.value > best.value ? one : best));
}

/** The measure's spread over the seeds, for each combination of the rest; where there are many, for the largest. */
export function spreadFigure(shown: Shown): Figure {
  const { sweep, measure, axes, runs } = shown;
  const others = axes.filter((axis) => axis !== 'seed');
  const all = [...grouped(runs, others)].map(([label, group]) => ({
    label: label || 'all',
    values: group.map(({ value }) => value),
  }));
  const rows = [...all].sort((a, b) => median(b.values) - median(a.values)).slice(0, ROWS);
  const best = rows[0];
  const which =
    rows.length < all.length ? `The ${rows.length} of ${all.length} combinations with the largest median.` : '';
  return intervalFigure({
    title: fmt`At ${best.label} ${measure} is between ${Math.min(...best.values)} and ${Math.max(...best.values)}`,
    data: `sweep ${sweep}, ${runs.length} runs`,
    alt: `The spread of ${measure} over the seeds, a row for each combination of the other axes.`,
    caption: `Each dot is a run; rows are sorted by their median. ${which}`.trim(),
    x: { label: measure },
    rows,
  });
}

/** Every run as a line through all axes; in a page, dragging along an axis picks runs. */
export function parallelFigure({ measure, axes, runs }: Shown): Figure {
  // Evenly, in their order, as a table has them: rates are powers of ten.
  const dimension = (axis: string) => {
    const values = valuesOf(runs, axis).map(textOf);
    const places = runs.map(({ at }) => values.indexOf(textOf(at[axis])));
    return { label: axis, values: places, tickvals: values.map((_, i) => i), ticktext: values };
  };
  const measured = runs.map(({ value }) => value);
  const dimensions = [...axes.map(dimension), { label: measure, values: measured }];
  const line = {
    color: measured,
    colorscale: sequentialScale,
    showscale: true,
    colorbar: { title: { text: measure } },
  };
  return {
    data: [{ type: 'parcoords', dimensions, line }],
    layout: {
      ...{ width: 900, height: 420, margin: { l: 80, r: 60, t: 60, b: 30 } },
      ...{ font: { family: fontFamily, size: 13, color: ink.text }, paper_bgcolor: ink.paper },
    },
    config: {},
    alt: `Parallel coordinates of ${runs.length} runs over ${axes.join(', ')} and ${measure}.`,
    caption: `Each line is a run, coloured by ${measure}. Drag along an axis to keep the runs in that range.`,
    summary: `${runs.length} runs over ${axes.join(', ')}; ${measure} from ${Math.min(...measured)} to ${Math.max(...measured)}`,
  };
}
