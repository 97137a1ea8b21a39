/** What tests of tensors share: no leaks, comparison with a scale, golden vectors. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { ready, tf, type Network } from 'bnlab';

/** Runs `body` and fails when it leaves tensors behind. */
export async function leakFree<T>(body: () => T | Promise<T>): Promise<T> {
  const before = tf.memory().numTensors;
  const result = await body();
  assert.equal(tf.memory().numTensors - before, 0, 'tensors left behind');
  return result;
}

/** {@link leakFree}, and every variable of the network is bit for bit what it was. */
export async function untouchedBy<T>(network: Network, body: () => T | Promise<T>): Promise<T> {
  const before = network.stateDict();
  const result = await leakFree(body);
  assert.deepEqual(network.stateDict(), before);
  return result;
}

/**
 * The body of a test that starts when the engine is ready, and fails when it leaves tensors behind: `test('...', clean(() => { ... }))`.
 * It stands inside the call of `test`, so that a failure is reported with the line of that call.
 */
export function clean(body: () => void | Promise<void>): () => Promise<void> {
  return async () => {
    await ready();
    await leakFree(body);
  };
}

/** The values of a tensor, which stays alive. */
export function values(x: tf.Tensor): number[] {
  return Array.from(x.dataSync());
}

/** A tensor as golden files hold it. */
export interface Golden {
  shape: number[];
  values: number[];
}

export const golden = <T>(file: string): T =>
  JSON.parse(fs.readFileSync(path.join(__dirname, '../../data/golden', file), 'utf8')) as T;

export const toTensor = (g: Golden): tf.Tensor => tf.tensor(g.values, g.shape, 'float32');

/** Rows of a rank 2 golden tensor, or of an image with its pixels as rows; the float32 values that inputs stand for. */
export function toRows(g: Golden): number[][] {
  const d = g.shape[g.shape.length - 1];
  return Array.from({ length: g.values.length / d }, (_, i) => g.values.slice(i * d, (i + 1) * d).map(Math.fround));
}

/**
 * Asserts |actual - wanted| <= tolerance * scale, element by element. `scale` is one number, or one per feature (the last axis); by
 * default the largest |wanted| of each feature, so that a feature of tiny values is held to its own size.
 */
export function assertClose(
  actual: tf.Tensor | number[],
  wanted: Golden,
  what: string,
  { tolerance = 3e-6, scale }: { tolerance?: number; scale?: number | number[] } = {},
): void {
  if (actual instanceof tf.Tensor) assert.deepEqual(actual.shape, wanted.shape, `${what}: shape`);
  const got = actual instanceof tf.Tensor ? values(actual) : actual;
  assert.equal(got.length, wanted.values.length, `${what}: size`);
  const d = wanted.shape[wanted.shape.length - 1] ?? 1;
  const scales =
    typeof scale === 'number'
      ? new Array<number>(d).fill(scale)
      : (scale ??
        Array.from({ length: d }, (_, j) => Math.max(...wanted.values.filter((_v, i) => i % d === j).map(Math.abs))));
  got.forEach((value, i) => {
    const error = Math.abs(value - wanted.values[i]);
    const allowed = tolerance * scales[i % d];
    assert.ok(
      error <= allowed,
      `${what}[${i}]: got ${value}, wanted ${wanted.values[i]}; off by ${error}, allowed ${allowed}`,
    );
  });
}

/** Asserts that two tensors or arrays agree to `tolerance` times the largest of the second. */
export function assertSame(
  actual: tf.Tensor | number[],
  wanted: tf.Tensor | number[],
  what: string,
  tolerance = 3e-6,
): void {
  const list = wanted instanceof tf.Tensor ? values(wanted) : wanted;
  const shape = wanted instanceof tf.Tensor ? wanted.shape : [list.length];
  const scale = Math.max(...list.map(Math.abs), 1e-30);
  assertClose(actual, { shape, values: list }, what, { tolerance, scale });
}

/** {@link assertSame}, number by number whatever the shapes; both of one size. */
export function assertSameValues(
  actual: tf.Tensor | number[],
  wanted: tf.Tensor | number[],
  what: string,
  tolerance?: number,
): void {
  const [got, list] = [actual, wanted].map((one) => (one instanceof tf.Tensor ? values(one) : one));
  assertSame(got, list, what, tolerance);
}
