/** What the steps of a chunk return. */
import { tf } from '../../../tf';
import type { WebGPUBackend } from '../backend';
import { createBuffer } from '../memory';
import type { Recording, Value } from './recording';

/** An output of the steps of a chunk. */
export interface Collected {
  value: Value;
  /** where it is collected, run by run, of each step by step */
  buffer: GPUBuffer;
  /** by run, stacked over the steps */
  tensors: tf.Tensor[];
  /** brings it from there into the tensors, where there are several runs; the buffer may go after that */
  handOut?: (encoder: GPUCommandEncoder) => void;
}

/**
 * Tensors for an output. That of one run is collected where it stays.
 * @param room steps for which there is room for each run where it is collected
 */
export function collect(
  backend: WebGPUBackend,
  { value, shape, dtype }: Recording['outputs'][number],
  { runs, steps, room }: { runs: number; steps: number; room: number },
): Collected {
  const made = Array.from({ length: runs }, () => {
    const info = backend.makeTensorInfo([steps, ...shape], dtype);
    const tensor = tf.engine().makeTensorFromTensorInfo(info, backend as never);
    backend.tensorMap.get(info.dataId).dtype = value.dtype;
    if (value.size > 0) backend.uploadToGPU(info.dataId);
    return { tensor, to: backend.tensorMap.get(info.dataId).resource! };
  });
  const tensors = made.map(({ tensor }) => tensor);
  if (runs === 1) return { value, buffer: made[0].to, tensors };
  const bytes = 4 * room * value.size;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  const buffer = createBuffer(backend, Math.max(4, runs * bytes), usage);
  const handOut = (encoder: GPUCommandEncoder) => {
    if (value.size === 0) return;
    made.forEach(({ to }, run) => encoder.copyBufferToBuffer(buffer, run * bytes, to, 0, 4 * steps * value.size));
  };
  return { value, buffer, tensors, handOut };
}
