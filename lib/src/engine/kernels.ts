/**
 * Repairs to TensorFlow.js's backends, applied once by `ready()`, so that a reader meets neither a wrong number nor
 * "kernel not registered". `npm run conformance` runs TensorFlow.js's own tests over the result.
 *
 * - `round` of integers on the native backend answers 0 for every element. An integer is its own rounding.
 * - `gather` on the native backend takes no axis that is counted from the end.
 * - `exp` of integers on the native backend disposes the tensor that it is given.
 * - `multinomial` on the native backend gives other samples each time with the same seed.
 * - Matrix products on WebAssembly and in JavaScript: see products.ts; `gather` on WebAssembly: gather.ts.
 * - `clone` on WebAssembly copies the data, and automatic differentiation clones whatever it keeps; now it shares them.
 * - What a backend lacks is computed in JavaScript on copies of the inputs: slower, and right. WebAssembly lacks the
 *   gradients of convolutions and of `gather`; the native backend lacks pooling with padding given in numbers.
 */
import { copySlices } from './gather';
import { wellFormedProduct } from './products';
import { tf } from './tf';

type Backend = InstanceType<typeof tf.KernelBackend>;
type KernelFunction = tf.KernelConfig['kernelFunc'];
type Parameters_ = Parameters<KernelFunction>[0];
type Info = tf.TensorInfo;
type Values = Parameters<Backend['write']>[0];

/** Whether the kernel of the backend itself cannot do, or does wrongly, what is asked. */
type Unable = (inputs: Record<string, Info>, attributes: Record<string, unknown>) => boolean;

const always: Unable = () => true;
const ofStrings: Unable = (inputs) => Object.values(inputs).some((input) => input?.dtype === 'string');
const ofIntegers: Unable = ({ x }) => x.dtype === 'int32';
const channelsFirst: Unable = (_, { dataFormat }) => dataFormat === 'NCHW';
const biasNotAVector: Unable = ({ bias }) => !!bias && bias.shape.length !== 1;
const oneNumberForPadding: Unable = (_, { pad }) => typeof pad === 'number';
const paddedByNumber: Unable = (_, { pad }) => pad !== 'valid' && pad !== 'same';

