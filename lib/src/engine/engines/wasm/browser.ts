import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { tf } from '../../tf';
import type { Engine } from '../engine';
import { wasmEngine } from './wasm';

/**
 * WebAssembly in a browser, from the bytes of `tfjs-backend-wasm-simd.wasm`. A page that was opened as a file can fetch nothing, and
 * its worker not even an address that the page made: whoever has the bytes hands them over.
 *
 * One thread: a page opened as a file has no shared memory.
 */
export function wasmFromBytes(module: ArrayBuffer): Engine {
  return wasmEngine({
    locate: async () => {
      if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')))
        throw new Error('this browser has no WebAssembly with SIMD');
      tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
      setWasmPaths('bytes:', true);
    },
    start: (work) => answering(module, work),
  });
}

/** The environment's fetch gives the module while it is started. */
async function answering<T>(module: ArrayBuffer, work: () => Promise<T>): Promise<T> {
  const platform = tf.env().platform;
  const { fetch } = platform;
  platform.fetch = async () => new Response(module, { headers: { 'content-type': 'application/wasm' } });
  try {
    return await work();
  } finally {
    platform.fetch = fetch;
  }
}
