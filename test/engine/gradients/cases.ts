/**
 * One case per operation of TensorFlow.js that has a gradient and per attribute that its gradient depends on. Inputs are away from
 * kinks and ties, where a derivative exists.
 */
import { tf } from 'bnlab';

/** Where the values of an input lie: on either side of zero, above zero, between -1 and 1, or above 1. */
export type Range = 'any' | 'positive' | 'unit' | 'aboveOne';

export interface Input {
  shape: number[];
  range: Range;
}

export interface Case {
  /** The operation, and what is special about this case of it. */
  name: string;
  inputs: Input[];
  f: (...xs: any[]) => tf.Tensor; // eslint-disable-line @typescript-eslint/no-explicit-any
  /** The same function for the differences, where the JavaScript kernel of `f`, on which they stand, is wrong. */
  reference?: Case['f'];
}

const any = (...shape: number[]): Input => ({ shape, range: 'any' });
const positive = (...shape: number[]): Input => ({ shape, range: 'positive' });
const unit = (...shape: number[]): Input => ({ shape, range: 'unit' });

export const CASES: Case[] = [];

function add(operation: string, attributes: string, inputs: Input[], f: Case['f'], more: Partial<Case> = {}): void {
  const name = attributes ? `${operation}, ${attributes}` : operation;
  if (CASES.some((other) => other.name === name)) throw new Error(`Two cases are called '${name}'.`);
  CASES.push({ name, inputs, f, ...more });
}

const SHAPES = [[], [3], [2, 3], [2, 1, 3], [1, 2, 2, 2], [1, 2, 1, 2, 2]];

// one input, element by element
const UNARY: [string, Range, (x: tf.Tensor) => tf.Tensor][] = [
  ['Abs', 'any', (x) => tf.abs(x)],
  ['Acos', 'unit', (x) => tf.acos(x)],
  ['Acosh', 'aboveOne', (x) => tf.acosh(x)],
  ['Asin', 'unit', (x) => tf.asin(x)],
  ['Asinh', 'any', (x) => tf.asinh(x)],
  ['Atan', 'any', (x) => tf.atan(x)],
  ['Atanh', 'unit', (x) => tf.atanh(x)],
  ['Ceil', 'any', (x) => tf.ceil(x)],
  ['Cos', 'any', (x) => tf.cos(x)],
  ['Cosh', 'any', (x) => tf.cosh(x)],
  ['Elu', 'any', (x) => tf.elu(x)],
  ['Erf', 'any', (x) => tf.erf(x)],
  ['Exp', 'any', (x) => tf.exp(x)],
  ['Expm1', 'any', (x) => tf.expm1(x)],
  ['Floor', 'any', (x) => tf.floor(x)],
  ['Identity', 'any', (x) => tf.clone(x)],
  ['LeakyRelu', 'any', (x) => tf.leakyRelu(x, 0.3)],
  ['Log', 'positive', (x) => tf.log(x)],
  ['Log1p', 'positive', (x) => tf.log1p(x)],
  ['Neg', 'any', (x) => tf.neg(x)],
  ['OnesLike', 'any', (x) => tf.mul(tf.onesLike(x), x)],
  ['Reciprocal', 'any', (x) => tf.reciprocal(x)],
  ['Relu', 'any', (x) => tf.relu(x)],
  ['Relu6', 'any', (x) => tf.relu6(tf.mul(x, 4))],
  ['Round', 'any', (x) => tf.round(x)],
  ['Rsqrt', 'positive', (x) => tf.rsqrt(x)],
  ['Selu', 'any', (x) => tf.selu(x)],
  ['Sigmoid', 'any', (x) => tf.sigmoid(x)],
  ['Sign', 'any', (x) => tf.sign(x)],
  ['Sin', 'any', (x) => tf.sin(x)],
  ['Sinh', 'any', (x) => tf.sinh(x)],
  ['Softplus', 'any', (x) => tf.softplus(x)],
  ['Sqrt', 'positive', (x) => tf.sqrt(x)],
  ['Square', 'any', (x) => tf.square(x)],
  ['Step', 'any', (x) => tf.step(x, 0.5)],
  ['Tan', 'unit', (x) => tf.tan(x)],
  ['Tanh', 'any', (x) => tf.tanh(x)],
  ['ZerosLike', 'any', (x) => tf.add(tf.zerosLike(x), x)],
];
for (const [name, range, f] of UNARY) {
  for (const shape of name === 'Tanh' || name === 'Relu' || name === 'Exp' ? SHAPES : [[2, 3]]) {
    add(name, shape.length === 2 ? '' : `rank ${shape.length}`, [{ shape, range }], f);
  }
}
add('ClipByValue', '', [any(2, 3)], (x) => tf.clipByValue(x, -0.8, 1.1));
add('LeakyRelu', 'slope 0', [any(2, 3)], (x) => tf.leakyRelu(x, 0));
add('Cast', 'to int32 and back', [any(2, 3)], (x) => tf.mul(tf.cast(tf.cast(x, 'int32'), 'float32'), x));
add('Cast', 'to bool and back', [any(2, 3)], (x) => tf.mul(tf.cast(tf.cast(x, 'bool'), 'float32'), x));
add('IsNan', '', [any(4)], (x) => tf.where(tf.isNaN(x), tf.zerosLike(x), tf.square(x)));
add('IsInf', '', [any(4)], (x) => tf.where(tf.isInf(x), tf.zerosLike(x), tf.square(x)));
add('IsFinite', '', [any(4)], (x) => tf.where(tf.isFinite(x), tf.square(x), tf.zerosLike(x)));

