/** Gradients of what slides windows over images: convolutions, pooling, resizing, local response normalization. */
import { engineInUse } from '../engines/registry';
import { tf } from '../tf';
import { gathered, own, positions, Rule } from './rules';
import { constant, differentiatedAgain } from './tape';

type Pair = [number, number];
type Kernel = Record<string, tf.Tensor>;
type Attributes = Record<string, unknown>;

const run = (name: string, inputs: Kernel, attributes: Attributes) =>
  tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap) as tf.Tensor;

/** Where the windows lie along each of an image's axes: padding before, size, dilation, stride and number of windows. */
interface Windows {
  before: number[];
  size: number[];
  dilation: number[];
  stride: number[];
  count: number[];
}

type Info = ReturnType<typeof tf.backend_util.computeConv2DInfo>;

const flat = ({
  padInfo,
  ...of
}: Pick<
  Info,
  | 'padInfo'
  | 'filterHeight'
  | 'filterWidth'
  | 'dilationHeight'
  | 'dilationWidth'
  | 'strideHeight'
  | 'strideWidth'
  | 'outHeight'
  | 'outWidth'
>): Windows => ({
  before: [padInfo.top, padInfo.left],
  size: [of.filterHeight, of.filterWidth],
  dilation: [of.dilationHeight, of.dilationWidth],
  stride: [of.strideHeight, of.strideWidth],
  count: [of.outHeight, of.outWidth],
});

const deep = (info: ReturnType<typeof tf.backend_util.computePool3DInfo>): Windows => ({
  before: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  size: [info.filterDepth, info.filterHeight, info.filterWidth],
  dilation: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
  stride: [info.strideDepth, info.strideHeight, info.strideWidth],
  count: [info.outDepth, info.outHeight, info.outWidth],
});

/** How much of padding each axis has before and after, so that windows without padding are the very same ones. */
function paddingOf({ before, size, dilation, stride, count }: Windows, image: number[]): Pair[] {
  return before.map((b, i) => {
    const span = (count[i] - 1) * stride[i] + (size[i] - 1) * dilation[i] + 1;
    return [b, Math.max(0, span - b - image[i])];
  });
}

const NONE: Pair = [0, 0];

function padded(x: tf.Tensor, padding: Pair[], value = 0): tf.Tensor {
  if (padding.every(([before, after]) => before === 0 && after === 0)) return x;
  return tf.pad(x, [NONE, ...padding, NONE], value);
}

