/**
 * Random programs for `compile`, and what is wrong with a compiled run of one.
 *
 * A program is a list of operations on one another's results, fed by data, schedules, variables, and tensors made inside and outside;
 * every result is an output of the step. So a compiled run can be held to eager execution operation by operation: each is computed
 * once more, eagerly, from what the compiled run had for its operands. That way errors do not add up, and whatever a compiler does
 * across operations (join constants, cancel a pair, fuse) shows at the operation it has changed.
 */
import { CompileOptions, Random, compile, tf } from 'bnlab';

/* eslint-disable @typescript-eslint/no-explicit-any -- operations of every signature stand in one table */

/** How closely XLA must give what eager execution gives; without XLA every operation must give the same bits. */
type Kind =
  /** the same bits */
  | 'exact'
  /** a product: the same bits, but what adds it may take it unrounded */
  | 'product'
  /** a sum: the same bits, unless it adds a product */
  | 'sum'
  /** passes values on: the same bits, and products stay products */
  | 'shape'
  /** to rounding of the result, and what follows as well */
  | 'rounded'
  /** to rounding of the operands and their squares, which may be larger than the result; and what follows as well */
  | 'summed';

interface Node {
  text: string;
  args: number[];
  kind: Kind;
  f: (args: tf.Tensor[]) => tf.Tensor;
}

/** What a program works on besides its own results. */
interface Leaf {
  text: string;
  source: 'data' | 'schedule' | 'variable' | 'inside' | 'outside';
  values: number[];
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool';
}

export interface Program {
  leaves: Leaf[];
  nodes: Node[];
  /** for each variable among the leaves, the value (leaf or node) that it is given at the end of the step */
  assigned: { leaf: number; value: number }[];
}

export const STEPS = 3;
const ROWS = 4;

const SPECIAL = [
  ...[0, -0, 1, -1, 0.5, 2, -3, 7, NaN, Infinity, -Infinity, 1e-30, -1e-30, 1e-45, 3e-39, 1e30, -1e30, 3e9, -3e9],
  ...[1e38, -1e38, 3.4e38, 12582912, 16777216, 16777217, 2147483648, -2147483648, 1e8, 1e-8, 0.1, 1 / 3, 88.8, -104, 6],
];

