/**
 * Kernels that are missing on WebGPU, or wrong: shaders/ mends the programs; here is what is wrong around them.
 *
 * - Indices are looked at on the device before they are used: trouble.ts.
 * - A fused activation loses NaN and infinities: it is applied after the product, by its own kernel.
 * - A convolution's gradient for its filter keeps the device idle: convolutions.ts.
 * - `argMax` of a vector gives a vector of one; `bincount` counts in vectors alone; sums of sparse segments take whatever indices come.
 */
import { tf } from '../../tf';
import type { Engine } from '../engine';
import {
  always,
  borrowMissing,
  borrowWhereUnable,
  inJavaScript,
  Info,
  KernelFunction,
  KernelParameters,
  ofStrings,
  replace,
  Unable,
} from '../mend';
import { wellFormedProduct } from '../products';
import type { WebGPUBackend } from './backend';
import { filterGradient } from './convolutions';
import { ANY, checkIndices } from './trouble';

/** Kernels that want a browser's canvas. */
const NEVER: ReadonlySet<string> = new Set(['Draw', 'FromPixels']);

const ofIntegers: Unable = (inputs) => Object.values(inputs).some((input) => input?.dtype === 'int32');

const ofNothing: Unable = ({ x }) => x.shape.includes(0);

/** The shader indexes what has no index there. */
const ofManyAxes: Unable = ({ x }) => x.shape.length > 4;

/** Cases for JavaScript: seldom met, and in no training step. */
const CANNOT: Record<string, Unable> = {
  ArgMax: ofIntegers,
  ArgMin: ofIntegers,
  BroadcastArgs: always,
  All: ofNothing,
  Any: ofNothing,
  Max: ofNothing,
  Mean: ofNothing,
  Min: ofNothing,
  Prod: ofNothing,
  StridedSlice: ofManyAxes,
  Sum: ofNothing,
  SparseSegmentMean: always,
  SparseSegmentSum: always,
  Tile: ofStrings,
  TopK: ofIntegers,
};

/** Gradients that its own kernels have right and fast. */
export const GRADIENT_KERNELS: Engine['gradientKernels'] = {
  averagePoolSame: false,
  resizeBilinear: false,
  convolutionFilter: true,
};

/** Mends the kernels. To be called once. */
export function mendKernels(): void {
  borrowMissing('webgpu', NEVER);
  borrowWhereUnable('webgpu', CANNOT);
  replace('Conv2DBackpropFilter', 'webgpu', filterGradient);
  replace('BatchMatMul', 'webgpu', (own) => wellFormedProduct('webgpu', own));
  borrowWhereUnsupported();
  for (const name of ['ArgMax', 'ArgMin']) replace(name, 'webgpu', withoutTheAxis);
  for (const name of ['_FusedMatMul', 'FusedConv2D', 'FusedDepthwiseConv2D']) replace(name, 'webgpu', activatingAfter);
  replace('GatherV2', 'webgpu', (own) => (parameters) => {
    const { x, indices } = parameters.inputs as Record<string, Info>;
    const [axis] = tf.util.parseAxisParam(parameters.attrs!.axis as number, x.shape);
    check(parameters, 'GatherV2', indices, [x.shape[axis]]);
    return own(parameters);
  });
  replace('GatherNd', 'webgpu', (own) => (parameters) => {
    const { params, indices } = parameters.inputs as Record<string, Info>;
    check(parameters, 'gatherND', indices, params.shape.slice(0, indices.shape.at(-1)));
    return own(parameters);
  });
  replace('ScatterNd', 'webgpu', (own) => (parameters) => {
    const { indices } = parameters.inputs as Record<string, Info>;
    const { shape } = parameters.attrs as unknown as { shape: number[] };
    check(parameters, 'scatterND', indices, shape.slice(0, columnsOf(indices)));
    return own(parameters);
  });
  replace('TensorScatterUpdate', 'webgpu', (own) => (parameters) => {
    const { tensor, indices } = parameters.inputs as Record<string, Info>;
    check(parameters, 'tensorScatterUpdate', indices, tensor.shape.slice(0, columnsOf(indices)));
    return own(parameters);
  });
  replace('SparseToDense', 'webgpu', (own) => (parameters) => {
    const { sparseIndices } = parameters.inputs as Record<string, Info>;
    const { outputShape } = parameters.attrs as unknown as { outputShape: number[] };
    check(parameters, 'sparseToDense', sparseIndices, outputShape.slice(0, columnsOf(sparseIndices)));
    return own(parameters);
  });
  replace('Bincount', 'webgpu', (own) => (parameters) => {
    const inputs = parameters.inputs as Record<string, Info>;
    check(parameters, 'bincount', inputs.x, [ANY]);
    return own({ ...parameters, inputs: { x: asVector(inputs.x), weights: asVector(inputs.weights) } });
  });
  replace('DenseBincount', 'webgpu', (own) => (parameters) => {
    check(parameters, 'denseBincount', (parameters.inputs as Record<string, Info>).x, [ANY]);
    return own(parameters);
  });
}

