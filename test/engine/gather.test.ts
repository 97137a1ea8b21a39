/** `gather` on every engine, whatever the axis, the type and the shape of the indices, against its definition. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { onEngine } from '../support/engines';
import { noSoftwareGpu } from '../support/webgpu';

interface Case {
  shape: number[];
  axis: number;
  indices: number[];
  indicesShape: number[];
  dtype: 'float32' | 'int32' | 'bool';
}

const cases: Case[] = [];
for (const dtype of ['float32', 'int32', 'bool'] as const) {
  for (const [shape, axis] of [
    [[7, 20], 0],
    [[7, 3], 0],
    [[2, 7, 20], 1],
    [[2, 7, 20], -2],
    [[2, 3, 7], 2],
    [[7], 0],
  ] as [number[], number][]) {
    cases.push({ shape, axis, dtype, indices: [6, 0, 3, 3], indicesShape: [4] });
    cases.push({ shape, axis, dtype, indices: [1, 5, 2, 2, 0, 6], indicesShape: [2, 3] });
    cases.push({ shape, axis, dtype, indices: [], indicesShape: [0] });
  }
}

const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

/** y[outer, j, inner] = x[outer, indices[j], inner] */
function byDefinition({ shape, axis, indices, indicesShape, dtype }: Case) {
  const along = axis < 0 ? axis + shape.length : axis;
  const [outer, inner] = [size(shape.slice(0, along)), size(shape.slice(along + 1))];
  const values: number[] = [];
  for (let o = 0; o < outer; o++) {
    for (const index of indices) {
      for (let i = 0; i < inner; i++) {
        const at = (o * shape[along] + index) * inner + i;
        values.push(dtype === 'bool' ? at % 2 : at);
      }
    }
  }
  return { shape: [...shape.slice(0, along), ...indicesShape, ...shape.slice(along + 1)], values };
}

const body = `
  const size = (shape) => shape.reduce((a, b) => a * b, 1);
  const before = tf.memory();
  const results = given.map(({ shape, axis, indices, indicesShape, dtype }) =>
    tf.tidy(() => {
      const x = tf.tensor(Array.from({ length: size(shape) }, (_, i) => (dtype === 'bool' ? i % 2 : i)), shape, dtype);
      const y = tf.gather(x, tf.tensor(indices, indicesShape, 'int32'), axis);
      return { shape: y.shape, values: Array.from(y.dataSync()) };
    }),
  );
  const left = tf.memory().numDataBuffers - before.numDataBuffers;
  const errors = [7, -1].map((index) =>
    tf.tidy(() => {
      try {
        return String(tf.gather(tf.zeros([7, 20]), tf.tensor1d([0, index], 'int32')).dataSync());
      } catch (error) {
        return error.message;
      }
    }),
  );
  return { results, errors, left };`;

for (const engine of ['native', 'webgpu', 'wasm', 'js']) {
  const skip = engine === 'webgpu' && noSoftwareGpu;
  test(`${engine}: gather along every axis; an index out of range is an error`, { skip }, async () => {
    const said = await onEngine<{
      results: { shape: number[]; values: number[] }[];
      errors: string[];
      left: number;
    }>(engine, body, cases);
    cases.forEach((one, i) =>
      assert.deepEqual(said.results[i], byDefinition(one), `${engine}, ${JSON.stringify(one)}`),
    );
    assert.match(said.errors[0], /\b7\b.*\[0, [67][\])]/s);
    assert.match(said.errors[1], /-1.*\[0, [67][\])]/s);
    assert.equal(said.left, 0, 'memory');
  });
}
