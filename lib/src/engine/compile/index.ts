export { compile } from './compile';
export type {
  CompiledStep,
  CompileOptions,
  RunOptions,
  RunTogether,
  RunResult,
  StepContext,
  StepProgress,
  NamedTensors,
  LoopKind,
} from './options';
export { CompileError, insideStep } from './guard';
export { StepRandom } from './random';
