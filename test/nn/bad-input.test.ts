/** Every kind of bad input: an error that says where, what was given, what was wanted; and nothing half-updated. */
import assert from 'node:assert/strict';
import {
  activation,
  activationFunction,
  averagePool,
  batchNorm,
  batchNorm64,
  batchNormGradient,
  batchNormGradient64,
  batchNormGradientCompact,
  batchNormInference,
  batchNormLayer,
  batchRenorm,
  batchRenormLayer,
  compile,
  conv2d,
  convNet,
  dense,
  dropout,
  exhibit,
  EXHIBITS,
  expectShape,
  fans,
  foldBatchNorm,
  foldNetwork,
  gaussian,
  groupNorm,
  groupNormLayer,
  inceptionNet,
  initializer,
  instanceNorm,
  layerNorm,
  maxPool,
  mlp,
  normLayer,
  populationStatistics,
  parallel,
  residual,
  residualNet,
  Sequential,
  sequential,
  stopGradient,
  tf,
  toImage,
  unbiasedVariance,
  usePopulationStatistics,
  whiten,
  whitenInference,
  whiteningLayer,
} from 'bnlab';
import { clean, values } from '../support/tensors';

const x = () =>
  tf.tensor2d([
    [1, 2],
    [3, 5],
    [4, 0],
  ]);
const d2 = () => tf.tensor1d([1, 2]);
const training = { training: true };

const ones = (like: tf.Tensor) => tf.ones(like.shape ?? [1]);

/** A call, and what its message must match. */
type Case = [what: string, call: () => unknown, message: RegExp];

/** Everything that normalizes a batch in training. */
const NORMALIZERS: [string, (input: tf.Tensor, options?: object, gamma?: tf.Tensor, beta?: tf.Tensor) => unknown][] = [
  ['batchNorm', (input, options, gamma, beta) => batchNorm(input, gamma, beta, options)],
  ['batchNormGradient', (input, options, gamma) => batchNormGradient(ones(input), input, gamma, options)],
  ['batchNormGradientCompact', (input, options, gamma) => batchNormGradientCompact(ones(input), input, gamma, options)],
  ['whiten', (input, options) => whiten(input, options)],
  [
    'batchRenorm',
    (input, options, gamma, beta) => batchRenorm(input, tf.zeros([2]), tf.ones([2]), gamma, beta, options),
  ],
  ...EXHIBITS.filter((name) => exhibit(name).normalize !== batchNorm).map((name): (typeof NORMALIZERS)[number] => [
    `exhibit:${name}`,
    (input, options, gamma, beta) => exhibit(name).normalize(input, gamma, beta, options),
  ]),
];

const ALL: typeof NORMALIZERS = [
  ...NORMALIZERS,
  [
    'batchNormInference',
    (input, options, gamma, beta) => batchNormInference(input, tf.zeros([2]), tf.ones([2]), gamma, beta, options),
  ],
  ['layerNorm', (input, options, gamma, beta) => layerNorm(input, gamma, beta, options)],
  ['groupNorm', (input, options, gamma, beta) => groupNorm(input, 2, gamma, beta, options)],
];

for (const [where, call] of ALL) {
  const named = (rest: string) => new RegExp(`^${where}: ${rest}`, 's');
  const cases: Case[] = [
    ['rank 1', () => call(tf.ones([4])), named('x must have rank 2 or 4 .*got float32 \\[4\\]')],
    ['rank 3', () => call(tf.ones([4, 3, 2])), named('x must have rank 2 or 4 .*got float32 \\[4, 3, 2\\]')],
    ['integers', () => call(tf.ones([4, 2], 'int32')), named('x must be float32, got int32 \\[4, 2\\].*toFloat')],
    [
      'NaN',
      () =>
        call(
          tf.tensor2d([
            [1, NaN],
            [0, 2],
          ]),
        ),
      named('x .*holds 1 value that is NaN or infinite'),
    ],
    [
      'infinity',
      () =>
        call(
          tf.tensor2d([
            [1, Infinity],
            [-Infinity, 2],
          ]),
        ),
      named('x .*holds 2 values that are NaN or infinite'),
    ],
    [
      'epsilon 0',
      () => call(x(), { epsilon: 0 }),
      named('epsilon must be a finite number above 0, got 0.*allowZeroEpsilon'),
    ],
    [
      'epsilon < 0',
      () => call(x(), { epsilon: -1e-5 }),
      named('epsilon must be a finite number above 0, got -0.00001'),
    ],
    [
      'epsilon < 0, zero allowed',
      () => call(x(), { epsilon: -1e-5, allowZeroEpsilon: true }),
      named('epsilon must be'),
    ],
    ['epsilon NaN', () => call(x(), { epsilon: NaN }), named('epsilon must be a finite number above 0, got NaN')],
    ['a number', () => call(3 as unknown as tf.Tensor), /x must be a tensor, got number|Argument/],
  ];
  for (const [what, body, message] of cases) {
    clean(`${where}: ${what}`, () => tf.tidy(() => assert.throws(body, { message })));
  }
  clean(`${where}: a disposed tensor`, () => {
    const gone = x();
    gone.dispose();
    tf.tidy(() => assert.throws(() => call(gone), /disposed/));
  });
}