function cropped(x: tf.Tensor, padding: Pair[], image: number[]): tf.Tensor {
  if (padding.every(([before, after]) => before === 0 && after === 0)) return x;
  return tf.slice(x, [0, ...padding.map(([before]) => before), 0], [-1, ...image, -1]);
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

const byName = (pad: unknown) => pad === 'same' || pad === 'valid';
const onlyOnes = (dilations: unknown) => dilations == null || [dilations].flat().every((by) => by === 1);

/**
 * A convolution's gradient: TensorFlow.js's own, but for padding in numbers (which its kernels do not all take, or round another way
 * than the convolution) and dilation (which it refuses). There the image is padded and the filter dilated before.
 */
function convolution(
  kernelName: string,
  windowsOf: (x: tf.Tensor, filter: tf.Tensor, attrs: any) => Windows, // eslint-disable-line @typescript-eslint/no-explicit-any
  gradients: Record<'x' | 'filter', (x: tf.Tensor, filter: tf.Tensor, dy: tf.Tensor, attrs: Attributes) => tf.Tensor>,
): Rule {
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
        x: () => cropped(gradients.x(whole, sparse, dy, valid), padding, image),
        filter: () => undilated(gradients.filter(whole, sparse, dy, valid), windows.dilation),
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

type Derivative = (dd: tf.Tensor, a: tf.Tensor, b: tf.Tensor, attrs: Attributes) => tf.Tensor;

const conv2dInput: Derivative = (image, dy, filter, { strides, pad, dataFormat, dimRoundingMode }) =>
  run('Conv2DBackpropInput', { dy, filter }, { strides, pad, dataFormat, dimRoundingMode, inputShape: image.shape });
const conv2dFilter: Derivative = (filter, x, dy, { strides, pad, dataFormat, dimRoundingMode }) =>
  run('Conv2DBackpropFilter', { x, dy }, { strides, pad, dataFormat, dimRoundingMode, filterShape: filter.shape });
const conv2d: Derivative = (_, x, filter, { strides, pad, dataFormat, dimRoundingMode }) =>
  run('Conv2D', { x, filter }, { strides, pad, dataFormat, dimRoundingMode, dilations: [1, 1] });

const conv3dInput: Derivative = (image, dy, filter, { strides, pad }) =>
  run('Conv3DBackpropInputV2', { dy, filter }, { strides, pad, inputShape: image.shape });
const conv3dFilter: Derivative = (filter, x, dy, { strides, pad }) =>
  run('Conv3DBackpropFilterV2', { x, dy }, { strides, pad, filterShape: filter.shape });
const conv3d: Derivative = (_, x, filter, { strides, pad }) =>
  run('Conv3D', { x, filter }, { strides, pad, dataFormat: 'NDHWC', dilations: [1, 1, 1] });

const ones = { dilations: [1, 1], dataFormat: 'NHWC' };
const depthwiseInput: Derivative = (image, dy, filter, { strides, pad, dimRoundingMode }) =>
  run(
    'DepthwiseConv2dNativeBackpropInput',
    { dy, filter },
    { ...ones, strides, pad, dimRoundingMode, inputShape: image.shape },
  );
const depthwiseFilter: Derivative = (filter, x, dy, { strides, pad, dimRoundingMode }) =>
  run(
    'DepthwiseConv2dNativeBackpropFilter',
    { x, dy },
    { ...ones, strides, pad, dimRoundingMode, filterShape: filter.shape },
  );
const depthwise: Derivative = (_, x, filter, { strides, pad, dimRoundingMode }) =>
  run('DepthwiseConv2dNative', { x, filter }, { ...ones, strides, pad, dimRoundingMode });

/** The three kernels of a convolution: y = C(x, w), dx = I(dy, w), dw = F(x, dy), each linear in both, so the gradient of each is the other two. */
function backward(
  input: string,
  filter: string,
  forward: Derivative,
  ofInput: Derivative,
  ofFilter: Derivative,
): Rule[] {
  return [
    bilinear(
      input,
      ['dy', 'filter'],
      [(ddx, dy, w, attrs) => forward(dy, ddx, w, attrs), (ddx, dy, w, attrs) => ofFilter(w, ddx, dy, attrs)],
    ),
    bilinear(
      filter,
      ['x', 'dy'],
      [(ddw, x, dy, attrs) => ofInput(x, dy, ddw, attrs), (ddw, x, dy, attrs) => forward(dy, x, ddw, attrs)],
    ),
  ];
}

/** Average pooling: each window's dy over the number of values in it that lie inside of the image. */
function averagePool(dimensions: 2 | 3): Rule[] {
  const name = dimensions === 2 ? 'AvgPool' : 'AvgPool3D';
  const plain = own(name);
  return [
    {
      kernelName: name,
      inputsToSave: ['x'],
      gradFunc: (dy, [x], attrs) => ({
        x: () => {
          // a kernel that is not right divides by the whole window
          if (attrs.pad === 'valid' || (attrs.pad === 'same' && engineInUse().gradientKernels.averagePoolSame)) {
            return plain(dy, [x], attrs).x();
          }
          const windows = poolWindows(x, attrs);
          const image = x.shape.slice(1, -1);
          const padding = paddingOf(windows, image);
          const { filterSize, strides } = attrs;
          const valid = { filterSize, strides, pad: 'valid' };
          const whole = constant(() => padded(x, padding));
          const weighed = tf.mul(dy, wholeOverInside(windows, image));
          return cropped(run(`${name}Grad`, { dy: weighed, input: whole }, valid), padding, image);
        },
      }),
    },
    {
      kernelName: `${name}Grad`,
      inputsToSave: ['input'],
      gradFunc: (ddx, [input], { filterSize, strides, pad }) => ({
        dy: () => run(name, { x: ddx }, { filterSize, strides, pad }),
        input: () => constant(() => tf.zerosLike(input)),
      }),
    },
  ];
}

/** The number of values of a window over that of those inside of the image, [1, .., 1] shaped like the windows. */
function wholeOverInside({ before, size, stride, count }: Windows, image: number[]): tf.Tensor {
  const ratios = count.map((n, i) =>
    Array.from({ length: n }, (_, at) => {
      const from = at * stride[i] - before[i];
      return size[i] / (Math.min(from + size[i], image[i]) - Math.max(from, 0));
    }),
  );
  const product = ratios.reduce((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1]);
  return tf.tensor(product, [1, ...count, 1], 'float32');
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
function poolWindows(x: tf.Tensor, { filterSize, strides, pad, dimRoundingMode }: any): Windows {
  const { computePool2DInfo, computePool3DInfo } = tf.backend_util;
  return x.rank === 4
    ? flat(computePool2DInfo(x.shape as [number, number, number, number], filterSize, strides, 1, pad, dimRoundingMode))
    : deep(
        computePool3DInfo(
          x.shape as [number, number, number, number, number],
          filterSize,
          strides,
          1,
          pad,
          dimRoundingMode,
        ),
      );
}

/** Maximum pooling: by TensorFlow.js's kernel, and where that does not serve by the place of each window's first largest value. */
function maximumPool(dimensions: 2 | 3): Rule {
  const kernelName = dimensions === 2 ? 'MaxPool' : 'MaxPool3D';
  const plain = own(kernelName);
  return {
    kernelName,
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc: (dy, [x, y], attrs) => ({
      x: () => {
        if (byName(attrs.pad) && !differentiatedAgain()) return plain(dy, [x, y], attrs).x();
        return gathered(
          dy,
          constant(() => placesOfLargest(x, poolWindows(x, attrs))),
          x.shape,
        );
      },
    }),
  };
}

function placesOfLargest(x: tf.Tensor, windows: Windows): tf.Tensor {
  const image = x.shape.slice(1, -1);
  const padding = paddingOf(windows, image);
  const values = padded(x, padding, -Infinity);
  const places = tf.pad(positions(x.shape), [NONE, ...padding, NONE], -1);
  const { size, stride, count } = windows;
  let best: tf.Tensor | undefined;
  let at: tf.Tensor | undefined;
  for (let k = 0; k < tf.util.sizeFromShape(size); k++) {
    let rest = k;
    const from = size.map((_, i) => {
      const inner = tf.util.sizeFromShape(size.slice(i + 1));
      const offset = Math.floor(rest / inner);
      rest %= inner;
      return offset;
    });
    const to = from.map((start, i) => start + (count[i] - 1) * stride[i] + 1);
    const [batch, channels] = [x.shape[0], x.shape[x.rank - 1]];
    const part = (of: tf.Tensor) => tf.stridedSlice(of, [0, ...from, 0], [batch, ...to, channels], [1, ...stride, 1]);
    const [value, place] = [part(values), part(places)];
    if (best === undefined || at === undefined) [best, at] = [value, place];
    else {
      const better = tf.logicalOr(tf.greater(value, best), tf.less(at, 0));
      [best, at] = [tf.where(better, value, best), tf.where(better, place, at)];
    }
  }
  return at!;
}

/** Resizing is linear, row by row and column by column: y = R x C'. So its gradient is R' dy C, with matrices of the kernel's own making. */
function resizing(kernelName: string, resize: typeof tf.image.resizeBilinear): Rule {
  const plain = own(kernelName);
  return {
    kernelName,
    inputsToSave: ['images'],
    gradFunc: (dy, [images], attrs) => ({
      images: () => {
        const { alignCorners, halfPixelCenters } = attrs;
        const wrong =
          halfPixelCenters || (kernelName === 'ResizeBilinear' && !engineInUse().gradientKernels.resizeBilinear);
        if (!wrong && !differentiatedAgain()) return plain(dy, [images], attrs).images();
        const [batch, height, width, depth] = images.shape;
        const [, newHeight, newWidth] = dy.shape as number[];
        const matrix = (n: number, m: number) =>
          constant(() =>
            tf.reshape(
              resize(tf.reshape(tf.eye(n), [1, n, n, 1]) as tf.Tensor4D, [m, n], alignCorners, halfPixelCenters),
              [m, n],
            ),
          ) as tf.Tensor2D;
        const along = (u: tf.Tensor, axis: number, m: tf.Tensor2D) => {
          const turn = [axis, ...[0, 1, 2, 3].filter((i) => i !== axis)];
          const turned = tf.transpose(u, turn);
          const product = tf.matMul(m, tf.reshape(turned, [turned.shape[0], -1]) as tf.Tensor2D, true);
          const shape = [m.shape[1], ...turned.shape.slice(1)];
          return tf.transpose(tf.reshape(product, shape), tf.backend_util.getUndoAxesPermutation(turn));
        };
        const rows = along(dy, 1, matrix(height, newHeight));
        return tf.reshape(along(rows, 2, matrix(width, newWidth)), [batch, height, width, depth]);
      },
    }),
  };
}

/** y = x n^-beta, n = bias + alpha S(x^2) with S the sum over neighbouring channels: dx = dy n^-beta - 2 alpha beta x S(dy x n^(-beta-1)). */
function localResponse(): Rule {
  const plain = own('LRN');
  return {
    kernelName: 'LRN',
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc: (dy, [x, y], attrs) => {
      if (!differentiatedAgain()) return plain(dy, [x, y], attrs);
      const { depthRadius, bias, alpha, beta } = attrs;
      const depth = x.shape[3]!;
      const neighbours = constant(() =>
        tf.tensor2d(
          Float32Array.from({ length: depth * depth }, (_, k) =>
            Math.abs((k % depth) - Math.floor(k / depth)) <= depthRadius ? 1 : 0,
          ),
          [depth, depth],
        ),
      );
      const around = (u: tf.Tensor) =>
        tf.reshape(tf.matMul(tf.reshape(u, [-1, depth]) as tf.Tensor2D, neighbours), u.shape);
      return {
        x: () => {
          const n = tf.add(bias, tf.mul(alpha, around(tf.square(x))));
          const inner = tf.mul(tf.mul(dy, x), tf.pow(n, -beta - 1));
          return tf.sub(tf.mul(dy, tf.pow(n, -beta)), tf.mul(tf.mul(2 * alpha * beta, x), around(inner)));
        },
      };
    },
  };
}

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];

export const windows = (): Rule[] => [
  convolution(
    'Conv2D',
    (x, w, { strides, dilations, pad, dimRoundingMode }) =>
      flat(
        tf.backend_util.computeConv2DInfo(
          x.shape as Shape4,
          w.shape as Shape4,
          strides,
          dilations,
          pad,
          dimRoundingMode,
        ),
      ),
    {
      x: (x, w, dy, attrs) => conv2dInput(x, dy, w, attrs),
      filter: (x, w, dy, attrs) => conv2dFilter(w, x, dy, attrs),
    },
  ),
  ...backward('Conv2DBackpropInput', 'Conv2DBackpropFilter', conv2d, conv2dInput, conv2dFilter),
  convolution(
    'DepthwiseConv2dNative',
    (x, w, { strides, dilations, pad, dimRoundingMode }) =>
      flat(
        tf.backend_util.computeConv2DInfo(
          x.shape as Shape4,
          w.shape as Shape4,
          strides,
          dilations ?? 1,
          pad,
          dimRoundingMode,
          true,
        ),
      ),
    {
      x: (x, w, dy, attrs) => depthwiseInput(x, dy, w, attrs),
      filter: (x, w, dy, attrs) => depthwiseFilter(w, x, dy, attrs),
    },
  ),
  ...backward(
    'DepthwiseConv2dNativeBackpropInput',
    'DepthwiseConv2dNativeBackpropFilter',
    depthwise,
    depthwiseInput,
    depthwiseFilter,
  ),
  convolution(
    'Conv3D',
    (x, w, { strides, dilations, pad }) =>
      deep(tf.backend_util.computeConv3DInfo(x.shape as Shape5, w.shape as Shape5, strides, dilations, pad)),
    {
      x: (x, w, dy, attrs) => conv3dInput(x, dy, w, attrs),
      filter: (x, w, dy, attrs) => conv3dFilter(w, x, dy, attrs),
    },
  ),
  ...backward('Conv3DBackpropInputV2', 'Conv3DBackpropFilterV2', conv3d, conv3dInput, conv3dFilter),
  ...averagePool(2),
  ...averagePool(3),
  maximumPool(2),
  maximumPool(3),
  resizing('ResizeBilinear', tf.image.resizeBilinear),
  resizing('ResizeNearestNeighbor', tf.image.resizeNearestNeighbor),
  localResponse(),
];
