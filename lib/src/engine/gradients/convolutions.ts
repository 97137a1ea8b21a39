/** Gradients of convolutions. */
import { tf } from '../tf';
import { own, Rule } from './rules';
import {
  Attributes,
  byName,
  cropped,
  deep,
  flat,
  NONE,
  padded,
  paddingOf,
  run,
  Shape4,
  Shape5,
  Windows,
} from './windows';

/**
 * The three kernels of a convolution: y = C(x, w), dx = I(dy, w), dw = F(x, dy), each linear in both, so that the gradient of each is the
 * other two.
 */
interface Family {
  forward: string;
  input: string;
  filter: string;
  /** the attributes that all three take, of those of one of them */
  attributes(attrs: Attributes): Attributes;
  /** what the first takes besides */
  undilated: Attributes;
  windowsOf(x: tf.Tensor, filter: tf.Tensor, attrs: any): Windows; // eslint-disable-line @typescript-eslint/no-explicit-any
}

/** A kernel of two operands, the result having the shape of the first argument, where that cannot be told from them. */
type Derivative = (like: tf.Tensor, a: tf.Tensor, b: tf.Tensor, attrs: Attributes) => tf.Tensor;

type Kernels = Record<'ofOutput' | 'ofInput' | 'ofFilter', Derivative>;

function kernelsOf({ forward, input, filter: ofFilter, attributes, undilated }: Family): Kernels {
  return {
    ofOutput: (_, x, filter, attrs) => run(forward, { x, filter }, { ...attributes(attrs), ...undilated }),
    ofInput: (image, dy, filter, attrs) =>
      run(input, { dy, filter }, { ...attributes(attrs), inputShape: image.shape }),
    ofFilter: (filter, x, dy, attrs) => run(ofFilter, { x, dy }, { ...attributes(attrs), filterShape: filter.shape }),
  };
}

/** A filter with zeros between its values, along its first axes. */
function dilated(filter: tf.Tensor, dilation: number[]): tf.Tensor {
  return dilation.reduce((w, by, axis) => {
    if (by === 1) return w;
    const [outer, n, inner] = around(w.shape, axis);
    const spread = tf.pad(tf.reshape(w, [outer, n, 1, inner]), [NONE, NONE, [0, by - 1], NONE]);
    const kept = tf.slice(tf.reshape(spread, [outer, n * by, inner]), [0, 0, 0], [outer, (n - 1) * by + 1, inner]);
    return tf.reshape(
      kept,
      w.shape.map((length, i) => (i === axis ? (n - 1) * by + 1 : length)),
    );
  }, filter);
}

/** The other way: every `by`-th value. */
function undilated(filter: tf.Tensor, dilation: number[]): tf.Tensor {
  return dilation.reduce((w, by, axis) => {
    if (by === 1) return w;
    const [outer, length, inner] = around(w.shape, axis);
    const n = (length - 1) / by + 1;
    const whole = tf.pad(tf.reshape(w, [outer, length, inner]), [NONE, [0, by - 1], NONE]);
    const kept = tf.slice(tf.reshape(whole, [outer, n, by, inner]), [0, 0, 0, 0], [outer, n, 1, inner]);
    return tf.reshape(
      kept,
      w.shape.map((old, i) => (i === axis ? n : old)),
    );
  }, filter);
}

function around(shape: number[], axis: number): [number, number, number] {
  const size = tf.util.sizeFromShape;
  return [size(shape.slice(0, axis)), shape[axis], size(shape.slice(axis + 1))];
}

const onlyOnes = (dilations: unknown) => dilations == null || [dilations].flat().every((by) => by === 1);

/**
 * A convolution's gradient: TensorFlow.js's own, but for padding in numbers (which its kernels do not all take, or round another way
 * than the convolution) and dilation (which it refuses). There the image is padded and the filter dilated before.
 */