for (const [where, call] of NORMALIZERS) {
  clean(`${where}: a batch of one`, () =>
    tf.tidy(() => {
      for (const one of [tf.ones([1, 2]), tf.ones([1, 1, 1, 2])]) {
        assert.throws(
          () => call(one),
          new RegExp(`^\\w*Error: ${where}: training needs at least 2 values per feature, got 1 in `),
        );
      }
    }),
  );
}

for (const [where, call] of ALL.filter(([name]) => !['whiten'].includes(name))) {
  clean(`${where}: gamma and beta that do not fit`, () =>
    tf.tidy(() => {
      assert.throws(
        () => call(x(), {}, tf.ones([3])),
        new RegExp(`${where}: gamma must have shape \\[2\\].*got \\[3\\]`),
      );
      assert.throws(
        () => call(x(), {}, tf.ones([1, 2])),
        new RegExp(`${where}: gamma must have shape \\[2\\].*got \\[1, 2\\]`),
      );
      assert.throws(() => call(x(), {}, tf.ones([2], 'int32')), new RegExp(`${where}: gamma must be float32`));
      if (where.includes('Gradient')) return;
      assert.throws(
        () => call(x(), {}, d2(), tf.ones([1])),
        new RegExp(`${where}: beta must have shape \\[2\\].*got \\[1\\]`),
      );
    }),
  );
}

clean('an empty batch, a gradient of another shape, statistics that do not fit', () =>
  tf.tidy(() => {
    assert.throws(() => batchNorm(tf.zeros([0, 2])), /x is empty \(float32 \[0, 2\]\)/);
    assert.throws(() => batchNormGradient(tf.ones([2, 2]), x()), /dy must be shaped like x, \[3, 2\], got \[2, 2\]/);
    assert.throws(() => batchNormInference(x(), tf.zeros([3]), d2()), /mean must have shape \[2\].*got \[3\]/);
    assert.throws(() => batchNormInference(x(), d2(), tf.zeros([3])), /variance must have shape \[2\].*got \[3\]/);
    assert.throws(() => batchRenorm(x(), tf.zeros([3]), d2()), /movingMean must have shape \[2\]/);
    assert.throws(() => batchRenorm(x(), d2(), tf.zeros([3])), /movingDeviation must have shape \[2\]/);
    assert.throws(() => batchRenorm(x(), d2(), d2(), null, null, { rMax: 0.5 }), /rMax must be at least 1, got 0.5/);
    assert.throws(() => batchRenorm(x(), d2(), d2(), null, null, { dMax: -1 }), /dMax must be at least 0, got -1/);
    assert.throws(
      () => batchNorm(x(), null, null, { gradient: 'fast' as 'compact' }),
      /gradient must be one of compact, automatic/,
    );
    assert.throws(() => unbiasedVariance(d2(), 1), /m must be a whole number, at least 2, got 1/);
    assert.throws(() => populationStatistics([], 4), /at least one mini-batch, got none/);
    assert.throws(
      () => populationStatistics([{ mean: d2(), variance: tf.ones([3]) }], 4),
      /variance of batch 0 must have shape \[2\]/,
    );
    assert.throws(
      () => foldBatchNorm({ weights: tf.ones([3, 2]), mean: tf.ones([3]), variance: d2() }),
      /mean must have shape \[2\]/,
    );
    assert.throws(
      () => foldBatchNorm({ weights: tf.ones([3]), mean: d2(), variance: d2() }),
      /weights must have rank 2 or 4/,
    );
    assert.throws(
      () => foldBatchNorm({ weights: tf.ones([3, 2]), mean: d2(), variance: d2() }, { epsilon: 0 }),
      /epsilon must be/,
    );
    assert.throws(() => groupNorm(tf.ones([2, 4]), 3), /groups must divide the number of features, got 3 groups for 4/);
    assert.throws(() => groupNorm(tf.ones([2, 4]), 0), /groups must be a whole number, at least 1, got 0/);
    assert.throws(() => instanceNorm(x()), /instanceNorm: x must have rank 4/);
    assert.throws(() => instanceNorm(tf.ones([3, 1, 1, 2])), /at least 2 pixels per channel/);
    assert.throws(() => whitenInference(x(), d2(), tf.eye(3)), /made for 2 features.*got 3/);
    assert.throws(() => whitenInference(tf.fill([2, 2], NaN), d2(), tf.eye(2)), /NaN/);
    assert.throws(
      () => batchNormInference(x(), d2(), tf.tensor1d([1, -2])),
      /batchNormInference: variance\[1\] is -2; wanted finite numbers, none negative/,
    );
    assert.throws(
      () => batchNormInference(x(), tf.tensor1d([Infinity, 1]), d2()),
      /batchNormInference: mean\[0\] is Infinity; wanted finite numbers\./,
    );
    assert.throws(() => stopGradient(tf.ones([2], 'int32')), /stopGradient: x must be float32/);
    assert.throws(() => expectShape(x(), [3, 4], 'u'), /u: wanted shape \[3, 4\], got \[3, 2\]/);
    assert.throws(() => expectShape(x(), [null], 'u'), /u: wanted shape \[any\], got \[3, 2\]/);
    const given = x();
    assert.equal(expectShape(given, [3, null]), given);
  }),
);