/** Mostly tame numbers, some of them special. */
function floats(random: Random, n: number, wild: number): number[] {
  return Array.from({ length: n }, () =>
    Math.fround(random.uniform() < wild ? SPECIAL[random.integer(SPECIAL.length)] : random.normal(0, 2)),
  );
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

const isFloat = (t: tf.Tensor) => t.dtype === 'float32';
const isInt = (t: tf.Tensor) => t.dtype === 'int32';
const isBool = (t: tf.Tensor) => t.dtype === 'bool';
const isNumber = (t: tf.Tensor) => t.dtype !== 'bool';
const isNotFloat = (t: tf.Tensor) => t.dtype !== 'float32';
const any = () => true;

type Make = (random: Random, args: tf.Tensor[]) => { text: string; f: Node['f'] };
interface Operation {
  name: string;
  takes: ((t: tf.Tensor) => boolean)[];
  kind: Kind;
  make: Make;
}

const plain =
  (name: string, f: Node['f']): Make =>
  () => ({ text: name, f });
const axisOf = (random: Random, t: tf.Tensor) => (t.rank === 0 ? undefined : random.integer(t.rank));

const operations: Operation[] = [];
const add = (kind: Kind, takes: Operation['takes'], table: Record<string, (...args: any[]) => tf.Tensor>) => {
  for (const [name, f] of Object.entries(table)) {
    operations.push({ name, takes, kind, make: plain(name, (args) => f(...args)) });
  }
};
const addMade = (kind: Kind, takes: Operation['takes'], table: Record<string, Make>) => {
  for (const [name, make] of Object.entries(table)) operations.push({ name, takes, kind, make });
};

add('sum', [isFloat, isFloat], { add: tf.add, sub: tf.sub, squaredDifference: tf.squaredDifference });
add('product', [isFloat, isFloat], { mul: tf.mul });
add('product', [isFloat], { square: tf.square });
add('exact', [isFloat, isFloat], {
  div: tf.div,
  maximum: tf.maximum,
  minimum: tf.minimum,
  divNoNan: tf.divNoNan,
});
// quotients and remainders of floats are several operations in XLA
add('rounded', [isFloat, isFloat], { floorDiv: tf.floorDiv, mod: tf.mod, atan2: tf.atan2, pow: tf.pow });
add('exact', [isInt, isInt], {
  addInt: tf.add,
  subInt: tf.sub,
  mulInt: tf.mul,
  maximumInt: tf.maximum,
  minimumInt: tf.minimum,
  squaredDifferenceInt: tf.squaredDifference,
  floorDivInt: (a, b) => tf.floorDiv(a, tf.maximum(tf.abs(b), tf.scalar(1, 'int32'))),
  modInt: (a, b) => tf.mod(a, tf.maximum(tf.abs(b), tf.scalar(1, 'int32'))),
});
add('exact', [isNumber, isNumber], {
  less: tf.less,
  lessEqual: tf.lessEqual,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  equal: tf.equal,
  notEqual: tf.notEqual,
});
add('exact', [isBool, isBool], { and: tf.logicalAnd, or: tf.logicalOr, xor: tf.logicalXor });
add('exact', [isBool], { not: tf.logicalNot });
add('exact', [isFloat], {
  abs: tf.abs,
  neg: tf.neg,
  sign: tf.sign,
  floor: tf.floor,
  ceil: tf.ceil,
  round: tf.round,
  relu: tf.relu,
  relu6: tf.relu6,
  isNaN: tf.isNaN,
  isInf: tf.isInf,
  isFinite: tf.isFinite,
  sqrt: tf.sqrt,
  reciprocal: tf.reciprocal,
  step: (x) => tf.step(x, 0.5),
  toInt: (x) => tf.cast(x, 'int32'),
  toBool: (x) => tf.cast(x, 'bool'),
  zeros: tf.zerosLike,
  ones: tf.onesLike,
  clip: (x) => tf.clipByValue(x, -1.5, 2),
});
add('rounded', [isFloat], {
  rsqrt: tf.rsqrt,
  exp: tf.exp,
  expm1: tf.expm1,
  log: tf.log,
  log1p: tf.log1p,
  sin: tf.sin,
  cos: tf.cos,
  tan: tf.tan,
  tanh: tf.tanh,
  sinh: tf.sinh,
  cosh: tf.cosh,
  asin: tf.asin,
  acos: tf.acos,
  atan: tf.atan,
  asinh: tf.asinh,
  acosh: tf.acosh,
  atanh: tf.atanh,
  erf: tf.erf,
  sigmoid: tf.sigmoid,
  softplus: tf.softplus,
  elu: tf.elu,
  selu: tf.selu,
  leaky: (x) => tf.leakyRelu(x, 0.1),
  logSigmoid: tf.logSigmoid,
});
add('rounded', [isNotFloat], {
  expInt: tf.exp,
  sqrtInt: tf.sqrt,
  sigmoidInt: tf.sigmoid,
  tanhInt: tf.tanh,
  logInt: tf.log,
  softplusInt: tf.softplus,
});
add('rounded', [isNotFloat, isFloat], {
  mixedMul: tf.mul,
  mixedAdd: tf.add,
  mixedPow: tf.pow,
  mixedMax: tf.maximum,
  mixedDiv: tf.div,
});
add('exact', [isInt], {
  absInt: tf.abs,
  negInt: tf.neg,
  signInt: tf.sign,
  squareInt: tf.square,
  toFloat: (k) => tf.cast(k, 'float32'),
  intToBool: (k) => tf.cast(k, 'bool'),
  reluInt: tf.relu,
  relu6Int: tf.relu6,
  zerosInt: tf.zerosLike,
  onesInt: tf.onesLike,
  clipInt: (k) => tf.clipByValue(k, -1, 3),
  roundInt: tf.round,
});
add('exact', [isBool], {
  boolToFloat: (b) => tf.cast(b, 'float32'),
  boolToInt: (b) => tf.cast(b, 'int32'),
  zerosBool: tf.zerosLike,
  onesBool: tf.onesLike,
});
add('exact', [isBool, isFloat, isFloat], { where: (c, a, b) => tf.where(c, a, b) });
add('exact', [isBool, isInt, isInt], { whereInt: (c, a, b) => tf.where(c, a, b) });

const addConstants = (
  kind: Kind,
  takes: (t: tf.Tensor) => boolean,
  table: Record<string, (x: any, c: any) => tf.Tensor>,
) => {
  for (const [name, f] of Object.entries(table)) {
    operations.push({
      name,
      takes: [takes],
      kind,
      make: (random, [x]) => {
        if (isInt(x)) {
          const c = random.integer(9) - 3 || 1;
          return { text: `${name} ${c}`, f: ([k]) => f(k, tf.scalar(c, 'int32')) };
        }
        const c = floats(random, 1, 0.7)[0];
        if (random.uniform() < 0.7) return { text: `${name} ${Object.is(c, -0) ? '-0' : c}`, f: ([v]) => f(v, c) };
        const vector = floats(random, x.rank === 0 ? 1 : x.shape[x.rank - 1]!, 0.7);
        return { text: `${name} [${vector}]`, f: ([v]) => f(v, tf.tensor1d(vector)) };
      },
    });
  }
};
for (let twice = 0; twice < 2; twice++) {
  addConstants('sum', isFloat, {
    'add constant': tf.add,
    'sub constant': tf.sub,
    'constant minus': (x, c) => tf.sub(c, x),
  });
  addConstants('product', isFloat, { 'mul constant': tf.mul });
  addConstants('exact', isFloat, { 'div constant': tf.div, 'constant over': (x, c) => tf.div(c, x) });
}
addConstants('exact', isFloat, { 'maximum constant': tf.maximum, 'less constant': tf.less });
addConstants('rounded', isFloat, { 'pow constant': tf.pow, 'mod constant': tf.mod });
addConstants('exact', isInt, {
  'addInt constant': tf.add,
  'mulInt constant': tf.mul,
  'floorDivInt constant': tf.floorDiv,
});
addMade('rounded', [isFloat], {
  powers: (random) => {
    const e = [0, 0.5, -0.5, 1, 2, 3, -1, -2][random.integer(8)];
    return { text: `pow ${e}`, f: ([x]) => tf.pow(x, e) };
  },
});

const reductions: Record<
  string,
  { takes: (t: tf.Tensor) => boolean; kind: Kind; f: (x: any, axis: any, keep: boolean) => tf.Tensor }
> = {
  sum: { takes: isNumber, kind: 'summed', f: tf.sum },
  sumBool: { takes: isBool, kind: 'exact', f: tf.sum },
  mean: { takes: any, kind: 'summed', f: tf.mean },
  prod: { takes: any, kind: 'summed', f: tf.prod },
  max: { takes: isNumber, kind: 'exact', f: tf.max },
  min: { takes: isNumber, kind: 'exact', f: tf.min },
  all: { takes: isBool, kind: 'exact', f: tf.all },
  any: { takes: isBool, kind: 'exact', f: tf.any },
  argMax: { takes: any, kind: 'exact', f: (x, axis) => tf.argMax(x, axis ?? 0) },
  argMin: { takes: any, kind: 'exact', f: (x, axis) => tf.argMin(x, axis ?? 0) },
  logSumExp: { takes: isFloat, kind: 'summed', f: tf.logSumExp },
  norm: { takes: isFloat, kind: 'summed', f: (x, axis, keep) => tf.norm(x, 'euclidean', axis, keep) },
  variance: { takes: isFloat, kind: 'summed', f: (x, axis, keep) => tf.moments(x, axis, keep).variance },
};
for (const [name, { takes, kind, f }] of Object.entries(reductions)) {
  operations.push({
    name,
    takes: [takes],
    kind,
    make: (random, [x]) => {
      const axis = random.uniform() < 0.25 ? undefined : axisOf(random, x);
      const keep = random.uniform() < 0.5;
      return { text: `${name} axis ${axis}${keep ? ' keep' : ''}`, f: ([v]) => f(v, axis, keep) };
    },
  });
}
addMade('summed', [isFloat], {
  softmax: plain('softmax', ([x]) => tf.softmax(tame(x))),
  logSoftmax: plain('logSoftmax', ([x]) => tf.logSoftmax(tame(x))),
  cumsum: (random, [x]) => {
    const [axis, exclusive, reverse] = [axisOf(random, x) ?? 0, random.uniform() < 0.5, random.uniform() < 0.5];
    return { text: `cumsum ${axis} ${exclusive} ${reverse}`, f: ([v]) => tf.cumsum(v, axis, exclusive, reverse) };
  },
  cumprod: (random, [x]) => {
    const axis = axisOf(random, x) ?? 0;
    return { text: `cumprod ${axis}`, f: ([v]) => tf.cumprod(v, axis) };
  },
});
addMade('exact', [isInt], {
  cumsumInt: (random, [x]) => {
    const axis = axisOf(random, x) ?? 0;
    return { text: `cumsumInt ${axis}`, f: ([v]) => tf.cumsum(v, axis) };
  },
  oneHot: (random) => {
    const depth = 1 + random.integer(4);
    return { text: `oneHot ${depth}`, f: ([k]) => tf.oneHot(k as tf.Tensor1D, depth) };
  },
});
addMade('exact', [isFloat], {
  topkIndices: plain('topk indices', ([x]) => tf.topk(x, Math.max(1, x.shape[x.rank - 1]! - 1)).indices),
});
addMade('shape', [any], {
  transpose: plain('transpose', ([x]) => tf.transpose(x)),
  flatten: plain('flatten', ([x]) => tf.reshape(x, [-1])),
  expandDims: plain('expandDims', ([x]) => tf.expandDims(x, x.rank)),
  squeeze: plain('squeeze', ([x]) => tf.squeeze(x)),
  reverse: (random, [x]) => {
    const axis = axisOf(random, x) ?? 0;
    return { text: `reverse ${axis}`, f: ([v]) => tf.reverse(v, axis) };
  },
  slice: (random, [x]) => {
    const begin = x.shape.map((n) => random.integer(n));
    const size = x.shape.map((n, i) => 1 + random.integer(n - begin[i]));
    return { text: `slice ${begin} ${size}`, f: ([v]) => tf.slice(v, begin, size) };
  },
  strided: (random, [x]) => {
    const strides = x.shape.map(() => 1 + random.integer(2));
    return {
      text: `strided ${strides}`,
      f: ([v]) =>
        tf.stridedSlice(
          v,
          v.shape.map(() => 0),
          v.shape,
          strides,
        ),
    };
  },
  tile: (random, [x]) => {
    const times = x.shape.map(() => 1 + random.integer(2));
    return { text: `tile ${times}`, f: ([v]) => tf.tile(v, times) };
  },
  pad: (random, [x]) => {
    const paddings = x.shape.map(() => [random.integer(2), random.integer(2)] as [number, number]);
    const value = isBool(x) ? 0 : 3;
    return { text: `pad ${JSON.stringify(paddings)}`, f: ([v]) => tf.pad(v, paddings, value) };
  },
  gather: (random, [x]) => {
    const axis = axisOf(random, x) ?? 0;
    const rows = Array.from({ length: 1 + random.integer(4) }, () => random.integer(x.shape[axis] ?? 1));
    return { text: `gather [${rows}] axis ${axis}`, f: ([v]) => tf.gather(v, tf.tensor1d(rows, 'int32'), axis) };
  },
  clone: plain('clone', ([x]) => tf.clone(x)),
  unstack: plain('unstack', ([x]) => tf.unstack(x).at(-1)!),
  broadcast: plain('broadcast', ([x]) => tf.broadcastTo(x, [2, ...x.shape])),
});
addMade('exact', [isFloat, isInt], {
  gatherBy: (random, [x]) => {
    const axis = axisOf(random, x) ?? 0;
    return {
      text: `gather by values, axis ${axis}`,
      f: ([v, k]) => tf.gather(v, tf.mod(k, tf.scalar(v.shape[axis]!, 'int32')), axis),
    };
  },
});
addMade('shape', [isFloat, isFloat], {
  concat: plain('concat', ([a, b]) => tf.concat([tf.reshape(a, [-1]), tf.reshape(b, [-1])])),
  stack: plain('stack', ([a, b]) => tf.stack([a, b], 0)),
});
addMade('shape', [isInt, isInt], {
  concatInt: plain('concatInt', ([a, b]) => tf.concat([tf.reshape(a, [-1]), tf.reshape(b, [-1])])),
});
addMade('summed', [isFloat, isFloat], {
  matMul: plain('matMul', ([a, b]) => tf.matMul(matrix(a), tf.tile(tf.reshape(b, [1, -1]), [matrix(a).shape[1], 1]))),
  transposed: plain('matMul transposed', ([a, b]) =>
    tf.matMul(matrix(a), tf.broadcastTo(last(b, matrix(a)), matrix(a).shape), false, true),
  ),
  addN: plain('addN', ([a, b]) => tf.addN([a, tf.broadcastTo(b, a.shape), a])),
  prelu: plain('prelu', ([a, b]) => tf.prelu(a, tf.broadcastTo(b, a.shape))),
  crossEntropy: plain('softmaxCrossEntropy', ([a, b]) =>
    tf.losses.softmaxCrossEntropy(
      tf.softmax(tame(matrix(a))),
      tame(tf.broadcastTo(last(b, matrix(a)), matrix(a).shape)),
    ),
  ),
  squaredError: plain('meanSquaredError', ([a, b]) => tf.losses.meanSquaredError(a, tf.broadcastTo(b, a.shape))),
});

/**
 * Logits as softmax can take them. Where one is infinite, TensorFlow's two kernels (one in graphs, one outside) give NaN to it alone or to its
 * whole row; and from about 1e7 on the rounding of a logit is a factor in the result, so that XLA's rounding gives another result.
 */
function tame(x: tf.Tensor): tf.Tensor {
  return tf.clipByValue(x, -1e4, 1e4);
}

function matrix(t: tf.Tensor): tf.Tensor2D {
  return tf.reshape(t, [-1, t.rank === 0 ? 1 : t.shape[t.rank - 1]!]) as tf.Tensor2D;
}
/** One number out of b, to be broadcast. */
function last(b: tf.Tensor, like: tf.Tensor): tf.Tensor {
  return tf.slice(tf.reshape(b, [-1]), [0], [1]).reshape(like.shape.map(() => 1));
}

const DIFFERENTIABLE: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  relu: (x) => tf.relu(x),
  relu6: (x) => tf.relu6(x),
  elu: (x) => tf.elu(x),
  selu: (x) => tf.selu(x),
  leaky: (x) => tf.leakyRelu(x, 0.1),
  abs: (x) => tf.abs(x),
  sqrt: (x) => tf.sqrt(x),
  rsqrt: (x) => tf.rsqrt(x),
  exp: (x) => tf.exp(x),
  log: (x) => tf.log(x),
  log1p: (x) => tf.log1p(x),
  tanh: (x) => tf.tanh(x),
  sigmoid: (x) => tf.sigmoid(x),
  softplus: (x) => tf.softplus(x),
  square: (x) => tf.square(x),
  reciprocal: (x) => tf.reciprocal(x),
  'pow 3': (x) => tf.pow(x, 3),
  clip: (x) => tf.clipByValue(x, -1, 1),
  'maximum 0.5': (x) => tf.maximum(x, 0.5),
  'minimum 0.5': (x) => tf.minimum(x, 0.5),
  max: (x) => tf.max(x, x.rank - 1),
  min: (x) => tf.min(x, x.rank - 1),
  sum: (x) => tf.sum(x),
  mean: (x) => tf.mean(x, 0),
  softmax: (x) => tf.softmax(tame(x)),
  logSoftmax: (x) => tf.logSoftmax(tame(x)),
  gather: (x) => tf.gather(x, tf.tensor1d([0, 0], 'int32')),
  tile: (x) =>
    tf.tile(
      x,
      x.shape.map(() => 2),
    ),
  where: (x) => tf.where(tf.greater(x, 0), tf.square(x), x),
  norm: (x) => tf.norm(x),
  variance: (x) => tf.moments(x, 0).variance,
  matMul: (x) => tf.matMul(matrix(x), matrix(x), false, true),
};
for (const [name, f] of Object.entries(DIFFERENTIABLE)) {
  operations.push({
    name: `gradient of ${name}`,
    takes: [isFloat],
    kind: 'summed',
    make: plain(`gradient of ${name}`, ([x]) => tf.grad((v: tf.Tensor) => tf.mul(f(v), 1.5))(x)),
  });
}
for (const [name, f] of Object.entries({ add: tf.add, mul: tf.mul, div: tf.div, maximum: tf.maximum, pow: tf.pow })) {
  operations.push({
    name: `gradients of ${name}`,
    takes: [isFloat, isFloat],
    kind: 'summed',
    make: (random) => {
      const which = random.integer(2);
      return {
        text: `gradient ${which} of ${name}`,
        f: (args) => tf.grads((a: tf.Tensor, b: tf.Tensor) => f(a, b))(args)[which],
      };
    },
  });
}

