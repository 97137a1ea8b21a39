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

const ofBooleans: Unable = ({ x }) => x.dtype === 'bool';
const notOfFloats: Unable = ({ x }) => x.dtype !== 'float32';
const biasNotAVector: Unable = ({ bias }) => !!bias && bias.shape.length !== 1;

/**
 * These take what they are given for values of four bytes, and write such. A boolean has one: they read past the end of the input, and those
 * whose result is boolean write past the end of it, into what lies behind.
 */
const FOUR_BYTES = [
  ...['Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Ceil', 'Cos', 'Cosh', 'Elu', 'Erf', 'Exp', 'Expm1'],
  ...['Floor', 'LeakyRelu', 'Log', 'Neg', 'Relu', 'Relu6', 'Round', 'Rsqrt', 'Selu', 'Sigmoid', 'Sign', 'Sin', 'Sinh'],
  ...['Softplus', 'Sqrt', 'Square', 'Step', 'Tan', 'Tanh', 'Reverse', 'TopK'],
];

/** These leave the result of two booleans as the memory was. */
const NO_BOOLEANS = ['FloorDiv', 'Mod', 'Pow', 'SquaredDifference', 'Sub'];

/**
 * Cases in which WebAssembly's kernels throw or answer wrongly. These answer wrongly without a word, beside those of `FOUR_BYTES`:
 * `ClipByValue` turns NaN into the lower bound, which would hide a network that has diverged; `Cast` to bool keeps numbers other than 0
 * and 1; pooling with padding given in numbers reads past the end of its input; the gradient of max pooling seeks the largest value from
 * zero upwards, so that a window of negative ones sends its gradient to the wrong place; `Select` takes booleans for values of four bytes,
 * and `Reciprocal`, `IsNan` and their like take integers for floats.
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
  ...Object.fromEntries(FOUR_BYTES.map((name) => [name, ofBooleans])),
  Select: ({ t }) => t.dtype === 'bool',
  ...Object.fromEntries(NO_BOOLEANS.map((name) => [name, ({ a }: Record<string, Info>) => a.dtype === 'bool'])),
  IsFinite: notOfFloats,
  IsInf: notOfFloats,
  IsNan: notOfFloats,
  Log1p: notOfFloats,
  Prelu: notOfFloats,
  Reciprocal: notOfFloats,
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