function check({ backend }: KernelParameters, what: string, indices: Info, limits: number[]): void {
  checkIndices(backend as unknown as WebGPUBackend, indices, limits, what);
}

/** How many indices make a place; of a vector each is one. */
const columnsOf = ({ shape }: Info): number => (shape.length < 2 ? 1 : shape.at(-1)!);

/** What the backend says of more axes than a kernel of its knows: JavaScript's kernels know any number. */
const UNSUPPORTED = /for rank \d+ is not (?:yet )?supported/;

function borrowWhereUnsupported(): void {
  for (const { kernelName } of tf.getKernelsForBackend('webgpu')) {
    const js = tf.getKernel(kernelName, 'cpu');
    if (!js) continue;
    const borrow = inJavaScript(js.kernelFunc);
    replace(kernelName, 'webgpu', (own) => (parameters) => {
      try {
        return own(parameters);
      } catch (error) {
        if (!(error instanceof Error) || !UNSUPPORTED.test(error.message)) throw error;
        return borrow(parameters);
      }
    });
  }
}

/** The same data, of one axis: what counts in more does not compile. */
const asVector = (x: Info): Info => ({ ...x, shape: [tf.util.sizeFromShape(x.shape)] });

/** The answer has the input's shape without the axis, also where the input has no other. */
function withoutTheAxis(own: KernelFunction): KernelFunction {
  return (parameters) => {
    const { x } = parameters.inputs as Record<string, Info>;
    const [axis] = tf.util.parseAxisParam(parameters.attrs!.axis as number, x.shape);
    return { ...(own(parameters) as Info), shape: x.shape.filter((_, i) => i !== axis) };
  };
}

/** Kernels of the activations that a product takes with it. A ReLU and none at all are right as they are. */
const ACTIVATIONS: Record<string, string> = {
  elu: 'Elu',
  leakyrelu: 'LeakyRelu',
  prelu: 'Prelu',
  relu6: 'Relu6',
  sigmoid: 'Sigmoid',
};

function activatingAfter(own: KernelFunction): KernelFunction {
  return (parameters) => {
    const { inputs, attrs, backend } = parameters;
    const kernelName = ACTIVATIONS[attrs!.activation as string];
    if (!kernelName) return own(parameters);
    const { preluActivationWeights: alpha, ...operands } = inputs as Record<string, Info>;
    const x = own({ ...parameters, inputs: operands, attrs: { ...attrs, activation: 'linear' } }) as Info;
    const { kernelFunc } = tf.getKernel(kernelName, 'webgpu');
    const named = kernelName === 'Prelu' ? { x, alpha: alongChannels(alpha, attrs!) } : { x };
    const result = kernelFunc({ inputs: named, attrs: { alpha: attrs!.leakyreluAlpha }, backend }) as Info;
    (backend as unknown as WebGPUBackend).disposeData(x.dataId);
    return result;
  };
}

/** A slope for each channel, where channels come before height and width. */
function alongChannels(alpha: Info, { dataFormat }: Record<string, unknown>): Info {
  return dataFormat === 'NCHW' && alpha.shape.length === 1 ? { ...alpha, shape: [...alpha.shape, 1, 1] } : alpha;
}
