import * as fs from 'node:fs';
import * as path from 'node:path';
import { tf } from '../../tf';
import { nvidiaGpu } from './gpu';
import { markLoad } from './marks';
import { loadLibraries, releasePages } from './pages';
import { NativePaths, nativePaths, requireNativePackage } from './paths';
import { StderrHolder, withoutDeprecations, withStderrHeld } from './quiet';
import { openXlaStore } from './xla-store';

/** Loads the native engine into this process and makes it TensorFlow.js's backend. Check first: loading can crash. */
export function loadNative(): { tensorflow: string; gpu: boolean; cudaBuild: boolean } {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // errors only; whoever sets it, keeps it
  // Each session has the threads that its settings ask for, rather than those of the first one (compile/graph/session.ts).
  process.env.TF_OVERRIDE_GLOBAL_THREADPOOL ??= '1';
  const paths = nativePaths();
  const cudaFiles = !!paths && fs.existsSync(paths.nvidia);
  process.env.XLA_FLAGS = withXlaDefaults(process.env.XLA_FLAGS, { gpu: cudaFiles && nvidiaGpu() !== undefined });
  keepUtilHelpers();
  const holder = paths && stderrHolder(paths);
  // a program for a GPU depends on more than is known here
  if (paths && holder && !cudaFiles) openXlaStore(path.dirname(paths.addon), paths.library, holder);
  const mark = markLoad(paths);
  const { value: binding, written } = withStderrHeld(holder, () =>
    withoutDeprecations(() => {
      if (paths && !cudaFiles) loadLibraries(paths);
      requireNativePackage();
      return (tf.backend() as unknown as { binding: { TF_Version: string; isUsingGpuDevice(): boolean } }).binding;
    }),
  );
  releasePages();
  if (mark) fs.rmSync(mark, { force: true }); // what throws, or ends the process, leaves its mark
  const cudaBuild = /cudart_stub|cuda_platform|CUDA|nvidia/i.test(written) || cudaFiles;
  return { tensorflow: binding.TF_Version, gpu: binding.isUsingGpuDevice(), cudaBuild };
}

/**
 * XLA's settings for a compiled training step. By default XLA orders the operations of a program so that many can run side by
 * side, and hands them from thread to thread; the operations of a small network are too short for that, and its matrix products use all
 * cores by themselves. In program order the paper's step takes 3/4 of the time on 2 cores. Its closer look at which variables must be
 * copied takes another 7 % away, registers of 512 bits where there are such another 6 %. Also by default, XLA's minimum and maximum
 * lose NaN for the other number, so that a clipped loss or a ReLU6 would hide a network that has diverged. And its algebraic simplifier
 * goes by the rules of real numbers: (x + 12582912) - 12582912 becomes x, x / 1e38 becomes x * 0, log(exp(x)) becomes x.
 *
 * @param given the user's XLA_FLAGS, whose word stands
 * @param options.gpu XLA compiles for a GPU, where it keeps the simplifier: compile.ts says what that means
 */
export function withXlaDefaults(given = '', options: { gpu?: boolean } = {}): string {
  const settings = [
    ['--xla_cpu_enable_concurrency_optimized_scheduler', 'false'],
    ['--xla_cpu_enable_fast_min_max', 'false'],
    ['--xla_cpu_copy_insertion_use_region_analysis', 'true'],
    ['--xla_cpu_prefer_vector_width', '512'],
    ...(options.gpu ? [] : [['--xla_disable_hlo_passes', 'algsimp']]),
  ];
  const ours = settings.filter(([flag]) => !given.includes(flag)).map((setting) => setting.join('='));
  return [given, ...ours].join(' ').trim();
}

function stderrHolder(paths: NativePaths): StderrHolder | undefined {
  try {
    const holder = { exports: {} };
    process.dlopen(holder, paths.stderrHolder);
    return holder.exports as StderrHolder;
  } catch {
    return undefined; // not built: TensorFlow's first line shows, nothing else changes
  }
}

/**
 * TensorFlow.js's Node package of 2024 calls three helpers of Node's `util` that Node 22 warns of and Node 23 no longer
 * has. They are one-liners; this puts them back, quietly.
 */
export function keepUtilHelpers(): void {
  const util = require('node:util') as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}