// two inputs, with broadcasting
const BINARY: [string, Range, Range, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor][] = [
  ['Add', 'any', 'any', (a, b) => tf.add(a, b)],
  ['Atan2', 'any', 'any', (a, b) => tf.atan2(a, b)],
  ['FloorDiv', 'any', 'positive', (a, b) => tf.floorDiv(tf.mul(a, 2.9), b)],
  ['Maximum', 'any', 'any', (a, b) => tf.maximum(a, tf.add(b, 0.013))],
  ['Minimum', 'any', 'any', (a, b) => tf.minimum(a, tf.add(b, 0.013))],
  ['Mod', 'any', 'positive', (a, b) => tf.mod(tf.mul(a, 2.9), b)],
  ['Multiply', 'any', 'any', (a, b) => tf.mul(a, b)],
  ['Pow', 'positive', 'any', (a, b) => tf.pow(a, b)],
  ['RealDiv', 'any', 'any', (a, b) => tf.div(a, b)],
  ['SquaredDifference', 'any', 'any', (a, b) => tf.squaredDifference(a, b)],
  ['Sub', 'any', 'any', (a, b) => tf.sub(a, b)],
  ['DivNoNan', 'any', 'any', (a, b) => tf.divNoNan(a, b)],
  ['Select', 'any', 'any', (a, b) => tf.where(tf.greater(a, tf.add(b, 0.013)), tf.square(a), tf.mul(a, b))],
  [
    'LogicalOr',
    'any',
    'any',
    (a, b) => {
      const condition = tf.logicalOr(
        tf.lessEqual(a, 0),
        tf.logicalAnd(tf.notEqual(b, 0), tf.logicalNot(tf.equal(a, 7))),
      );
      return tf.where(condition, tf.mul(a, b), tf.square(tf.add(a, b)));
    },
  ],
  [
    'GreaterEqual',
    'any',
    'any',
    (a, b) => tf.mul(tf.cast(tf.greaterEqual(a, tf.add(b, 0.013)), 'float32'), tf.mul(a, b)),
  ],
];
const PAIRS: [string, number[], number[]][] = [
  ['', [2, 3], [2, 3]],
  ['a broadcast', [3], [2, 3]],
  ['b broadcast', [2, 3], [2, 1]],
  ['both broadcast', [2, 1, 3], [2, 1]],
  ['b a scalar', [2, 2], []],
  ['rank 5', [1, 2, 1, 2, 1], [2, 1, 1, 1, 2]],
];
for (const [name, range, second, f] of BINARY) {
  for (const [what, a, b] of PAIRS) {
    add(
      name,
      what,
      [
        { shape: a, range },
        { shape: b, range: second },
      ],
      f,
    );
  }
}
add('Pow', 'a square', [any(2, 3)], (x) => tf.pow(x, 2));
add('Pow', 'a cube', [any(2, 3)], (x) => tf.pow(x, tf.scalar(3, 'int32')));
add('Pow', 'of two', [any(2, 3)], (x) => tf.pow(2, x));
add('Prelu', '', [any(2, 3), any(2, 3)], (x, a) => tf.prelu(x, a));
add('Prelu', 'alpha broadcast', [any(2, 2, 3), any(3)], (x, a) => tf.prelu(x, a));
add('Prelu', 'a scalar alpha', [any(2, 3), any()], (x, a) => tf.prelu(x, a));
add('AddN', '', [any(2, 3), any(2, 3), any(2, 3)], (a, b, c) => tf.addN([a, tf.mul(a, b), tf.mul(b, c)]));
add('Add', 'an integer', [any(2, 3)], (x) => tf.add(x, tf.tensor1d([1, 2, 3], 'int32')));
add('Multiply', 'an integer', [any(2, 3)], (x) => tf.mul(x, tf.tensor1d([1, 2, 3], 'int32')));
add('Multiply', 'a bool', [any(2, 3)], (x) => tf.mul(x, tf.tensor1d([1, 0, 1], 'bool')));
add('RealDiv', 'by an integer', [any(2, 3)], (x) => tf.div(x, tf.tensor1d([1, 2, 3], 'int32')));
add('RealDiv', 'an integer by it', [any(2, 3)], (x) => tf.div(tf.tensor1d([1, 2, 3], 'int32'), x));
add('Square', 'of itself twice, and products', [any(2, 3)], (x) =>
  tf.mul(tf.mul(x, x), tf.add(x, tf.square(tf.square(x)))),
);