/** Convolutions and pooling keep a step out of the loop that XLA compiles as a whole: programs of their own. */
const convolutional: Operation[] = [
  {
    name: 'conv2d',
    takes: [isFloat],
    kind: 'rounded',
    make: plain('conv2d', ([x]) =>
      tf.conv2d(tf.reshape(x, [1, -1, 1, 1]) as tf.Tensor4D, tf.tensor4d([1, -2], [2, 1, 1, 1]), 1, 'same'),
    ),
  },
  {
    name: 'maxPool',
    takes: [isFloat],
    kind: 'rounded',
    make: plain('maxPool', ([x]) => tf.maxPool(tf.reshape(x, [1, -1, 1, 1]) as tf.Tensor4D, [2, 1], 1, 'same')),
  },
];

export const OPERATIONS: readonly string[] = [...operations, ...convolutional].map(({ name }) => name);

const tensorOf = ({ values, shape, dtype }: Leaf, row?: number): tf.Tensor => {
  const size = sizeOf(shape);
  const part = row === undefined ? values : values.slice(row * size, (row + 1) * size);
  return tf.tensor(
    dtype === 'float32' ? Float32Array.from(part) : dtype === 'int32' ? Int32Array.from(part) : part,
    shape,
    dtype,
  );
};

/** A program of `length` operations; the same seed gives the same program. `only`: names of operations to choose from. */
export function randomProgram(seed: number, length = 24, only?: readonly string[]): Program {
  const random = new Random(seed, 'program');
  const d = 1 + random.integer(4);
  const wild = [0, 0.15, 0.5][random.integer(3)];
  const leaves: Leaf[] = [];
  const leaf = (source: Leaf['source'], dtype: Leaf['dtype'], shape: number[], copies = 1) => {
    const n = copies * sizeOf(shape);
    const values =
      dtype === 'float32'
        ? floats(random, n, wild)
        : Array.from({ length: n }, () => (dtype === 'bool' ? random.integer(2) : random.integer(11) - 4));
    leaves.push({ text: `${source} ${dtype} [${shape}]`, source, values, shape, dtype });
  };
  leaf('data', 'float32', [d], ROWS);
  leaf('data', 'float32', [], ROWS);
  leaf('data', 'int32', [d], ROWS);
  leaf('data', 'bool', [d], ROWS);
  leaf('schedule', 'float32', [], STEPS);
  leaf('variable', 'float32', [d]);
  leaf('variable', 'float32', [2, d]);
  leaf('variable', 'int32', [d]);
  leaf('inside', 'float32', [d]);
  leaf('inside', 'float32', []);
  leaf('outside', 'float32', [d]);
  leaf('outside', 'int32', [d]);
  const nodes: Node[] = [];
  const assigned: Program['assigned'] = [];
  const table = [...operations, ...(random.uniform() < 0.1 ? convolutional : [])].filter(
    ({ name }) => !only || only.includes(name),
  );
  tf.tidy(() => {
    // values of a first step, to know shapes and types
    const values: tf.Tensor[] = leaves.map((one) => {
      if (one.source !== 'data') return tensorOf(one, one.source === 'schedule' ? 0 : undefined);
      return tf.stack([tensorOf(one, 0), tensorOf(one, 1)]);
    });
    for (let tries = 0; nodes.length < length && tries < 20 * length; tries++) {
      const operation = table[random.integer(table.length)];
      const args: number[] = [];
      for (const takes of operation.takes) {
        const fit = values.flatMap((value, i) => (takes(value) ? [i] : []));
        // late ones more often, so that chains grow
        if (fit.length > 0)
          args.push(fit[Math.floor(fit.length * (1 - (1 - random.uniform()) ** 2 * random.uniform()))] ?? fit[0]);
      }
      if (args.length < operation.takes.length) continue;
      const given = args.map((i) => values[i]);
      try {
        const { text, f } = operation.make(random, given);
        const value = f(given);
        if (value.size === 0 || value.size > 64 || value.rank > 4) continue;
        values.push(value);
        nodes.push({ text, args, kind: operation.kind, f });
      } catch {
        continue; // shapes that do not fit
      }
    }
    leaves.forEach((one, i) => {
      if (one.source !== 'variable') return;
      const fit = values.flatMap((value, k) =>
        value.dtype === one.dtype && tf.util.arraysEqual(value.shape, one.shape) && leaves[k]?.source !== 'data'
          ? [k]
          : [],
      );
      const value = fit[random.integer(fit.length)];
      if (value !== i) assigned.push({ leaf: i, value });
    });
  });
  return { leaves, nodes, assigned };
}

