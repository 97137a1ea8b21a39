/**
 * Which engine computes: CUDA, native, wasm, js, in that order; `BNLAB_ENGINE` forces one.
 */
import * as os from 'node:os';
import { EngineCard, EngineName, memoryLimit, PassedOver, threadsFrom } from './card';
import { EngineError } from './errors';
import { repairGradients } from './gradients';
import { repairJavaScript, repairKernels } from './kernels';
import { checkNative, loadJs, loadNative, loadWasm, nvidiaGpu } from './load';
import { tf } from './tf';

const engines: readonly EngineName[] = ['native', 'wasm', 'js'];

/**
 * The engine that `BNLAB_ENGINE` forces, or undefined when it is unset or empty.
 * @throws EngineError when it names no engine
 */
export function forcedEngine(environment: NodeJS.ProcessEnv = process.env): EngineName | undefined {
  const given = environment.BNLAB_ENGINE;
  if (given === undefined || given === '') return undefined;
  const engine = engines.find((name) => name === given);
  if (!engine) {
    throw new EngineError(
      `BNLAB_ENGINE is '${given}', which is no engine. Set it to ${engines.join(', ')}, or leave it unset for the best there is.`,
    );
  }
  return engine;
}

/**
 * Loads the best engine there is, or the forced one.
 * @throws EngineError when a forced engine is absent: it says why, and what to run
 */
export async function chooseEngine(environment: NodeJS.ProcessEnv = process.env): Promise<EngineCard> {
  const forced = forcedEngine(environment);
  const passedOver: PassedOver[] = [];
  for (const engine of engines) {
    if (forced && engine !== forced) {
      if (engines.indexOf(engine) < engines.indexOf(forced)) {
        passedOver.push({ engine, why: `BNLAB_ENGINE asks for ${forced}`, fix: 'unset BNLAB_ENGINE' });
      }
      continue;
    }
    const outcome = await load(engine);
    if (outcome.loaded) repairGradients();
    if (outcome.loaded) return card(engine, outcome, [...passedOver, ...(outcome.passedOver ?? [])]);
    if (forced) {
      throw new EngineError(
        `BNLAB_ENGINE=${forced} was asked for, but the ${forced} engine is not available: ${outcome.why}. ` +
          `Run: ${outcome.fix}. Or unset BNLAB_ENGINE to take the best engine there is.`,
      );
    }
    passedOver.push({ engine, why: outcome.why, fix: outcome.fix });
  }
  throw new EngineError('No engine could be loaded. Run: npm run doctor');
}

type Outcome =
  | { loaded: true; tensorflow?: string; gpu?: boolean; variant?: string; passedOver?: PassedOver[] }
  | { loaded: false; why: string; fix: string };

async function load(engine: EngineName): Promise<Outcome> {
  try {
    repairJavaScript();
    if (engine === 'native') {
      const check = await checkNative();
      if (!check.ok) return { loaded: false, why: check.why, fix: check.fix };
      const { tensorflow, gpu } = loadNative();
      repairKernels('tensorflow');
      return { loaded: true, tensorflow, gpu, passedOver: gpu ? [] : [whyNoGpu(check.cudaBuild)] };
    }
    if (engine === 'wasm') {
      const { simd } = await loadWasm();
      repairKernels('wasm');
      return { loaded: true, variant: simd ? 'SIMD' : 'no SIMD' };
    }
    await loadJs();
    return { loaded: true };
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { loaded: false, why: message, fix: 'npm run setup' };
  }
}

function whyNoGpu(cudaBuild: boolean): PassedOver {
  const gpu = nvidiaGpu();
  if (!gpu) return { engine: 'cuda', why: 'this machine shows no NVIDIA GPU', fix: null };
  if (!cudaBuild) {
    return {
      engine: 'cuda',
      why: `TensorFlow's CUDA build is not installed for the ${gpu}`,
      fix: 'npm run setup -- --gpu',
    };
  }
  return {
    engine: 'cuda',
    why: `TensorFlow's CUDA build did not take the ${gpu} (TF_CPP_MIN_LOG_LEVEL=0 shows what it says)`,
    fix: 'npm run setup -- --gpu',
  };
}

function card(engine: EngineName, outcome: Outcome & { loaded: true }, passedOver: PassedOver[]): EngineCard {
  const gpu = outcome.gpu ?? false;
  const processor = `${os.cpus()[0]?.model.trim() ?? 'unknown processor'}, ${os.availableParallelism()} of its threads`;
  const native = engine === 'native';
  return {
    engine,
    gpu,
    device: gpu ? (nvidiaGpu() ?? 'NVIDIA GPU') : processor + (outcome.variant ? `, ${outcome.variant}` : ''),
    tensorflow: outcome.tensorflow ?? null,
    tfjs: tf.version.tfjs,
    node: process.versions.node,
    threads: {
      intraOp: native ? threadsFrom('TF_NUM_INTRAOP_THREADS') : 1,
      interOp: native ? threadsFrom('TF_NUM_INTEROP_THREADS') : 1,
    },
    memoryBytes: memoryLimit(),
    passedOver,
  };
}
