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
  type BootstrapOptions,
  type Interval,
  type LinearFit,
  type MedianInterval,
  type PowerLaw,
  type QuantileBand,
} from './statistics';
