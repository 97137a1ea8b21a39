/**
 * WebGPU: TensorFlow.js's shaders on any GPU, in Node through Dawn, the WebGPU of Chromium. A driver in software, which is slower than
 * WebAssembly, computes only where `BNLAB_ENGINE=webgpu` forces it.
 */
import * as fs from 'node:fs';
import { platform } from '../../../../platform/port';
import type { PassedOver } from '../../../card';
import type { RunnerOf } from '../../../compile/runner';
import { tf } from '../../../tf';
import type { Engine } from '../../engine';
import { markLoad } from '../../native/marks';
import { deviceWords } from '../adapter';
import { GRADIENT_KERNELS, mendKernels } from '../kernels';
import type { WebGPUBackend } from '../backend';
import { IDLE_BELOW, ReplayRunner, type Stage } from '../replay/runner';
import { checkWebgpu, verdictOf } from './check';
import { showsGpu } from './dawn';
import { loadWebgpu, type Loaded } from './load';
import { webgpuPaths } from './paths';

let loaded: Loaded | undefined;
let mended = false;

/** The backend and device that compute; undefined before the engine was loaded. */
export const webgpuLoaded = (): Loaded | undefined => loaded;

const passedOver = (why: string, fix: string | null): PassedOver => ({ engine: 'webgpu', why, fix });

const absent = (named: string | undefined): PassedOver =>
  named
    ? passedOver(`BNLAB_DAWN=${named}: no such file`, null)
    : passedOver('Dawn, which it runs on, is not installed', 'npm run setup -- --webgpu');

/** The whole program computes there. */
const STAGE: Stage = {
  backend: () => tf.backend() as unknown as WebGPUBackend,
  on: (work) => work(),
  readsAtOnce: false,
};

const runnerOf: RunnerOf = (step, options) => new ReplayRunner(step, options, STAGE);

export const webgpu: Engine = {
  name: 'webgpu',
  backend: 'webgpu',
  isOffered: () => webgpuPaths() !== undefined,
  async load() {
    const forced = platform().environment.BNLAB_ENGINE === 'webgpu';
    const paths = webgpuPaths();
    if (!paths) {
      // Where there is no GPU it would not help to have it.
      return forced || showsGpu()
        ? { loaded: false, passedOver: absent(platform().environment.BNLAB_DAWN) }
        : { loaded: false };
    }
    const check = await checkWebgpu(paths, { software: forced });
    if (!check.ok) return { loaded: false, passedOver: passedOver(check.why, null) };
    const mark = markLoad({ verdict: verdictOf(paths, forced) });
    loaded = await loadWebgpu(paths, { software: forced, ownDriver: check.ownDriver });
    if (mark) fs.rmSync(mark, { force: true }); // what ends the process leaves its mark
    if (!mended) {
      mendKernels();
      tf.unregisterKernel('FromPixels', 'webgpu'); // it wants a canvas; without it TensorFlow.js reads what has pixels itself
    }
    mended = true;
    return {
      loaded: true,
      card: { ...deviceWords(loaded.adapter), tensorflow: null, threads: { intraOp: 1, interOp: 1 } },
    };
  },
  runnerOf,
  idleBelow: () => (loaded && !loaded.adapter.software ? IDLE_BELOW : 0),
  gradientKernels: GRADIENT_KERNELS,
};
