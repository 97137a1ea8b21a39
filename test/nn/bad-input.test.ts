/** Every kind of bad input: an error that says where, what was given, what was wanted; and nothing half-updated. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  activation,
  averagePool,
  batchMoments,
  batchNorm,
  batchNorm64,
  batchNormGradient,
  batchNormGradient64,
  batchNormGradientCompact,
  batchNormInference,
  batchNormLayer,
  batchRenormLayer,
  compile,
  conv2d,
  convNet,
  dense,
  dropout,
  pitfall,
  flatten,
  foldBatchNorm,
  foldNetwork,
  gaussian,
  globalAveragePool,
  groupNorm,
  groupNormLayer,
  inceptionNet,
  initializer,
  instanceNorm,
  layerNorm,
  layerNormLayer,
  maxPool,
  mlp,
  norm64,
  parallel,
  Random,
  residual,
  residualNet,
  sequential,
  stopGradient,
  tf,
  whiten,
  whitenInference,
  whiteningLayer,
} from 'bnlab';
import {
  activationFunction,
  batchRenorm,
  PITFALLS,
  expectShape,
  fans,
  normLayer,
  populationStatistics,
  Sequential,
  toImage,
  unbiasedVariance,
  usePopulationStatistics,
  WHITENINGS,
} from 'bnlab/internal';
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
  ...PITFALLS.filter((name) => pitfall(name).normalize !== batchNorm).map((name): (typeof NORMALIZERS)[number] => [
    `pitfall:${name}`,
    (input, options, gamma, beta) => pitfall(name).normalize(input, gamma, beta, options),
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
    test(
      `${where}: ${what}`,
      clean(() => tf.tidy(() => assert.throws(body, { message }))),
    );
  }
  test(
    `${where}: a disposed tensor`,
    clean(() => {
      const gone = x();
      gone.dispose();
      tf.tidy(() => assert.throws(() => call(gone), /disposed/));
    }),
  );
}

for (const [where, call] of NORMALIZERS) {
  test(
    `${where}: a batch of one`,
    clean(() =>
      tf.tidy(() => {
        for (const one of [tf.ones([1, 2]), tf.ones([1, 1, 1, 2])]) {
          assert.throws(
            () => call(one),
            new RegExp(`^\\w*Error: ${where}: training needs at least 2 values per feature, got 1 in `),
          );
        }
      }),
    ),
  );
}

for (const [where, call] of ALL.filter(([name]) => !['whiten'].includes(name))) {
  test(
    `${where}: gamma and beta that do not fit`,
    clean(() =>
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
    ),
  );
}

test(
  'an empty batch, a gradient of another shape, statistics that do not fit',
  clean(() =>
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
      assert.throws(
        () => foldBatchNorm({ weights: tf.ones([3, 2]), mean: d2(), variance: tf.tensor1d([1, -1]) }),
        /foldBatchNorm: variance\[1\] is -1; wanted finite numbers, none negative/,
      );
      assert.throws(
        () => foldBatchNorm({ weights: tf.fill([3, 2], NaN), mean: d2(), variance: d2() }),
        /foldBatchNorm: weights .*holds 6 values that are NaN/,
      );
      assert.throws(
        () =>
          populationStatistics(
            [
              { mean: d2(), variance: d2() },
              { mean: d2(), variance: tf.tensor1d([-1, 9]) },
            ],
            4,
          ),
        /populationStatistics: batch 1: variance\[0\] is -1/,
      );
      assert.throws(
        () => populationStatistics(undefined as never, 4),
        /the statistics of at least one mini-batch, got undefined/,
      );
      for (const wrong of [0, -1, NaN, Infinity]) {
        assert.throws(
          () => batchRenorm(x(), d2(), tf.tensor1d([1, wrong])),
          /batchRenorm: movingDeviation\[1\] is .*; wanted finite numbers above 0/,
        );
      }
      assert.throws(() => batchRenorm(x(), tf.fill([2], NaN), d2()), /batchRenorm: movingMean .*NaN/);
      assert.throws(
        () => batchRenorm(x(), d2(), d2(), null, null, { rMax: '3' as never }),
        /rMax must be at least 1, got 3/,
      );
      assert.throws(() => batchMoments(tf.zeros([0, 2])), /batchMoments: x is empty/);
      assert.throws(() => expectShape([1] as unknown as tf.Tensor, [1], 'u'), /u: wanted a tensor, got object/);
      assert.throws(
        () => groupNorm(tf.ones([2, 4]), 3),
        /groups must divide the number of features, got 3 groups for 4/,
      );
      assert.throws(() => groupNorm(tf.ones([2, 4]), 0), /groups must be a whole number, at least 1, got 0/);
      assert.throws(() => instanceNorm(x()), /instanceNorm: x must have rank 4/);
      assert.throws(() => instanceNorm(tf.ones([3, 1, 1, 2])), /at least 2 pixels per channel/);
      assert.throws(() => whitenInference(x(), d2(), tf.eye(3)), /made for 2 features.*got 3/);
      assert.throws(() => whitenInference(tf.fill([2, 2], NaN), d2(), tf.eye(2)), /whitenInference: x .*NaN/);
      assert.throws(() => whitenInference(x(), tf.fill([2], NaN), tf.eye(2)), /whitenInference: mean .*NaN/);
      assert.throws(() => whitenInference(x(), d2(), tf.fill([2, 2], NaN)), /whitenInference: matrix .*NaN/);
      assert.throws(() => whitenInference(tf.zeros([0, 2]), d2(), tf.eye(2)), /whitenInference: x is empty/);
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
  ),
);

test(
  'float64: ragged rows, NaN, one row, a negative epsilon',
  clean(() => {
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
    assert.throws(() => batchNorm64([[1], [2]], { gamma: [NaN] }), /batchNorm64: gamma\[0\] is NaN/);
    assert.throws(() => norm64([Infinity], [[1], [2]], 'batch'), /norm64: x\[0\] is Infinity/);
    assert.throws(
      () => batchNormGradient64([[1], [2], [3]], [[1], [2]]),
      /dy must be shaped like x, \[2, 1\], got \[3, 1\]/,
    );
  }),
);

for (const [where, call] of ALL.filter(([name]) => name !== 'batchNormInference' && !name.startsWith('pitfall'))) {
  test(
    `${where}: a variance beyond float32 is an error, not zeros`,
    clean(() =>
      tf.tidy(() => {
        const huge = where === 'groupNorm' ? tf.tensor4d([1e30, -1e30, 1, 1], [1, 2, 1, 2]) : tf.tensor2d([[1e30, -1e30], [-1e30, 1e30]]); // prettier-ignore
        assert.throws(
          () => call(huge),
          new RegExp(`^\\w*Error: ${where}: the variance of x \\(float32 \\[.*beyond float32`),
        );
      }),
    ),
  );
}

test(
  'a float32 overflow of the variance is named, not NaN',
  clean(() => {
    const layer = batchNormLayer(1);
    tf.tidy(() => {
      const huge = tf.tensor2d([[1e30], [-1e30]]);
      assert.throws(() => layer.apply(huge, training), /variance of x .* beyond float32/);
    });
    layer.dispose();
  }),
);

test(
  'setStatistics refuses what cannot be statistics, and then changes neither of the two',
  clean(() => {
    const layer = batchNormLayer(2, { debias: true });
    const before = layer.variables.map(values);
    tf.tidy(() => {
      assert.throws(() => layer.setStatistics(tf.ones([2]), tf.ones([3])), /variance must have shape \[2\]/);
      assert.throws(
        () => layer.setStatistics(tf.ones([2]), tf.tensor1d([1, -1])),
        /variance\[1\] is -1; wanted finite/,
      );
      assert.throws(() => layer.setStatistics(tf.ones([2]), tf.tensor1d([NaN, 1])), /variance\[0\] is NaN/);
      assert.throws(() => layer.setStatistics(tf.tensor1d([1, -Infinity]), tf.ones([2])), /mean\[1\] is -Infinity/);
    });
    assert.deepEqual(layer.variables.map(values), before);
    layer.dispose();
  }),
);

test(
  'a layer that refuses a batch has not updated anything',
  clean(() => {
    for (const make of [
      () => batchNormLayer(2, { debias: true }),
      () => batchNormLayer(2),
      () => batchRenormLayer(2),
      ...WHITENINGS.map((method) => () => whiteningLayer(2, { method })),
    ]) {
      const layer = make();
      const state = () => layer.variables.map((variable) => values(variable));
      const before = state();
      tf.tidy(() => {
        const bad: tf.Tensor[] = [
          tf.ones([1, 2]),
          tf.ones([3, 3]),
          tf.ones([3]),
          tf.ones([3, 2], 'int32'),
          tf.ones([0, 2]),
        ];
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
  }),
);

test(
  'inside compile nothing can be read: what needs values is not checked, and decompositions say so',
  clean(async () => {
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
  }),
);

const BUILD: Case[] = [
  ['dense without inputs', () => dense(0, 3), /dense: inputs must be a whole number, at least 1, got 0/],
  ['dense, half a unit', () => dense(3, 2.5), /outputs must be a whole number, at least 1, got 2.5/],
  ['a layer without a name', () => dense(3, 2, { name: '' }), /name must be a non-empty string, got ""/],
  [
    'conv2d pad',
    () => conv2d(1, 1, 3, { pad: 'full' as 'same' }),
    /pad must be 'same', 'valid' or a whole number of pixels from 0, got 'full'/,
  ],
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
  ['pitfall', () => pitfall('wrong' as 'detached'), /name must be one of detached, .*; got 'wrong'/],
  ['gamma NaN', () => batchNormLayer(2, { initialGamma: NaN }), /initialGamma must be a finite number, got NaN/],
  ['beta infinite', () => batchNormLayer(2, { initialBeta: Infinity }), /initialBeta must be a finite number, got Inf/],
  ['no branch', () => parallel([]), /parallel: wanted at least one branch, got none/],
  ['convNet hidden', () => convNet({ hidden: -3 }), /hidden must be a whole number, at least 0, got -3/],
  [
    'toImage, two sizes',
    () => toImage([2, 2] as never),
    /toImage: shape must be \[height, width, channels\], got \[2,2\]/,
  ],
  ['toImage', () => toImage([2, 0, 1]), /shape\[1\] must be a whole number, at least 1, got 0/],
  ['features', () => batchNormLayer(0), /features must be a whole number, at least 1/],
  ['group layer', () => groupNormLayer(6, { groups: 4 }), /groups must divide the number of features, got 4 for 6/],
  ['dropout 1', () => dropout(1), /rate must be in \[0, 1\), got 1/],
  ['dropout < 0', () => dropout(-0.5), /rate must be in \[0, 1\), got -0.5/],
  ['dropout, a string', () => dropout('0.5' as never), /rate must be in \[0, 1\), got 0.5/],
  ['mlp, dropout < 0', () => mlp({ sizes: [2, 2, 2], dropout: -1 }), /mlp: dropout: rate must be in \[0, 1\), got -1/],
  ['mlp, dropout without a place', () => mlp({ sizes: [2, 2], dropout: 1 }), /mlp: dropout: rate must be in/],
  [
    'dense, a name for an initializer',
    () => dense(2, 2, { initializer: 'he' as never }),
    /dense: initializer must be an Initializer, got "he". Pass initializer\('he'\)/,
  ],
  [
    'mlp, a name for an initializer',
    () => mlp({ sizes: [2, 2], initializer: 'he' as never }),
    /mlp: initializer must be/,
  ],
  [
    'more weights than memory',
    () => dense(1e6, 1e6),
    /\[1000000, 1000000\] would be 1000000000000 weights; a tensor holds at most/,
  ],
  [
    'weights of a negative size',
    () => initializer('he').make([-3, 2], new Random(1)),
    /shape\[0\] must be a whole number, at least 1, got -3/,
  ],
  ['filters', () => convNet({ filters: 16 as never }), /convNet: filters must be a list, got 16/],
  ['filters[0]', () => convNet({ filters: [0] }), /convNet: filters\[0\] must be a whole number, at least 1, got 0/],
  [
    'no list of layers',
    () => sequential(undefined as never),
    /sequential: layers must be a list of layers, got undefined/,
  ],
  ['no layer', () => sequential([undefined as never]), /sequential: layer 0 must be a layer.*got undefined/],
  ['a branch that is no layer', () => residual(undefined as never), /residual: layer 0 must be a layer.*got undefined/],
  [
    'an activation without a name',
    () => activation(undefined as never),
    /activation: kind must be one of sigmoid, .*got 'undefined'/,
  ],
  [
    'max pool pad',
    () => maxPool(2, { pad: 'full' as 'same' }),
    /maxPool: pad must be 'same', 'valid' or a whole number of pixels from 0, got 'full'/,
  ],
  [
    'average pool pad',
    () => averagePool(2, { pad: 1 as never }),
    /averagePool: pad must be one of same, valid; got '1'/,
  ],
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
    () => mlp({ sizes: [3, 2], initStd: 1, initializer: initializer('he') }),
    /initStd or initializer, not both/,
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
  test(
    `building: ${what}`,
    clean(() => {
      tf.tidy(() => assert.throws(call, { message }));
    }),
  );
}

test(
  'two layers of one name, and nothing in a row',
  clean(() => {
    const [a, b] = [dense(2, 2), dense(2, 2)];
    assert.throws(() => sequential([a, b]), /two layers have a variable 'dense\/weights'/);
    assert.throws(() => sequential([]), /at least one layer, got none/);
    a.dispose();
    b.dispose();
  }),
);

test(
  'a network that cannot be built leaves nothing behind, also when the fault is in a late layer',
  clean(() => {
    const groups = { norm: 'group', normOptions: { groups: 4 } } as const;
    assert.throws(
      () => mlp({ sizes: [3, 8, 6, 2], ...groups }),
      /groups must divide the number of features, got 4 for 6/,
    );
    assert.throws(() => convNet({ filters: [4, 6], ...groups }), /groups must divide/);
    assert.throws(() => inceptionNet({ stem: 8, ...groups }), /groups must divide/);
    assert.throws(() => residualNet({ width: 6, ...groups }), /groups must divide/);
  }),
);

test(
  'applying: wrong rank, wrong features, a disposed layer, dropout without random numbers',
  clean(() => {
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
  }),
);

test(
  'weights of another network: nothing is copied or restored',
  clean(() => {
    const a = mlp({ sizes: [2, 3, 2], norm: 'batch', seed: 1 });
    const b = mlp({ sizes: [2, 4, 2], seed: 2 });
    const c = sequential([dense(2, 2, { name: 'other' })]);
    const before = a.stateDict();
    assert.throws(() => a.copyFrom(b), /layer1\/weights is \[2, 3\] here and \[2, 4\] there/);
    assert.throws(() => a.copyFrom(c), /no label is shared with sequential. Here: layer1\/weights/);
    assert.throws(() => a.loadStateDict(b.stateDict()), /Missing: layer1\/gamma.*not known here: layer1\/bias/);
    const bent = a.stateDict();
    bent['layer2/weights'].shape = [2, 3];
    assert.throws(() => a.loadStateDict(bent), /layer2\/weights is \[3, 2\], the state has \[2, 3\]/);
    assert.deepEqual(a.stateDict(), before);
    for (const net of [a, b, c]) net.dispose();
  }),
);

test(
  'population statistics and folding where they cannot be',
  clean(() => {
    const plain = mlp({ sizes: [2, 3, 2], seed: 1 });
    const normed = mlp({ sizes: [2, 3, 2], norm: 'batch', seed: 1 });
    const layered = mlp({ sizes: [2, 3, 2], norm: 'layer', seed: 1 });
    const after = mlp({ sizes: [2, 3, 2], norm: 'batch', placement: 'after', seed: 1 });
    const pre = residualNet({ inputs: 2, width: 2, depth: 1, norm: 'batch' });
    const deep = mlp({ sizes: [2, 3, 3, 2], norm: 'batch', seed: 1 });
    tf.tidy(() => deep.named['layer2/weights'].assign(tf.fill([3, 3], 1e30)));
    const [before, deepBefore] = [normed.stateDict(), deep.stateDict()];
    tf.tidy(() => {
      assert.throws(() => usePopulationStatistics(plain, [x()]), /mlp has no batch normalization layer/);
      assert.throws(() => usePopulationStatistics(normed, []), /at least one mini-batch, got none/);
      assert.throws(
        () => usePopulationStatistics(normed, [x(), tf.ones([2, 2])]),
        /batch 0 is float32 \[3, 2\] and batch 1 float32 \[2, 2\]/,
      );
      assert.throws(() => usePopulationStatistics(normed, [tf.ones([3, 5])]), /made for 2 features/);
      assert.throws(
        () => usePopulationStatistics(normed, x() as unknown as tf.Tensor[]),
        /a list of at least one mini-batch, got object/,
      );
      assert.throws(
        () => usePopulationStatistics(normed, [x(), tf.fill([3, 2], NaN)]),
        /batch 1 .*holds 6 values that are NaN/,
      );
      // Finite inputs, but a variance beyond float32 in the second layer only: the first must not be changed either.
      assert.throws(() => usePopulationStatistics(deep, [x()]), /layer2: batch 0: variance\[0\] is Infinity/);
    });
    assert.deepEqual(normed.stateDict(), before);
    assert.deepEqual(deep.stateDict(), deepBefore);
    assert.throws(() => foldNetwork(layered), /layer1 is not batch normalization before the nonlinearity/);
    assert.throws(() => foldNetwork(after), /layer1 is not batch normalization before the nonlinearity/);
    assert.throws(() => foldNetwork(pre as Sequential), /block1 \(BatchNormLayer\) cannot be folded/);
    for (const net of [plain, normed, deep, layered, after, pre]) net.dispose();
  }),
);

test(
  'images that do not fit a window or a shape, empty batches, and a context that does not say what it is',
  clean(() => {
    const [plain, valid] = [conv2d(1, 1, 5, { name: 'c' }), conv2d(1, 1, 5, { name: 'c', pad: 'valid' })];
    const contextual = [batchNormLayer(1), layerNormLayer(1), batchRenormLayer(1), whiteningLayer(1), dropout(0.5)];
    tf.tidy(() => {
      const image = tf.ones([2, 3, 5, 1]);
      const small =
        /^\w*Error: (c|maxPool|averagePool): with pad 'valid' the image must be at least 5 x 5 .*got float32 \[2, 3, 5, 1\]/;
      for (const layer of [valid, maxPool(5, { pad: 'valid' }), averagePool(5, { pad: 'valid' })]) {
        assert.throws(() => layer.apply(image, training), small);
        assert.deepEqual(layer.apply(tf.ones([2, 5, 5, 1]), training).shape, [2, 1, 1, 1]);
      }
      assert.deepEqual(plain.apply(image, training).shape, image.shape);
      assert.throws(
        () => toImage([5, 3, 1]).apply(image, training),
        /toImage: wanted 15 values per example for \[5, 3, 1\]/,
      );
      assert.equal(toImage([3, 5, 1]).apply(image, training).shape[1], 3);
      for (const layer of [flatten(), globalAveragePool(), maxPool(2), toImage([2, 2, 1])]) {
        assert.throws(() => layer.apply(tf.zeros([0, 2, 2, 1]), training), /x is empty \(float32 \[0, 2, 2, 1\]\)/);
      }
      assert.throws(
        () => flatten().apply(tf.scalar(1), training),
        /flatten: wanted x of shape \[batch, ...\], got a scalar/,
      );
      assert.deepEqual(flatten().apply(tf.ones([4]), training).shape, [4, 1]);
      for (const layer of contextual) {
        const wanted = new RegExp(`${layer.name}: apply\\(x, \\{ training \\}\\) must say whether this is training`);
        for (const context of [undefined, {}, true, { training: 1 }]) {
          assert.throws(() => layer.apply(tf.ones([3, 1]), context as never), wanted);
        }
      }
    });
    for (const layer of [plain, valid, ...contextual]) layer.dispose();
  }),
);

test(
  'a variable assigned to itself survives; a disposed network is neither read nor written',
  clean(() => {
    const net = mlp({ sizes: [2, 3, 2], norm: 'batch', seed: 1 });
    const before = net.stateDict();
    assert.equal(net.copyFrom(net).length, net.variables.length);
    assert.deepEqual(net.stateDict(), before);
    const layer = batchNormLayer(2);
    layer.setStatistics(layer.movingMean, layer.movingVariance);
    assert.deepEqual([values(layer.movingMean), values(layer.movingVariance)], [[0, 0], [1, 1]]); // prettier-ignore
    layer.dispose();
    const gone = mlp({ sizes: [2, 3, 2], norm: 'batch', seed: 1 });
    gone.dispose();
    for (const call of [
      () => gone.loadStateDict(before),
      () => gone.stateDict(),
      () => gone.copyFrom(net),
      () => net.copyFrom(gone),
    ]) {
      assert.throws(call, /^TypeError: mlp\.(loadStateDict|stateDict|copyFrom): this layer was disposed/);
    }
    assert.deepEqual(net.stateDict(), before);
    net.dispose();
  }),
);

test(
  'population statistics of a network that fails half-way leave nothing behind',
  clean(() => {
    const net = mlp({ sizes: [2, 3, 2], norm: 'batch', dropout: 0.5, seed: 1 });
    tf.tidy(() => assert.throws(() => usePopulationStatistics(net, [x()]), /dropout in training needs random numbers/));
    net.dispose();
    const layer = batchNormLayer(1);
    tf.tidy(() => {
      const [small, large] = [tf.ones([2, 2, 2, 1]), tf.ones([2, 4, 4, 1])];
      assert.throws(() => usePopulationStatistics(layer, [small, large]), /must be of one size/);
    });
    layer.dispose();
  }),
);

test(
  'a network with another inference than the right one is not folded',
  clean(() => {
    for (const name of PITFALLS) {
      const net = mlp({ sizes: [2, 3, 2], norm: `pitfall:${name}`, seed: 1 });
      if (pitfall(name).infer === batchNormInference) {
        const folded = foldNetwork(net);
        tf.tidy(() => {
          const [wanted, got] = [net, folded].map((n) => values(n.apply(x(), { training: false })));
          // Without debiasing, inference divides by the root of epsilon, and the outputs are in the hundreds.
          const size = Math.max(1, ...wanted.map(Math.abs));
          wanted.forEach((value, i) => assert.ok(Math.abs(value - got[i]) < 1e-5 * size, name));
        });
        folded.dispose();
      } else {
        assert.throws(() => foldNetwork(net), /the normalization of layer1 is a pitfall with an inference of its own/);
      }
      net.dispose();
    }
  }),
);