/** Cases in which the native backend throws, or ignores the seed (`Multinomial`). */
const nativeCannot: Record<string, Unable> = {
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

/**
 * The same for WebAssembly. Four of these answer wrongly without a word: `ClipByValue` turns NaN into the lower bound,
 * which would hide a network that has diverged; `Cast` to bool keeps numbers other than 0 and 1; pooling with padding
 * given in numbers reads past the end of its input; the gradient of max pooling seeks the largest value from zero upwards,
 * so that a window of negative ones sends its gradient to the wrong place.
 */
const wasmCannot: Record<string, Unable> = {
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
const notBorrowed: Record<string, ReadonlySet<string>> = {
  tensorflow: new Set(['Draw']),
  wasm: new Set(['Draw', 'Complex', 'ComplexAbs', 'FFT', 'IFFT', 'Imag', 'Real']),
};

let javaScriptIsRepaired = false;

/** Repairs the kernels in plain JavaScript, from which the other backends borrow. To be called before `repairKernels`. */
export function repairJavaScript(): void {
  if (javaScriptIsRepaired) return;
  javaScriptIsRepaired = true;
  replace('BatchMatMul', 'cpu', (own) => wellFormedProduct('cpu', own));
  replace('StridedSlice', 'cpu', takingOutAxesLast);
  replace('TensorScatterUpdate', 'cpu', (own) => (parameters) => {
    const { backend, inputs } = parameters;
    const js = backend as Backend;
    const { tensor, ...others } = inputs as Record<string, Info>;
    const values = (js.readSync(tensor.dataId) as Float32Array).slice(); // it writes into them
    const copy = { dataId: js.write(values, tensor.shape, tensor.dtype), shape: tensor.shape, dtype: tensor.dtype };
    const result = own({ ...parameters, inputs: { tensor: copy, ...others } as unknown as tf.NamedTensorInfoMap });
    js.disposeData(copy.dataId);
    return result;
  });
}

/** Where an axis is taken out (x[1, ::2]), the strides of the others are forgotten: here it is taken out of the result. */
const takingOutAxesLast =
  (own: KernelFunction): KernelFunction =>
  (parameters) => {
    const { begin, end, strides, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } =
      parameters.attrs as unknown as Record<'begin' | 'end' | 'strides', number[]> &
        Record<'endMask' | 'ellipsisMask' | 'newAxisMask' | 'shrinkAxisMask', number>;
    if (!shrinkAxisMask || ellipsisMask || newAxisMask || strides.every((by) => by === 1)) return own(parameters);
    const gone = (axis: number) => ((shrinkAxisMask >> axis) & 1) === 1;
    const attrs = {
      ...parameters.attrs,
      shrinkAxisMask: 0,
      end: end.map((to, axis) => (gone(axis) ? begin[axis] + 1 : to)),
      endMask: begin.reduce((mask, from, axis) => (gone(axis) && from === -1 ? mask | (1 << axis) : mask), endMask),
    };
    const { shape, ...rest } = own({ ...parameters, attrs }) as Info;
    return { ...rest, shape: shape.filter((_, axis) => !gone(axis)) };
  };

/**
 * Repairs the kernels of a backend. To be called once per backend.
 * @param backendName TensorFlow.js's name: `tensorflow` is the native backend
 * @returns the names of the kernels that were not there and now run in JavaScript
 */
export function repairKernels(backendName: 'tensorflow' | 'wasm'): string[] {
  const have = new Set(tf.getKernelsForBackend(backendName).map((kernel) => kernel.kernelName));
  const borrowed: string[] = [];
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu')) {
    if (have.has(kernelName) || notBorrowed[backendName].has(kernelName)) continue;
    tf.registerKernel({ kernelName, backendName, kernelFunc: inJavaScript(kernelFunc) });
    borrowed.push(kernelName);
  }
  const cannot = backendName === 'tensorflow' ? nativeCannot : wasmCannot;
  for (const [name, unable] of Object.entries(cannot)) {
    const js = tf.getKernel(name, 'cpu');
    if (!js) continue;
    const borrow = inJavaScript(js.kernelFunc);
    replace(name, backendName, (own) => (parameters) => {
      const { inputs, attrs } = parameters;
      return unable(inputs as Record<string, Info>, attrs ?? {}) ? borrow(parameters) : own(parameters);
    });
  }
  if (backendName === 'tensorflow') {
    for (const { kernelName } of tf.getKernelsForBackend('tensorflow')) {
      const js = tf.getKernel(kernelName, 'cpu');
      if (js && have.has(kernelName)) replace(kernelName, backendName, whereUnimplemented(inJavaScript(js.kernelFunc)));
    }
    replace('Round', backendName, (own) => (parameters) => {
      const { x } = parameters.inputs as Record<string, Info>;
      return x.dtype === 'int32' ? sameData(parameters) : own(parameters);
    });
    replace('GatherV2', backendName, (own) => (parameters) => {
      const { x } = parameters.inputs as Record<string, Info>;
      const attrs = { ...parameters.attrs, axis: tf.util.parseAxisParam(parameters.attrs!.axis as number, x.shape)[0] };
      return own({ ...parameters, attrs });
    });
    replace('Exp', backendName, (own) => (parameters) => {
      const { x } = parameters.inputs as Record<string, tf.Tensor>;
      if (x.dtype !== 'int32') return own(parameters);
      const asFloat = tf.cast(x, 'float32');
      const result = own({ ...parameters, inputs: { x: asFloat } });
      asFloat.dispose();
      return result;
    });
  } else {
    replace('BatchMatMul', backendName, (own) => wellFormedProduct('wasm', own));
    replace('GatherV2', backendName, copySlices);
    replace('StridedSlice', backendName, takingOutAxesLast);
    replace('Identity', backendName, (own) => (parameters) => {
      const { x } = parameters.inputs as Record<string, Info>;
      return x.dtype === 'string' ? own(parameters) : sameData(parameters);
    });
  }
  return borrowed;
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

/** A second tensor on the data of the input `x`, which the backend counts. */
function sameData({ inputs, backend }: Parameters_): Info {
  const { dataId, shape, dtype } = (inputs as Record<string, Info>).x;
  (backend as Backend).incRef(dataId);
  return { dataId, shape, dtype };
}

function replace(kernelName: string, backendName: string, wrap: (own: KernelFunction) => KernelFunction): void {
  const kernel = tf.getKernel(kernelName, backendName);
  if (!kernel) return;
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ ...kernel, kernelFunc: wrap(kernel.kernelFunc) });
}

/** The JavaScript backend's kernel, on copies, for a backend whose values can be read and written synchronously. */
function inJavaScript(kernel: KernelFunction): KernelFunction {
  return ({ inputs, attrs, backend }: Parameters_) => {
    const target = backend as Backend;
    const js = tf.engine().findBackend('cpu') as Backend;
    const copies: Info[] = [];
    const copy = ({ dataId, shape, dtype }: Info): Info => {
      const made = {
        dataId: js.write(target.readSync(dataId) as Values, shape, dtype),
        shape,
        dtype,
        rank: shape.length, // some kernels ask for it
      };
      copies.push(made);
      return made;
    };
    const back = ({ dataId, shape, dtype }: Info): Info => {
      const made = { dataId: target.write(js.readSync(dataId) as Values, shape, dtype), shape, dtype };
      js.disposeData(dataId);
      return made;
    };
    // A kernel of any number of inputs (Einsum, Concat) gets them as an array, the others by name.
    const jsInputs = Array.isArray(inputs) ? (inputs as Info[]).map(copy) : copyNamed(inputs, copy);
    const outputs = kernel({ inputs: jsInputs as unknown as tf.NamedTensorInfoMap, attrs, backend: js });
    const result = Array.isArray(outputs) ? outputs.map(back) : back(outputs);
    for (const { dataId } of copies) js.disposeData(dataId);
    return result;
  };
}

function copyNamed(inputs: Parameters_['inputs'], copy: (info: Info) => Info): Record<string, Info | Info[]> {
  const copied: Record<string, Info | Info[]> = {};
  for (const [key, input] of Object.entries(inputs) as [string, Info | Info[] | undefined][]) {
    if (input) copied[key] = Array.isArray(input) ? input.map(copy) : copy(input);
  }
  return copied;
}
