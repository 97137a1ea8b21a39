/** Gradients of pooling. */
import { engineInUse } from '../engines/registry';
import { tf } from '../tf';
import { gathered, own, positions, Rule } from './rules';
import { constant, differentiatedAgain } from './tape';
import { byName, cropped, deep, flat, NONE, padded, paddingOf, run, Shape4, Shape5, Windows } from './windows';

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
    ? flat(computePool2DInfo(x.shape as Shape4, filterSize, strides, 1, pad, dimRoundingMode))
    : deep(computePool3DInfo(x.shape as Shape5, filterSize, strides, 1, pad, dimRoundingMode));
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

export const pools = (): Rule[] => [...averagePool(2), ...averagePool(3), maximumPool(2), maximumPool(3)];
