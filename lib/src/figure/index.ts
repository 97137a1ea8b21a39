export { identities, identityOf, ordinalColor, type Dash, type Identity, type IdentityName } from './theme';
export { fmt, fmtInterval, percent, type Sayable } from './format';
export { FigureError, type Figure, type FigureText, type PlotlyTrace } from './figure';
export { type Axis } from './scales';
export { type Mark } from './marks/rules';
export { type Region } from './marks/regions';
export { type Labels, type Panel, type Series } from './series';
export {
  facetFigure,
  lineFigure,
  stackedFigure,
  type FacetOptions,
  type LineOptions,
  type StackedOptions,
} from './lines';
export { percentileFan, type FanOptions } from './fan';
export { functionFigure, type FunctionOptions } from './functions';
export { logLogFigure, type LogLogOptions, type ScalingSeries } from './scaling';
export { heatmapFigure, type HeatmapOptions } from './heatmap';
export { histogramSlider, type HistogramOptions } from './distribution';
export { histogramSeriesFigure, type HistogramSeriesOptions } from './histogram-series';
export { rasterFigure, type RasterOptions } from './raster';
export { normalizationAxesFigure, type NormalizationAxesOptions, type NormalizationKind } from './normalization-axes';
export { intervalFigure, type IntervalOptions, type IntervalRow } from './intervals';
export { imageGrid, type ImageGridOptions } from './images';
export { scatterFigure, type ScatterOptions } from './scatter';
export { blockDiagram, type BlockOptions } from './blocks';
export { type BlockRow } from './marks/chains';
export { retheme, type Theme } from './retheme/retheme';
export { type StoredFigure } from './retheme/stored';
export { show } from './display';
