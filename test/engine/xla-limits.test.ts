/**
 * What XLA gives other results for stays out of it: an index that was in range when the step was recorded and is not at a later step
 * is an error as in eager execution, in every kind of loop.
 */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { compile, ready, tf } from 'bnlab';

before(ready);

type Step = { i: tf.Tensor; x: tf.Tensor };
const x = () => tf.tensor1d([1, 2, 3, 4]);

/** Each takes its index or its divisor from the data: `right` at the first step, `wrong` at the second. */
const refused: [name: string, right: number, wrong: number, step: (input: Step) => tf.Tensor, error: RegExp][] = [
  ['GatherV2', 3, 4, ({ i, x }) => tf.gather(x, i as tf.Tensor1D), /not in \[0, [34][)\]]/],
  ['GatherNd', 3, 4, ({ i, x }) => tf.gatherND(x, tf.reshape(i, [1, 1])), /does not index into|not in|out of/i],
  [
    'ScatterNd',
    3,
    4,
    ({ i }) => tf.scatterND(tf.reshape(i, [1, 1]), tf.tensor1d([7]), [4]),
    /does not index into|out of/i,
  ],
  [
    'TensorScatterUpdate',
    3,
    4,
    ({ i, x }) => tf.tensorScatterUpdate(x, tf.reshape(i, [1, 1]), tf.tensor1d([7])),
    /does not index into|out of/i,
  ],
  [
    'UnsortedSegmentSum',
    3,
    7,
    ({ i, x }) => tf.unsortedSegmentSum(tf.slice1d(x as tf.Tensor1D, 0, 1), i as tf.Tensor1D, 4),
    /out of range/i,
  ],
  ['FloorDiv', 2, 0, ({ i }) => tf.floorDiv(tf.scalar(5, 'int32'), i), /division by zero/i],
  ['div of integers', 2, 0, ({ i }) => tf.div(tf.scalar(5, 'int32'), i), /division by zero/i],
  ['FloorMod', 2, 0, ({ i }) => tf.mod(tf.scalar(5, 'int32'), i), /division by zero/i],
];

for (const [name, right, wrong, step, error] of refused) {
  test(`${name}: what is out of range at a later step is refused, with XLA and without`, async () => {
    const held = x();
    const i = tf.tensor1d([right, wrong], 'int32');
    const call = (rows: number[]) => ({ data: { i }, batches: Int32Array.from(rows), batchSize: 1 });
    for (const settings of [{ mode: 'eager' as const }, { xla: false }, { xla: true }, { xla: 'auto' as const }]) {
      const compiled = compile<{ i: tf.Tensor }>(
        ({ i }) => ({ y: step({ i, x: held }), z: tf.sum(tf.square(held)) }),
        settings,
      );
      const { outputs } = await compiled.run(call([0, 0]));
      assert.equal(outputs.z.dataSync()[1], 30);
      tf.dispose(outputs);
      await assert.rejects(compiled.run(call([0, 1])), error, JSON.stringify(settings));
      // Recorded within range, and out of range at the first step of the next run as well.
      await assert.rejects(compiled.run(call([1])), error, JSON.stringify(settings));
      compiled.dispose();
    }
    tf.dispose([held, i]);
  });
}
