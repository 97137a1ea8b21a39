import { processorWords } from '../../processor';
import { tf } from '../../tf';
import type { Engine } from '../engine';
import { withWarningsCollected } from '../warnings';
import { mendKernels } from './kernels';
import { ReplayRunner } from './replay/runner';

/** Where WebAssembly's modules are, and what starting one takes. */
export interface WasmHost {
  /** loads TensorFlow.js's package, and tells it where its modules are; throws where none can run */
  locate(): Promise<void> | void;
  /** starts a module */
  start<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * WebAssembly. One thread: TensorFlow.js does not offer its threaded build in Node
 * (github.com/tensorflow/tfjs/issues/3830); SIMD is used where the processor has it, which is nearly everywhere.
 */
export function wasmEngine(where: WasmHost): Engine {
  return {
    name: 'wasm',
    backend: 'wasm',
    async load() {
      await where.locate();
      const { value: started, warnings } = await where.start(() =>
        withWarningsCollected(async () => tf.setBackend('wasm')),
      );
      if (!started) throw new Error(warnings.join(' ') || 'its module did not start');
      const simd = Boolean(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'));
      mendKernels();
      const device = `${processorWords()}, ${simd ? 'SIMD' : 'no SIMD'}`;
      return { loaded: true, card: { device, tensorflow: null, gpu: false, threads: { intraOp: 1, interOp: 1 } } };
    },
    runnerOf: (step) => new ReplayRunner(step),
    gradientKernels: { averagePoolSame: false, resizeBilinear: false, convolutionFilter: false },
  };
}
