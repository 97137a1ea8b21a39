/**
 * WebGPU in a browser. A page cannot wait for the device: a value that is read there and then loses it. So only what `compile` runs is
 * played on the GPU; when a chunk of steps is done, what it returned and the variables that it assigned are read, and everything else
 * (evaluation, probes, what a page shows) computes with these on another engine, as it does everywhere.
 */
import { platform } from '../../../../platform/port';
import type { PassedOver } from '../../../card';
import type { RunnerOf } from '../../../compile/runner';
import { tf } from '../../../tf';
import type { Engine, Outcome } from '../../engine';
import { deviceOf, deviceWords, wordsOf } from '../adapter';
import type { WebGPUBackend, WebGPUBackendPackage } from '../backend';
import { GRADIENT_KERNELS, mendKernels } from '../kernels';
import { expectKnownAnswers } from '../known';
import { IDLE_BELOW, ReplayRunner, type Stage } from '../replay/runner';
import { startBackend } from '../start';

const host = globalThis as unknown as { navigator: { gpu?: GPU } };

/**
 * A GPU for the steps of training, beside an engine for everything else. A driver in software computes only where `BNLAB_ENGINE=webgpu`
 * forces it.
 */
export function webgpuBeside(other: Engine): Engine {
  let steps: { runnerOf: RunnerOf; software: boolean } | undefined;
  const isOnGpu = () => tf.getBackend() === 'webgpu';
  return {
    name: 'webgpu',
    backend: other.backend,
    stepsOn: 'webgpu',
    isOffered: () => host.navigator.gpu !== undefined,
    async load() {
      const adapter = await host.navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
      if (!adapter) return passedOver('this browser offers no GPU by WebGPU');
      const words = wordsOf(adapter);
      if (words.software && platform().environment.BNLAB_ENGINE !== 'webgpu') return passedOver('it is in software');
      const device = await deviceOf(adapter);
      // Only here: the package wants WebGPU's globals when it is loaded.
      const loaded = (await import('@tensorflow/tfjs-backend-webgpu')) as unknown as WebGPUBackendPackage;
      const backend = await startBackend(loaded, { device, adapter: words });
      keepWhatIsUploaded(backend);
      mendKernels();
      await expectKnownAnswers();
      const outcome = await other.load();
      if (!outcome.loaded) return outcome;
      const stage = stageOn(backend, other.backend);
      steps = { runnerOf: (step, options) => new ReplayRunner(step, options, stage), software: words.software };
      return { loaded: true, card: { ...outcome.card, ...deviceWords(words) } };
    },
    get runnerOf() {
      return steps?.runnerOf;
    },
    idleBelow: () => (steps && !steps.software ? IDLE_BELOW : 0),
    get gradientKernels() {
      return isOnGpu() ? GRADIENT_KERNELS : other.gradientKernels;
    },
  };
}

/** Of a browser without a GPU nobody need be told, unless it was asked for. */
function passedOver(why: string): Outcome {
  const told: PassedOver = { engine: 'webgpu', why, fix: null };
  return platform().environment.BNLAB_ENGINE === 'webgpu' ? { loaded: false, passedOver: told } : { loaded: false };
}

/** The backend is TensorFlow.js's while something is recorded or played, and no longer: nothing else runs in between. */
function stageOn(backend: WebGPUBackend, other: string): Stage {
  return {
    backend: () => backend,
    on: (work) => {
      void tf.setBackend('webgpu'); // both are loaded: it is done when this returns
      try {
        return work();
      } finally {
        void tf.setBackend(other);
      }
    },
    readsAtOnce: true,
  };
}

/** Values that were uploaded stay at hand: the other engine may compute with the same tensor. */
function keepWhatIsUploaded(backend: WebGPUBackend): void {
  const upload = backend.uploadToGPU.bind(backend);
  backend.uploadToGPU = (dataId) => {
    const { values } = backend.tensorMap.get(dataId);
    upload(dataId);
    backend.tensorMap.get(dataId).values ??= values;
  };
}
