export { compare } from './compare';
export { type CompareOptions, type ComparisonSeed, type Side } from './compare-options';
export {
  accuracyBand,
  bandOf,
  runsOf,
  type Band,
  type BandOptions,
  type Comparison,
  type ComparisonRun,
} from './comparison';
export { chooseLearningRates, learningRateSweep, type Sweep, type SweepRow } from './sweep';
export { gapAtLoss, type GapAtLoss } from './gap';
export { oneHotLabels } from './labels';
export { type PreparedData } from './prepare';
export {
  curves,
  differenceBySeed,
  finalLoss,
  overRates,
  ratioBySeed,
  stepSeries,
  usableRates,
  type Curves,
} from './curves';
export { evaluate, tapNames, type EvaluateOptions } from './evaluate';
export {
  accuracies,
  finalAccuracy,
  probeSeries,
  stepsToReach,
  type Divergence,
  type Evaluation,
  type History,
  type Provenance,
  type Reported,
  type Score,
  type Seeds,
  type Settings,
} from './history';
export { type OptimizerName, type OptimizerSettings, type WeightDecay } from './optimizer';
export { setPopulationStatistics, type PopulationOptions } from './population';
export { withAndWithout, type OpenNetworkSpec } from './sides';
export { lossSpeedup, speedup, type LossSpeedup, type Speedup, type SpeedupOptions } from './speedup';
export { scheduleRates, type Schedule, type ScheduleShape } from './schedule';
export { type LossesSoFar } from './losses';
export { type StoredFloats, type SnapshotOf, type SnapshotRecord, type TrainingSnapshot } from './snapshot-data';
export {
  loadComparison,
  loadHistory,
  loadSnapshot,
  saveComparison,
  saveHistory,
  saveSnapshot,
  StoreError,
} from './store';
export {
  type Budget,
  type EvaluationOptions,
  type RunningSide,
  type StepOptions,
  type StepRecord,
  type TensorData,
  type TrainingData,
  type TrainingProgress,
  type TrainOptions,
  type TrainRunOptions,
} from './options';
export { Trainer, trainNetwork } from './trainer';
export {
  loadWeights,
  saveWeights,
  weightArrays,
  type LoadWeightsOptions,
  type SaveWeightsOptions,
  type WeightsOf,
} from './weights';
