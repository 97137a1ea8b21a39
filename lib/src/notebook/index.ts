export { profile, type Profile } from '../platform/profile';
export { byProfile } from './profile';
export { study, type Study, type StudyOptions } from './study';
export { laterWork, paperSays, predict, say, table, takeaways, weMeasured, type TableOptions } from './words';
export { check, CheckError, type CheckOptions, type Numeric, type TensorLike } from './check';
export { claimCard, verdict, type Claim, type ClaimCardOptions, type VerdictOptions } from './claims';
export { rule, type Rule } from './rules';
export {
  CLAIM_MIME,
  renderLedger,
  type ClaimLedger,
  type ClaimRecord,
  type Replication,
  type RuleChange,
  type Verdict,
} from './ledger';
export { progress, type Progress, type ProgressReport } from './progress';
export { sweep, type SweepInCellOptions } from './sweep';
export { exercise, exerciseCheck, EXERCISE_MIME, ExerciseTodo, todo } from './exercise';
export { engineCell, provenance, type ProvenanceOptions } from './provenance';
export {
  RUNNABLE_CONTROLS,
  RUNNABLE_MIME,
  runnable,
  type RunnableControl,
  type RunnableOptions,
  type RunnableRecord,
} from './runnable';
