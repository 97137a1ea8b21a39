/** Gradients of what moves values from place to place. */
import { tf } from '../tf';
import { gathered, none, positions, Rule } from './rules';
import { constant } from './tape';

/** The gradient of what picks elements of x, each any number of times: `pick` is applied to their positions. */
function picked(x: tf.Tensor, dy: tf.Tensor, pick: (positions: tf.Tensor) => tf.Tensor): tf.Tensor {
  if (x.size > 2 ** 24) {
    throw new Error(
      `The gradient is computed for at most 2^24 elements, and the input of shape [${x.shape}] has more.`,
    );
  }
  // as float32, which every kernel takes; whole numbers up to 2^24 are exact in it
  const places = constant(() => tf.cast(pick(tf.cast(positions(x.shape), 'float32')), 'int32'));
  return gathered(dy, places, x.shape);
}

const picks = (kernelName: string, input: string): Rule => ({
  kernelName,
  inputsToSave: [input],
  gradFunc: (dy, [x], attrs) => ({
    [input]: () =>
      picked(x, dy, (places) => tf.engine().runKernel(kernelName, { [input]: places }, attrs) as tf.Tensor),
  }),
});

/** dy along one axis, the mirrored values added to where they came from. */
function unmirrored(dy: tf.Tensor, axis: number, [before, after]: number[], size: number, border: number): tf.Tensor {
  const part = (from: number, length: number) => {
    const begin = dy.shape.map((_, i) => (i === axis ? from : 0));
    return tf.slice(
      dy,
      begin,
      dy.shape.map((n, i) => (i === axis ? length : n)),
    );
  };
  const at = (values: tf.Tensor, from: number) => {
    const length = values.shape[axis];
    return tf.pad(
      tf.reverse(values, axis),
      dy.shape.map((_, i) => (i === axis ? [from, size - from - length] : [0, 0])),
    );
  };
  let sum = part(before, size);
  if (before > 0) sum = tf.add(sum, at(part(0, before), border));
  if (after > 0) sum = tf.add(sum, at(part(before + size, after), size - border - after));
  return sum;
}

/** dy [.., reps n, ..] summed over the repetitions of each axis. */
function untiled(dy: tf.Tensor, shape: number[], reps: number[]): tf.Tensor {
  let sum = dy;
  reps.forEach((times, axis) => {
    if (times === 1) return;
    const outer = sum.shape.slice(0, axis);
    const inner = sum.shape.slice(axis + 1);
    const apart = [size(outer), times, shape[axis], size(inner)];
    sum = tf.reshape(tf.sum(tf.reshape(sum, apart), 1), [...outer, shape[axis], ...inner]);
  });
  return sum;
}

const size = (shape: number[]) => tf.util.sizeFromShape(shape);

export const arrays = (): Rule[] => [
  picks('StridedSlice', 'x'),
  picks('DepthToSpace', 'x'),
  picks('FlipLeftRight', 'image'),
  {
    kernelName: 'MirrorPad',
    inputsToSave: ['x'],
    gradFunc: (dy, [x], { paddings, mode }) => ({
      x: () =>
        (paddings as number[][]).reduce(
          (sum, padding, axis) => unmirrored(sum, axis, padding, x.shape[axis], mode === 'reflect' ? 1 : 0),
          dy as tf.Tensor,
        ),
    }),
  },
  {
    kernelName: 'Tile',
    inputsToSave: ['x'],
    gradFunc: (dy, [x], { reps }) => ({ x: () => untiled(dy, x.shape, reps) }),
  },
  {
    kernelName: 'SplitV',
    gradFunc: (dys, _saved, { axis }) => ({ x: () => tf.concat([dys].flat() as tf.Tensor[], axis) }),
  },
  {
    kernelName: 'Unpack',
    gradFunc: (dys, _saved, { axis }) => ({ value: () => tf.stack([dys].flat() as tf.Tensor[], axis) }),
  },
  {
    kernelName: 'GatherV2',
    inputsToSave: ['x', 'indices'],
    gradFunc: (dy, [x, indices], { axis, batchDims }) => ({
      indices: () => none(indices),
      x: () => {
        // x [batch, outer, n, inner], indices [batch, places], dy [batch, outer, places, inner]
        const at = tf.util.parseAxisParam(axis, x.shape)[0];
        const batch = size(x.shape.slice(0, batchDims));
        const outer = size(x.shape.slice(batchDims, at));
        const inner = size(x.shape.slice(at + 1));
        const n = x.shape[at];
        const places = indices.size / batch;
        const rows = tf.transpose(tf.reshape(dy, [batch, outer, places, inner]), [0, 2, 1, 3]);
        const row = constant(() => {
          const first = tf.mul(tf.reshape(positions([batch]), [batch, 1]), tf.scalar(n, 'int32'));
          return tf.reshape(tf.add(tf.reshape(tf.cast(indices, 'int32'), [batch, places]), first), [batch * places]);
        }) as tf.Tensor1D;
        const sums = tf.unsortedSegmentSum(tf.reshape(rows, [batch * places, outer * inner]), row, batch * n);
        return tf.reshape(tf.transpose(tf.reshape(sums, [batch, n, outer, inner]), [0, 2, 1, 3]), x.shape);
      },
    }),
  },
  {
    kernelName: 'UnsortedSegmentSum',
    inputsToSave: ['segmentIds'],
    gradFunc: (dy, [ids]) => ({
      segmentIds: () => none(ids),
      x: () => {
        // an id below zero belongs nowhere
        const known = constant(() => tf.cast(tf.greaterEqual(ids, 0), 'float32'));
        const values = tf.gather(
          dy as tf.Tensor,
          constant(() => tf.maximum(tf.cast(ids, 'int32'), tf.scalar(0, 'int32'))),
        );
        return tf.mul(values, tf.reshape(known, [...ids.shape, ...(dy as tf.Tensor).shape.slice(1).map(() => 1)]));
      },
    }),
  },
  {
    kernelName: 'GatherNd',
    inputsToSave: ['params', 'indices'],
    gradFunc: (dy, [params, indices]) => ({
      params: () => tf.scatterND(indices, dy, params.shape as [number]),
      indices: () => none(indices),
    }),
  },
  {
    kernelName: 'ScatterNd',
    inputsToSave: ['indices'],
    gradFunc: (dy, [indices]) => ({ updates: () => tf.gatherND(dy, indices), indices: () => none(indices) }),
  },
  {
    kernelName: 'TensorScatterUpdate',
    inputsToSave: ['indices', 'updates'],
    gradFunc: (dy, [indices, updates]) => ({
      tensor: () => tf.tensorScatterUpdate(dy, indices, none(updates)),
      indices: () => none(indices),
      updates: () => tf.gatherND(dy, indices),
    }),
  },
  {
    kernelName: 'Diag',
    inputsToSave: ['x'],
    gradFunc: (dy, [x]) => ({
      x: () => {
        const diagonal = tf.tensor1d(
          Int32Array.from({ length: x.size }, (_, i) => i * (x.size + 1)),
          'int32',
        );
        return tf.reshape(tf.gather(tf.reshape(dy, [x.size * x.size]), diagonal), x.shape);
      },
    }),
  },
  {
    kernelName: 'TopK',
    inputsToSave: ['x'],
    outputsToSave: [false, true],
    gradFunc: ([dy], [x, indices]) => ({
      x: () => {
        const places = constant(() => tf.cast(tf.oneHot(tf.cast(indices, 'int32'), x.shape[x.rank - 1]), 'float32'));
        return tf.sum(tf.mul(tf.expandDims(dy as tf.Tensor, -1), places), -2);
      },
    }),
  },
];
