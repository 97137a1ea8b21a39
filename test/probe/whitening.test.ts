/** What notebook 06 looks at: spectra, second Jacobians, and change from batch to batch. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  batchIndices,
  batchToBatch,
  covarianceEigenvalues,
  pairwiseDistances,
  powerLaw,
  Random,
  rowsWithSpectrum,
  batchJacobianNorm,
  tf,
  whiten,
} from 'bnlab';
import { clean } from '../support/tensors';
import { closeWithin } from '../support/close';

const near = closeWithin(0, 'relative');

test(
  'rowsWithSpectrum: exactly the eigenvalues asked for, in turned axes; singular ones too',
  clean(() => {
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
  }),
);

test('rowsWithSpectrum refuses what no examples can have', () => {
  assert.throws(() => rowsWithSpectrum([1, 1], { m: 2 }), /2 eigenvalues need at least 3 examples, got m = 2/);
  assert.throws(() => rowsWithSpectrum([1, -1], { m: 9 }), /at least 0/);
  assert.throws(() => rowsWithSpectrum([], { m: 9 }), /at least 0/);
});

test(
  'covarianceEigenvalues: rank m - 1 where m is below d, exact zeros listed',
  clean(() => {
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
  }),
);

test(
  'pairwiseDistances: by hand; all equal, sqrt(2 m), after whitening m <= d examples',
  clean(() => {
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
  }),
);

test('batchJacobianNorm: exponents of the four normalizations at equal and at vanishing eigenvalues', () => {
  const steps = [1e-2, 1e-3, 1e-4];
  const slope = (kind: 'batch' | 'zca' | 'pca' | 'cholesky', spectrum: (t: number) => number[], rotate = true) =>
    powerLaw(
      steps,
      steps.map((t) =>
        batchJacobianNorm(rowsWithSpectrum(spectrum(t), { m: 6, seed: 1, rotate }), kind, { epsilon: 0 }),
      ),
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
  near(batchJacobianNorm(rowsWithSpectrum([2, 1, 0.5], { m: 6 }), 'center'), Math.sqrt(3), 1e-9, 'centring');
  const regular = batchJacobianNorm(rowsWithSpectrum([2, 1, 0], { m: 6 }), 'zca', { epsilon: 0.01 });
  assert.ok(regular < 100, 'epsilon bounds the derivative at a singular covariance');
});

test(
  'batchToBatch: no change between equal batches; PCA swaps nearly equal axes, ZCA does not',
  clean(() => {
    tf.tidy(() => {
      const rows = rowsWithSpectrum([1.02, 1.01, 1, 0.99], { m: 400, seed: 1, rotate: false });
      const x = tf.tensor2d(rows);
      const looked = tf.slice(x, 0, 50);
      const one = Int32Array.from({ length: 60 }, (_, i) => i);
      const twice = batchToBatch({ x, batches: Int32Array.of(...one, ...one), batchSize: 60, looked, method: 'pca' });
      assert.deepEqual([twice.change, twice.swapped], [[0], [0]]);
      const batches = batchIndices({ n: 400, batchSize: 60, steps: 12, random: new Random(1) });
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
  }),
);

test(
  'batchToBatch: a batch of twice the deviation halves the outputs, a change of one half',
  clean(() => {
    tf.tidy(() => {
      const x = tf.tensor2d([[1], [-1], [2], [-2]]);
      const batches = Int32Array.of(0, 1, 2, 3);
      const looked = tf.tensor2d([[3], [0.5]]);
      const { change, swapped } = batchToBatch({ x, batches, batchSize: 2, looked, method: 'batch', epsilon: 1e-12 });
      near(change[0], 0.5, 1e-5, 'change');
      assert.deepEqual(swapped, [0]);
    });
  }),
);

test(
  'batchToBatch: outputs, change and swaps as computed by hand from each batch’s own whitening',
  clean(() => {
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
        const batches = batchIndices({ n: 60, batchSize: 9, steps: 8, random: new Random(1) });
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
  }),
);

test(
  'batchToBatch: BN adds epsilon, 1e-5 unless told, to the variance',
  clean(() => {
    tf.tidy(() => {
      const x = tf.tensor2d([[0.001], [-0.001], [0.001], [-0.001]]);
      const looked = tf.tensor2d([[1]]);
      const { outputs } = batchToBatch({
        x,
        batches: Int32Array.of(0, 1, 2, 3),
        batchSize: 2,
        looked,
        method: 'batch',
      });
      near(outputs[0][0], 1 / Math.sqrt(1e-6 + 1e-5), 1e-4, 'output');
    });
  }),
);
