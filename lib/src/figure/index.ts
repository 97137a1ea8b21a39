export { identities, identityOf, ordinalColor, type Dash, type Identity, type IdentityName } from './theme';
export { fmt, fmtInterval, percent, type Sayable } from './format';
export {
  FigureError,
  type Axis,
  type Figure,
  type FigureText,
  type Mark,
  type PlotlyTrace,
  type Region,
} from './figure';
export { type Labels, type Panel, type Series } from './panels';
export {
  facetFigure,
  functionFigure,
  lineFigure,
  percentileFan,
  stackedFigure,
  type FacetOptions,
  type FanOptions,
  type FunctionOptions,
  type LineOptions,
  type StackedOptions,
} from './lines';
export { logLogFigure, type LogLogOptions, type ScalingSeries } from './scaling';
export { heatmapFigure, type HeatmapOptions } from './heatmap';
export { histogramSlider, type HistogramOptions } from './distribution';
export { intervalFigure, type IntervalOptions, type IntervalRow } from './dots';
export { imageGrid, type ImageGridOptions } from './images';
export { scatterFigure, type ScatterOptions } from './scatter';
export { blockDiagram, type BlockOptions, type BlockRow } from './blocks';
export { show } from './display';
