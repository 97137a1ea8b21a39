export {
  accuracyBand,
  bandOf,
  chooseLearningRates,
  compare,
  learningRateSweep,
  runsOf,
  type Band,
  type BandOptions,
  type CompareOptions,
  type Comparison,
  type ComparisonRun,
  type ComparisonSeed,
  type Side,
  type Sweep,
  type SweepRow,
} from './compare';
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
export { scheduleRates, type Schedule, type ScheduleShape } from './schedule';
export { loadComparison, loadHistory, saveComparison, saveHistory, StoreError } from './store';
export {
  oneHotLabels,
  Trainer,
  trainNetwork,
  type Budget,
  type PreparedData,
  type TrainRunOptions,
  type StepOptions,
  type StepRecord,
  type TensorData,
  type TrainingData,
  type TrainingProgress,
  type TrainOptions,
} from './trainer';
