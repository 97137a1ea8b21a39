/**
 * Kernels of the WebAssembly module that know values of four bytes alone, given booleans and integers.
 *
 * All tensors have three values: twelve bytes are what the module's allocator gives at the least, so that even the module's own kernels,
 * which take a byte for four, would stay within what is theirs.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { onEngine } from '../../support/engines';

/** What the engine gives for each operation on x = [true, true, false], or on k = [-2, 1, 4]. */
const BOOLEANS: Record<string, number[]> = {
  'tf.reverse(x)': [0, 1, 1],
  'tf.where(x, x, tf.logicalNot(x))': [1, 1, 1],
  "tf.where(tf.tensor1d([0, 1, 0], 'bool'), tf.logicalNot(x), x)": [1, 0, 0],
  'tf.abs(x)': [1, 1, 0],
  'tf.neg(tf.neg(x))': [1, 1, 0],
  'tf.square(x)': [1, 1, 0],
  'tf.sign(x)': [1, 1, 0],
  'tf.round(x)': [1, 1, 0],
  'tf.relu(x)': [1, 1, 0],
  'tf.relu6(x)': [1, 1, 0],
  'tf.step(x)': [1, 1, 0],
  'tf.leakyRelu(x)': [1, 1, 0],
  'tf.exp(x)': [Math.E, Math.E, 1],
  'tf.topk(x, 2).values': [1, 1],
  'tf.topk(x, 2).indices': [0, 1],
  'tf.floorDiv(x, tf.onesLike(x))': [1, 1, 0],
  'tf.mod(x, tf.onesLike(x))': [0, 0, 0],
  'tf.squaredDifference(x, tf.zerosLike(x))': [1, 1, 0],
  'tf.isNaN(x)': [0, 0, 0],
};
const INTEGERS: Record<string, number[]> = {
  'tf.reverse(k)': [4, 1, -2],
  'tf.where(k.greater(0), k, k.square())': [4, 1, 4],
  'tf.isNaN(k)': [0, 0, 0],
  'tf.isFinite(k)': [1, 1, 1],
  'tf.isInf(k)': [0, 0, 0],
  'tf.reciprocal(k.square())': [0, 1, 0],
  'tf.prelu(k, tf.onesLike(k).mul(2))': [-4, 1, 4],
};

test('booleans and integers in kernels made for floats', async () => {
  const all = { ...BOOLEANS, ...INTEGERS };
  const got = await onEngine<Record<string, number[]>>(
    'wasm',
    `const results = {};
    const [x, k] = [tf.tensor1d([1, 1, 0], 'bool'), tf.tensor1d([-2, 1, 4], 'int32')];
    for (const text of given) results[text] = [...new Function('tf', 'x', 'k', 'return ' + text)(tf, x, k).dataSync()];
    return results;`,
    Object.keys(all),
  );
  const near = (a: number, b: number) => Math.abs(a - b) < 1e-5;
  const wrong = Object.entries(all).flatMap(([text, want]) =>
    got[text].length === want.length && want.every((value, i) => near(value, got[text][i]))
      ? []
      : [`${text}: [${got[text]}], not [${want}]`],
  );
  assert.deepEqual(wrong, []);
});