// reductions
const REDUCTIONS: [string, Range, (x: tf.Tensor, axis?: number | number[], keep?: boolean) => tf.Tensor][] = [
  ['Sum', 'any', (x, a, k) => tf.sum(x, a, k)],
  ['Mean', 'any', (x, a, k) => tf.mean(x, a, k)],
  ['Max', 'any', (x, a, k) => tf.max(x, a, k)],
  ['Min', 'any', (x, a, k) => tf.min(x, a, k)],
  ['Prod', 'any', (x, a, k) => tf.prod(x, a, k)],
  ['LogSumExp', 'any', (x, a, k) => tf.logSumExp(x, a, k)],
  ['Norm', 'any', (x, a, k) => tf.norm(x, 'euclidean', a as number, k)],
];
for (const [name, range, f] of REDUCTIONS) {
  const x = (...shape: number[]): Input => ({ shape, range });
  add(name, 'everything', [x(2, 3)], (u) => f(u));
  for (const axis of [0, 1, -1]) add(name, `axis ${axis}`, [x(2, 3)], (u) => f(u, axis));
  add(name, 'axis 1, dimensions kept', [x(2, 3, 2)], (u) => f(u, 1, true));
  if (name !== 'Norm') {
    add(name, 'axes 0 and 2', [x(2, 2, 3)], (u) => f(u, [0, 2]));
    add(name, 'axes 0 and 2, dimensions kept', [x(2, 2, 3)], (u) => f(u, [0, 2], true));
    add(name, 'rank 5', [x(1, 2, 1, 2, 2)], (u) => f(u, [1, 4]));
  }
  add(name, 'a scalar', [x()], (u) => f(u));
}
add('Norm', 'p = 1', [any(2, 3)], (x) => tf.norm(x, 1));
add('Moments', '', [any(2, 3, 2)], (x) => {
  const { mean, variance } = tf.moments(x, [0, 1]);
  return tf.add(mean, tf.sqrt(tf.add(variance, 0.1)));
});
add('ArgMax', '', [any(2, 3)], (x) => tf.mul(tf.sum(x, 1), tf.cast(tf.argMax(x, 1), 'float32')));
add('ArgMin', '', [any(2, 3)], (x) => tf.mul(tf.sum(x, 1), tf.cast(tf.argMin(x, 1), 'float32')));
add('OneHot', '', [any(2, 3)], (x) => tf.mul(x, tf.oneHot(tf.argMax(x, 1), 3)));
for (const [name, cumulative] of [
  ['Cumsum', tf.cumsum],
  ['Cumprod', tf.cumprod],
] as const) {
  for (const axis of [0, 1, 2]) {
    for (const exclusive of [false, true]) {
      for (const reverse of [false, true]) {
        const how = `axis ${axis}${exclusive ? ', exclusive' : ''}${reverse ? ', reverse' : ''}`;
        add(name, how, [any(2, 3, 2)], (x) => cumulative(x, axis, exclusive, reverse));
      }
    }
  }
  add(name, 'rank 1', [any(4)], (x) => cumulative(x));
  add(name, 'a square', [any(3, 3)], (x) => cumulative(x, 0));
  add(name, 'rank 5', [any(1, 2, 2, 1, 2)], (x) => cumulative(x, 1));
}