clean('float64: ragged rows, NaN, one row, a negative epsilon', () => {
  assert.throws(() => batchNorm64([[1, 2], [3]]), /x must be at least 2 rows/);
  assert.throws(
    () =>
      batchNorm64([
        [1, NaN],
        [3, 4],
      ]),
    /finite numbers/,
  );
  assert.throws(() => batchNorm64([[1, 2]]), /at least 2 rows.*got 1 rows/);
  assert.throws(() => batchNorm64([[1], [2]], { epsilon: -1 }), /epsilon must be/);
  assert.throws(() => batchNorm64([[1], [2]], { gamma: [1, 2] }), /gamma must have 1 entries/);
  assert.throws(() => batchNorm64([[1], [2]], { beta: [1, 2] }), /beta must have 1 entries/);
  assert.throws(
    () => batchNormGradient64([[1], [2], [3]], [[1], [2]]),
    /dy must be shaped like x, \[2, 1\], got \[3, 1\]/,
  );
});

clean('a float32 overflow of the variance is named, not NaN', () => {
  const layer = batchNormLayer(1);
  tf.tidy(() => {
    const huge = tf.tensor2d([[1e30], [-1e30]]);
    assert.throws(() => layer.apply(huge, training), /variance of x .* beyond float32/);
  });
  layer.dispose();
});

clean('setStatistics refuses what cannot be statistics, and then changes neither of the two', () => {
  const layer = batchNormLayer(2, { debias: true });
  const before = layer.variables.map(values);
  tf.tidy(() => {
    assert.throws(() => layer.setStatistics(tf.ones([2]), tf.ones([3])), /variance must have shape \[2\]/);
    assert.throws(() => layer.setStatistics(tf.ones([2]), tf.tensor1d([1, -1])), /variance\[1\] is -1; wanted finite/);
    assert.throws(() => layer.setStatistics(tf.ones([2]), tf.tensor1d([NaN, 1])), /variance\[0\] is NaN/);
    assert.throws(() => layer.setStatistics(tf.tensor1d([1, -Infinity]), tf.ones([2])), /mean\[1\] is -Infinity/);
  });
  assert.deepEqual(layer.variables.map(values), before);
  layer.dispose();
});

