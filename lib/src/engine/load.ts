/**
 * How each engine is found, checked and loaded. Nothing here decides between engines: choose.ts does.
 */
import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { readJson, writeAtomically } from '../core/write';
import { StderrHolder, withoutDeprecations, withStderrHeld, withWarningsCollected } from './quiet';
import { tf } from './tf';

/** The npm package whose C++ source the native engine is built from. */
export const nativePackage = '@tensorflow/tfjs-node-gpu';

/** Where the pieces of the native engine are, whether or not they exist. Absolute paths. */
export interface NativePaths {
  /** The folder of the npm package. */
  packageFolder: string;
  /** The addon that set-up compiles. */
  addon: string;
  /** The helper that set-up compiles from native/stderr.c; see quiet.ts. */
  stderrHolder: string;
  /** TensorFlow's own library, out of the wheel. */
  library: string;
  /** NVIDIA's libraries, with the CUDA build of TensorFlow only. */
  nvidia: string;
  /** The remembered verdict of the last check. */
  verdict: string;
}

/** @returns the paths, or undefined when the npm package itself is not installed */
export function nativePaths(): NativePaths | undefined {
  let packageFolder: string;
  try {
    packageFolder = path.dirname(require.resolve(`${nativePackage}/package.json`));
  } catch {
    return undefined;
  }
  const built = path.join(packageFolder, 'lib', 'napi-v8');
  return {
    packageFolder,
    addon: path.join(built, 'tfjs_binding.node'),
    stderrHolder: path.join(built, 'bnlab_stderr.node'),
    library: path.join(
      packageFolder,
      'deps',
      'lib',
      `libtensorflow_cc.${process.platform === 'darwin' ? '2.dylib' : 'so.2'}`,
    ),
    nvidia: path.join(packageFolder, 'deps', 'nvidia'),
    verdict: path.join(built, 'bnlab-verdict.json'),
  };
}

/** What a check of the native engine found. */
export type NativeCheck =
  { ok: true; tensorflow: string; gpu: boolean; cudaBuild: boolean } | { ok: false; why: string; fix: string };

const setup = 'npm run setup';

/**
 * Whether the native engine loads and computes, tried in a process of its own, because native code that fails may take
 * its process with it. A verdict is remembered beside the addon for as long as the addon, TensorFlow's library, Node
 * and the processor stay the same, so that only the first `ready()` after set-up pays for it (about half a second).
 * @param options.fresh check again, whatever is remembered
 */
export async function checkNative(options: { fresh?: boolean } = {}): Promise<NativeCheck> {
  const paths = nativePaths();
  if (!paths) return { ok: false, why: `the package ${nativePackage} is not installed`, fix: setup };
  if (!fs.existsSync(paths.addon)) {
    return { ok: false, why: 'its addon has not been built (this takes a C++ compiler, such as g++)', fix: setup };
  }
  if (!fs.existsSync(paths.library)) {
    return { ok: false, why: "TensorFlow's library, which the addon needs, is missing", fix: setup };
  }
  const key = verdictKey(paths);
  // A verdict is no longer worth anything once a load has failed or ended its process.
  const crashed = deadLoads(paths);
  if (!options.fresh && crashed.length === 0) {
    const remembered = readVerdict(paths.verdict, key);
    if (remembered) return remembered;
  }
  const check = await probeNative();
  for (const mark of [...crashed, ...deadLoads(paths)]) fs.rmSync(mark, { force: true });
  rememberVerdict(paths.verdict, key, check);
  return check;
}

const run = promisify(execFile);
const probeLimit = 60_000; // milliseconds; half a second is usual, a cold disk takes longer

async function probeNative(): Promise<NativeCheck> {
  const environment: NodeJS.ProcessEnv = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  delete environment.NODE_OPTIONS; // a debugger or a preload of the caller's has no business in the probe
  delete environment.NODE_V8_COVERAGE;
  try {
    const { stdout } = await run(process.execPath, [path.join(__dirname, 'probe.js')], {
      env: environment,
      timeout: probeLimit,
      killSignal: 'SIGKILL',
    });
    const answer = JSON.parse(stdout) as { tensorflow: string; gpu: boolean; cudaBuild: boolean };
    return { ok: true, ...answer };
  } catch (error) {
    const failure = error as { killed?: boolean; signal?: string; stderr?: string; message: string };
    const said = lastLine(failure.stderr) ?? failure.message.split('\n')[0];
    let why = `it failed its check: ${said}`;
    if (failure.killed) why = `it gave no answer within ${probeLimit / 1000} s`;
    else if (failure.signal === 'SIGILL')
      why = 'it crashed (SIGILL): this processor lacks instructions that TensorFlow uses';
    else if (failure.signal) why = `it crashed (${failure.signal})`;
    return { ok: false, why, fix: `${setup} -- --rebuild` };
  }
}

/** The last line that says something: for a thrown error the line `Error: ...`, not the stack. */
function lastLine(stderr: string | undefined): string | undefined {
  const lines = (stderr ?? '').split('\n').filter((line) => line.trim() !== '' && !/^\s+at |^Node\.js v/.test(line));
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1);
}

