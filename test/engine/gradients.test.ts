/** Every gradient of every operation, first and second, on every engine, against differences in float64. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { compile, ready, softmaxCrossEntropy, tf } from 'bnlab';
import { fusedBatchNorm } from 'bnlab/internal';
import { CASES, type Case } from './gradients/cases';
import { apart, evaluated, failed, TOLERANCE, verdicts } from './gradients/children';
import { alongDirection, byDifferentiation, ORDERS, tensorsOf, valuesOf } from './gradients/evaluate';
import { stated, table } from './gradients/table';

before(ready);

const differences = evaluated('differences');
differences.catch(() => undefined); // said by whoever waits for it

/** Without a derivative here or in TensorFlow.js: its error names the operation. */
const REFUSED: Record<string, RegExp> = {
  Complex: /gradient function not found for (Real|FFT|Complex)\.|'Complex' not registered for backend 'wasm'/,
  CropAndResize: /gradient function not found for CropAndResize/,
  Einsum: /gradient function not found for Einsum/,
  MaxPoolWithArgmax: /gradient function not found for MaxPoolWithArgmax/,
  SparseToDense: /gradient function not found for SparseToDense/,
};
const REFUSED_TWICE: Record<string, RegExp> = {
  ...REFUSED,
  Dilation2D: /gradient function not found for Dilation2DBackprop/,
};

const operationOf = (name: string) => name.split(',')[0];

for (const engine of ['native', 'wasm', 'js'] as const) {
  test(`${engine}: every derivative is that of differences, or an error that names the operation`, async () => {
    const [wanted, got] = [(await differences).cases, (await evaluated(engine)).cases];
    const faults: string[] = [];
    for (const { name } of CASES) {
      const verdict = verdicts(got.get(name)!, wanted.get(name)!);
      for (const order of ORDERS) {
        const result = got.get(name)![order];
        const refused = (order.startsWith('second') ? REFUSED_TWICE : REFUSED)[operationOf(name)];
        if (failed(result)) {
          if (!refused?.test(result.error)) faults.push(`${name}, ${order}: ${result.error}`);
        } else if (verdict[order] === 'wrong') {
          const off = apart(result, wanted.get(name)![order] as number[][]);
          faults.push(`${name}, ${order}: off by ${off} of the largest`);
        } else if (refused && order !== 'value') faults.push(`${name}, ${order}: is there, and listed as refused`);
      }
    }
    assert.deepEqual(faults, []);
  });
}

test("TensorFlow.js's own are wrong where the reference says so: is each mend still needed?", async () => {
  const [wanted, theirs, ours] = await Promise.all([
    differences,
    evaluated('as TensorFlow.js has it'),
    evaluated('native'),
  ]);
  assert.equal(
    stated(),
    table(wanted, theirs, ours),
    'write it anew: node -r ts-node/register test/engine/gradients/table.ts',
  );
});

test('no operation is forgotten: what has a gradient has a case', async () => {
  const { kernels } = await evaluated('js');
  const known = new Set([
    ...(Object.values(tf) as unknown[]).filter((value): value is string => typeof value === 'string'),
    ...['tensorflow', 'cpu'].flatMap((backend) => tf.getKernelsForBackend(backend).map((kernel) => kernel.kernelName)),
  ]);
  const differentiable = [...known].filter((name) => tf.getGradient(name)).sort();
  assert.ok(differentiable.length > 100, `${differentiable.length}`);
  // No function of TensorFlow.js runs these: they stand behind others, or are for complex numbers.
  const unreached = ['BroadcastTo', 'ComplexAbs', 'LogSoftmax', 'BnlabFusedBatchNorm'];
  assert.deepEqual(
    differentiable.filter((name) => !kernels.includes(name) && !unreached.includes(name)),
    [],
  );
});

