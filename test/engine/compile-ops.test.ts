/** Every operation one may meet in a training step, forward and backward: the graph gives what eager execution gives. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { Random, compile, ready, tf } from 'bnlab';

before(ready);

type T5 = tf.Tensor5D;
type T4 = tf.Tensor4D;
type T3 = tf.Tensor3D;
type T2 = tf.Tensor2D;
type T1 = tf.Tensor1D;

const random = new Random(1);
const filter = (...shape: number[]) => tf.tensor(random.normals(shape.reduce((a, b) => a * b, 1)), shape);
const held: Record<string, tf.Tensor> = {};
before(() => {
  held.f2 = filter(3, 3, 2, 4);
  held.depth = filter(3, 3, 2, 2);
  held.point = filter(1, 1, 4, 3);
  held.f1 = filter(3, 2, 4);
  held.f3 = filter(2, 2, 2, 2, 3);
  held.trans = filter(3, 3, 4, 2);
  held.w = filter(6, 5);
  held.dilate = filter(3, 3, 2);
});

/** x: [2, 6] in (0.2, 0.8); image: [2, 6, 6, 2]; k: int32 [2], 0 to 3; flag: bool [2, 6]. Each gives one tensor or several. */
interface In {
  x: T2;
  image: T4;
  k: T1;
  flag: T2;
}
type Many = Record<string, tf.Tensor>;