function verdictKey(paths: NativePaths): string {
  const mark = (file: string) => {
    const real = fs.realpathSync(file);
    const { size, mtimeMs } = fs.statSync(real);
    return `${real}:${size}:${mtimeMs}`;
  };
  const processor = os.cpus()[0]?.model ?? 'unknown processor';
  const nvidia = `${fs.existsSync(paths.nvidia)}:${nvidiaDriver()}`;
  return [mark(paths.addon), mark(paths.library), process.version, process.arch, processor, nvidia].join('|');
}

function readVerdict(file: string, key: string): NativeCheck | undefined {
  const remembered = readJson(file) as { key?: string; check?: NativeCheck } | null | undefined;
  return remembered?.key === key && typeof remembered.check?.ok === 'boolean' ? remembered.check : undefined;
}

function rememberVerdict(file: string, key: string, check: NativeCheck): void {
  try {
    writeAtomically(file, JSON.stringify({ key, check }, null, 2) + '\n');
  } catch {
    // a read-only node_modules: every ready() checks anew
  }
}

const loading = 'bnlab-loading.';

/** A file that stands beside the addon until this process has loaded it; undefined where none can be made. */
function markLoad(paths: NativePaths | undefined): string | undefined {
  if (!paths) return undefined;
  const mark = path.join(path.dirname(paths.verdict), `${loading}${process.pid}`);
  try {
    fs.writeFileSync(mark, '');
    return mark;
  } catch {
    return undefined; // a read-only node_modules
  }
}

/** The marks of processes that are gone and had not loaded it. */
function deadLoads(paths: NativePaths): string[] {
  const folder = path.dirname(paths.verdict);
  return fs
    .readdirSync(folder)
    .filter((name) => name.startsWith(loading) && !isAlive(Number(name.slice(loading.length))))
    .map((name) => path.join(folder, name));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Loads the native engine into this process and makes it TensorFlow.js's backend. Check first: loading can crash. */
export function loadNative(): { tensorflow: string; gpu: boolean; cudaBuild: boolean } {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // errors only; whoever sets it, keeps it
  const paths = nativePaths();
  const cudaFiles = !!paths && fs.existsSync(paths.nvidia);
  process.env.XLA_FLAGS = withXlaDefaults(process.env.XLA_FLAGS, { gpu: cudaFiles && nvidiaGpu() !== undefined });
  keepUtilHelpers();
  const holder = paths && stderrHolder(paths);
  const mark = markLoad(paths);
  const { value: binding, written } = withStderrHeld(holder, () =>
    withoutDeprecations(() => {
      require(nativePackage);
      return (tf.backend() as unknown as { binding: { TF_Version: string; isUsingGpuDevice(): boolean } }).binding;
    }),
  );
  if (mark) fs.rmSync(mark, { force: true }); // what throws, or ends the process, leaves its mark
  const cudaBuild = /cudart_stub|cuda_platform|CUDA|nvidia/i.test(written) || cudaFiles;
  return { tensorflow: binding.TF_Version, gpu: binding.isUsingGpuDevice(), cudaBuild };
}

/**
 * XLA's settings for a compiled training step. By default XLA orders the operations of a program so that many can run side by
 * side, and hands them from thread to thread; the operations of a small network are too short for that, and its matrix products use all
 * cores by themselves. In program order the paper's step takes 3/4 of the time on 2 cores. Its closer look at which variables must be
 * copied takes another 7 % away. Also by default, XLA's minimum and maximum
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

/**
 * Makes WebAssembly the backend. One thread: TensorFlow.js does not offer its threaded build in Node
 * (github.com/tensorflow/tfjs/issues/3830); SIMD is used where the processor has it, which is nearly everywhere.
 * @throws Error when its package is missing or its module does not start
 */
export async function loadWasm(): Promise<{ simd: boolean }> {
  const folder = path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  const wasm = require('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(prefix: string): void };
  wasm.setWasmPaths(path.join(folder, 'dist') + path.sep);
  // Emscripten's start-up code adds listeners that rethrow every unhandled rejection of the whole program, which is
  // not for a library to decide (and ends a notebook's kernel): off they go.
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.rawListeners(event)));
  const { value: started, warnings } = await withWarningsCollected(async () => tf.setBackend('wasm'));
  events.forEach((event, i) => {
    for (const listener of process.rawListeners(event)) {
      if (!before[i].has(listener) && /emscripten|ExitStatus|throw/.test(String(listener))) {
        process.removeListener(event, listener as (...args: unknown[]) => void);
      }
    }
  });
  if (!started) throw new Error(warnings.join(' ') || 'its module did not start');
  return { simd: await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT').then(Boolean) };
}

/** Makes plain JavaScript the backend: always there, slow. */
export async function loadJs(): Promise<void> {
  await tf.setBackend('cpu');
}

/** The model of the first NVIDIA GPU that the driver reports, or undefined. Linux. */
export function nvidiaGpu(): string | undefined {
  try {
    const folder = '/proc/driver/nvidia/gpus';
    for (const gpu of fs.readdirSync(folder).sort()) {
      const model = /^Model:\s*(.+)$/m.exec(fs.readFileSync(path.join(folder, gpu, 'information'), 'utf8'));
      if (model) return model[1].trim();
    }
  } catch {
    // no driver
  }
  return undefined;
}

function nvidiaDriver(): string {
  try {
    return fs.readFileSync('/proc/driver/nvidia/version', 'utf8').split('\n')[0];
  } catch {
    return '';
  }
}