// softmax and the losses
for (const shape of [[3], [2, 3], [2, 2, 3]]) {
  add('Softmax', `rank ${shape.length}`, [{ shape, range: 'any' }], (x) => tf.softmax(x));
  add('LogSoftmax', `rank ${shape.length}`, [{ shape, range: 'any' }], (x) => tf.logSoftmax(x));
}
add('LogSigmoid', '', [any(2, 3)], (x) => tf.logSigmoid(x));
const { losses } = tf;
const shares = (x: tf.Tensor) => tf.softmax(tf.mul(x, 0.5));
add('SoftmaxCrossEntropy', '', [any(2, 3), any(2, 3)], (a, z) => losses.softmaxCrossEntropy(shares(a), z));
add('SoftmaxCrossEntropy', 'labels that do not sum to 1', [positive(2, 3), any(2, 3)], (a, z) =>
  losses.softmaxCrossEntropy(a, z),
);
add('SoftmaxCrossEntropy', 'smoothed, weighted', [any(2, 3), any(2, 3), positive(2)], (a, z, w) =>
  losses.softmaxCrossEntropy(shares(a), z, w, 0.2),
);
add('SigmoidCrossEntropy', '', [unit(2, 3), any(2, 3)], (a, z) => losses.sigmoidCrossEntropy(a, z));
add('LogLoss', '', [unit(2, 3), positive(2, 3)], (a, z) => losses.logLoss(a, tf.mul(z, 0.3)));
add('HuberLoss', '', [any(2, 3), any(2, 3)], (a, z) => losses.huberLoss(a, z, undefined, 0.7));
add('HingeLoss', '', [any(2, 3), any(2, 3)], (a, z) => losses.hingeLoss(tf.sigmoid(a), z));
add('AbsoluteDifference', '', [any(2, 3), any(2, 3)], (a, z) => losses.absoluteDifference(a, tf.add(z, 0.013)));
add('CosineDistance', '', [any(2, 3), any(2, 3)], (a, z) => losses.cosineDistance(a, z, 1));
add('MeanSquaredError', 'weighted', [any(2, 3), any(2, 3), positive(2, 1)], (a, z, w) =>
  losses.meanSquaredError(a, z, w),
);

// products
for (const transposeA of [false, true]) {
  for (const transposeB of [false, true]) {
    const how = `${transposeA ? "a'" : 'a'} ${transposeB ? "b'" : 'b'}`;
    const a = transposeA ? [3, 2] : [2, 3];
    const b = transposeB ? [2, 3] : [3, 2];
    add('BatchMatMul', how, [any(...a), any(...b)], (u, v) => tf.matMul(u, v, transposeA, transposeB));
    add('BatchMatMul', `${how}, two of them`, [any(2, ...a), any(2, ...b)], (u, v) =>
      tf.matMul(u, v, transposeA, transposeB),
    );
    add('BatchMatMul', `${how}, b broadcast`, [any(2, ...a), any(1, ...b)], (u, v) =>
      tf.matMul(u, v, transposeA, transposeB),
    );
    add('BatchMatMul', `${how}, a of lower rank`, [any(...a), any(2, ...b)], (u, v) =>
      tf.matMul(u, v, transposeA, transposeB),
    );
  }
}
add('BatchMatMul', 'rank 4, broadcast', [any(2, 1, 2, 2), any(3, 2, 2)], (a, b) => tf.matMul(a, b), {
  reference: (a, b) => tf.matMul(tf.tile(a, [1, 3, 1, 1]), tf.tile(tf.expandDims(b, 0), [2, 1, 1, 1])),
});
add('_FusedMatMul', 'linear, bias', [any(2, 3), any(3, 2), any(2)], (a, b, bias) => tf.fused.matMul({ a, b, bias }));
for (const activation of ['relu', 'elu', 'sigmoid', 'leakyrelu'] as const) {
  add('_FusedMatMul', activation, [any(2, 3), any(3, 2), any(2)], (a, b, bias) =>
    tf.fused.matMul({ a, b, bias, activation, leakyreluAlpha: 0.3 }),
  );
}
add('BatchMatMul', 'dot', [any(3), any(3)], (a, b) => tf.dot(a, b));
add('BatchMatMul', 'outer product', [any(2), any(3)], (a, b) => tf.outerProduct(a, b));
add('Einsum', '', [any(2, 3), any(3, 2)], (a, b) => tf.einsum('ij,jk->ki', a, b));

