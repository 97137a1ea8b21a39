/** Curves with bands: one panel, small multiples, panels stacked on one time axis. */
import { needed, number, type Options } from '../core/checks';
import { expectFigure, type Figure, FigureError, type FigureText, TEXT_OPTIONS } from './figure';
import type { Region } from './marks/regions';
import type { Mark } from './marks/rules';
import { drawPanels } from './panels';
import type { Axis } from './scales';
import { AXIS, BAND, LABELS, type Labels, MARKS, type Panel, PANELS, REGIONS, SERIES, type Series } from './series';

/** What {@link lineFigure} takes. */
export interface LineOptions extends FigureText {
  /** Horizontal axis. */
  x: Axis;
  /** Vertical axis. */
  y: Axis;
  /** What is drawn; at most as many as can be told apart. */
  series: readonly Series[];
  /** straight reference lines, such as chance level */
  marks?: readonly Mark[];
  /** shaded stretches of the x axis */
  regions?: readonly Region[];
  /** names at the line ends ('direct', the default for up to six lines) or in a legend */
  labels?: Labels;
  /** quantiles over seeds that the band spans; 0.15 and 0.85 unless told, as the paper's Figure 1 */
  band?: readonly [number, number];
}

const LINE_OPTIONS: Options<LineOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(AXIS), y: needed(AXIS), series: needed(SERIES), marks: MARKS, regions: REGIONS },
  ...{ labels: LABELS, band: BAND },
};

/**
 * Curves over one axis: median over seeds with a quantile band, n beside each name.
 *
 * @example
 * show(lineFigure({
 *   title: fmt`BN reaches ${percent(bn)} where the net without it is at ${percent(plain)}`,
 *   data, x: { label: 'training step' }, y: { label: 'test accuracy', percent: true },
 *   series: [{ as: 'none', x: steps, seeds: plainRuns }, { as: 'batch', x: steps, seeds: bnRuns }],
 *   marks: [{ y: 0.1, label: 'chance' }],
 *   alt: '...', caption: '...',
 * }))
 * @throws FigureError for missing text, no series, unequal lengths, or nothing that can be drawn
 */
export function lineFigure(options: LineOptions): Figure {
  expectFigure('lineFigure', options, LINE_OPTIONS);
  return drawPanels({
    builder: 'lineFigure',
    text: options,
    panels: [{ series: options.series, marks: options.marks, regions: options.regions }],
    columns: 1,
    x: options.x,
    y: options.y,
    sharedY: true,
    labels: options.labels,
    band: options.band,
    height: options.height ?? 290,
  });
}

/** What {@link facetFigure} takes. */
export interface FacetOptions extends FigureText {
  /** Horizontal axis of every panel. */
  x: Axis;
  /** Vertical axis of every panel. */
  y: Axis;
  /** From left to right. */
  panels: readonly Panel[];
  /** panels side by side, 1 to 4; as many as there are, at most 3, unless told */
  columns?: number;
  /** Where series are named. Default a legend. */
  labels?: Labels;
  /** The quantiles shaded over several runs. */
  band?: readonly [number, number];
}

const FACET_OPTIONS: Options<FacetOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(AXIS), y: needed(AXIS), panels: needed(PANELS), columns: number, labels: LABELS, band: BAND },
};

/**
 * Small multiples: the same axes, one panel per condition (a learning rate, an initial scale, a layer), so that panels
 * can be compared without reading their numbers.
 *
 * @throws FigureError for what {@link lineFigure} refuses, and more than four columns
 */
export function facetFigure(options: FacetOptions): Figure {
  expectFigure('facetFigure', options, FACET_OPTIONS);
  const columns = options.columns ?? Math.max(1, Math.min(3, options.panels.length));
  if (!Number.isInteger(columns) || columns < 1 || columns > 4) {
    throw new FigureError(`facetFigure: columns must be 1, 2, 3 or 4 to stay legible, got ${columns}.`);
  }
  return drawPanels({
    builder: 'facetFigure',
    text: options,
    panels: options.panels,
    columns,
    x: options.x,
    y: options.y,
    sharedY: true,
    labels: options.labels ?? 'legend',
    band: options.band,
    height: options.height ?? (columns === 1 ? 170 : 190),
  });
}

/** What {@link stackedFigure} takes. */
export interface StackedOptions extends FigureText {
  /** The axis that all panels share. */
  x: Axis;
  /** from top to bottom; each with its own y axis */
  panels: readonly (Panel & { y: Axis })[];
  /** Where series are named. */
  labels?: Labels;
  /** The quantiles shaded over several runs. */
  band?: readonly [number, number];
}

const STACKED_OPTIONS: Options<StackedOptions> = {
  ...TEXT_OPTIONS,
  ...{ x: needed(AXIS), panels: needed(PANELS), labels: LABELS, band: BAND },
};

/**
 * Two or more quantities on one time axis, stacked: ||b|| above, the loss below. Two scales on one panel would let the
 * drawing decide what crosses what; stacked panels leave that to the data.
 *
 * @throws FigureError for what {@link lineFigure} refuses, and a panel without its y axis
 */
export function stackedFigure(options: StackedOptions): Figure {
  expectFigure('stackedFigure', options, STACKED_OPTIONS);
  options.panels.forEach((panel, i) => {
    if (!panel.y)
      throw new FigureError(`stackedFigure: panel ${i + 1} has no y axis. Pass y: { label: '...', unit: '...' }.`);
  });
  return drawPanels({
    builder: 'stackedFigure',
    text: options,
    panels: options.panels,
    columns: 1,
    x: options.x,
    y: options.panels[0]?.y ?? { label: '' },
    sharedY: false,
    labels: options.labels,
    band: options.band,
    height: options.height ?? 150,
  });
}