test('compiled, they are what they are eagerly', async () => {
  const wanted = (await differences).cases;
  const differentiable = CASES.filter((one) => !failed(byDifferentiation(one).secondChain));
  const faults: string[] = [];
  const compiled = async (cases: Case[]) => {
    const xs = cases.map((one) => tensorsOf(one, one.inputs.map(valuesOf)).map((x) => tf.variable(x)));
    const step = compile(
      () => {
        const all = cases.map((one, k) => alongDirection(one, xs[k]).map((g, i) => [`g${k}_${i}`, g] as const));
        return Object.fromEntries(all.flat());
      },
      { mode: 'graph', xla: false },
    );
    try {
      const { outputs } = await step.run({ data: { row: tf.zeros([1]) }, batches: Int32Array.of(0), batchSize: 1 });
      cases.forEach((one, k) => {
        const got = xs[k].map((_, i) => Array.from(outputs[`g${k}_${i}`].dataSync()));
        const off = apart(got, wanted.get(one.name)!.secondChain as number[][]);
        if (!(off <= TOLERANCE)) faults.push(`${one.name}: off by ${off} of the largest`);
      });
      tf.dispose(outputs);
    } finally {
      step.dispose();
      tf.dispose(xs);
    }
  };
  // Many to a graph, for speed; one by one where one of them cannot be in a graph.
  for (let from = 0; from < differentiable.length; from += 24) {
    const cases = differentiable.slice(from, from + 24);
    try {
      await compiled(cases);
    } catch {
      for (const one of cases) {
        await compiled([one]).catch(({ message }: Error) => {
          // What runs in JavaScript on copies cannot be in a graph, whether it is differentiated or not.
          if (!/reads the values of a tensor inside a compiled step/.test(message))
            faults.push(`${one.name}: ${message}`);
        });
      }
    }
  }
  assert.deepEqual(faults, []);
});

/** The gradient of the sum, weighed 1, 2, 4, ... */
const weighed = (f: (x: tf.Tensor) => tf.Tensor) => (x: tf.Tensor) => {
  const y = f(x);
  return tf.sum(
    tf.mul(
      y,
      tf.tensor(
        Array.from({ length: y.size }, (_, i) => 2 ** i),
        y.shape,
      ),
    ),
  );
};
const slopes = (f: (x: tf.Tensor) => tf.Tensor, x: number[], shape = [x.length]) =>
  tf.tidy(() => Array.from(tf.grad(weighed(f))(tf.tensor(x, shape)).dataSync()));