clean('a layer that refuses a batch has not updated anything', () => {
  for (const make of [
    () => batchNormLayer(2, { debias: true }),
    () => batchNormLayer(2),
    () => batchRenormLayer(2),
    () => whiteningLayer(2),
  ]) {
    const layer = make();
    const state = () => layer.variables.map((variable) => values(variable));
    const before = state();
    tf.tidy(() => {
      const bad: tf.Tensor[] = [tf.ones([1, 2]), tf.ones([3, 3]), tf.ones([3]), tf.ones([3, 2], 'int32')];
      for (const input of bad) {
        assert.throws(() => layer.apply(input, training), new RegExp(`^\\w*Error: ${layer.name}: `));
        assert.deepEqual(state(), before);
      }
      for (const poison of [NaN, Infinity]) {
        assert.throws(
          () =>
            layer.apply(
              tf.tensor2d([
                [1, poison],
                [2, 3],
                [4, 5],
              ]),
              training,
            ),
          /NaN or infinite/,
        );
        assert.deepEqual(state(), before);
      }
    });
    layer.dispose();
  }
});

clean('inside compile nothing can be read: what needs values is not checked, and decompositions say so', async () => {
  const layer = batchNormLayer(2);
  const white = whiteningLayer(2, { method: 'zca' });
  const data = { x: x() };
  const good = compile(({ x: u }: { x: tf.Tensor }) => ({ y: layer.apply(u, training) }));
  const bad = compile(({ x: u }: { x: tf.Tensor }) => ({ y: white.apply(u, training) }));
  const batches = tf.tensor2d([[0, 1, 2]], [1, 3], 'int32');
  const { outputs } = await good.run({ data, batches });
  tf.dispose(outputs);
  await assert.rejects(() => bad.run({ data, batches }), /a compiled step cannot do.*newton-schulz/s);
  good.dispose();
  bad.dispose();
  layer.dispose();
  white.dispose();
  tf.dispose([data.x, batches]);
});

