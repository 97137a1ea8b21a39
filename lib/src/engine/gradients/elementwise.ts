/** Gradients of what works element by element, of reductions and of products. */
import { tf } from '../tf';
import { float, none, own, Rule, select, sumTo } from './rules';
import { constant, differentiatedAgain } from './tape';

/** Operations whose value jumps and is constant in between: the gradient is zero. */
const PIECEWISE_CONSTANT: Record<string, string[]> = {
  Greater: ['a', 'b'],
  GreaterEqual: ['a', 'b'],
  Less: ['a', 'b'],
  LessEqual: ['a', 'b'],
  Equal: ['a', 'b'],
  NotEqual: ['a', 'b'],
  LogicalAnd: ['a', 'b'],
  LogicalOr: ['a', 'b'],
  LogicalNot: ['x'],
  FloorDiv: ['a', 'b'],
  IsNan: ['x'],
  IsInf: ['x'],
  IsFinite: ['x'],
  ArgMax: ['x'],
  ArgMin: ['x'],
};

const piecewiseConstant = Object.entries(PIECEWISE_CONSTANT).map(([kernelName, inputsToSave]): Rule => ({
  kernelName,
  inputsToSave,
  gradFunc: (_dy, saved) => Object.fromEntries(inputsToSave.map((name, i) => [name, () => none(saved[i])])),
}));

/** 1 where the condition holds, else 0, and in a second derivative a constant. */
const share = (condition: () => tf.Tensor) => constant(() => float(condition()));

/** The larger (or smaller) of two: where they are equal, the first has the gradient, as in TensorFlow. */
function choice(kernelName: string, first: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Rule {
  return {
    kernelName,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, [a, b]) => ({
      a: () =>
        sumTo(
          tf.mul(
            dy,
            share(() => first(a, b)),
          ),
          a.shape,
        ),
      b: () =>
        sumTo(
          tf.mul(
            dy,
            share(() => tf.logicalNot(first(a, b))),
          ),
          b.shape,
        ),
    }),
  };
}

/** The largest (or smallest) of many: those that are equal share the gradient, so that it sums to dy, as in TensorFlow. */
function extreme(kernelName: string, axesIn: string): Rule {
  return {
    kernelName,
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc: (dy, [x, y], attrs) => ({
      x: () => {
        const axes = tf.util.parseAxisParam(attrs[axesIn], x.shape);
        const shape = tf.backend_util.expandShapeToKeepDim(
          x.shape.filter((_, axis) => !axes.includes(axis)),
          axes,
        );
        const shares = constant(() => {
          const chosen = float(tf.equal(x, tf.reshape(y, shape)));
          return tf.div(chosen, tf.sum(chosen, axes, true));
        });
        return tf.mul(tf.reshape(dy, shape), shares);
      },
    }),
  };
}

/** For x [m, n] the products x_1 ... x_j without x_i, [m, i, j]: what dx_i takes from dy_j. */
function cumulativeProductsWithoutOne(x: tf.Tensor, exclusive: boolean): tf.Tensor {
  const [m, n] = x.shape;
  const isOne = constant(() => tf.broadcastTo(tf.cast(tf.eye(n), 'bool'), [m, n, n]));
  const rows = tf.broadcastTo(tf.expandDims(x, 1), [m, n, n]);
  const factors = tf.cumprod(select(isOne, tf.onesLike(rows), rows), 2, exclusive);
  const reaches = tf.tensor2d(
    Float32Array.from({ length: n * n }, (_, k) => (k % n >= Math.floor(k / n) + (exclusive ? 1 : 0) ? 1 : 0)),
    [n, n],
  );
  return tf.mul(factors, reaches);
}

const log = (x: tf.Tensor) => {
  const positive = constant(() => tf.greater(x, 0));
  const safe = select(positive, float(x), tf.onesLike(float(x)));
  return tf.mul(tf.log(safe), float(positive));
};

