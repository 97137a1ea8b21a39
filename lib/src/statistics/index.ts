export { isotonicRegression } from './isotonic';
export {
  bootstrapInterval,
  linearFit,
  median,
  medianInterval,
  powerLaw,
  quantile,
  quantileBand,
  quantiles,
  relativeLinearFit,
  type BootstrapOptions,
  type Interval,
  type LinearFit,
  type MedianInterval,
  type PowerLaw,
  type QuantileBand,
  type RelativeLinearFit,
} from './statistics';
