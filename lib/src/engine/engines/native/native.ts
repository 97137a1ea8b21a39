/**
 * TensorFlow itself, under the addon that set-up builds: on an NVIDIA GPU (`cuda`) or on the processor (`native`). One addon, one
 * backend, one name; two places in the list of engines.
 */
import { PassedOver } from '../../card';
import { GraphRunner } from '../../compile/graph/runner';
import type { RunnerOf } from '../../compile/runner';
import { processorWords } from '../../processor';
import type { Engine, Outcome } from '../engine';
import { checkNative } from './check';
import { registerFusedBatchNorm } from './fused';
import { threadsFrom } from './threads';
import { nvidiaGpu } from './gpu';
import { mendKernels } from './kernels';
import { keepLevels } from './levels';
import { loadNative } from './load';

const runnerOf: RunnerOf = (step, options) => new GraphRunner(step, options);

const common = {
  name: 'native',
  backend: 'tensorflow',
  gradientKernels: { averagePoolSame: true, resizeBilinear: true, convolutionFilter: true },
  registerFusedBatchNorm,
  keepLevels,
  runnerOf,
} as const;

type Found = { loaded: ReturnType<typeof loadNative> } | { passedOver: PassedOver };

/** What `cuda` has found, for `native`, which is asked after it. */
let begun: Promise<Found> | undefined;

export const cuda: Engine = {
  ...common,
  async load() {
    const check = await checkNative().catch(() => undefined);
    // That the addon is not there, or fails, is for `native` to say; where there is no GPU, another engine's may be asked first.
    if (!check?.ok) return { loaded: false };
    if (!check.gpu) return { loaded: false, passedOver: whyNoGpu(check.cudaBuild) };
    begun = find();
    const found = await begun.catch(() => undefined);
    if (!found || 'passedOver' in found) return { loaded: false };
    const { gpu, cudaBuild } = found.loaded;
    return gpu ? computes(found.loaded) : { loaded: false, passedOver: whyNoGpu(cudaBuild) };
  },
};

export const native: Engine = {
  ...common,
  async load() {
    const asked = begun ?? find();
    begun = undefined;
    const found = await asked;
    return 'loaded' in found ? computes(found.loaded) : { loaded: false, passedOver: found.passedOver };
  },
};

let mended = false;

async function find(): Promise<Found> {
  const check = await checkNative();
  if (!check.ok) return { passedOver: { engine: 'native', why: check.why, fix: check.fix } };
  const loaded = loadNative();
  if (!mended) mendKernels();
  mended = true;
  return { loaded };
}

function computes({ tensorflow, gpu }: ReturnType<typeof loadNative>): Outcome {
  const device = gpu ? (nvidiaGpu() ?? 'NVIDIA GPU') : processorWords();
  const threads = { intraOp: threadsFrom('TF_NUM_INTRAOP_THREADS'), interOp: threadsFrom('TF_NUM_INTEROP_THREADS') };
  return { loaded: true, card: { device, tensorflow, gpu, threads } };
}

function whyNoGpu(cudaBuild: boolean): PassedOver {
  const gpu = nvidiaGpu();
  if (!gpu) return { engine: 'cuda', why: 'this machine shows no NVIDIA GPU', fix: null };
  const why = cudaBuild
    ? `TensorFlow's CUDA build did not take the ${gpu} (TF_CPP_MIN_LOG_LEVEL=0 shows what it says)`
    : `TensorFlow's CUDA build is not installed for the ${gpu}`;
  return { engine: 'cuda', why, fix: 'npm run setup -- --gpu' };
}
