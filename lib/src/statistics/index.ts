export {
  bootstrapInterval,
  linearFit,
  median,
  powerLaw,
  quantile,
  quantileBand,
  quantiles,
  type BootstrapOptions,
  type Interval,
  type LinearFit,
  type PowerLaw,
  type QuantileBand,
} from './statistics';