test('at a kink, with ties: the rules of the reference', () => {
  const at = [-1, 0, 2];
  assert.deepEqual(slopes(tf.relu, at), [0, 0, 4]);
  assert.deepEqual(slopes(tf.relu6, [0, 6, 7]), [0, 2, 0]);
  assert.deepEqual(
    slopes((x) => tf.leakyRelu(x, 0.5), at),
    [0.5, 1, 4],
  );
  assert.deepEqual(slopes(tf.abs, at), [-1, 0, 4]);
  assert.deepEqual(
    slopes((x) => tf.clipByValue(x, 0, 2), at),
    [0, 2, 4],
  );
  assert.deepEqual(
    slopes((x) => tf.maximum(x, 0), at),
    [0, 2, 4],
  );
  assert.deepEqual(
    slopes((x) => tf.maximum(0, x), at),
    [0, 0, 4],
  );
  assert.deepEqual(
    slopes((x) => tf.minimum(x, tf.zeros([3])), at),
    [1, 2, 0],
  );
  assert.deepEqual(
    slopes((x) => tf.max(x), [3, 1, 3]),
    [0.5, 0, 0.5],
  );
  assert.deepEqual(
    slopes((x) => tf.min(x, 1), [3, 1, 1, 5, 5, 5], [2, 3]),
    [0, 0.5, 0.5, 2 / 3, 2 / 3, 2 / 3].map(Math.fround),
  );
  assert.deepEqual(
    slopes((x) => tf.sum(tf.max(x, [0, 1], true)), [2, 2, 2, 2], [2, 2]),
    [0.25, 0.25, 0.25, 0.25],
  );
  const pooled = (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid');
  assert.deepEqual(slopes(pooled, [5, 5, 5, 5], [1, 2, 2, 1]), [1, 0, 0, 0]);
  assert.deepEqual(
    slopes((x) => tf.pow(x, [0, 1, 2]), [0, 0, 0]),
    [0, 2, 0],
  );
  assert.deepEqual(
    slopes((x) => tf.cumprod(x), [0, 3, 0]),
    [1 + 2 * 3, 0, 0],
  );
  assert.deepEqual(
    slopes((x) => tf.prod(x), [2, 0, 3]),
    [0, 6, 0],
  );
});

test('NaN stays NaN, and does not come from what is not chosen', () => {
  const nan = [NaN, 1];
  for (const f of [tf.relu, tf.relu6, tf.abs, tf.exp, tf.tanh, (x: tf.Tensor) => tf.max(x)] as ((
    x: tf.Tensor,
  ) => tf.Tensor)[]) {
    assert.ok(Number.isNaN(slopes(f, nan)[0]), String(f));
  }
  assert.deepEqual(slopes(tf.relu, [-Infinity, Infinity]), [0, 2]);
  // log(0) is not chosen: neither its value nor its infinite slope may show
  const safe = (x: tf.Tensor) =>
    tf.where(tf.greater(x, 0), tf.log(tf.where(tf.greater(x, 0), x, tf.onesLike(x))), tf.zerosLike(x));
  assert.deepEqual(slopes(safe, [0, 2]), [0, 1]);
  const second = (f: (x: tf.Tensor) => tf.Tensor, x: number[]) => slopes((u) => tf.grad(weighed(f))(u), x);
  assert.deepEqual(second(tf.selu, [100, 200]), [0, 0]);
  assert.deepEqual(
    second((x) => tf.pow(x, 2), [0, 3]),
    [2, 8],
  );
  assert.deepEqual(
    second((x) => tf.pow(x, 1), [0, 3]),
    [0, 0],
  );
});

test('empty tensors have empty gradients', () => {
  const fs: ((x: tf.Tensor) => tf.Tensor)[] = [
    tf.relu,
    tf.tanh,
    tf.abs,
    (x) => tf.mul(x, [1, 2, 3]),
    (x) => tf.cumsum(x, 1),
    (x) => tf.tile(x, [1, 2]),
    (x) => tf.squaredDifference(x, [1, 2, 3]),
    (x) => tf.maximum(x, 0),
    (x) => tf.sum(x, 0),
  ];
  for (const f of fs) {
    tf.tidy(() => {
      const g = tf.grad((x: tf.Tensor) => tf.sum(f(x)))(tf.zeros([0, 3]));
      assert.deepEqual(g.shape, [0, 3], String(f));
    });
  }
});

test('third derivatives go on', () => {
  const third = (f: (x: tf.Tensor) => tf.Tensor, x: number) =>
    tf.tidy(
      () =>
        tf
          .grad((a) => tf.grad((b) => tf.grad(f)(b))(a))(tf.scalar(x))
          .dataSync()[0],
    );
  const t = Math.tanh(0.3);
  assert.ok(Math.abs(third(tf.tanh, 0.3) - (1 - t * t) * (6 * t * t - 2)) < 1e-5);
  assert.ok(Math.abs(third((x) => tf.exp(tf.mul(2, x)), 0.3) - 8 * Math.exp(0.6)) < 1e-5 * 8 * Math.exp(0.6));
  assert.ok(Math.abs(third((x) => tf.prod(tf.stack([x, x, x])), 0.3) - 6) < 1e-5);
  const a = 1 / (1 + Math.exp(-0.3));
  assert.ok(Math.abs(third((x) => tf.logSigmoid(x), 0.3) + a * (1 - a) * (1 - 2 * a)) < 1e-5);
});

test('cross entropy from logits: the Hessian is (diag p - p p^T) / m', () => {
  tf.tidy(() => {
    const [z, y] = [tf.tensor2d([[1, -0.5, 0.2]]), tf.tensor2d([[0, 1, 0]])];
    const p = Array.from(tf.softmax(z).dataSync());
    const once = tf.grad((u: tf.Tensor) => softmaxCrossEntropy(u, y));
    [0, 1, 2].forEach((i) => {
      const pick = tf.tensor2d([[0, 1, 2].map((j) => (i === j ? 1 : 0))]);
      const row = tf
        .grad((u: tf.Tensor) => tf.sum(tf.mul(once(u), pick)))(z)
        .dataSync();
      row.forEach((v, j) => assert.ok(Math.abs(v - ((i === j ? p[i] : 0) - p[i] * p[j])) < 1e-6));
    });
  });
});

test('softmax over rows: the gradient sums over the row, not the batch', () => {
  tf.tidy(() => {
    const z = tf.tensor2d([
      [1, -0.5, 0.2],
      [0.3, 0.7, -1],
    ]);
    const c = tf.tensor2d([
      [1, 2, 4],
      [8, 16, 32],
    ]);
    const p = tf.softmax(z);
    const wanted = tf.mul(p, tf.sub(c, tf.sum(tf.mul(c, p), 1, true))).dataSync();
    const got = tf
      .grad((u: tf.Tensor) => tf.sum(tf.mul(c, tf.softmax(u))))(z)
      .dataSync();
    got.forEach((v, i) => assert.ok(Math.abs(v - wanted[i]) < 1e-5));
  });
});

test('fused batch normalization: its second derivative is that of the composed one', () => {
  tf.tidy(() => {
    const x = tf.randomNormal([2, 3, 3, 2], 1, 2, 'float32', 5) as tf.Tensor4D;
    const [gamma, beta] = [tf.tensor1d([0.7, -1.2]), tf.tensor1d([0.1, 0.3])];
    const c = tf.randomNormal(x.shape, 0, 1, 'float32', 6);
    const composed = (u: tf.Tensor, g: tf.Tensor) => {
      const { mean, variance } = tf.moments(u, [0, 1, 2]);
      return tf.add(tf.mul(tf.div(tf.sub(u, mean), tf.sqrt(tf.add(variance, 1e-3))), g), beta);
    };
    const fused = (u: tf.Tensor, g: tf.Tensor) => fusedBatchNorm(u as tf.Tensor4D, g as tf.Tensor1D, beta, 1e-3).y;
    const [got, wanted] = [fused, composed].map((f) => {
      const loss = (u: tf.Tensor, g: tf.Tensor) => tf.sum(tf.mul(c, tf.square(f(u, g))));
      const penalty = (u: tf.Tensor, g: tf.Tensor) => {
        const [du, dg] = tf.grads(loss)([u, g]);
        return tf.add(tf.sum(tf.square(du)), tf.sum(tf.square(dg)));
      };
      return tf
        .grads(penalty)([x, gamma])
        .map((g) => Array.from(g.dataSync()));
    });
    assert.ok(apart(got, wanted) < 1e-3, `${apart(got, wanted)}`);
  });
});

test('a gradient leaves no tensor behind, nor does a second one', () => {
  const { numTensors } = tf.memory();
  const f = (x: tf.Tensor) => tf.sum(tf.logSigmoid(tf.mul(tf.tanh(x), tf.logSoftmax(x))));
  tf.tidy(() => void tf.grad((u: tf.Tensor) => tf.sum(tf.square(tf.grad(f)(u))))(tf.tensor1d([1, 2, 3])));
  tf.tidy(() => void tf.grad(f)(tf.tensor1d([1, 2, 3])));
  assert.equal(tf.memory().numTensors, numTensors);
});