/** The operations that lead to one of them, for a report. */
export function describe({ leaves, nodes, assigned }: Program, node: number): string {
  const lines: string[] = [];
  const seen = new Set<number>();
  const visit = (i: number) => {
    if (seen.has(i)) return;
    seen.add(i);
    if (i < leaves.length) {
      const { text, values, source } = leaves[i];
      const next = assigned.find(({ leaf }) => leaf === i);
      lines.push(
        `  v${i}: ${text} = [${values.map((v) => (Object.is(v, -0) ? '-0' : v))}]${next ? `, then v${next.value}` : ''}`,
      );
      if (next && source === 'variable') visit(next.value);
      return;
    }
    const { text, args } = nodes[i - leaves.length];
    args.forEach(visit);
    lines.push(`  v${i}: ${text}(${args.map((a) => `v${a}`)})`);
  };
  visit(node);
  return lines.join('\n');
}

export interface Fault {
  node: number;
  text: string;
}

/** Runs a program compiled, and says where it is not what eager execution gives. */
export async function faults(program: Program, options: CompileOptions): Promise<Fault[]> {
  const { leaves, nodes, assigned } = program;
  const kept = new Map<number, tf.Tensor>();
  const variables = new Map<number, tf.Variable>();
  leaves.forEach((one, i) => {
    if (one.source === 'outside') kept.set(i, tensorOf(one));
    if (one.source === 'variable') variables.set(i, tf.variable(tensorOf(one), false));
  });
  const step = (inputs: Record<string, tf.Tensor>) => {
    const values = leaves.map((one, i) => {
      if (one.source === 'data' || one.source === 'schedule') return inputs[`v${i}`];
      // a variable's own value, as it was when the step began
      return kept.get(i) ?? variables.get(i)?.clone() ?? tensorOf(one);
    });
    for (const { f, args } of nodes) values.push(f(args.map((a) => values[a])));
    for (const { leaf, value } of assigned) variables.get(leaf)!.assign(values[value]);
    return Object.fromEntries(values.map((value, i) => [`v${i}`, value]));
  };
  const compiled = compile(step, options);
  const data: Record<string, tf.Tensor> = {};
  const schedules: Record<string, number[]> = {};
  leaves.forEach((one, i) => {
    if (one.source === 'data') data[`v${i}`] = tensorOf({ ...one, shape: [ROWS, ...one.shape] });
    if (one.source === 'schedule') schedules[`v${i}`] = one.values;
  });
  const found: Fault[] = [];
  try {
    const batches = Int32Array.of(0, 1, 2, 3, 1, 0);
    const { outputs } = await compiled.run({ data, batches, batchSize: 2, schedules });
    const xla = compiled.loops[0] !== 'executor';
    const taint = tainted(program);
    for (let s = 0; s < STEPS; s++) {
      tf.tidy(() => {
        const values = Object.keys(outputs).map((_, i) => tf.squeeze(tf.slice(outputs[`v${i}`], s, 1), [0]));
        const report = (i: number, text: string) =>
          found.push({
            node: i,
            text: `${JSON.stringify(options)} ${compiled.loops}, step ${s}, v${i}: ${text}\n${describe(program, i)}`,
          });
        for (const { leaf, value } of assigned) {
          if (s === 0) continue;
          const before = tf.squeeze(tf.slice(outputs[`v${value}`], s - 1, 1), [0]);
          const text = unequal(before, values[leaf]);
          if (text) report(leaf, `the variable was given something else: ${text}`);
        }
        nodes.forEach(({ f, args, kind }, n) => {
          const i = leaves.length + n;
          const operands = args.map((a) => values[a]);
          const want = f(operands);
          const text = unequal(want, values[i]);
          if (!text) return;
          if (xla ? taint[i] === 'exact' : kind !== 'rounded' && kind !== 'summed') return void report(i, text);
          const others = xla
            ? perturbations(
                args.map((a) => taint[a]),
                operands,
              ).map(f)
            : [];
          const loose = unequal(want, values[i], { others, operands: kind === 'summed' ? operands : [] });
          if (loose) report(i, loose);
        });
      });
      if (found.length > 0) break;
    }
    tf.dispose(outputs);
  } catch (error) {
    const { message, stack } = error as Error;
    found.push({
      node: -1,
      text: `${JSON.stringify(options)}: ${message}\n${stack?.split('\n').slice(1, 4).join('\n')}`,
    });
  } finally {
    compiled.dispose();
    tf.dispose([data, [...kept.values()], [...variables.values()]]);
  }
  return found;
}

