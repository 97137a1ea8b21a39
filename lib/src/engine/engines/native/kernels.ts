/**
 * What is mended on TensorFlow.
 *
 * - `round` of integers answers 0 for every element. An integer is its own rounding.
 * - `gather` takes no axis that is counted from the end.
 * - `exp` of integers disposes the tensor that it is given.
 * - `multinomial` gives other samples each time with the same seed.
 * - The backend lacks pooling with padding given in numbers, among others: that runs in JavaScript.
 */
import { tf } from '../../tf';
import {
  always,
  borrowMissing,
  borrowWhereUnable,
  channelsFirst,
  inJavaScript,
  Info,
  KernelFunction,
  ofStrings,
  paddedByNumber,
  replace,
  sameData,
  Unable,
} from '../mend';

const ofIntegers: Unable = ({ x }) => x.dtype === 'int32';
const oneNumberForPadding: Unable = (_, { pad }) => typeof pad === 'number';

/** Cases in which the native backend throws, or ignores the seed (`Multinomial`). */
const CANNOT: Record<string, Unable> = {
  AvgPool: paddedByNumber,
  AvgPoolGrad: paddedByNumber,
  AvgPool3D: paddedByNumber,
  AvgPool3DGrad: paddedByNumber,
  MaxPool: paddedByNumber,
  MaxPoolGrad: paddedByNumber,
  MaxPool3D: paddedByNumber,
  MaxPool3DGrad: paddedByNumber,
  Conv2DBackpropInput: paddedByNumber,
  Conv2DBackpropFilter: paddedByNumber,
  Conv2D: oneNumberForPadding,
  DepthwiseConv2dNative: oneNumberForPadding,
  FusedConv2D: (inputs, attributes) => channelsFirst(inputs, attributes) || oneNumberForPadding(inputs, attributes),
  FusedDepthwiseConv2D: oneNumberForPadding,
  Greater: ofStrings,
  GreaterEqual: ofStrings,
  Less: ofStrings,
  LessEqual: ofStrings,
  LeakyRelu: ofIntegers,
  Step: ofIntegers,
  Diag: ({ x }) => x.dtype === 'bool',
  ScatterNd: ({ indices }) => indices.shape.length === 1,
  Multinomial: always,
};

/** `Draw` wants a browser's canvas. */
const NEVER: ReadonlySet<string> = new Set(['Draw']);

/** Mends the kernels. To be called once. */
export function mendKernels(): void {
  const own = tf.getKernelsForBackend('tensorflow').map(({ kernelName }) => kernelName);
  borrowMissing('tensorflow', NEVER);
  borrowWhereUnable('tensorflow', CANNOT);
  for (const kernelName of own) {
    const js = tf.getKernel(kernelName, 'cpu');
    if (js) replace(kernelName, 'tensorflow', whereUnimplemented(inJavaScript(js.kernelFunc)));
  }
  replace('Round', 'tensorflow', (own) => (parameters) => {
    const { x } = parameters.inputs as Record<string, Info>;
    return x.dtype === 'int32' ? sameData(parameters) : own(parameters);
  });
  replace('GatherV2', 'tensorflow', (own) => (parameters) => {
    const { x } = parameters.inputs as Record<string, Info>;
    const attrs = { ...parameters.attrs, axis: tf.util.parseAxisParam(parameters.attrs!.axis as number, x.shape)[0] };
    return own({ ...parameters, attrs });
  });
  replace('Exp', 'tensorflow', (own) => (parameters) => {
    const { x } = parameters.inputs as Record<string, tf.Tensor>;
    if (x.dtype !== 'int32') return own(parameters);
    const asFloat = tf.cast(x, 'float32');
    const result = own({ ...parameters, inputs: { x: asFloat } });
    asFloat.dispose();
    return result;
  });
}

/**
 * TensorFlow answers UNIMPLEMENTED (status 12) by processor: where it does not use oneDNN, which it does on those with
 * AVX512 or AMX, it has no convolution with channels first and no dilated depthwise convolution.
 */
function whereUnimplemented(borrow: KernelFunction): (own: KernelFunction) => KernelFunction {
  return (own) => (parameters) => {
    try {
      return own(parameters);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('Invalid TF_Status: 12')) return borrow(parameters);
      throw error;
    }
  };
}