const BUILD: Case[] = [
  ['dense without inputs', () => dense(0, 3), /dense: inputs must be a whole number, at least 1, got 0/],
  ['dense, half a unit', () => dense(3, 2.5), /outputs must be a whole number, at least 1, got 2.5/],
  ['a layer without a name', () => dense(3, 2, { name: '' }), /name must be a non-empty string, got ""/],
  ['conv2d pad', () => conv2d(1, 1, 3, { pad: 'full' as 'same' }), /pad must be one of same, valid; got 'full'/],
  ['conv2d stride', () => conv2d(1, 1, 3, { stride: 0 }), /stride must be a whole number, at least 1, got 0/],
  ['decay above 1', () => batchNormLayer(2, { decay: 1.1 }), /decay must be in \[0, 1\], got 1.1.*weight of the past/],
  ['decay below 0', () => batchNormLayer(2, { decay: -0.1 }), /decay must be in \[0, 1\], got -0.1/],
  ['decay NaN', () => batchNormLayer(2, { decay: NaN }), /decay must be in \[0, 1\], got NaN/],
  ['decay of renorm', () => batchRenormLayer(2, { decay: 2 }), /decay must be in/],
  ['decay of whitening', () => whiteningLayer(2, { decay: 2 }), /decay must be in/],
  [
    'epsilon of the layer',
    () => batchNormLayer(2, { epsilon: 0 }),
    /batchNorm: epsilon must be a finite number above 0/,
  ],
  [
    'kernel',
    () => batchNormLayer(2, { kernel: 'cudnn' as 'auto' }),
    /kernel must be one of auto, composed; got 'cudnn'/,
  ],
  ['exhibit', () => exhibit('wrong' as 'detached'), /name must be one of detached, .*; got 'wrong'/],
  ['gamma NaN', () => batchNormLayer(2, { initialGamma: NaN }), /initialGamma must be a finite number, got NaN/],
  ['beta infinite', () => batchNormLayer(2, { initialBeta: Infinity }), /initialBeta must be a finite number, got Inf/],
  ['no branch', () => parallel([]), /parallel: wanted at least one branch, got none/],
  ['convNet hidden', () => convNet({ hidden: -3 }), /hidden must be a whole number, at least 0, got -3/],
  ['toImage', () => toImage([2, 0, 1]), /shape\[1\] must be a whole number, at least 1, got 0/],
  ['features', () => batchNormLayer(0), /features must be a whole number, at least 1/],
  ['group layer', () => groupNormLayer(6, { groups: 4 }), /groups must divide the number of features, got 4 for 6/],
  ['dropout 1', () => dropout(1), /rate must be in \[0, 1\), got 1/],
  ['dropout < 0', () => dropout(-0.5), /rate must be in \[0, 1\), got -0.5/],
  ['max pool', () => maxPool(0), /size must be a whole number, at least 1, got 0/],
  ['average pool', () => averagePool(2, { stride: 0.5 }), /stride must be a whole number, at least 1, got 0.5/],
  ['activation', () => activation('swish' as 'relu'), /must be one of sigmoid, tanh, relu, identity; got 'swish'/],
  ['activation function', () => activationFunction('swish' as 'relu'), /name must be one of sigmoid/],
  ['initializer', () => initializer('xavier' as 'glorot'), /name must be one of lecun, glorot, .*; got 'xavier'/],
  ['gaussian', () => gaussian(-1), /standard deviation must be a number, at least 0, got -1/],
  ['fans', () => fans([1, 2, 3]), /weights have shape \[in, out\] or .*got \[1, 2, 3\]/],
  [
    'identity of a convolution',
    () => conv2d(1, 1, 3, { initializer: initializer('identity') }),
    /identity: wanted weights of shape \[in, out\]/,
  ],
  ['norm', () => normLayer('batchnorm' as 'batch', 3), /norm must be one of none, batch, .*; got 'batchnorm'/],
  ['mlp sizes', () => mlp({ sizes: [3] }), /mlp: sizes must list at least .*got \[3\]/],
  ['mlp half a unit', () => mlp({ sizes: [3, 1.5, 2] }), /sizes\[1\] must be a whole number, at least 1, got 1.5/],
  [
    'mlp scale twice',
    () => mlp({ sizes: [3, 2], initialScale: 1, initializer: initializer('he') }),
    /initialScale or initializer, not both/,
  ],
  ['mlp seed', () => mlp({ sizes: [3, 2], seed: 0.5 }), /seed must be a whole number, got 0.5/],
  ['mlp instance', () => mlp({ sizes: [3, 2, 2], norm: 'instance' }), /instance normalization is for images/],
  [
    'mlp placement',
    () => mlp({ sizes: [3, 2], placement: 'middle' as 'after' }),
    /placement must be one of before, after/,
  ],
  ['mlp dropout', () => mlp({ sizes: [3, 4, 2], dropout: 1.5 }), /rate must be in \[0, 1\), got 1.5/],
  [
    'convNet image',
    () => convNet({ image: [28, 28] as unknown as [number, number, number] }),
    /image must be \[height, width, channels\]/,
  ],
  ['convNet instance', () => convNet({ norm: 'instance' }), /hidden: 0/],
  ['inceptionNet classes', () => inceptionNet({ classes: 0 }), /classes must be a whole number/],
  ['residualNet', () => residualNet({ norm: 'instance' }), /instance normalization is for images/],
];
for (const [what, call, message] of BUILD) {
  clean(`building: ${what}`, () => {
    tf.tidy(() => assert.throws(call, { message }));
  });
}

clean('two layers of one name, and nothing in a row', () => {
  const [a, b] = [dense(2, 2), dense(2, 2)];
  assert.throws(() => sequential([a, b]), /two layers have a variable 'dense\/weights'/);
  assert.throws(() => sequential([]), /at least one layer, got none/);
  a.dispose();
  b.dispose();
});

clean('a network that cannot be built leaves nothing behind, also when the fault is in a late layer', () => {
  const groups = { norm: 'group', normOptions: { groups: 4 } } as const;
  assert.throws(
    () => mlp({ sizes: [3, 8, 6, 2], ...groups }),
    /groups must divide the number of features, got 4 for 6/,
  );
  assert.throws(() => convNet({ filters: [4, 6], ...groups }), /groups must divide/);
  assert.throws(() => inceptionNet({ stem: 8, ...groups }), /groups must divide/);
  assert.throws(() => residualNet({ width: 6, ...groups }), /groups must divide/);
});

