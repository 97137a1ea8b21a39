/**
 * What is mended on WebAssembly.
 *
 * - Matrix products: products.ts; `gather`: gather.ts.
 * - `clone` copies the data, and automatic differentiation clones whatever it keeps; here it shares them. So does a cast to the type that is.
 * - The backend lacks the gradients of convolutions and of `gather`, among others: those run in JavaScript.
 */
import {
  always,
  borrowMissing,
  borrowWhereUnable,
  channelsFirst,
  Info,
  ofStrings,
  paddedByNumber,
  replace,
  sameData,
  takingOutAxesLast,
  Unable,
} from '../mend';
import { wellFormedProduct } from '../products';
import { copySlices } from './gather';

const biasNotAVector: Unable = ({ bias }) => !!bias && bias.shape.length !== 1;

/**
 * Cases in which WebAssembly's kernels throw or answer wrongly. Four of these answer wrongly without a word: `ClipByValue` turns NaN into the lower bound,
 * which would hide a network that has diverged; `Cast` to bool keeps numbers other than 0 and 1; pooling with padding
 * given in numbers reads past the end of its input; the gradient of max pooling seeks the largest value from zero upwards,
 * so that a window of negative ones sends its gradient to the wrong place.
 */
const CANNOT: Record<string, Unable> = {
  ClipByValue: always,
  Cast: ({ x }, { dtype }) => dtype === 'bool' && x.dtype !== 'bool',
  AvgPool: paddedByNumber,
  AvgPoolGrad: paddedByNumber,
  AvgPool3D: paddedByNumber,
  AvgPool3DGrad: paddedByNumber,
  MaxPool: paddedByNumber,
  MaxPoolGrad: always,
  MaxPool3D: paddedByNumber,
  MaxPool3DGrad: always,
  BatchMatMul: ({ a, b }) => a.dtype !== 'float32' || b.dtype !== 'float32',
  Conv2D: (inputs, attributes) => channelsFirst(inputs, attributes) || paddedByNumber(inputs, attributes),
  Conv2DBackpropInput: channelsFirst,
  Conv3DBackpropFilterV2: always,
  Conv3DBackpropInputV2: always,
  DepthwiseConv2dNative: paddedByNumber,
  Dilation2D: always,
  Dilation2DBackpropFilter: always,
  Dilation2DBackpropInput: always,
  GatherV2: (_, { batchDims }) => (batchDims as number) > 0,
  StridedSlice: ({ x }) => x.dtype !== 'float32',
  FusedConv2D: (inputs, attributes) => channelsFirst(inputs, attributes) || biasNotAVector(inputs, attributes),
  FusedDepthwiseConv2D: biasNotAVector,
  _FusedMatMul: biasNotAVector,
  Bincount: ({ x }) => x.shape.length !== 1,
  Equal: ofStrings,
  NotEqual: ofStrings,
  Greater: ofStrings,
  GreaterEqual: ofStrings,
  Less: ofStrings,
  LessEqual: ofStrings,
  Tile: ofStrings,
  SparseToDense: ofStrings,
};

/** `Draw` wants a browser's canvas; WebAssembly has no storage for complex numbers, so nothing could be copied back. */
const NEVER: ReadonlySet<string> = new Set(['Draw', 'Complex', 'ComplexAbs', 'FFT', 'IFFT', 'Imag', 'Real']);

/** Mends the kernels. To be called once. */
export function mendKernels(): void {
  borrowMissing('wasm', NEVER);
  borrowWhereUnable('wasm', CANNOT);
  replace('BatchMatMul', 'wasm', (own) => wellFormedProduct('wasm', own, { transposeFirst: true }));
  replace('GatherV2', 'wasm', copySlices);
  replace('StridedSlice', 'wasm', takingOutAxesLast);
  replace('Cast', 'wasm', (own) => (parameters) => {
    const { x } = parameters.inputs as Record<string, Info>;
    return x.dtype === parameters.attrs?.dtype ? sameData(parameters) : own(parameters);
  });
  replace('Identity', 'wasm', (own) => (parameters) => {
    const { x } = parameters.inputs as Record<string, Info>;
    return x.dtype === 'string' ? own(parameters) : sameData(parameters);
  });
}
