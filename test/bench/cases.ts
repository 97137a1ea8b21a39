/**
 * The three training steps of the benchmark. Every library does the same work in its own idiom: batch gathered by row from data in
 * memory, forward, softmax cross-entropy, backward, batch norm's moving averages (decay 0.9), plain gradient descent at 0.1.
 */
export interface Case {
  name: 'dense' | 'wide' | 'conv';
  title: string;
  batch: number;
  /** layer widths of a dense network */
  sizes?: number[];
  /** channels of a convolutional one */
  channels?: number[];
  /** steps per call of JAX's scan */
  scan: number;
}

export const cases: Case[] = [
  {
    name: 'dense',
    title: "dense, the paper's: 784-100-100-100-10, sigmoid, batch norm, batch 60",
    batch: 60,
    sizes: [784, 100, 100, 100, 10],
    scan: 200,
  },
  {
    name: 'wide',
    title: 'wide dense: 784-1024-1024-1024-10, sigmoid, batch norm, batch 256',
    batch: 256,
    sizes: [784, 1024, 1024, 1024, 10],
    scan: 10,
  },
  {
    name: 'conv',
    title: 'convolutional: 28x28x1, 3x3 convolutions 1-32-32-64-64 (strides 1, 2, 1, 2), batch norm, ReLU, batch 64',
    batch: 64,
    channels: [1, 32, 32, 64, 64],
    scan: 10,
  },
];

/** Examples in the data that batches are gathered from. */
export const EXAMPLES = 4096;

/** Floating-point operations of the matrix products of one step, 2 per multiplication and addition. */
export function productFlops({ sizes, batch }: Case): number {
  if (!sizes) return NaN;
  let flops = 0;
  // forward, gradient in the weights, and, behind the first layer, gradient in the layer's input
  for (let i = 1; i < sizes.length; i++) flops += 2 * batch * sizes[i - 1] * sizes[i] * (i === 1 ? 2 : 3);
  return flops;
}