/**
 * Which values XLA may round in another way: by themselves, by a product added unrounded, or by what they are made of. A variable is
 * rounded when it is written, so that nothing is carried from step to step.
 */
function tainted({ leaves, nodes }: Program): ('exact' | 'product' | 'rounded')[] {
  const taint: ('exact' | 'product' | 'rounded')[] = leaves.map(() => 'exact');
  for (const { kind, args } of nodes) {
    const rounded = args.some((a) => taint[a] === 'rounded') || kind === 'rounded' || kind === 'summed';
    const product = args.some((a) => taint[a] === 'product');
    if (rounded || (kind === 'sum' && product)) taint.push('rounded');
    else if (kind === 'product' || (kind === 'shape' && product)) taint.push('product');
    else taint.push(product && kind === 'exact' ? 'product' : 'exact');
  }
  return taint;
}

/** Operands as XLA may have had them. */
function perturbations(taint: ('exact' | 'product' | 'rounded')[], operands: tf.Tensor[]): tf.Tensor[][] {
  const moved = (sign: (k: number) => number) =>
    operands.map((operand, k) =>
      operand.dtype === 'float32' && taint[k] !== 'exact' ? tf.mul(operand, 1 + sign(k) * 2 ** -18) : operand,
    );
  return [moved(() => 1), moved(() => -1), moved((k) => (k % 2 ? 1 : -1)), moved((k) => (k % 2 ? -1 : 1))];
}