// convolutions
const PADS: [
  'valid' | 'same' | number | [[number, number], [number, number], [number, number], [number, number]],
  string,
][] = [
  ['valid', 'valid'],
  ['same', 'same'],
  [1, 'padded by 1'],
  [
    [
      [0, 0],
      [1, 0],
      [0, 2],
      [0, 0],
    ],
    'padded unevenly',
  ],
];
const image = any(1, 4, 5, 2);
for (const [pad, how] of PADS) {
  for (const stride of [1, 2] as const) {
    const where = `${how}, stride ${stride}`;
    add('Conv2D', where, [image, any(2, 3, 2, 2)], (x, w) => tf.conv2d(x, w, stride, pad));
    add('DepthwiseConv2dNative', where, [image, any(2, 3, 2, 2)], (x, w) => tf.depthwiseConv2d(x, w, stride, pad));
    if (typeof pad !== 'number' && typeof pad !== 'string') continue;
    add('AvgPool', where, [image], (x) => tf.avgPool(x, [2, 3], stride, pad));
    add('MaxPool', where, [image], (x) => tf.maxPool(x, [2, 3], stride, pad));
    add('AvgPool3D', where, [any(1, 2, 3, 3, 1)], (x) => tf.avgPool3d(x, 2, stride, pad));
    add('MaxPool3D', where, [any(1, 2, 3, 3, 1)], (x) => tf.maxPool3d(x, 2, stride, pad));
    if (typeof pad === 'number') continue;
    add('Conv3D', where, [any(1, 2, 3, 3, 2), any(2, 2, 1, 2, 2)], (x, w) => tf.conv3d(x, w, stride, pad));
    add('Conv2DBackpropInput', where, [any(1, 2, 2, 2), any(2, 2, 3, 2)], (x, w) =>
      tf.conv2dTranspose(
        x,
        w,
        [
          1,
          pad === 'same' ? 2 * stride : 2 * stride + 2 - stride,
          pad === 'same' ? 2 * stride : 2 * stride + 2 - stride,
          3,
        ],
        stride,
        pad,
      ),
    );
  }
}
add('Conv2D', 'channels first', [any(1, 2, 4, 4), any(2, 2, 2, 2)], (x, w) => tf.conv2d(x, w, 1, 'valid', 'NCHW'));
add('Conv2D', 'rows and columns of other strides', [image, any(2, 2, 2, 1)], (x, w) => tf.conv2d(x, w, [1, 2], 'same'));
add('Conv2D', 'rounded up', [image, any(2, 2, 2, 1)], (x, w) => tf.conv2d(x, w, 2, 1, 'NHWC', 1, 'ceil'));
add('Conv2D', 'dilated', [image, any(2, 2, 2, 1)], (x, w) => tf.conv2d(x, w, 1, 'same', 'NHWC', 2));
add('Conv2D', 'one example without a batch', [any(3, 3, 2), any(2, 2, 2, 1)], (x, w) => tf.conv2d(x, w, 1, 'same'));
add('Conv2D', 'in one dimension', [any(1, 5, 2), any(2, 2, 2)], (x, w) => tf.conv1d(x, w, 2, 'same'));
add('Conv3D', 'dilated', [any(1, 3, 3, 3, 1), any(2, 2, 2, 1, 1)], (x, w) => tf.conv3d(x, w, 1, 'same', 'NDHWC', 2));
add('Conv3DBackpropInputV2', '', [any(1, 2, 2, 2, 2), any(2, 2, 2, 1, 2)], (x, w) =>
  tf.conv3dTranspose(x, w, [1, 4, 4, 4, 1], 2, 'same'),
);
add('DepthwiseConv2dNative', 'dilated', [image, any(2, 2, 2, 1)], (x, w) =>
  tf.depthwiseConv2d(x, w, 1, 'same', 'NHWC', 2),
);
add('DepthwiseConv2dNative', 'separable', [image, any(2, 2, 2, 2), any(1, 1, 4, 2)], (x, d, p) =>
  tf.separableConv2d(x, d, p, 1, 'same'),
);
for (const activation of ['linear', 'relu', 'sigmoid'] as const) {
  add('FusedConv2D', activation, [image, any(2, 2, 2, 2), any(2)], (x, filter, bias) =>
    tf.fused.conv2d({ x, filter, strides: 1, pad: 'same', bias, activation }),
  );
  add('FusedDepthwiseConv2D', activation, [image, any(2, 2, 2, 1), any(2)], (x, filter, bias) =>
    tf.fused.depthwiseConv2d({ x, filter, strides: 1, pad: 'same', bias, activation }),
  );
}
add('AvgPool', 'rounded up', [image], (x) => tf.avgPool(x, 2, 2, 0, 'ceil'));
add('MaxPool', 'rounded up', [image], (x) => tf.maxPool(x, 2, 2, 0, 'ceil'));
add('AvgPool3D', 'rounded up', [any(1, 3, 3, 3, 1)], (x) => tf.avgPool3d(x, 2, 2, 0, 'ceil'));
add('MaxPool3D', 'rounded up', [any(1, 3, 3, 3, 1)], (x) => tf.maxPool3d(x, 2, 2, 0, 'ceil'));
add('MaxPool', 'dilated', [image], (x) => tf.pool(x, 2, 'max', 'valid', 2));
add('AvgPool', 'dilated', [image], (x) => tf.pool(x, 2, 'avg', 'same', 2));
add('MaxPool', 'of negative values', [positive(1, 4, 4, 1)], (x) => tf.maxPool(tf.neg(x), 3, 2, 'same'));
add('MaxPoolWithArgmax', '', [image], (x) => tf.maxPoolWithArgmax(x, 2, 2, 'valid').result);
add('Dilation2D', '', [any(1, 4, 4, 2), any(2, 2, 2)], (x, w) => tf.dilation2d(x, w, 1, 'valid'));
add('Dilation2D', 'same', [any(1, 4, 4, 2), any(2, 2, 2)], (x, w) => tf.dilation2d(x, w, 1, 'same'));
add('LRN', '', [any(1, 2, 2, 5)], (x) => tf.localResponseNormalization(x, 1, 1.2, 0.4, 0.7));
add('LRN', 'wide', [any(2, 2, 3)], (x) => tf.localResponseNormalization(x, 5, 1, 0.3, 0.5));
for (const align of [false, true]) {
  for (const half of align ? [false] : [false, true]) {
    const how = align ? 'corners aligned' : half ? 'centres of pixels' : '';
    for (const [name, resize] of [
      ['ResizeBilinear', tf.image.resizeBilinear],
      ['ResizeNearestNeighbor', tf.image.resizeNearestNeighbor],
    ] as const) {
      add(name, `larger ${how}`, [any(1, 2, 3, 2)], (x) => resize(x, [5, 4], align, half));
      add(name, `smaller ${how}`, [any(1, 5, 4, 1)], (x) => resize(x, [2, 3], align, half));
    }
  }
}

