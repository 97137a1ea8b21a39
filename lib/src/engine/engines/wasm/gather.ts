/**
 * `gather` on WebAssembly. The backend's kernel works out the place of each single value anew; for the pictures of a mini-batch that
 * takes as long as all matrix products of the paper's network together. Whole slices are copied here instead.
 */
import { tf } from '../../tf';

type KernelFunction = tf.KernelConfig['kernelFunc'];
type Info = tf.TensorInfo;

/** What the WebAssembly backend has beyond a backend's interface. */
interface WasmBackend {
  makeOutput(shape: number[], dtype: string): Info;
  typedArrayFromHeap(tensor: Info): Float32Array | Int32Array | Uint8Array;
}

/** From this many values on a slice is copied as a whole; shorter ones are as fast in the kernel's own loop. */
const SLICE = 16;

/**
 * Wraps the backend's kernel `GatherV2`.
 * @param own its kernel, which still takes batches of indices, short slices and what is no number
 */
export function copySlices(own: KernelFunction): KernelFunction {
  return (parameters) => {
    const { x, indices } = parameters.inputs as Record<string, Info>;
    const { axis, batchDims } = parameters.attrs as { axis: number; batchDims: number };
    const isNumeric = x.dtype === 'float32' || x.dtype === 'int32' || x.dtype === 'bool';
    if (!isNumeric || batchDims !== 0 || indices.dtype !== 'int32') return own(parameters);
    const [along] = tf.util.parseAxisParam(axis, x.shape);
    const { outerSize, dimSize, sliceSize, outputShape } = tf.backend_util.segment_util.collectGatherOpShapeInfo(
      x as tf.Tensor,
      indices as tf.Tensor,
      along,
      0,
    );
    if (sliceSize < SLICE) return own(parameters);
    const backend = parameters.backend as WasmBackend;
    for (const index of backend.typedArrayFromHeap(indices)) {
      tf.util.assert(
        index >= 0 && index < dimSize,
        () => `GatherV2: the index value ${index} is not in [0, ${dimSize - 1}]`,
      );
    }
    const made = backend.makeOutput(outputShape, x.dtype);
    // Making the output may move the heap, so that views are taken after it.
    const [from, rows, to] = [x, indices, made].map((tensor) => backend.typedArrayFromHeap(tensor));
    let at = 0;
    for (let outer = 0; outer < outerSize; outer++) {
      for (const row of rows) {
        const start = (outer * dimSize + row) * sliceSize;
        to.set(from.subarray(start, start + sliceSize), at);
        at += sliceSize;
      }
    }
    return made;
  };
}
