/** Whether the WebGPU engine loads and computes, tried in a process of its own, because a driver that fails may take its process with it. */
import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { readJson, writeAtomically } from '../../../../platform/node/write';
import { nvidiaDriver } from '../../native/gpu';
import { deadLoads } from '../../native/marks';
import type { AdapterWords } from '../adapter';
import type { WebgpuPaths } from './paths';

/** What a check found. */
export type WebgpuCheck = { ok: true; adapter: AdapterWords; ownDriver: boolean } | { ok: false; why: string };

const run = promisify(execFile);
const probeLimit = 60_000; // milliseconds; half a second is usual, a cold disk and a driver's first shaders take longer

/**
 * The verdict is remembered beside Dawn for as long as Dawn, Node and the drivers stay the same, so that only the first `ready()` after
 * set-up pays for it.
 * @param options.software may a driver in software compute?
 * @param options.fresh check again, whatever is remembered
 */
export async function checkWebgpu(
  paths: WebgpuPaths,
  { software, fresh = false }: { software: boolean; fresh?: boolean },
): Promise<WebgpuCheck> {
  const file = verdictOf(paths, software);
  // A verdict is no longer worth anything once a load has ended its process.
  const crashed = deadLoads({ verdict: file });
  const key = verdictKey(paths);
  const remembered = readJson(file) as { key?: string; check?: WebgpuCheck } | null | undefined;
  if (!fresh && crashed.length === 0 && remembered?.key === key && typeof remembered.check?.ok === 'boolean')
    return remembered.check;
  const check = await probe(software);
  for (const mark of crashed) fs.rmSync(mark, { force: true });
  try {
    writeAtomically(file, JSON.stringify({ key, check }, null, 2) + '\n');
  } catch {
    // a read-only folder: every ready() checks anew
  }
  return check;
}

/** Where the verdict is remembered. */
export const verdictOf = (paths: WebgpuPaths, software: boolean): string =>
  path.join(paths.state, `bnlab-verdict-${software ? 'any' : 'gpu'}.json`);

async function probe(software: boolean): Promise<WebgpuCheck> {
  const environment: NodeJS.ProcessEnv = { ...process.env };
  delete environment.NODE_OPTIONS; // a debugger or a preload of the caller's has no business in the probe
  delete environment.NODE_V8_COVERAGE;
  try {
    const program = path.join(__dirname, 'probe.js');
    const { stdout } = await run(process.execPath, [program, software ? 'any' : 'gpu'], {
      env: environment,
      timeout: probeLimit,
      killSignal: 'SIGKILL',
    });
    return { ok: true, ...(JSON.parse(stdout) as { adapter: AdapterWords; ownDriver: boolean }) };
  } catch (error) {
    const failure = error as { killed?: boolean; signal?: string; stderr?: string; message: string };
    if (failure.killed) return { ok: false, why: `it gave no answer within ${probeLimit / 1000} s` };
    if (failure.signal) return { ok: false, why: `it crashed (${failure.signal})` };
    const lines = (failure.stderr ?? failure.message).split('\n');
    const said = lines.map((line) => /^(?:Uncaught )?\w*Error: (.+)$/.exec(line)?.[1]).find((text) => text);
    return { ok: false, why: said ?? `it failed its check: ${failure.message.split('\n')[0]}` };
  }
}

/** Where Linux keeps what it knows of Vulkan's drivers. */
const DRIVERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/dev/dri'];

function verdictKey(paths: WebgpuPaths): string {
  const real = fs.realpathSync(paths.dawn);
  const { size, mtimeMs } = fs.statSync(real);
  const names = DRIVERS.map((folder) => (fs.existsSync(folder) ? fs.readdirSync(folder).sort().join() : ''));
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES, BNLAB_DAWN_OPTIONS } = process.env;
  const asked = [VK_ICD_FILENAMES, VK_DRIVER_FILES, BNLAB_DAWN_OPTIONS, fs.existsSync(paths.software)];
  return [real, size, mtimeMs, process.version, process.arch, nvidiaDriver(), ...names, ...asked].join('|');
}