// batch normalization for inference
for (const [rank, shape] of [
  [2, [3, 2]],
  [3, [2, 2, 2]],
  [4, [1, 2, 2, 2]],
] as [number, number[]][]) {
  const x: Input = { shape, range: 'any' };
  add('FusedBatchNorm', `rank ${rank}`, [x, any(2), positive(2), any(2), any(2)], (u, mean, variance, offset, scale) =>
    tf.batchNorm(u, mean, variance, offset, scale, 0.01),
  );
  add('FusedBatchNorm', `rank ${rank}, no scale`, [x, any(2), positive(2), any(2)], (u, mean, variance, offset) =>
    tf.batchNorm(u, mean, variance, offset, undefined, 0.01),
  );
  add('FusedBatchNorm', `rank ${rank}, no offset`, [x, any(2), positive(2), any(2)], (u, mean, variance, scale) =>
    tf.batchNorm(u, mean, variance, undefined, scale, 0.01),
  );
  add('FusedBatchNorm', `rank ${rank}, neither`, [x, any(2), positive(2)], (u, mean, variance) =>
    tf.batchNorm(u, mean, variance, undefined, undefined, 0.01),
  );
}
add(
  'FusedBatchNorm',
  'statistics of every value',
  [any(3, 2), any(3, 2), positive(3, 2), any(3, 2), any(3, 2)],
  (u, mean, variance, offset, scale) => tf.batchNorm(u, mean, variance, offset, scale, 0.01),
);