const forward: Record<string, (input: In) => Many> = {
  arithmetic: ({ x }) => ({
    a: x.add(1),
    b: x.sub(x.mean()),
    c: x.mul(2),
    d: x.div(3),
    e: x.pow(2),
    f: x.floorDiv(0.3),
    g: x.mod(0.3),
    h: x.maximum(0.5),
    i: x.minimum(0.5),
    j: x.squaredDifference(0.5),
    k: tf.divNoNan(x, x.sub(x)),
    l: tf.addN([x, x, x]),
    m: tf.atan2(x, 2),
    n: x.neg(),
    o: x.abs(),
    p: x.sign(),
    q: x.reciprocal(),
    r: tf.add(x, x.slice([0, 0], [1, 6])),
  }),
  elementwise: ({ x }) => ({
    exp: x.exp(),
    log: x.log(),
    log1p: x.log1p(),
    expm1: x.expm1(),
    sqrt: x.sqrt(),
    rsqrt: x.rsqrt(),
    square: x.square(),
    sin: x.sin(),
    cos: x.cos(),
    tan: x.tan(),
    asin: x.asin(),
    acos: x.acos(),
    atan: x.atan(),
    sinh: x.sinh(),
    cosh: x.cosh(),
    tanh: x.tanh(),
    asinh: x.asinh(),
    acosh: x.add(1).acosh(),
    atanh: x.atanh(),
    erf: x.erf(),
    sigmoid: x.sigmoid(),
    softplus: x.softplus(),
    relu: x.sub(0.5).relu(),
    relu6: x.mul(10).relu6(),
    elu: x.sub(0.5).elu(),
    selu: x.sub(0.5).selu(),
    leaky: x.sub(0.5).leakyRelu(0.1),
    prelu: x.sub(0.5).prelu(tf.scalar(0.2)),
    step: x.sub(0.5).step(0.1),
    clip: x.clipByValue(0.3, 0.6),
    floor: x.mul(9).floor(),
    ceil: x.mul(9).ceil(),
    round: x.mul(9).round(),
    logSigmoid: x.logSigmoid(),
    isNaN: x.log().isNaN(),
    isInf: x.isInf(),
    isFinite: x.isFinite(),
  }),
  reductions: ({ x, flag }) => ({
    sum: x.sum(),
    sum1: x.sum(1),
    keep: x.sum(0, true),
    mean: x.mean(1),
    max: x.max(1),
    min: x.min(0),
    prod: x.prod(1),
    argMax: x.argMax(1),
    argMin: x.argMin(0),
    all: flag.all(1),
    any: flag.any(0),
    lse: x.logSumExp(1),
    norm: x.norm(),
    variance: tf.moments(x, 0).variance,
    norm1: x.norm(1, 1),
    cumsum: x.cumsum(1),
    cumsumX: x.cumsum(1, true, true),
    cumprod: tf.cumprod(x, 1),
    count: tf.sum(flag.cast('int32')),
  }),
  comparison: ({ x, flag, k }) => ({
    gt: x.greater(0.5),
    ge: x.greaterEqual(0.5),
    lt: x.less(0.5),
    le: x.lessEqual(0.5),
    eq: k.equal(1),
    ne: k.notEqual(1),
    and: flag.logicalAnd(x.greater(0.5)),
    or: flag.logicalOr(x.greater(0.5)),
    not: flag.logicalNot(),
    xor: flag.logicalXor(x.greater(0.5)),
    where: tf.where(flag, x, x.neg()),
    cast: flag.cast('float32'),
    int: x.mul(9).toInt(),
    bool: k.toBool(),
  }),
  shapes: ({ x, image }) => ({
    reshape: x.reshape([3, 4]),
    expand: x.expandDims(1),
    squeeze: x.reshape([1, 12]).squeeze(),
    transpose: x.transpose(),
    perm: tf.transpose(image, [0, 3, 1, 2]),
    tile: x.tile([2, 1]),
    pad: x.pad(
      [
        [1, 0],
        [0, 2],
      ],
      7,
    ),
    mirror: tf.mirrorPad(
      x,
      [
        [1, 1],
        [2, 2],
      ],
      'reflect',
    ),
    concat: tf.concat([x, x.neg()], 1),
    stack: tf.stack([x, x], 2),
    unstack: tf.unstack(x, 1)[3],
    split: tf.split(x, [2, 4], 1)[1],
    slice: x.slice([0, 2], [2, 3]),
    strided: x.stridedSlice([0, 1], [2, 6], [1, 2]),
    reverse: x.reverse(1),
    broadcast: tf.broadcastTo(x.slice([0, 0], [1, 6]), [4, 6]),
    s2b: tf.spaceToBatchND(
      image,
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
    d2s: tf.depthToSpace(image.tile([1, 1, 1, 2]) as T4, 2),
    flip: tf.image.flipLeftRight(image),
    band: tf.linalg.bandPart(x.matMul(x, true), 1, 0),
    diag: tf.diag(x.mean(0)),
    eye: tf.eye(3),
    meshgrid: tf.meshgrid(x.mean(0), x.mean(1))[1],
  }),
  indexing: ({ x, k }) => ({
    gather: x.gather(k, 1),
    gatherNd: tf.gatherND(x, k.mod(2).cast('int32').expandDims(1)),
    oneHot: tf.oneHot(k, 4),
    oneHot2: tf.oneHot(k, 4, 3, 2),
    topk: tf.topk(x, 2).values,
    topkI: tf.topk(x, 2).indices,
    scatter: tf.scatterND(k.expandDims(1), x, [4, 6]),
    update: tf.tensorScatterUpdate(tf.zeros([4, 6]), k.expandDims(1), x),
    segment: tf.unsortedSegmentSum(x, k, 4),
    inTop: tf.equal(x.argMax(1), k),
    bincount: tf.bincount(k, [] as never, 5),
    linspace: tf.linspace(0, 1, 5),
    range: tf.range(0, 5, 2),
    fill: tf.fill([2, 2], 3),
    ones: tf.onesLike(x),
    zeros: tf.zerosLike(x),
  }),
  products: ({ x }) => ({
    matMul: x.matMul(held.w),
    transposed: tf.matMul(x, x, false, true),
    left: tf.matMul(x, x, true),
    dot: x.dot(held.w),
    outer: tf.outerProduct(x.mean(0) as T1, x.mean(1) as T1),
    batched: tf.matMul(x.reshape([2, 2, 3]), x.reshape([2, 3, 2])),
    fused: tf.fused.matMul({ a: x, b: held.w as T2, bias: tf.ones([5]), activation: 'relu' }),
    einsum: tf.einsum('ij,jk->ki', x, held.w),
    broadcastMM: tf.matMul(x.reshape([2, 1, 6]), held.w.expandDims(0).tile([2, 1, 1])),
  }),
  convolution: ({ image }) => ({
    conv: tf.conv2d(image, held.f2 as T4, 1, 'same'),
    strided: tf.conv2d(image, held.f2 as T4, 2, 'valid'),
    dilated: tf.conv2d(image, held.f2 as T4, 1, 'same', 'NHWC', 2),
    explicit: tf.conv2d(image, held.f2 as T4, 1, [
      [0, 0],
      [1, 1],
      [2, 2],
      [0, 0],
    ]),
    depthwise: tf.depthwiseConv2d(image, held.depth as T4, 1, 'same'),
    separable: tf.separableConv2d(image, held.depth as T4, held.point as T4, 1, 'same'),
    transpose: tf.conv2dTranspose(image.tile([1, 1, 1, 1]) as T4, held.trans as T4, [2, 12, 12, 4], 2, 'same'),
    one: tf.conv1d(image.reshape([2, 36, 2]) as T3, held.f1 as T3, 1, 'same'),
    three: tf.conv3d(image.reshape([2, 6, 3, 2, 2]) as T5, held.f3 as T5, 1, 'same'),
    dilation: tf.dilation2d(image, held.dilate as T3, 1, 'same'),
    fused: tf.fused.conv2d({
      x: image,
      filter: held.f2 as T4,
      strides: 1,
      pad: 'same',
      bias: tf.ones([4]),
      activation: 'relu',
    }),
  }),
  pooling: ({ image }) => ({
    max: tf.maxPool(image, 2, 2, 'valid'),
    avg: tf.avgPool(image, 3, 2, 'same'),
    global: tf.mean(image, [1, 2]),
    pool: tf.pool(image, 2, 'avg', 'valid', undefined, 1),
    max3: tf.maxPool3d(image.reshape([2, 6, 3, 2, 2]) as T5, 2, 1, 'same'),
    avg3: tf.avgPool3d(image.reshape([2, 6, 3, 2, 2]) as T5, 2, 1, 'same'),
  }),
  images: ({ image }) => ({
    bilinear: tf.image.resizeBilinear(image, [4, 5], true),
    nearest: tf.image.resizeNearestNeighbor(image, [9, 3]),
    lrn: tf.localResponseNormalization(image, 1),
    inference: tf.batchNorm4d(
      image,
      tf.zeros([2]) as T1,
      tf.ones([2]) as T1,
      tf.ones([2]) as T1,
      tf.ones([2]) as T1,
      1e-3,
    ),
    crop: tf.image.cropAndResize(image, tf.tensor2d([[0, 0, 1, 0.5]]), tf.tensor1d([1], 'int32'), [3, 3]),
  }),
  losses: ({ x, k }) => {
    const labels = tf.softmax(x.add(1)) as T2;
    return {
      softmax: tf.softmax(x),
      logSoftmax: tf.logSoftmax(x),
      cross: tf.losses.softmaxCrossEntropy(labels, x),
      sigmoid: tf.losses.sigmoidCrossEntropy(labels, x),
      mse: tf.losses.meanSquaredError(labels, x),
      huber: tf.losses.huberLoss(labels, x),
      abs: tf.losses.absoluteDifference(labels, x),
      logLoss: tf.losses.logLoss(labels, x),
      hinge: tf.losses.hingeLoss(labels, x),
      cosine: tf.losses.cosineDistance(labels, x, 1),
      smooth: tf.losses.softmaxCrossEntropy(labels, x, undefined, 0.1),
      accuracy: tf.metrics.categoricalAccuracy(tf.oneHot(k, 6), x),
      sparse: tf.metrics.sparseCategoricalAccuracy(k.cast('float32'), x),
      kl: tf.metrics.binaryCrossentropy(labels, x),
    };
  },
  linearAlgebra: ({ x }) => ({
    qr: tf.linalg.gramSchmidt(x) as T2,
    cosine: tf.signal.hannWindow(4),
    complex: tf.real(tf.spectral.fft(tf.complex(x, x.neg()))),
    imag: tf.imag(tf.spectral.rfft(x)),
    absolute: tf.abs(tf.complex(x, x)),
  }),
};

/** Differentiated with respect to x or image. */
const backward: Record<string, [keyof Pick<In, 'x' | 'image'>, ((value: tf.Tensor) => tf.Tensor)[]]> = {
  elementwise: [
    'x',
    [
      (x) => x.exp(),
      (x) => x.log(),
      (x) => x.sqrt(),
      (x) => x.rsqrt(),
      (x) => x.tanh(),
      (x) => x.sigmoid(),
      (x) => x.sub(0.5).relu(),
      (x) => x.sub(0.5).elu(),
      (x) => x.sub(0.5).selu(),
      (x) => x.sub(0.5).leakyRelu(0.1),
      (x) => x.softplus(),
      (x) => x.mul(10).relu6(),
      (x) => x.pow(3),
      (x) => x.abs(),
      (x) => x.clipByValue(0.3, 0.6),
      (x) => x.maximum(0.5),
      (x) => x.erf(),
      (x) => x.sin().mul(x.cos()),
      (x) => x.div(x.sum()),
      (x) => x.sub(0.5).prelu(tf.scalar(0.2)),
      (x) => x.reciprocal(),
      (x) => x.log1p(),
      (x) => x.atan(),
    ],
  ],
  shapes: [
    'x',
    [
      (x) => x.transpose().slice([1, 0], [3, 2]),
      (x) => x.tile([2, 3]),
      (x) =>
        x.pad([
          [1, 1],
          [0, 2],
        ]),
      (x) => tf.concat([x, x.square()], 0),
      (x) => tf.stack([x, x.square()]),
      (x) => tf.unstack(x)[1],
      (x) => x.reverse(1).cumsum(1),
      (x) => tf.split(x, 3, 1)[2],
      (x) => x.gather(tf.tensor1d([1, 1, 0], 'int32')),
      (x) => tf.where(tf.tensor2d([1, 0, 1, 0, 1, 0], [1, 6], 'bool').tile([2, 1]), x.square(), x),
      (x) => tf.broadcastTo(x.expandDims(0), [3, 2, 6]),
    ],
  ],
  reductions: [
    'x',
    [
      (x) => x.mean(0),
      (x) => x.max(1),
      (x) => x.min(0),
      (x) => x.prod(1),
      (x) => x.logSumExp(1),
      (x) => x.norm(),
      (x) => tf.moments(x, 0).variance,
      (x) => tf.softmax(x),
      (x) => tf.logSoftmax(x),
    ],
  ],
  products: [
    'x',
    [
      (x) => x.matMul(held.w),
      (x) => tf.matMul(x, x, false, true),
      (x) => tf.matMul(x, x, true),
      (x) => x.dot(held.w),
      (x) => tf.matMul(x.reshape([2, 2, 3]), x.reshape([2, 3, 2])),
      (x) => tf.fused.matMul({ a: x as T2, b: held.w as T2, activation: 'relu' }),
    ],
  ],
  convolution: [
    'image',
    [
      (x) => tf.conv2d(x as T4, held.f2 as T4, 1, 'same'),
      (x) => tf.conv2d(x as T4, held.f2 as T4, 2, 'valid'),
      (x) => tf.depthwiseConv2d(x as T4, held.depth as T4, 1, 'same'),
      (x) => tf.conv2dTranspose(x as T4, held.trans as T4, [2, 12, 12, 4], 2, 'same'),
      (x) => tf.conv3d(x.reshape([2, 6, 3, 2, 2]) as T5, held.f3 as T5, 1, 'same'),
      (x) => tf.maxPool(x as T4, 2, 2, 'valid'),
      (x) => tf.avgPool(x as T4, 3, 2, 'same'),
      (x) => tf.mean(x, [1, 2]),
      (x) => tf.localResponseNormalization(x as T4, 1),
      (x) => tf.image.resizeBilinear(x as T4, [4, 5]),
      (x) => tf.image.resizeNearestNeighbor(x as T4, [12, 3]),
      (x) =>
        tf.spaceToBatchND(
          x,
          [2, 2],
          [
            [0, 0],
            [0, 0],
          ],
        ),
      (x) =>
        tf.batchNorm4d(x as T4, tf.zeros([2]) as T1, tf.ones([2]) as T1, tf.ones([2]) as T1, tf.ones([2]) as T1, 1e-3),
      (x) => tf.maxPool3d(x.reshape([2, 6, 3, 2, 2]) as T5, 2, 1, 'same'),
      (x) => tf.avgPool3d(x.reshape([2, 6, 3, 2, 2]) as T5, 2, 1, 'same'),
    ],
  ],
};

const source = () => {
  const r = new Random(2);
  return {
    x: tf.tensor2d(r.uniforms(4 * 2 * 6, 0.2, 0.8), [8, 6]),
    image: tf.tensor4d(r.uniforms(8 * 72, 0.2, 0.8), [8, 6, 6, 2]),
    k: tf.tensor1d(
      Int32Array.from({ length: 8 }, (_, i) => i % 4),
      'int32',
    ),
    flag: tf.tensor2d(
      Uint8Array.from({ length: 48 }, (_, i) => ((i * 7) % 5 > 1 ? 1 : 0)),
      [8, 6],
      'bool',
    ),
  };
};
const indices = Int32Array.of(0, 1, 3, 2, 4, 5, 7, 6);

async function agree(step: (input: Record<string, tf.Tensor>) => Many, group: string) {
  const call = { data: source(), batches: indices, batchSize: 2 };
  const eager = await compile(step, { mode: 'eager' }).run(call);
  for (const xla of [false, true]) {
    const compiled = compile(step, { xla });
    const graph = await compiled.run(call);
    for (const name of Object.keys(eager.outputs)) {
      const [want, got] = [eager.outputs[name], graph.outputs[name]];
      const where = `${group}.${name}${xla ? ' with XLA' : ''}`;
      assert.deepEqual(got.shape, want.shape, where);
      assert.equal(got.dtype, want.dtype, where);
      const [a, b] = [want.dataSync(), got.dataSync()];
      for (let i = 0; i < a.length; i++) {
        const close = Object.is(a[i], b[i]) || Math.abs(a[i] - b[i]) <= 2e-5 * (1 + Math.abs(a[i]));
        assert.ok(close, `${where}: element ${i} is ${b[i]}, eagerly ${a[i]}`);
      }
    }
    compiled.dispose();
    tf.dispose(graph.outputs);
  }
}

for (const [group, make] of Object.entries(forward)) {
  test(`forward: ${group}`, () => agree((input) => make(input as unknown as In), group));
}
for (const [group, [input, functions]] of Object.entries(backward)) {
  test(`gradient: ${group}`, () =>
    agree((inputs) => {
      const gradients: Many = {};
      functions.forEach((f, i) => (gradients[`${i} ${f}`] = tf.grad((v: tf.Tensor) => f(v).mul(1.5))(inputs[input])));
      return gradients;
    }, group));
}
