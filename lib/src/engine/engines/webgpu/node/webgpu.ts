/**
 * WebGPU: TensorFlow.js's shaders on any GPU, in Node through Dawn, the WebGPU of Chromium. A driver in software computes only where
 * `BNLAB_ENGINE=webgpu` forces it.
 */
import { platform } from '../../../../platform/port';
import type { Engine } from '../../engine';
import { borrowMissing } from '../../mend';
import { loadWebgpu, Loaded } from './load';
import { webgpuPaths } from './paths';

/** Kernels that want a browser's canvas. */
const NEVER: ReadonlySet<string> = new Set(['Draw', 'FromPixels']);

let loaded: Loaded | undefined;

/** The backend and device that compute; undefined before the engine was loaded. */
export const webgpuLoaded = (): Loaded | undefined => loaded;

export const webgpu: Engine = {
  name: 'webgpu',
  backend: 'webgpu',
  async load() {
    const forced = platform().environment.BNLAB_ENGINE === 'webgpu';
    const paths = webgpuPaths();
    if (!paths) {
      const passedOver = {
        engine: 'webgpu' as const,
        why: 'Dawn is not installed',
        fix: 'npm run setup -- --webgpu',
      };
      return { loaded: false, ...(forced ? { passedOver } : {}) };
    }
    loaded = await loadWebgpu(paths, { software: forced });
    borrowMissing('webgpu', NEVER);
    const { vendor, device, description } = loaded.adapter;
    const words = [vendor, device, description && `(${description})`].filter(Boolean).join(' ');
    return {
      loaded: true,
      card: { device: words, tensorflow: null, gpu: false, threads: { intraOp: 1, interOp: 1 } },
    };
  },
  gradientKernels: { averagePoolSame: false, resizeBilinear: false, convolutionFilter: false },
};