// shapes
add('Reshape', '', [any(2, 3)], (x) => tf.reshape(x, [3, 2]));
add('ExpandDims', '', [any(2, 3)], (x) => tf.expandDims(x, 1));
add('Transpose', '', [any(2, 3)], (x) => tf.transpose(x));
add('Transpose', 'rank 4', [any(1, 2, 3, 2)], (x) => tf.transpose(x, [2, 0, 3, 1]));
add('Transpose', 'rank 5', [any(1, 2, 1, 2, 2)], (x) => tf.transpose(x, [4, 2, 0, 3, 1]));
for (const axis of [0, 1, -1]) {
  add('Concat', `axis ${axis}`, [any(2, 2), any(2, 2)], (a, b) => tf.concat([a, tf.mul(a, b), b], axis));
  add('Pack', `axis ${axis}`, [any(2, 2), any(2, 2)], (a, b) => tf.stack([a, tf.mul(a, b)], axis));
  add('Unpack', `axis ${axis}`, [any(2, 3)], (x) => tf.mul(tf.unstack(x, axis)[0], tf.unstack(x, axis)[1]));
  add('SplitV', `axis ${axis}`, [any(4, 4)], (x) => tf.mul(tf.split(x, 2, axis)[0], tf.split(x, [2, 2], axis)[1]));
  add('Reverse', `axis ${axis}`, [any(2, 3)], (x) => tf.reverse(x, axis));
}
add('Concat', 'a single one', [any(2, 2)], (x) => tf.concat([x], 0));
add('Concat', 'with an empty one', [any(2, 2)], (x) => tf.concat([x, tf.zeros([0, 2])], 0));
add('SplitV', 'into one', [any(2, 2)], (x) => tf.split(x, 1, 0)[0]);
add('SplitV', 'of which one counts', [any(4)], (x) => tf.split(x, [1, 3])[1]);
add('Unpack', 'into one', [any(1, 2)], (x) => tf.unstack(x, 0)[0]);
add('Pack', 'of one', [any(2)], (x) => tf.stack([x], 0));
add('Reverse', 'everything', [any(2, 3)], (x) => tf.reverse(x));
add('Slice', '', [any(3, 4)], (x) => tf.slice(x, [1, 0], [2, -1]));
add('Slice', 'rank 1', [any(5)], (x) => tf.slice(x, 2, 2));
add('Slice', 'rank 5', [any(1, 2, 2, 1, 3)], (x) => tf.slice(x, [0, 1, 0, 0, 1], [1, 1, 2, 1, 2]));
add('StridedSlice', '', [any(4, 5)], (x) => tf.stridedSlice(x, [0, 1], [4, 5], [2, 3]));
add('StridedSlice', 'backwards', [any(5)], (x) => tf.stridedSlice(x, [4], [0], [-2]));
add('StridedSlice', 'masks', [any(3, 4)], (x) => tf.stridedSlice(x, [1, 1], [2, 3], [1, 1], 1, 2, 0, 0, 0));
add('StridedSlice', 'the last row', [any(3, 4)], (x) => tf.stridedSlice(x, [-1, 0], [0, 4], [1, 3], 0, 0, 0, 0, 1), {
  reference: (x) => tf.gather(tf.reshape(x, [12]), tf.tensor1d([8, 11], 'int32')),
});
add('StridedSlice', 'one row', [any(3, 4)], (x) => tf.stridedSlice(x, [1, 0], [2, 4], [1, 2], 0, 0, 0, 0, 1), {
  reference: (x) => tf.gather(tf.reshape(x, [12]), tf.tensor1d([4, 6], 'int32')),
});
add('PadV2', '', [any(2, 3)], (x) =>
  tf.pad(
    x,
    [
      [1, 0],
      [0, 2],
    ],
    0.5,
  ),
);
add('PadV2', 'rank 5', [any(1, 2, 1, 2, 1)], (x) =>
  tf.pad(x, [
    [0, 0],
    [1, 0],
    [0, 1],
    [0, 0],
    [1, 1],
  ]),
);
for (const mode of ['reflect', 'symmetric'] as const) {
  add('MirrorPad', mode, [any(3, 4)], (x) =>
    tf.mirrorPad(
      x,
      [
        [1, 2],
        [2, 0],
      ],
      mode,
    ),
  );
  add('MirrorPad', `${mode}, rank 1`, [any(4)], (x) => tf.mirrorPad(x, [[3, 2]], mode));
  add('MirrorPad', `${mode}, rank 4`, [any(1, 3, 3, 2)], (x) =>
    tf.mirrorPad(
      x,
      [
        [0, 0],
        [1, 1],
        [2, 1],
        [0, 0],
      ],
      mode,
    ),
  );
}
for (const [reps, shape] of [
  [[3], [2]],
  [
    [2, 3],
    [2, 2],
  ],
  [
    [1, 2, 2],
    [2, 1, 2],
  ],
  [
    [2, 1, 1, 2],
    [1, 2, 1, 2],
  ],
  [
    [2, 1, 2, 1, 2],
    [1, 2, 1, 2, 1],
  ],
]) {
  add('Tile', `rank ${reps.length}`, [{ shape, range: 'any' }], (x) => tf.tile(x, reps));
}
add('BroadcastTo', '', [any(3)], (x) => tf.broadcastTo(x, [2, 3]));
add('BroadcastTo', 'two axes', [any(1, 2, 1)], (x) => tf.broadcastTo(x, [3, 2, 2]));
add('BroadcastTo', 'a scalar', [any()], (x) => tf.broadcastTo(x, [2, 2]));
add('SpaceToBatchND', '', [any(1, 3, 4, 1)], (x) =>
  tf.spaceToBatchND(
    x,
    [2, 2],
    [
      [1, 0],
      [0, 2],
    ],
  ),
);
add('BatchToSpaceND', '', [any(4, 2, 2, 1)], (x) =>
  tf.batchToSpaceND(
    x,
    [2, 2],
    [
      [1, 0],
      [0, 1],
    ],
  ),
);
add('DepthToSpace', '', [any(1, 2, 2, 4)], (x) => tf.depthToSpace(x, 2));
add('Diag', '', [any(3)], (x) => tf.diag(x));
for (const axis of [0, 1, 2]) {
  add('GatherV2', `axis ${axis}`, [any(2, 3, 2)], (x) => tf.gather(x, tf.tensor1d([1, 0, 1, 1], 'int32'), axis));
  add('GatherV2', `axis ${axis}, indices of rank 2`, [any(2, 3, 2)], (x) =>
    tf.gather(
      x,
      tf.tensor2d(
        [
          [1, 0],
          [1, 1],
        ],
        undefined,
        'int32',
      ),
      axis,
    ),
  );
}
add('GatherV2', 'a batch', [any(2, 3, 2)], (x) =>
  tf.gather(
    x,
    tf.tensor2d(
      [
        [1, 0],
        [2, 2],
      ],
      undefined,
      'int32',
    ),
    1,
    1,
  ),
);
add('GatherV2', 'a batch, axis 2', [any(2, 2, 3)], (x) =>
  tf.gather(
    x,
    tf.tensor2d(
      [
        [1, 0],
        [2, 2],
      ],
      undefined,
      'int32',
    ),
    2,
    1,
  ),
);
add('GatherV2', 'two batches', [any(2, 2, 3)], (x) =>
  tf.gather(
    x,
    tf.tensor3d(
      [
        [[1], [0]],
        [[2], [2]],
      ],
      undefined,
      'int32',
    ),
    2,
    2,
  ),
);
add('GatherV2', 'indices that depend on x', [any(3, 2)], (x) => tf.gather(x, tf.argMax(x, 0)));
add('UnsortedSegmentSum', '', [any(4, 2)], (x) => tf.unsortedSegmentSum(x, tf.tensor1d([0, 2, 0, 1], 'int32'), 3));
add('UnsortedSegmentSum', 'rank 1, an id left out', [any(4)], (x) =>
  tf.unsortedSegmentSum(x, tf.tensor1d([3, 0, 0, 1], 'int32'), 5),
);
add('UnsortedSegmentSum', 'ids that depend on x', [any(3, 2)], (x) =>
  tf.unsortedSegmentSum(x, tf.argMax(x, 1) as tf.Tensor1D, 3),
);
add('GatherND', '', [any(2, 3)], (x) =>
  tf.gatherND(
    x,
    tf.tensor2d(
      [
        [0, 1],
        [1, 2],
        [0, 1],
      ],
      undefined,
      'int32',
    ),
  ),
);
add('GatherND', 'rows', [any(3, 2)], (x) => tf.gatherND(x, tf.tensor2d([[2], [0]], undefined, 'int32')));
add('ScatterND', '', [any(3, 2)], (x) => tf.scatterND(tf.tensor2d([[0], [2], [0]], undefined, 'int32'), x, [4, 2]));
add('TensorScatterUpdate', '', [any(4), any(2)], (x, u) =>
  tf.tensorScatterUpdate(x, tf.tensor2d([[1], [3]], undefined, 'int32'), u),
);
add('TopK', '', [any(2, 4)], (x) => tf.topk(x, 2).values);
add('SparseToDense', '', [any(3)], (x) => tf.sparseToDense(tf.tensor1d([0, 2, 3], 'int32'), x, [5]));
add('FlipLeftRight', '', [any(1, 2, 3, 2)], (x) => tf.image.flipLeftRight(x));
add('CropAndResize', '', [any(1, 3, 3, 1)], (x) =>
  tf.image.cropAndResize(x, tf.tensor2d([[0, 0, 0.7, 0.9]]), tf.tensor1d([0], 'int32'), [2, 2]),
);
add('Complex', '', [any(3), any(3)], (a, b) => tf.real(tf.fft(tf.complex(a, b))));