const TINY = 2 ** -126;

/**
 * What is wrong with `got`; undefined when nothing is. With `rounding`: what else would be right, and operands whose size counts.
 */
function unequal(
  want: tf.Tensor,
  got: tf.Tensor,
  rounding?: { others: tf.Tensor[]; operands: tf.Tensor[] },
): string | undefined {
  if (!tf.util.arraysEqual(want.shape, got.shape)) return `shape [${got.shape}], eagerly [${want.shape}]`;
  if (want.dtype !== got.dtype) return `type ${got.dtype}, eagerly ${want.dtype}`;
  const [w, g] = [want.dataSync(), got.dataSync()];
  const ways = rounding?.others.map((other) => other.dataSync()) ?? [];
  let scale = 0;
  for (const v of w) if (Number.isFinite(v)) scale = Math.max(scale, Math.abs(v));
  for (const operand of rounding?.operands ?? []) {
    for (const v of operand.dataSync()) if (Number.isFinite(v)) scale = Math.max(scale, 1, Math.abs(v), v * v);
  }
  for (let k = 0; k < w.length; k++) {
    if (Object.is(w[k], g[k])) continue;
    // denormal numbers are 0 for some kernels and not for others
    if (Math.abs(w[k]) < TINY && Math.abs(g[k]) < TINY && w[k] !== g[k]) continue;
    if (
      rounding &&
      near(
        w[k],
        g[k],
        ways.map((way) => way[k]),
        scale,
      )
    )
      continue;
    const show = (v: number) => (Object.is(v, -0) ? '-0' : String(v));
    return `element ${k} is ${show(g[k])}, eagerly ${show(w[k])}`;
  }
  return undefined;
}

function near(want: number, got: number, ways: number[], scale: number): boolean {
  const all = [want, ...ways];
  if (all.some((way) => Object.is(way, got) || way === got)) return true;
  if (Number.isNaN(got)) return false;
  const numbers = all.filter((way) => !Number.isNaN(way));
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const room = 4e-5 * Math.max(Math.abs(Number.isFinite(want) ? want : 0), scale * 0.05) + TINY;
  if (got >= low - room && got <= high + room) return true;
  // at the end of the range one side may have overflowed
  return Math.abs(got) > 3e38 && all.some((way) => Math.abs(way) > 3e38 && Math.sign(way) === Math.sign(got));
}
