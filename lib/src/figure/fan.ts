/** Percentile fans: how a distribution moves over training. */
import {
  counting,
  finite,
  flag,
  listOf,
  needed,
  numbers as numberList,
  type Options,
  optionsOf,
  rowsOfNumbers,
  text as aString,
  type Wanted,
} from '../core/checks';
import { expectFigure, type Figure, FigureError, type FigureText, TEXT_OPTIONS } from './figure';
import { drawPanels } from './panels';
import type { Axis } from './scales';
import { AXIS, type Panel } from './series';
import { IDENTITY, identityOf, type IdentityName } from './theme';

/** What {@link percentileFan} takes. */
export interface FanOptions extends FigureText {
  /** Horizontal axis of every panel. */
  x: Axis;
  /** Vertical axis of every panel. */
  y: Axis;
  /** From left to right: one distribution each, as its quantiles over x. */
  panels: readonly {
    title?: string;
    as?: IdentityName;
    x: ArrayLike<number>;
    /** [3][points]: the 15th, 50th and 85th percentile at each step */
    percentiles: readonly ArrayLike<number>[];
    /** seeds behind each percentile, where they are medians over seeds */
    n?: number;
  }[];
  /** which percentiles; 15, 50, 85 unless told */
  levels?: readonly [number, number, number];
  /** panels share one y range; true unless told */
  sharedY?: boolean;
}

const LEVELS: Wanted = {
  ...listOf(finite),
  words: 'three percentiles, such as [15, 50, 85]',
  fits: (value) => Array.isArray(value) && value.length === 3,
};
const FAN_PANELS = listOf(
  optionsOf<FanOptions['panels'][number]>({
    ...{ title: aString, as: IDENTITY, x: needed(numberList), percentiles: needed(rowsOfNumbers), n: counting },
  }),
);
const FAN_OPTIONS: Options<FanOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(AXIS), y: needed(AXIS), panels: needed(FAN_PANELS), levels: LEVELS, sharedY: flag },
};

/**
 * Percentiles of a distribution over training, as in the paper's Figure 1 (b, c): how the input of a unit moves. The
 * middle line is the median, the outer ones the 15th and 85th percentile.
 *
 * @throws FigureError for what `lineFigure` refuses, and a panel that has not three percentiles
 */
export function percentileFan(options: FanOptions): Figure {
  expectFigure('percentileFan', options, FAN_OPTIONS);
  const levels = options.levels ?? [15, 50, 85];
  const panels: Panel[] = options.panels.map((panel, i) => {
    if (panel.percentiles.length !== 3) {
      throw new FigureError(
        `percentileFan: panel ${i + 1} has ${panel.percentiles.length} percentiles, wanted 3: ${levels.join(', ')}.`,
      );
    }
    const [low, y, high] = panel.percentiles;
    return {
      title: panel.title ?? identityOf(panel.as, i, options.panels.length).label,
      series: [
        {
          as: panel.as,
          label: options.panels.length > 1 ? undefined : 'median',
          x: panel.x,
          y,
          low,
          high,
          n: panel.n,
          edges: [ordinalPercentile(levels[0]), ordinalPercentile(levels[2])] as const,
          markers: false,
        },
      ],
    };
  });
  return drawPanels({
    builder: 'percentileFan',
    text: options,
    panels,
    columns: Math.min(2, panels.length),
    x: options.x,
    y: options.y,
    sharedY: options.sharedY ?? true,
    labels: panels.length === 1 ? 'direct' : 'none',
    height: options.height ?? 250,
    facts: [`lines: ${levels[0]}th, ${levels[1]}th and ${levels[2]}th percentile`],
  });
}

function ordinalPercentile(level: number): string {
  return `${level}th percentile`;
}