// programs
add(
  'program',
  'a dense network with batch normalization',
  [any(4, 3), any(3, 2), positive(2), any(2)],
  (x, w, gamma, beta) => {
    const a = tf.matMul(x, w);
    const { mean, variance } = tf.moments(a, 0);
    return tf.tanh(tf.batchNorm(a as tf.Tensor2D, mean as tf.Tensor1D, variance as tf.Tensor1D, beta, gamma, 0.1));
  },
);
add('program', 'a convolutional network', [any(2, 4, 4, 1), any(2, 2, 1, 2), any(2), any(8, 2)], (x, w, b, v) => {
  const pooled = tf.maxPool(tf.elu(tf.add(tf.conv2d(x, w, 1, 'same'), b)) as tf.Tensor4D, 2, 2, 'same');
  return tf.logSoftmax(tf.matMul(tf.reshape(pooled, [2, 8]) as tf.Tensor2D, v));
});
add('program', 'the gradient as a penalty', [unit(2, 3)], (x) => {
  const slope = tf.grad((u: tf.Tensor) => tf.sum(tf.sigmoid(tf.mul(u, tf.exp(u)))));
  return tf.add(tf.sum(tf.square(slope(x))), tf.sum(x));
});
add('program', 'tf.customGrad that saves what it computes', [any(2, 3)], (x) =>
  tf.customGrad((u, save) => {
    const t = tf.tanh(u as tf.Tensor);
    (save as tf.GradSaveFunc)([t]);
    return { value: tf.mul(t, t), gradFunc: (dy, [s]) => tf.mul(dy, tf.mul(tf.mul(2, s), tf.sub(1, tf.square(s)))) };
  })(x),
);
add('program', 'tf.customGrad that gives back its input', [any(2, 3)], (x) =>
  tf.mul(x, tf.customGrad((u) => ({ value: u as tf.Tensor, gradFunc: (dy) => dy }))(tf.mul(x, 2))),
);
add('program', 'tf.customGrad that uses its input without saving it', [any(2, 3)], (x) =>
  tf.customGrad((u) => ({ value: tf.square(u as tf.Tensor), gradFunc: (dy) => tf.mul(dy, tf.mul(2, u as tf.Tensor)) }))(
    tf.sin(x),
  ),
);
