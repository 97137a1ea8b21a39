/**
 * Repairs to TensorFlow.js's backends, applied once by `ready()`:
 * - `round` of integers on the native backend answers 0 for every element (TensorFlow's Round has no int32 kernel that
 *   does otherwise through the eager C API); an integer is its own rounding.
 * - A kernel that a backend lacks runs in JavaScript on copies of its inputs: slower, right, instead of "kernel not
 *   registered". The WebAssembly backend lacks the gradients of convolutions and of `gather` among others.
 */
import { tf } from './tf';

type Backend = InstanceType<typeof tf.KernelBackend>;
type Info = tf.TensorInfo;
type Values = Parameters<Backend['write']>[0];

/** Gives integers back as they are from the native backend's `Round`. */
export function repairRound(): void {
  const original = tf.getKernel('Round', 'tensorflow');
  if (!original) return;
  tf.unregisterKernel('Round', 'tensorflow');
  tf.registerKernel({
    ...original,
    kernelFunc: (parameters) => {
      const x = parameters.inputs.x as Info;
      if (x.dtype !== 'int32') return original.kernelFunc(parameters);
      (parameters.backend as Backend).incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  });
}

/** Complex numbers have no storage on WebAssembly, so nothing can be copied back; `Draw` needs a browser's canvas. */
const notBorrowed: Record<string, ReadonlySet<string>> = {
  wasm: new Set(['Complex', 'ComplexAbs', 'FFT', 'IFFT', 'Imag', 'Real', 'Draw']),
  tensorflow: new Set(['Draw']),
};

/**
 * Registers, for `backendName`, every kernel that only the JavaScript backend has.
 * @returns the names of the kernels borrowed
 */
export function borrowKernels(backendName: 'wasm' | 'tensorflow'): string[] {
  const have = new Set(tf.getKernelsForBackend(backendName).map((kernel) => kernel.kernelName));
  const borrowed: string[] = [];
  for (const kernel of tf.getKernelsForBackend('cpu')) {
    const name = kernel.kernelName;
    if (have.has(name) || notBorrowed[backendName].has(name)) continue;
    tf.registerKernel({
      kernelName: name,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const target = backend as Backend;
        const js = tf.engine().findBackend('cpu') as Backend;
        const copies: Info[] = [];
        const copy = (info: Info): Info => {
          const dataId = js.write(target.readSync(info.dataId) as Values, info.shape, info.dtype);
          const made = { dataId, shape: info.shape, dtype: info.dtype };
          copies.push(made);
          return made;
        };
        const jsInputs: Record<string, Info | Info[]> = {};
        for (const [key, input] of Object.entries(inputs)) {
          if (input) jsInputs[key] = Array.isArray(input) ? (input as Info[]).map(copy) : copy(input as Info);
        }
        const outputs = kernel.kernelFunc({ inputs: jsInputs as tf.NamedTensorInfoMap, attrs, backend: js });
        const back = (info: Info): Info => {
          const dataId = target.write(js.readSync(info.dataId) as Values, info.shape, info.dtype);
          js.disposeData(info.dataId);
          return { dataId, shape: info.shape, dtype: info.dtype };
        };
        const result = Array.isArray(outputs) ? outputs.map(back) : back(outputs);
        for (const made of copies) js.disposeData(made.dataId);
        return result;
      },
    });
    borrowed.push(name);
  }
  return borrowed;
}
