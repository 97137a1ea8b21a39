/** Where windows lie that slide over images: what the gradients of convolutions and of pooling share. */
import { tf } from '../tf';

export type Pair = [number, number];
export type Attributes = Record<string, unknown>;

/** A kernel of TensorFlow.js, by its name. */
export const run = (name: string, inputs: Record<string, tf.Tensor>, attributes: Attributes) =>
  tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap) as tf.Tensor;

/** Where the windows lie along each of an image's axes: padding before, size, dilation, stride and number of windows. */
export interface Windows {
  before: number[];
  size: number[];
  dilation: number[];
  stride: number[];
  count: number[];
}

type Info = ReturnType<typeof tf.backend_util.computeConv2DInfo>;

/** Windows over pictures. */
export const flat = ({
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

/** Windows over volumes. */
export const deep = (info: ReturnType<typeof tf.backend_util.computePool3DInfo>): Windows => ({
  before: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  size: [info.filterDepth, info.filterHeight, info.filterWidth],
  dilation: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
  stride: [info.strideDepth, info.strideHeight, info.strideWidth],
  count: [info.outDepth, info.outHeight, info.outWidth],
});

/** How much of padding each axis has before and after, so that windows without padding are the very same ones. */
export function paddingOf({ before, size, dilation, stride, count }: Windows, image: number[]): Pair[] {
  return before.map((b, i) => {
    const span = (count[i] - 1) * stride[i] + (size[i] - 1) * dilation[i] + 1;
    return [b, Math.max(0, span - b - image[i])];
  });
}

export const NONE: Pair = [0, 0];

export function padded(x: tf.Tensor, padding: Pair[], value = 0): tf.Tensor {
  if (padding.every(([before, after]) => before === 0 && after === 0)) return x;
  return tf.pad(x, [NONE, ...padding, NONE], value);
}

export function cropped(x: tf.Tensor, padding: Pair[], image: number[]): tf.Tensor {
  if (padding.every(([before, after]) => before === 0 && after === 0)) return x;
  return tf.slice(x, [0, ...padding.map(([before]) => before), 0], [-1, ...image, -1]);
}

/** Padding that every kernel takes, and takes alike. */
export const byName = (pad: unknown) => pad === 'same' || pad === 'valid';

export type Shape4 = [number, number, number, number];
export type Shape5 = [number, number, number, number, number];