clean('applying: wrong rank, wrong features, a disposed layer, dropout without random numbers', () => {
  const net = mlp({ sizes: [2, 3, 2], norm: 'batch', seed: 1 });
  const image = convNet({ image: [4, 4, 1], filters: [2], hidden: 0, seed: 1 });
  const drop = dropout(0.5);
  tf.tidy(() => {
    assert.throws(
      () => net.apply(tf.ones([4, 3]), training),
      /layer1: made for 2 features \(last axis\), got 3 in float32 \[4, 3\]/,
    );
    assert.throws(() => net.apply(tf.ones([4, 2, 1]), training), /layer1: x must have rank 2/);
    assert.throws(
      () => image.apply(tf.ones([4, 9]), training),
      /wanted 16 values per example for \[4, 4, 1\], got float32 \[4, 9\]/,
    );
    assert.throws(() => toImage([2, 2, 1]).apply(tf.ones([4]), training), /x must have rank 2 or 4/);
    assert.throws(() => maxPool(2).apply(tf.ones([4, 4]), training), /maxPool: x must have rank 4/);
    assert.throws(() => drop.apply(x(), training), /dropout in training needs random numbers/);
    const unequal = residual(dense(2, 3), { name: 'r' });
    assert.throws(() => unequal.apply(x(), training), /r: the branch gives \[3, 3\], the shortcut \[3, 2\]/);
    unequal.dispose();
  });
  net.dispose();
  image.dispose();
  tf.tidy(() => assert.throws(() => net.apply(x(), training), /layer1: this layer was disposed/));
});

clean('weights of another network: nothing is copied or restored', () => {
  const a = mlp({ sizes: [2, 3, 2], norm: 'batch', seed: 1 });
  const b = mlp({ sizes: [2, 4, 2], seed: 2 });
  const c = sequential([dense(2, 2, { name: 'other' })]);
  const before = a.snapshot();
  assert.throws(() => a.copyFrom(b), /layer1\/weights is \[2, 3\] here and \[2, 4\] there/);
  assert.throws(() => a.copyFrom(c), /no label is shared with sequential. Here: layer1\/weights/);
  assert.throws(() => a.restore(b.snapshot()), /Missing: layer1\/gamma.*not known here: layer1\/bias/);
  const bent = a.snapshot();
  bent['layer2/weights'].shape = [2, 3];
  assert.throws(() => a.restore(bent), /layer2\/weights is \[3, 2\], the snapshot has \[2, 3\]/);
  assert.deepEqual(a.snapshot(), before);
  for (const net of [a, b, c]) net.dispose();
});

clean('population statistics and folding where they cannot be', () => {
  const plain = mlp({ sizes: [2, 3, 2], seed: 1 });
  const normed = mlp({ sizes: [2, 3, 2], norm: 'batch', seed: 1 });
  const layered = mlp({ sizes: [2, 3, 2], norm: 'layer', seed: 1 });
  const after = mlp({ sizes: [2, 3, 2], norm: 'batch', placement: 'after', seed: 1 });
  const pre = residualNet({ inputs: 2, width: 2, depth: 1, norm: 'batch' });
  const deep = mlp({ sizes: [2, 3, 3, 2], norm: 'batch', seed: 1 });
  tf.tidy(() => deep.named['layer2/weights'].assign(tf.fill([3, 3], 1e30)));
  const [before, deepBefore] = [normed.snapshot(), deep.snapshot()];
  tf.tidy(() => {
    assert.throws(() => usePopulationStatistics(plain, [x()]), /mlp has no batch normalization layer/);
    assert.throws(() => usePopulationStatistics(normed, []), /at least one mini-batch, got none/);
    assert.throws(
      () => usePopulationStatistics(normed, [x(), tf.ones([2, 2])]),
      /batch 0 has 3 examples and batch 1 2/,
    );
    assert.throws(() => usePopulationStatistics(normed, [x(), tf.ones([3, 5])]), /made for 2 features/);
    assert.throws(
      () => usePopulationStatistics(normed, [x(), tf.fill([3, 2], NaN)]),
      /batch 1 .*holds 6 values that are NaN/,
    );
    // Finite inputs, but a variance beyond float32 in the second layer only: the first must not be changed either.
    assert.throws(() => usePopulationStatistics(deep, [x()]), /layer2: variance\[0\] is Infinity/);
  });
  assert.deepEqual(normed.snapshot(), before);
  assert.deepEqual(deep.snapshot(), deepBefore);
  assert.throws(() => foldNetwork(layered), /layer1 is not batch normalization before the nonlinearity/);
  assert.throws(() => foldNetwork(after), /layer1 is not batch normalization before the nonlinearity/);
  assert.throws(() => foldNetwork(pre as Sequential), /block1 \(BatchNormLayer\) cannot be folded/);
  for (const net of [plain, normed, deep, layered, after, pre]) net.dispose();
});
