/** What notebook 06 looks at: spectra, second Jacobians, change from batch to batch, Newton-Schulz, and times. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  batchIndices,
  batchToBatch,
  covarianceEigenvalues,
  interleavedTimes,
  layerTimes,
  newtonSchulzErrors,
  normalizationTimes,
  pairwiseDistances,
  powerLaw,
  Random,
  rowsWithSpectrum,
  scalingOf,
  setJacobianNorm,
  tf,
  whiten,
} from 'bnlab';
import { clean } from '../support/tensors';

const near = (got: number, want: number, relative: number, what: string) =>
  assert.ok(
    Number.isFinite(want) && Math.abs(got - want) <= relative * Math.abs(want),
    `${what}: got ${got}, wanted ${want}`,
  );

clean('rowsWithSpectrum: exactly the eigenvalues asked for, in turned axes; singular ones too', () => {
  for (const wanted of [[4, 1, 0.25], [3], [2, 1, 0]]) {
    const rows = rowsWithSpectrum(wanted, { m: 7, seed: 3 });
    const x = tf.tensor2d(rows);
    covarianceEigenvalues(x).forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 1e-6, `${value}`));
    x.dispose();
  }
  const [a, b] = [1, 2].map((seed) => rowsWithSpectrum([4, 1], { m: 5, seed }));
  assert.notDeepEqual(a, b);
  const cross = (rows: number[][]) => Math.abs(rows.reduce((sum, [u, v]) => sum + u * v, 0));
  assert.ok(cross(a) > 1e-3, 'turned unless told');
  const straight = rowsWithSpectrum([4, 1], { m: 5, rotate: false });
  assert.ok(cross(straight) < 1e-12);
});

test('rowsWithSpectrum refuses what no examples can have', () => {
  assert.throws(() => rowsWithSpectrum([1, 1], { m: 2 }), /2 eigenvalues need at least 3 examples, got m = 2/);
  assert.throws(() => rowsWithSpectrum([1, -1], { m: 9 }), /at least 0/);
  assert.throws(() => rowsWithSpectrum([], { m: 9 }), /at least 0/);
});

clean('covarianceEigenvalues: rank m - 1 where m is below d, exact zeros listed', () => {
  tf.tidy(() => {
    const x = tf.tensor2d(new Random(1).normals(6 * 9), [6, 9]);
    const values = covarianceEigenvalues(x);
    assert.equal(values.length, 9);
    assert.equal(values.filter((value) => value > 1e-9).length, 5);
    const trace = tf.sum(tf.square(tf.sub(x, tf.mean(x, 0)))).dataSync()[0] / 6;
    near(
      values.reduce((sum, v) => sum + v, 0),
      trace,
      1e-5,
      'trace',
    );
  });
  tf.tidy(() => assert.throws(() => covarianceEigenvalues(tf.ones([1, 3])), /\[m, d\], got \[1, 3\]/));
});

clean('pairwiseDistances: by hand; all equal, sqrt(2 m), after whitening m <= d examples', () => {
  tf.tidy(() => {
    assert.deepEqual(
      pairwiseDistances(
        tf.tensor2d([
          [0, 0],
          [3, 4],
        ]),
      ),
      [
        [0, 5],
        [5, 0],
      ],
    );
    const x = tf.tensor2d(new Random(2).normals(5 * 8), [5, 8]);
    const { y } = whiten(x, { method: 'zca', epsilon: 1e-7 });
    pairwiseDistances(y).forEach((row, i) =>
      row.forEach((v, j) => assert.ok(Math.abs(v - (i === j ? 0 : Math.sqrt(10))) < 1e-3, `${v}`)),
    );
  });
});

test('setJacobianNorm: exponents of the four normalizations at equal and at vanishing eigenvalues', () => {
  const steps = [1e-2, 1e-3, 1e-4];
  const slope = (kind: 'batch' | 'zca' | 'pca' | 'cholesky', spectrum: (t: number) => number[], rotate = true) =>
    powerLaw(
      steps,
      steps.map((t) => setJacobianNorm(rowsWithSpectrum(spectrum(t), { m: 6, seed: 1, rotate }), kind, { epsilon: 0 })),
    ).exponent;
  const gap = (t: number) => [1 + t, 1, 0.5];
  const vanishing = (t: number) => [2, 1, t];
  for (const [kind, atGap, atZero] of [
    ['pca', -1, -0.5],
    ['zca', 0, -0.5],
    ['cholesky', 0, -0.5],
    ['batch', 0, 0],
  ] as const) {
    assert.ok(Math.abs(slope(kind, gap) - atGap) < 0.03, `${kind} at equal eigenvalues`);
    assert.ok(Math.abs(slope(kind, vanishing) - atZero) < 0.06, `${kind} at a vanishing eigenvalue`);
  }
  assert.ok(Math.abs(slope('batch', vanishing, false) + 0.5) < 0.06, 'batch: a feature of vanishing variance');
  // Centring: every output of the m examples moves by -1/m with every example, in its own feature alone.
  near(setJacobianNorm(rowsWithSpectrum([2, 1, 0.5], { m: 6 }), 'center'), Math.sqrt(3), 1e-9, 'centring');
  const regular = setJacobianNorm(rowsWithSpectrum([2, 1, 0], { m: 6 }), 'zca', { epsilon: 0.01 });
  assert.ok(regular < 100, 'epsilon bounds the derivative at a singular covariance');
});

clean('batchToBatch: no change between equal batches; PCA swaps nearly equal axes, ZCA does not', () => {
  tf.tidy(() => {
    const rows = rowsWithSpectrum([1.02, 1.01, 1, 0.99], { m: 400, seed: 1, rotate: false });
    const x = tf.tensor2d(rows);
    const looked = tf.slice(x, 0, 50);
    const one = Int32Array.from({ length: 60 }, (_, i) => i);
    const twice = batchToBatch({ x, batches: Int32Array.of(...one, ...one), batchSize: 60, looked, method: 'pca' });
    assert.deepEqual([twice.change, twice.swapped], [[0], [0]]);
    const batches = batchIndices({ n: 400, batch: 60, steps: 12, random: new Random(1) });
    const of = (method: 'pca' | 'zca' | 'batch') => batchToBatch({ x, batches, batchSize: 60, looked, method });
    const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
    assert.equal(of('zca').swapped.length, 11);
    assert.equal(mean(of('zca').swapped), 0);
    assert.ok(mean(of('pca').swapped) > 0.2);
    assert.ok(mean(of('pca').change) > 3 * mean(of('zca').change));
    assert.ok(mean(of('batch').change) < mean(of('pca').change));
    assert.equal(of('pca').outputs[0].length, 4);
    assert.throws(
      () => batchToBatch({ x, batches: one, batchSize: 60, looked, method: 'pca' }),
      /two whole batches of 60, got 60/,
    );
  });
});

clean('batchToBatch: a batch of twice the deviation halves the outputs, a change of one half', () => {
  tf.tidy(() => {
    const x = tf.tensor2d([[1], [-1], [2], [-2]]);
    const batches = Int32Array.of(0, 1, 2, 3);
    const looked = tf.tensor2d([[3], [0.5]]);
    const { change, swapped } = batchToBatch({ x, batches, batchSize: 2, looked, method: 'batch', epsilon: 1e-12 });
    near(change[0], 0.5, 1e-5, 'change');
    assert.deepEqual(swapped, [0]);
  });
});

clean('batchToBatch: outputs, change and swaps as computed by hand from each batch’s own whitening', () => {
  tf.tidy(() => {
    const random = new Random(4);
    const x = tf.tensor2d(
      Array.from({ length: 60 * 3 }, (_, i) => random.normal() + (i % 3)),
      [60, 3],
    );
    const looked = tf.tensor2d(
      Array.from({ length: 8 * 3 }, (_, i) => 2 * random.normal() + (i % 3)),
      [8, 3],
    );
    // With the large epsilon the outputs are small, and their mean is not.
    for (const epsilon of [1e-3, 1e4]) {
      const batches = batchIndices({ n: 60, batch: 9, steps: 8, random: new Random(1) });
      const got = batchToBatch({ x, batches, batchSize: 9, looked, method: 'pca', epsilon });
      const outputs = Array.from({ length: 8 }, (_, b) => {
        const rows = tf.gather(x, tf.tensor1d(batches.slice(9 * b, 9 * (b + 1)), 'int32'));
        const { mean, matrix } = whiten(rows, { method: 'pca', epsilon });
        const [mu, a] = [mean.arraySync() as number[], matrix.arraySync() as number[][]];
        const examples = looked.arraySync() as number[][];
        return examples.map((row) => a.map((axis) => axis.reduce((sum, w, k) => sum + w * (row[k] - mu[k]), 0)));
      }); // [batches][examples][outputs]
      outputs.forEach((of, b) =>
        of[0].forEach((v, j) => near(got.outputs[b][j], v, 1e-3, `output ${j} of batch ${b}`)),
      );
      const pearson = (a: number[], b: number[]) => {
        const [ma, mb] = [a, b].map((v) => v.reduce((sum, u) => sum + u, 0) / v.length);
        const s = (f: (i: number) => number) => a.reduce((sum, _, i) => sum + f(i), 0);
        const [saa, sbb] = [s((i) => (a[i] - ma) ** 2), s((i) => (b[i] - mb) ** 2)];
        return s((i) => (a[i] - ma) * (b[i] - mb)) / Math.sqrt(saa * sbb);
      };
      const column = (rows: number[][], j: number) => rows.map((row) => row[j]);
      let swaps = 0;
      for (let b = 0; b + 1 < 8; b++) {
        const [before, after] = [outputs[b], outputs[b + 1]];
        const alike = [0, 1, 2].map((j) =>
          [0, 1, 2].map((k) => Math.abs(pearson(column(before, j), column(after, k)))),
        );
        const swapped = alike.filter((row, j) => row.some((v, k) => k !== j && v > row[j])).length;
        swaps += swapped;
        near(got.swapped[b], swapped / 3, 1e-9, `swapped ${b}`);
        const square = (f: (v: number, i: number, j: number) => number) =>
          before.flatMap((row, i) => row.map((v, j) => f(v, i, j))).reduce((sum, v) => sum + v, 0);
        near(
          got.change[b],
          Math.sqrt(square((v, i, j) => (v - after[i][j]) ** 2) / square((v) => v * v)),
          1e-3,
          'change',
        );
      }
      assert.ok(epsilon > 1 || swaps > 3, 'axes are swapped here');
    }
  });
});

clean('batchToBatch: BN adds epsilon, 1e-5 unless told, to the variance', () => {
  tf.tidy(() => {
    const x = tf.tensor2d([[0.001], [-0.001], [0.001], [-0.001]]);
    const looked = tf.tensor2d([[1]]);
    const { outputs } = batchToBatch({ x, batches: Int32Array.of(0, 1, 2, 3), batchSize: 2, looked, method: 'batch' });
    near(outputs[0][0], 1 / Math.sqrt(1e-6 + 1e-5), 1e-4, 'output');
  });
});

clean('newtonSchulzErrors: measured as predicted; converges below 3 unscaled, diverges above 5', () => {
  const scaled = newtonSchulzErrors([1, 0.1, 0.01], { iterations: 12, seed: 2 });
  scaled.predicted.slice(0, 9).forEach((want, k) => near(scaled.measured[k], want, 0.01, `iteration ${k}`));
  // Before the first iteration the eigenvalues are those given, over their sum or as they are.
  const apart = (eigenvalues: number[]) =>
    Math.sqrt(eigenvalues.reduce((sum, v) => sum + (v - 1) ** 2, 0) / eigenvalues.length);
  const plain = newtonSchulzErrors([1, 0.1, 0.01], { iterations: 0, prescale: 'none' });
  for (const [errors, eigenvalues] of [
    [scaled, [1 / 1.11, 0.1 / 1.11, 0.01 / 1.11]],
    [plain, [1, 0.1, 0.01]],
  ] as const) {
    near(errors.predicted[0], apart([...eigenvalues]), 1e-9, 'predicted');
    near(errors.measured[0], apart([...eigenvalues]), 1e-4, 'measured');
  }
  assert.ok(scaled.measured[12] < 1e-4);
  assert.equal(scaled.measured.length, 13);
  const unscaled = (largest: number) =>
    newtonSchulzErrors([1, largest], { iterations: 12, prescale: 'none' }).measured[12];
  assert.ok(unscaled(2.9) < 1e-2);
  assert.equal(unscaled(5.2), Infinity);
  assert.throws(() => newtonSchulzErrors([1], { iterations: -1 }), /at least 0, got -1/);
});

test('interleavedTimes: every task as often as asked, in turn, in both directions', () => {
  const order: string[] = [];
  const wait = (name: string, ms: number) => () => {
    order.push(name);
    for (const until = performance.now() + ms; performance.now() < until;);
  };
  const times = interleavedTimes({ a: wait('a', 3), b: wait('b', 6) }, { repeats: 2, sampleMilliseconds: 1 });
  assert.deepEqual(order, ['a', 'a', 'b', 'b', 'a', 'b', 'b', 'a']);
  assert.equal(times.a.length, 2);
  for (const time of times.b) assert.ok(time >= 6);
  assert.throws(() => interleavedTimes({}, { repeats: 0 }), /above 0, got 0/);
});

test('interleavedTimes: a quick task is called as often as fills the sample, and its time is that of one call', (t) => {
  let clock = 1000;
  t.mock.method(performance, 'now', () => clock);
  const order: string[] = [];
  const takes = (name: string, milliseconds: number) => () => {
    order.push(name);
    clock += milliseconds;
  };
  const tasks = { a: takes('a', 2), b: takes('b', 12) };
  const times = interleavedTimes(tasks, { repeats: 3, sampleMilliseconds: 9 });
  assert.deepEqual(times, { a: [2, 2, 2], b: [12, 12, 12] });
  assert.equal(order.join(''), 'aabb' + 'aaaaab' + 'baaaaa' + 'aaaaab');
  assert.equal(interleavedTimes(tasks, { repeats: 1 }).a.length, 1);
  order.length = 0;
  assert.equal(interleavedTimes(tasks).a.length, 5);
  assert.equal(order.join(''), 'aabb' + 'aab' + 'baa' + 'aab' + 'baa' + 'aab', '5 repeats of 4 ms unless told');
});

clean('normalizationTimes and layerTimes: the parts asked for, positive, too long ones left out', () => {
  const [covariance, zca] = normalizationTimes({
    m: 8,
    sizes: { zca: [2, 4, 60], covariance: [4, 8] },
    repeats: 2,
    sampleMilliseconds: 0.1,
    longest: Infinity,
  });
  assert.deepEqual([covariance.part, covariance.d, zca.part, zca.d], ['covariance', [4, 8], 'zca', [2, 4, 60]]);
  assert.ok([...covariance.milliseconds, ...zca.milliseconds].flat().every((ms) => ms > 0));
  assert.deepEqual(normalizationTimes({ m: 8, sizes: { batch: [4, 8] }, longest: 0 }), []);
  const layer = layerTimes({ m: 8, inputs: 3, d: 4, norms: ['batch', 'cholesky'], repeats: 3 });
  assert.deepEqual(Object.keys(layer), ['layer', 'batch', 'cholesky']);
  assert.equal(layer.cholesky.length, 3);
});

test('scalingOf: fits the largest sizes beyond the fixed cost, and at least three', () => {
  const d = [1, 2, 4, 8, 16, 32, 64, 128];
  const row = (scale: number) => d.map((size) => scale * (1 + 0.05 * size ** 2));
  const { from: first, exponents, law } = scalingOf({ part: 'covariance', d, milliseconds: [row(1), row(2), row(3)] });
  assert.equal(first, 16);
  for (const exponent of [...exponents, law.exponent]) assert.ok(Math.abs(exponent - 2) < 0.06, `${exponent}`);
  const disturbed = row(1).map((ms, i) => (i % 2 === 0 ? 7 * ms : ms)); // other work adds, and never takes away
  assert.deepEqual(scalingOf({ part: 'covariance', d, milliseconds: [disturbed, row(1)] }).law, law);
  assert.equal(scalingOf({ part: 'zca', d, milliseconds: [d.map((size) => size ** 3)] }).from, 16);
  assert.equal(scalingOf({ part: 'zca', d: [1, 2, 4, 8], milliseconds: [[1, 1, 1, 1]] }).from, 2);
  // 18 is below ten times the fastest, 21 is not; 64 is within a factor of 8 of 512, 60 is not; three sizes are enough.
  const from = (sizes: number[], times: number[]) => scalingOf({ part: 'zca', d: sizes, milliseconds: [times] }).from;
  assert.equal(from([16, 64, 96, 128, 256, 512], [2, 18, 21, 50, 160, 1280]), 96);
  assert.equal(from([1, 60, 64, 128, 256, 512], [1, 100, 120, 400, 1600, 6400]), 64);
  assert.equal(from([10, 20, 40], [1, 4, 16]), 10);
  assert.throws(() => scalingOf({ part: 'zca', d: [1, 2], milliseconds: [[1, 1]] }), /zca has 2 sizes/);
});
