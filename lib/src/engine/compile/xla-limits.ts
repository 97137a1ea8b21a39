/** What XLA compiles to other results than TensorFlow's own kernels give, and so may not compile, in either loop. */

/**
 * Operations kept out of XLA although it knows them: it clamps indices that are out of range, where TensorFlow complains; and it takes
 * the variance of a batch as E[x^2] - E[x]^2, of which nothing is left in float32 when the mean is large.
 */
export const NOT_FOR_XLA: ReadonlySet<string> = new Set([
  ...['GatherV2', 'GatherNd', 'ScatterNd', 'TensorScatterUpdate', 'UnsortedSegmentSum'],
  ...['FusedBatchNormV3', 'FusedBatchNormGradV3'],
]);

/** Operations that divide. For integers, TensorFlow complains of a divisor of 0, and XLA gives some number. */
export const DIVISIONS: ReadonlySet<string> = new Set(['Div', 'FloorDiv', 'FloorMod', 'RealDiv']);
