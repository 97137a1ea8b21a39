/** A traced step, printed: the exact text, and what is said where there is none. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { compile, ready, tf } from 'bnlab';
import { onEngine } from '../support/engines';

before(ready);

const call = () => ({
  data: { x: tf.ones([4, 3]), y: tf.ones([4, 1]) },
  schedules: { rate: [0.1, 0.2] },
  batches: Int32Array.of(0, 1, 2, 3),
  batchSize: 2,
});

type Inputs = Record<'x' | 'y' | 'rate', tf.Tensor>;

test('a traced step: inputs, operations by name and kernel, outputs, variables assigned', async () => {
  const w = tf.variable(tf.tensor2d([[0.5], [-1], [2]]), true, 'slope');
  const centre = tf.tensor1d([1, 2, 3]);
  const step = compile(
    ({ x, y, rate }: Inputs, { random, step: number }) => {
      const error = tf.sub(tf.matMul(tf.sub(x, centre), w), y);
      w.assign(w.sub(tf.mul(rate, tf.matMul(x, error, true))));
      return { error: tf.mean(tf.square(error)), noise: random.normal([2], 0, 0.1), number: number.add(7) };
    },
    { xla: false },
  );
  assert.equal(String(step), 'graph, not traced yet: run() traces it');
  await step.run(call());
  const text = `graph: a loop of TensorFlow's executor
  inputs
    x: float32 [2, 3], data
    outside0: float32 [3], tensor from outside
    slope: float32 [3, 1], variable
    y: float32 [2, 1], data
    rate: float32 [], schedule
    step: int32 [], number of the step
    random0: float32 [2], normal(0, 0.1)
  operations
    Sub_0 = Sub(x, outside0): float32 [2, 3]
    MatMul_0 = MatMul(Sub_0, slope): float32 [2, 1]
    Sub_1 = Sub(MatMul_0, y): float32 [2, 1]
    MatMul_1 = MatMul(x, Sub_1, transpose_a): float32 [3, 1]
    Mul_0 = Mul(rate, MatMul_1): float32 [3, 1]
    Sub_2 = Sub(slope, Mul_0): float32 [3, 1]
    Square_0 = Square(Sub_1): float32 [2, 1]
    Mean_0 = Mean(Square_0, [0, 1]): float32 []
    Cast_0 = Cast(step): float32 []
    Add_0 = Add(Cast_0, 7): float32 []
  outputs
    error = Mean_0: float32 []
    noise = random0: float32 [2]
    number = Add_0: float32 []
  variables assigned
    slope = Sub_2: float32 [3, 1]`;
  assert.equal(String(step), text);
  await step.run({ ...call(), batches: Int32Array.of(0, 1, 2, 3, 0, 1), batchSize: 3 });
  assert.equal(String(step), `${text}\n\n${text.replaceAll('[2, 3]', '[3, 3]').replaceAll('[2, 1]', '[3, 1]')}`);
  step.dispose();
  w.dispose();
});

test('constants, operations with several outputs, and a variable without a name', async () => {
  const total = tf.variable(tf.zeros([2]));
  const step = compile(({ x }: Inputs) => {
    const [a, b] = tf.split(tf.mul(x, 0.1), [1, 2], 1);
    const long = tf.tensor1d(Float32Array.from({ length: 9 }, (_, i) => i / 3));
    total.assign(total.add(tf.sum(b, 0)));
    return { a: a.add(tf.tensor1d([-0])), long: long.mul(1e-30) };
  });
  await step.run(call());
  const said = String(step);
  assert.match(said, /^graph: a loop that XLA compiles as a whole$/m);
  assert.match(said, /^ {4}Mul_0 = Mul\(x, 0\.1\): float32 \[2, 3\]$/m);
  assert.match(said, /^ {4}SplitV_0 = SplitV\(Mul_0, \[1, 2\], 1\b.*: float32 \[2, 1\], float32 \[2, 2\]$/m);
  assert.match(said, /Add\(SplitV_0:0, \[-0\]\)/);
  assert.match(said, /Mul\(constant \[9\], 1e-30\)/);
  assert.match(said, new RegExp(`^ {4}variable${total.name} = Add_\\d: float32 \\[2\\]$`, 'm'));
  step.dispose();
  total.dispose();
});

test('where the step is called as it is, that is said', async () => {
  const eager = compile(({ x }: Inputs) => ({ x }), { mode: 'eager' });
  const words =
    /^eager on tensorflow: the step is called as it is, once per training step, so there is no trace to show$/;
  assert.match(String(eager), words);
  await eager.run(call());
  assert.match(String(eager), words);
  const onJs = "return String(require('bnlab').compile(({ x }) => ({ x })))";
  assert.match(await onEngine<string>('js', onJs, null), /^eager on cpu: /);
});
