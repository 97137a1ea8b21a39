/** Matrix products on every engine, whatever the batches and transpositions, against the sums written out. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { onEngine } from '../support/engines';
import { noSoftwareGpu } from '../support/webgpu';

type Shape = number[];
/** Shapes of a and b, and whether each is to be read transposed. */
const products: [Shape, Shape, boolean, boolean][] = [];
for (const transposeA of [false, true]) {
  for (const transposeB of [false, true]) {
    for (const [batchesA, batchesB] of [
      [[], []],
      [[5], [5]],
      [[1], [5]],
      [
        [2, 1],
        [1, 3],
      ],
      [
        [2, 3, 1],
        [3, 4],
      ],
      [
        [2, 1, 2],
        [3, 1],
      ],
      [[2, 1, 2], [2]],
      [[0], [1]],
    ]) {
      const matrix = (rows: number, columns: number, flip: boolean) => (flip ? [columns, rows] : [rows, columns]);
      for (const [rows, inner, columns] of [
        [3, 4, 2],
        [1, 5, 1],
        [2, 0, 3],
      ]) {
        products.push([
          [...batchesA, ...matrix(rows, inner, transposeA)],
          [...batchesB, ...matrix(inner, columns, transposeB)],
          transposeA,
          transposeB,
        ]);
      }
    }
  }
}

const size = (shape: Shape) => shape.reduce((a, b) => a * b, 1);
const fill = (shape: Shape, f: (i: number) => number) =>
  Array.from({ length: size(shape) }, (_, i) => Math.fround(f(i + 1)));
const valuesA = (shape: Shape) => fill(shape, Math.sin);
const valuesB = (shape: Shape) => fill(shape, Math.cos);

/** y[..., i, j] = sum_k a[..., i, k] b[..., k, j], entry by entry. */
function writtenOut([shapeA, shapeB, transposeA, transposeB]: (typeof products)[number]) {
  const rank = Math.max(shapeA.length, shapeB.length);
  const padded = (shape: Shape) => [...Array<number>(rank - shape.length).fill(1), ...shape];
  const [a, b] = [padded(shapeA), padded(shapeB)];
  const batches = a.slice(0, -2).map((n, i) => (n === 1 ? b[i] : n));
  const [rows, inner] = transposeA ? [a[rank - 1], a[rank - 2]] : [a[rank - 2], a[rank - 1]];
  const columns = transposeB ? b[rank - 2] : b[rank - 1];
  const at = (shape: Shape, index: number[]) =>
    shape.reduce((offset, n, axis) => offset * n + (n === 1 ? 0 : index[axis]), 0);
  const [x, y] = [valuesA(shapeA), valuesB(shapeB)];
  const values: number[] = [];
  const visit = (index: number[]) => {
    if (index.length < batches.length) {
      for (let i = 0; i < batches[index.length]; i++) visit([...index, i]);
      return;
    }
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          const left = x[at(a, [...index, ...(transposeA ? [k, i] : [i, k])])];
          const right = y[at(b, [...index, ...(transposeB ? [j, k] : [k, j])])];
          sum += left * right;
        }
        values.push(sum);
      }
    }
  };
  visit([]);
  return { shape: [...batches, rows, columns], values };
}

const body = `
  const fill = (shape, f) =>
    tf.tensor(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.fround(f(i + 1))), shape, 'float32');
  const before = tf.memory();
  const results = given.map(([a, b, transposeA, transposeB]) =>
    tf.tidy(() => {
      const y = tf.matMul(fill(a, Math.sin), fill(b, Math.cos), transposeA, transposeB);
      return { shape: y.shape, values: Array.from(y.dataSync()) };
    }),
  );
  const after = tf.memory();
  const left = [after.numTensors - before.numTensors, after.numDataBuffers - before.numDataBuffers];
  const integers = tf.matMul(tf.ones([2, 1, 2, 3], 'int32'), tf.ones([3, 4, 3], 'int32'), false, true);
  return { results, left, integers: Array.from(integers.dataSync()) };`;

for (const engine of ['native', 'webgpu', 'wasm', 'js']) {
  const skip = engine === 'webgpu' && noSoftwareGpu;
  // A GPU in software compiles a shader for nearly each of them.
  const asked = products.filter((_, i) => engine !== 'webgpu' || i % 4 === 0);
  test(`${engine}: products of every batch shape, with operands as they are and transposed`, { skip }, async () => {
    const said = await onEngine<{
      results: { shape: Shape; values: number[] }[];
      left: number[];
      integers: number[];
    }>(engine, body, asked);
    asked.forEach((product, i) => {
      const wanted = writtenOut(product);
      const { shape, values } = said.results[i];
      const what = `${engine}, ${JSON.stringify(product)}`;
      assert.deepEqual(shape, wanted.shape, what);
      assert.equal(values.length, wanted.values.length, what);
      values.forEach((value, j) => assert.ok(Math.abs(value - wanted.values[j]) < 1e-5, `${what}, entry ${j}`));
    });
    assert.deepEqual(said.left, [0, 0], 'tensors and their memory');
    assert.deepEqual(said.integers, Array<number>(2 * 3 * 2 * 4).fill(3));
  });
}