function forwardRule({ forward: kernelName, windowsOf }: Family, { ofInput, ofFilter }: Kernels): Rule {
  const plain = own(kernelName);
  return {
    kernelName,
    inputsToSave: ['x', 'filter'],
    gradFunc: (dy, [x, filter], attrs) => {
      if (byName(attrs.pad) && onlyOnes(attrs.dilations)) return plain(dy, [x, filter], attrs);
      if (attrs.dataFormat === 'NCHW') {
        throw new Error(
          `The gradient of ${kernelName} with channels first is there for pad 'same' or 'valid' and no dilation. ` +
            'Transpose the image to channels last.',
        );
      }
      const windows = windowsOf(x, filter, attrs);
      const image = x.shape.slice(1, -1);
      const padding = paddingOf(windows, image);
      const whole = padded(x, padding);
      const sparse = dilated(filter, windows.dilation);
      const valid = { ...attrs, strides: attrs.strides, pad: 'valid', dimRoundingMode: undefined, dilations: 1 };
      return {
        x: () => cropped(ofInput(whole, dy, sparse, valid), padding, image),
        filter: () => undilated(ofFilter(sparse, whole, dy, valid), windows.dilation),
      };
    },
  };
}

/** What is linear in `dy` and in `other`, a value that only lends its shape not counted. */
function bilinear(kernelName: string, [first, second]: [string, string], gradients: [Derivative, Derivative]): Rule {
  return {
    kernelName,
    inputsToSave: [first, second],
    gradFunc: (dd, [a, b], attrs) => ({
      [first]: () => gradients[0](dd, a, b, attrs),
      [second]: () => gradients[1](dd, a, b, attrs),
    }),
  };
}

function rulesOf(family: Family): Rule[] {
  const kernels = kernelsOf(family);
  const { ofOutput, ofInput, ofFilter } = kernels;
  return [
    forwardRule(family, kernels),
    bilinear(
      family.input,
      ['dy', 'filter'],
      [(ddx, dy, w, attrs) => ofOutput(dy, ddx, w, attrs), (ddx, dy, w, attrs) => ofFilter(w, ddx, dy, attrs)],
    ),
    bilinear(
      family.filter,
      ['x', 'dy'],
      [(ddw, x, dy, attrs) => ofInput(x, dy, ddw, attrs), (ddw, x, dy, attrs) => ofOutput(dy, x, ddw, attrs)],
    ),
  ];
}

const flatWindows =
  (depthwise: boolean): Family['windowsOf'] =>
  (x, w, { strides, dilations, pad, dimRoundingMode }) =>
    flat(
      tf.backend_util.computeConv2DInfo(
        x.shape as Shape4,
        w.shape as Shape4,
        strides,
        dilations ?? 1,
        pad,
        dimRoundingMode,
        depthwise,
      ),
    );

const FAMILIES: readonly Family[] = [
  {
    forward: 'Conv2D',
    input: 'Conv2DBackpropInput',
    filter: 'Conv2DBackpropFilter',
    attributes: ({ strides, pad, dataFormat, dimRoundingMode }) => ({ strides, pad, dataFormat, dimRoundingMode }),
    undilated: { dilations: [1, 1] },
    windowsOf: flatWindows(false),
  },
  {
    forward: 'DepthwiseConv2dNative',
    input: 'DepthwiseConv2dNativeBackpropInput',
    filter: 'DepthwiseConv2dNativeBackpropFilter',
    attributes: ({ strides, pad, dimRoundingMode }) => ({
      ...{ strides, pad, dimRoundingMode, dataFormat: 'NHWC', dilations: [1, 1] },
    }),
    undilated: {},
    windowsOf: flatWindows(true),
  },
  {
    forward: 'Conv3D',
    input: 'Conv3DBackpropInputV2',
    filter: 'Conv3DBackpropFilterV2',
    attributes: ({ strides, pad }) => ({ strides, pad }),
    undilated: { dataFormat: 'NDHWC', dilations: [1, 1, 1] },
    windowsOf: (x, w, { strides, dilations, pad }) =>
      deep(tf.backend_util.computeConv3DInfo(x.shape as Shape5, w.shape as Shape5, strides, dilations, pad)),
  },
];

export const convolutions = (): Rule[] => FAMILIES.flatMap(rulesOf);
