/** What grows in many steps on WebGPU. Run in a process of its own, on Dawn's null backend. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { compile, mlp, type NamedTensors, tf } from 'bnlab';
import { descent } from '../../support/descent';

/** What there is after so many steps. Bytes. */
export interface Growth {
  steps: number;
  tensors: number;
  variables: number;
  /** in tensors on the device */
  device: number;
  /** of the device, made and not destroyed, without those that wait in the backend's pool: one of each size, at most */
  buffers: number;
  /** of JavaScript, garbage collected */
  heap: number;
  /** of the process */
  resident: number | null;
}

/** Buffers that have been made and not destroyed. */
function countBuffers(device: GPUDevice): () => number {
  let open = 0;
  const own = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = own(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    let isOpen = true;
    open++;
    buffer.destroy = () => {
      if (isOpen) open--;
      isOpen = false;
      return destroy();
    };
    return buffer;
  };
  return () => open;
}

/** Lets garbage go, and what waits for it. */
async function collect(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve)); // objects of Dawn are let go of by a turn of the event loop
  }
}

/** A number of looks, each after as many steps more of the paper's network with batch normalization, by Adam. */
export async function grown(looks: number, steps: number): Promise<Growth[]> {
  const { device, bufferManager } = tf.backend() as unknown as {
    device: GPUDevice;
    bufferManager: { getNumFreeBuffers(): number };
  };
  const open = countBuffers(device);
  const network = mlp({ sizes: [784, 100, 100, 100, 10], activation: 'sigmoid', norm: 'batch', seed: 1 });
  const step = compile<NamedTensors, NamedTensors>(descent(network, tf.train.adam(0.01)));
  const data = { x: tf.ones([8, 784]), y: tf.ones([8, 10]) };
  const batches = new Int32Array(4 * steps);
  const found: Growth[] = [];
  for (let look = 1; look <= looks; look++) {
    tf.dispose((await step.run({ data, batches, batchSize: 4 })).outputs);
    const one = tf.add(1, 1); // what was disposed is let go of when the next commands are handed over
    await one.data();
    one.dispose();
    await collect();
    const { numTensors, numBytesInGPU } = tf.memory() as tf.MemoryInfo & { numBytesInGPU: number };
    found.push({
      ...{
        steps: look * steps,
        tensors: numTensors,
        device: numBytesInGPU,
        buffers: open() - bufferManager.getNumFreeBuffers(),
      },
      variables: Object.keys(tf.engine().registeredVariables).length,
      ...{ heap: process.memoryUsage().heapUsed, resident: process.memoryUsage.rss() },
    });
  }
  return found;
}