export const elementwise = (): Rule[] => {
  const elu = own('Elu');
  const prod = own('Prod');
  const batchMatMul = own('BatchMatMul');
  return [
    ...piecewiseConstant,
    choice('Maximum', (a, b) => tf.greaterEqual(a, b)),
    choice('Minimum', (a, b) => tf.lessEqual(a, b)),
    extreme('Max', 'reductionIndices'),
    extreme('Min', 'axis'),
    {
      kernelName: 'Abs',
      inputsToSave: ['x'],
      gradFunc: (dy, [x]) => ({
        // 0 at 0, and NaN at NaN, which tf.sign loses
        x: () =>
          tf.mul(
            dy,
            constant(() => tf.sub(tf.step(float(x)), tf.step(tf.neg(float(x))))),
          ),
      }),
    },
    {
      kernelName: 'Cast',
      gradFunc: (dy, _saved, { dtype }) => ({
        x: () => (dtype === 'float32' || dtype === 'complex64' ? tf.clone(dy) : none(dy)),
      }),
    },
    {
      kernelName: 'Relu',
      outputsToSave: [true],
      gradFunc: (dy, [y]) => ({
        x: () => {
          if (differentiatedAgain()) {
            return tf.mul(
              dy,
              constant(() => tf.step(float(y))),
            );
          }
          // what is not above zero is 0 or NaN, and so is its gradient
          return select(tf.greater(y, 0), dy, float(y));
        },
      }),
    },
    {
      kernelName: 'Elu',
      outputsToSave: [true],
      gradFunc: (dy, [y], attrs) => {
        if (!differentiatedAgain()) return elu(dy, [y], attrs);
        const below = share(() => tf.less(y, 0));
        return { x: () => tf.mul(dy, tf.add(tf.mul(y, below), 1)) };
      },
    },
    {
      kernelName: 'Selu',
      inputsToSave: ['x'],
      gradFunc: (dy, [x]) => ({
        x: () => {
          const { SELU_SCALE, SELU_SCALEALPHA } = tf.backend_util;
          const above = constant(() => tf.greater(x, 0));
          // where e^x is not wanted it may overflow
          const below = tf.mul(SELU_SCALEALPHA, tf.exp(select(above, none(x), float(x))));
          return tf.mul(dy, select(above, tf.fill(x.shape, SELU_SCALE), below));
        },
      }),
    },
    {
      kernelName: 'Select',
      inputsToSave: ['condition'],
      gradFunc: (dy, [condition]) => ({
        condition: () => none(condition),
        t: () => select(condition, dy, none(dy)),
        e: () => select(condition, none(dy), dy),
      }),
    },
    {
      kernelName: 'SquaredDifference',
      inputsToSave: ['a', 'b'],
      gradFunc: (dy, [a, b]) => ({
        a: () => sumTo(tf.mul(dy, tf.mul(2, tf.sub(a, b))), a.shape),
        b: () => sumTo(tf.mul(dy, tf.mul(2, tf.sub(b, a))), b.shape),
      }),
    },
    {
      kernelName: 'Pow',
      inputsToSave: ['a', 'b'],
      outputsToSave: [true],
      gradFunc: (dy, [a, b, y]) => ({
        a: () => {
          // 0 0^(-1): the derivative of x^0 is 0 at 0 too
          const nothing = constant(() => tf.logicalAnd(tf.equal(a, 0), tf.equal(b, 0)));
          const base = tf.where(nothing, 1, float(a));
          return sumTo(tf.mul(dy, tf.mul(b, tf.pow(base, tf.sub(float(b), 1)))), a.shape);
        },
        b: () => sumTo(tf.mul(dy, tf.mul(y, log(a))), b.shape),
      }),
    },
    {
      kernelName: 'Mod',
      inputsToSave: ['a', 'b'],
      gradFunc: (dy, [a, b]) => ({
        a: () => sumTo(tf.clone(dy), a.shape),
        b: () =>
          sumTo(
            tf.neg(
              tf.mul(
                dy,
                constant(() => tf.floor(tf.div(float(a), float(b)))),
              ),
            ),
            b.shape,
          ),
      }),
    },
    {
      kernelName: 'Cumsum',
      gradFunc: (dy, _saved, { axis, exclusive, reverse }) => ({ x: () => tf.cumsum(dy, axis, exclusive, !reverse) }),
    },
    {
      kernelName: 'Prod',
      inputsToSave: ['x'],
      gradFunc: (dy, saved, attrs) => {
        const axis = tf.util.parseAxisParam(attrs.axis, saved[0].shape); // TensorFlow.js's own fails at an axis below zero
        return prod(dy, saved, { ...attrs, axis });
      },
    },
    {
      kernelName: 'Cumprod',
      inputsToSave: ['x'],
      gradFunc: (dy, [x], { axis, exclusive, reverse }) => ({
        x: () => {
          // always along the last axis; without a division, which a zero in x would not stand
          const turn = x.shape.map((_, i) => i);
          [turn[axis], turn[x.rank - 1]] = [x.rank - 1, axis];
          const forth = (u: tf.Tensor) => {
            const last = tf.reshape(tf.transpose(u, turn), [-1, x.shape[axis]]);
            return reverse ? tf.reverse(last, 1) : last;
          };
          const back = (u: tf.Tensor) =>
            tf.transpose(
              tf.reshape(
                reverse ? tf.reverse(u, 1) : u,
                turn.map((i) => x.shape[i]),
              ),
              turn,
            );
          const factors = cumulativeProductsWithoutOne(forth(float(x)), exclusive);
          return back(tf.sum(tf.mul(tf.expandDims(forth(dy), 1), factors), 2));
        },
      }),
    },
    {
      kernelName: 'BatchMatMul',
      inputsToSave: ['a', 'b'],
      gradFunc: (dy, saved, attrs) => {
        const [a, b] = saved;
        const { a: ofA, b: ofB } = batchMatMul(dy, saved, attrs);
        return { a: () => sumTo(ofA(), a.shape), b: () => sumTo(ofB(), b.shape) };
      },
    },
    {
      kernelName: 'FusedBatchNorm',
      inputsToSave: ['x', 'mean', 'variance', 'scale'],
      gradFunc: (dy, [x, mean, variance, scale], { varianceEpsilon }) => {
        const inverse = tf.rsqrt(tf.add(variance, varianceEpsilon));
        const scaled = scale === undefined ? dy : tf.mul(dy, scale);
        const centred = tf.sub(x, mean);
        return {
          x: () => tf.mul(scaled, inverse),
          mean: () => sumTo(tf.neg(tf.mul(scaled, inverse)), mean.shape),
          variance: () => {
            const cubed = tf.mul(tf.mul(inverse, inverse), tf.mul(inverse, -0.5));
            return sumTo(tf.mul(tf.mul(scaled, centred), cubed), variance.shape);
          },
          scale: () => sumTo(tf.mul(dy, tf.mul(centred, inverse)), mean.shape),
          offset: () => sumTo(tf.clone(dy), mean.shape),
        };
      },
    },
  ];
};
