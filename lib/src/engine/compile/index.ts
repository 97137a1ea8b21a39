export { compile } from './compile';
export type {
  CompiledStep,
  CompileOptions,
  RunOptions,
  RunResult,
  StepContext,
  StepProgress,
  NamedTensors,
} from './compile';
export { CompileError, insideStep } from './guard';
export { StepRandom } from './random';
export type { LoopKind } from './loop';
