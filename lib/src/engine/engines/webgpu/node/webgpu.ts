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
import { mendKernels } from '../kernels';
import { ReplayRunner } from '../replay/runner';
import { checkWebgpu, verdictOf } from './check';
import { type AdapterWords, showsGpu } from './dawn';
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

/**
 * Eight times the paper's step. An estimate: six operations for each parameter and example are 3e8, which a GPU of 10 Tflop/s does in 30
 * microseconds, while 45 dispatches, one after the other, take more than 100 whatever they do.
 */
const IDLE_BELOW = 5e7;

const runnerOf: RunnerOf = (step, options) => new ReplayRunner(step, options);

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
    return { loaded: true, card: { ...device(loaded.adapter), tensorflow: null, threads: { intraOp: 1, interOp: 1 } } };
  },
  runnerOf,
  idleBelow: () => (loaded && !loaded.adapter.software ? IDLE_BELOW : 0),
  gradientKernels: { averagePoolSame: false, resizeBilinear: false, convolutionFilter: true },
};

function device(adapter: AdapterWords): { device: string; gpu: boolean } {
  const { vendor, device: name, description, software } = adapter;
  const words = [name || vendor, description && `(${description})`].filter(Boolean).join(' ');
  return { device: software ? `${words}, in software` : words, gpu: !software };
}
