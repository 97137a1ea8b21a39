/** Bad input to what looks inside: an error that says what was given and wanted; the network as it was, no tensor left. */
import test from 'node:test';
import assert from 'node:assert/strict';
import {
  curvature,
  effectiveRank,
  gradientNorms,
  jacobian,
  mlp,
  captureActivations,
  oneHotLabels,
  ready,
  tf,
} from 'bnlab';
import {
  gradientPredictiveness,
  internalCovariateShift,
  lossAlongGradient,
  numericalRank,
  saturation,
  sgdUpdateRatios,
  stableRank,
} from 'bnlab/internal';

const ROWS = 10;

test('every probe refuses a batch that is none, and leaves network and memory as they were', async () => {
  await ready();
  const before = tf.memory().numTensors;
  const network = mlp({ sizes: [3, 4, 2], norm: 'batch', activation: 'sigmoid', seed: 1 });
  const x = tf.randomNormal([ROWS, 3], 0, 1, 'float32', 1);
  const y = oneHotLabels(
    Array.from({ length: ROWS }, (_, i) => i % 2),
    2,
  );
  const gone = tf.ones([ROWS, 3]);
  gone.dispose();
  const look = { network, training: true };
  const inside: Record<string, (x: tf.Tensor) => unknown> = {
    captureActivations: (bad) => captureActivations({ ...look, x: bad, taps: ['layer1/linear'] }),
    saturation: (bad) => saturation({ ...look, x: bad, activation: 'sigmoid' }),
    jacobian: (bad) => jacobian({ of: network, x: bad, training: true }),
  };
  const gradients: Record<string, (x: tf.Tensor, y: tf.Tensor) => unknown> = {
    gradientNorms: (a, b) => gradientNorms({ ...look, x: a, y: b }),
    sgdUpdateRatios: (a, b) => sgdUpdateRatios({ ...look, x: a, y: b, learningRate: 0.1 }),
    lossAlongGradient: (a, b) => lossAlongGradient({ ...look, x: a, y: b, stepSizes: [0.1] }),
    gradientPredictiveness: (a, b) => gradientPredictiveness({ ...look, x: a, y: b, stepSizes: [0.1] }),
    internalCovariateShift: (a, b) => internalCovariateShift({ ...look, x: a, y: b, learningRate: 0.1 }),
    curvature: (a, b) => curvature({ ...look, x: a, y: b, iterations: 2 }),
  };
  const state = network.stateDict();
  const refused = (name: string, what: string, call: () => unknown, message: RegExp) => {
    const count = tf.memory().numTensors;
    assert.throws(call, message, `${name}: ${what}`);
    assert.equal(tf.memory().numTensors, count, `${name} (${what}) left tensors behind`);
    assert.deepEqual(network.stateDict(), state, `${name} (${what}) changed the network`);
  };
  const inputs: [string, tf.Tensor, RegExp][] = [
    ['NaN', tf.fill([ROWS, 3], NaN), /x .*holds 30 values that are NaN or infinite/],
    ['infinity', tf.fill([ROWS, 3], Infinity), /x .*holds 30 values that are NaN or infinite/],
    ['disposed', gone, /x .*was disposed before this call/],
    ['integers', tf.ones([ROWS, 3], 'int32'), /x must be float32, got int32 \[10, 3\]/],
    ['rank 1', tf.ones([ROWS]), /x has shape \[10\]; wanted \[examples, \.\.\.\]/],
    ['nothing', tf.zeros([0, 3]), /with at least one example/],
    ['no tensor', 3 as unknown as tf.Tensor, /x must be a tensor, got number/],
    ['features', tf.ones([ROWS, 4]), /made for 3 features \(last axis\), got 4/],
  ];
  const targets: [string, tf.Tensor, RegExp][] = [
    ['disposed', gone, /y .*was disposed before this call/],
    ['no tensor', undefined as unknown as tf.Tensor, /y must be a tensor, got undefined/],
    ['rows', tf.ones([3, 2]), /10 examples but y has 3/],
    ['classes', oneHotLabels(new Array<number>(ROWS).fill(2), 3), /logits have shape \[10,2\] and labels \[10,3\]/],
    ['out of range', tf.zeros([ROWS, 2]), /y: a row does not sum to 1.*out of range/],
    ['numbers', tf.zeros([ROWS], 'int32'), /y has shape \[10\]; wanted one-hot labels/],
  ];
  for (const [what, bad, message] of inputs) {
    for (const [name, call] of Object.entries(inside)) refused(name, what, () => call(bad), message);
    for (const [name, call] of Object.entries(gradients)) refused(name, what, () => call(bad, y), message);
  }
  for (const [what, bad, message] of targets) {
    for (const [name, call] of Object.entries(gradients)) refused(name, what, () => call(x, bad), message);
  }
  const nobody = { network: undefined as never, training: true, x, y };
  refused(
    'captureActivations',
    'no network',
    () => captureActivations({ ...nobody, taps: /a/ }),
    /network must be a layer or network/,
  );
  refused('gradientNorms', 'no network', () => gradientNorms(nobody), /network must be a layer or network/);
  refused('jacobian', 'no layer', () => jacobian({ of: {} as never, x, training: true }), /network must be a layer/);
  // What failed leaves no tape behind: the next look sees what it would have seen.
  assert.ok(gradientNorms({ ...look, x, y }).loss > 0);
  for (const [, tensor] of [...inputs, ...targets]) if (tensor instanceof tf.Tensor) tensor.dispose();
  network.dispose();
  tf.dispose([x, y]);
  assert.equal(tf.memory().numTensors, before, 'tensors left behind');
});

test('ranks of nothing, and a negative tolerance', () => {
  for (const rank of [effectiveRank, stableRank, numericalRank]) {
    assert.throws(() => rank([]), /wanted at least one singular value, got none/);
    assert.throws(() => rank([1, -1]), /none negative, got -1/);
    assert.equal(rank([0, 0]), 0);
  }
  assert.throws(() => numericalRank([1], -1), /tolerance must be zero or above, got -1/);
});
