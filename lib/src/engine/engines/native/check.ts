import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { readJson, writeAtomically } from '../../../platform/node/write';
import { nvidiaDriver } from './gpu';
import { deadLoads } from './marks';
import { nativePackage, NativePaths, nativePaths } from './paths';

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
