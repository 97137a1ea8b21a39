/** Whitening: what every method must give, its gradients, where it breaks, and the two Jacobians of section 2. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  batchNorm64,
  JacobianKind,
  newtonSchulz,
  norm64,
  normalizationCost,
  normJacobians,
  Random,
  ready,
  Rows,
  tf,
  whiten,
  whitenInference,
  whiteningLayer,
} from 'bnlab';
import { whiteningMatrix, WHITENINGS } from 'bnlab/internal';
import { assertSame, clean, values } from '../support/tensors';
import { RUNS } from './arbitraries';

function mixed(seed: number, m: number, d: number): number[][] {
  const random = new Random(seed);
  const mixing = Array.from({ length: d }, (_, i) =>
    Array.from({ length: d }, (_v, j) => (i === j ? 1 : 0) + random.normal(0, 0.4)),
  );
  return Array.from({ length: m }, () => {
    const z = Array.from({ length: d }, () => random.normal());
    return Array.from({ length: d }, (_, j) => 2 + z.reduce((sum, v, i) => sum + v * mixing[i][j], 0));
  });
}

const covariance = (y: tf.Tensor) =>
  tf.div(tf.matMul(tf.sub(y, tf.mean(y, 0)), tf.sub(y, tf.mean(y, 0)), true), y.shape[0]);

for (const method of WHITENINGS) {
  test(
    `${method}: the covariance of y is the identity, up to epsilon; the mean is zero`,
    clean(() => {
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 1, max: 5 }), (seed, d) =>
          tf.tidy(() => {
            const x = tf.tensor2d(mixed(seed, 6 * d + 6, d));
            const { y, matrix, mean, covariance: sigma } = whiten(x, { method, epsilon: 1e-6, iterations: 25 });
            assertSame(tf.add(covariance(y), 1), tf.add(tf.eye(d), 1), 'Cov[y]', 2e-3);
            assertSame(tf.add(tf.mean(y, 0), 1), tf.ones([d]), 'E[y]', 1e-4);
            // A Sigma A^T = I, and the same A serves at inference.
            assertSame(
              tf.add(tf.matMul(tf.matMul(matrix, sigma), matrix, false, true), 1),
              tf.add(tf.eye(d), 1),
              'A',
              2e-3,
            );
            assertSame(whitenInference(x, mean, matrix), y, 'inference', 1e-4);
          }),
        ),
        { ...RUNS, numRuns: 12 },
      );
    }),
  );

  test(
    `${method}: the gradient sums to zero, and is the directional derivative`,
    clean(() => {
      fc.assert(
        fc.property(fc.integer(), (seed) =>
          tf.tidy(() => {
            const rows = mixed(seed, 12, 3);
            const random = new Random(seed);
            const x = tf.tensor2d(rows);
            const dy = tf.tensor2d(random.normals(36), [12, 3]);
            const f = (a: tf.Tensor) => whiten(a, { method, epsilon: 1e-2, iterations: 12 }).y;
            const dx = tf.grad(f)(x, dy);
            const size = Math.max(...values(tf.abs(dx)));
            assert.ok(Math.max(...values(tf.abs(tf.sum(dx, 0)))) < 2e-3 * size * 12);
            const direction = tf.tensor2d(random.normals(36), [12, 3]);
            const h = 3e-3;
            const [up, down] = [h, -h].map((s) => values(tf.sum(tf.mul(f(tf.add(x, tf.mul(direction, s))), dy)))[0]);
            const wanted = values(tf.sum(tf.mul(dx, direction)))[0];
            assert.ok(
              Math.abs((up - down) / (2 * h) - wanted) < 0.02 * (Math.abs(wanted) + size),
              `${(up - down) / (2 * h)} ${wanted}`,
            );
          }),
        ),
        { ...RUNS, numRuns: 8 },
      );
    }),
  );
}

test(
  'zca moves the data least; pca has its axes by falling variance; cholesky is lower triangular',
  clean(() =>
    tf.tidy(() => {
      const x = tf.tensor2d(mixed(5, 40, 4));
      const matrices = Object.fromEntries(
        WHITENINGS.map((method) => [method, whiten(x, { method, iterations: 25 }).matrix]),
      );
      assertSame(tf.transpose(matrices.zca), matrices.zca, 'zca is symmetric', 1e-5);
      const lower = values(matrices.cholesky);
      for (let i = 0; i < 4; i++) for (let j = i + 1; j < 4; j++) assert.equal(lower[i * 4 + j], 0);
      const norms = values(tf.sum(tf.square(matrices.pca), 1)); // row i is u_i / sqrt(l_i)
      for (let i = 1; i < 4; i++) assert.ok(norms[i] > norms[i - 1]);
      const distance = (method: string) =>
        values(tf.sum(tf.square(tf.sub(whiten(x, { method: method as 'pca' }).y, tf.sub(x, tf.mean(x, 0))))))[0];
      assert.ok(distance('zca') < distance('pca') && distance('zca') < distance('cholesky'));
      assertSame(matrices['newton-schulz'], matrices.zca, 'Newton-Schulz goes to zca', 1e-3);
    }),
  ),
);

test(
  'with one feature, whitening is batch normalization',
  clean(() =>
    tf.tidy(() => {
      const rows = mixed(3, 7, 1);
      const wanted = batchNorm64(rows).y.flat();
      for (const method of WHITENINGS) {
        assertSame(whiten(tf.tensor2d(rows), { method, iterations: 12 }).y, tf.tensor2d(wanted, [7, 1]), method, 1e-5);
      }
    }),
  ),
);

test(
  'images: pixels are examples',
  clean(() =>
    tf.tidy(() => {
      const rows = mixed(4, 12, 2);
      const image = whiten(tf.tensor4d(rows.flat(), [1, 3, 4, 2]));
      assert.deepEqual(image.y.shape, [1, 3, 4, 2]);
      assertSame(tf.reshape(image.y, [12, 2]), whiten(tf.tensor2d(rows)).y, 'y');
    }),
  ),
);

test(
  'Newton-Schulz: one eigenvalue l follows z <- z(3 - z^2)/2 from sqrt(l); 3 and 5 are its limits',
  clean(() =>
    tf.tidy(() => {
      const scalar = (l: number, iterations: number) => {
        let z = Math.sqrt(l);
        for (let k = 0; k < iterations; k++) z = (z * (3 - z * z)) / 2;
        return z / Math.sqrt(l);
      };
      for (const l of [0.01, 0.5, 1, 2.5]) {
        const got = values(newtonSchulz(tf.tensor2d([[l]]), { prescale: 'none', iterations: 4 }))[0];
        assert.ok(Math.abs(got / scalar(l, 4) - 1) < 1e-4, `${l}: ${got}`);
      }
      const run = (l: number) =>
        values(
          newtonSchulz(
            tf.tensor2d([
              [l, 0],
              [0, 1],
            ]),
            { prescale: 'none', iterations: 30 },
          ),
        )[0];
      assert.ok(Math.abs(run(2.9) * Math.sqrt(2.9) - 1) < 1e-4);
      assert.ok(!(Math.abs(run(5.2)) < 1e3), 'diverges above 5');
      const scaled = values(
        newtonSchulz(
          tf.tensor2d([
            [500, 0],
            [0, 1],
          ]),
          { iterations: 30 },
        ),
      );
      assert.ok(Math.abs(scaled[0] * Math.sqrt(500) - 1) < 1e-3, 'the trace makes it converge');
      assert.deepEqual(values(newtonSchulz(tf.tensor2d([[4]]), { iterations: 0 })), [0.5]);
    }),
  ),
);

test(
  'm <= d: singular without epsilon, an error that says so; with epsilon it works',
  clean(() =>
    tf.tidy(() => {
      const x = tf.tensor2d(mixed(6, 3, 4));
      for (const method of ['zca', 'pca', 'cholesky'] as const) {
        const none = { method, epsilon: 0, allowZeroEpsilon: true };
        // Repeated rows and integers: a covariance whose zero eigenvalues float32 holds exactly.
        const repeated = tf.tensor2d([
          [1, 0, 1],
          [-1, 0, -1],
          [1, 0, 1],
          [-1, 0, -1],
        ]);
        assert.throws(() => whiten(repeated, none), /not positive definite .*m examples span at most m - 1 directions/);
        whiten(x, { method, epsilon: 1e-3 });
      }
    }),
  ),
);

test(
  'equal eigenvalues: zca and cholesky have a gradient, pca has none and says why',
  clean(() =>
    tf.tidy(() => {
      const x = tf.tensor2d([
        [1, 1],
        [1, -1],
        [-1, 1],
        [-1, -1],
      ]);
      const dy = tf.tensor2d([
        [1, 0.5],
        [0, 2],
        [-1, 1],
        [0.3, 0],
      ]);
      const gradient = (method: 'zca' | 'pca' | 'cholesky') =>
        tf.grad((a: tf.Tensor) => whiten(a, { method }).y)(x, dy);
      assert.ok(values(gradient('zca')).every(Number.isFinite));
      assert.ok(values(gradient('cholesky')).every(Number.isFinite));
      // TensorFlow.js keeps what it saved for a gradient that throws; it is disposed here by hand.
      const kept: tf.Tensor[] = [];
      const engine = tf.engine();
      const keep = engine.keep.bind(engine);
      engine.keep = (t) => {
        kept.push(t);
        return keep(t);
      };
      assert.throws(() => gradient('pca'), /no derivative where eigenvalues are equal.*Use zca/s);
      engine.keep = keep;
      tf.dispose(kept);
    }),
  ),
);

const KINDS: JacobianKind[] = ['center', 'batch', 'zca', 'pca', 'cholesky'];

for (const kind of KINDS) {
  test(`the two Jacobians of ${kind} are finite differences of Norm(x, X)`, () => {
    for (const epsilon of [0, 0.1]) {
      const X = mixed(8, 6, 3);
      const index = 2;
      const x = X[index];
      const { x: byX, X: bySet } = normJacobians(X, index, kind, { epsilon });
      const h = 1e-5;
      const difference = (move: (step: number) => number[]) => {
        const [up, down] = [move(h), move(-h)];
        return up.map((v, i) => (v - down[i]) / (2 * h));
      };
      const near = (got: number[], wanted: number[], what: string) =>
        got.forEach((v, i) => assert.ok(Math.abs(v - wanted[i]) < 1e-6, `${what}[${i}]: ${v} against ${wanted[i]}`));
      for (let j = 0; j < 3; j++) {
        const moved = (step: number) => x.map((v, l) => v + (l === j ? step : 0));
        near(
          byX.map((row) => row[j]),
          difference((s) => norm64(moved(s), X, kind, { epsilon })),
          `dx ${j}`,
        );
        for (let k = 0; k < 6; k++) {
          const set = (step: number): Rows => X.map((row, n) => row.map((v, l) => v + (n === k && l === j ? step : 0)));
          near(
            bySet.map((row) => row[k * 3 + j]),
            difference((s) => norm64(x, set(s), kind, { epsilon })),
            `dX ${k} ${j}`,
          );
        }
      }
    }
  });
}

test('the Jacobians: their sum over a shift of everything is zero, and a full whitening has singular values 1 at fixed X', () => {
  const X = mixed(9, 5, 3);
  for (const kind of KINDS) {
    const { x, X: set } = normJacobians(X, 1, kind, { epsilon: 0 });
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        // Moving x and the whole set together changes nothing: dNorm/dx + sum_k dNorm/dX_k = 0.
        const sum = x[i][j] + [0, 1, 2, 3, 4].reduce((total, k) => total + set[i][k * 3 + j], 0);
        assert.ok(Math.abs(sum) < 1e-9, `${kind}: ${sum}`);
      }
    }
  }
  assert.throws(() => normJacobians(X, 5, 'zca'), /index must be from 0 to 4, got 5/);
  assert.throws(() => norm64([1, 2], X, 'zca'), /x must have 3 entries/);
  assert.throws(() => norm64([1, 2, 3], [[1, 2, NaN]], 'zca'), /at least 2 rows/);
});

test(
  'the layer: training whitens, inference uses the moving mean and covariance, gradients reach gamma and beta',
  clean(() => {
    for (const method of WHITENINGS) {
      const layer = whiteningLayer(3, { method, decay: 0, iterations: 20, name: 'w' });
      tf.tidy(() => {
        const x = tf.tensor2d(mixed(2, 60, 3));
        const seen: string[] = [];
        const y = layer.apply(x, { training: true, tap: (name) => seen.push(name) });
        assert.deepEqual(seen, ['w/xHat']);
        assertSame(tf.add(covariance(y), 1), tf.add(tf.eye(3), 1), 'Cov[y]', 3e-3);
        // decay 0: the moving covariance is m/(m-1) times the batch's, so inference is smaller by the root of that.
        const inference = layer.apply(x, { training: false });
        if (method !== 'pca') assertSame(inference, tf.mul(y, Math.sqrt(59 / 60)), 'inference', 3e-3);
        const { grads } = tf.variableGrads(
          () => tf.sum(tf.square(layer.apply(x, { training: true }))) as tf.Scalar,
          layer.trainable,
        );
        assert.equal(Object.keys(grads).length, 2);
      });
      layer.dispose();
    }
  }),
);

test('cost: batch normalization is linear in d, whitening cubic; the parts add up', () => {
  const at = (kind: 'batch' | (typeof WHITENINGS)[number], d: number) => normalizationCost(kind, { m: 60, d });
  assert.equal(at('batch', 200).total, 2 * at('batch', 100).total);
  assert.equal(at('batch', 100).total, 60 * 100 * 5 + 300);
  for (const method of WHITENINGS) {
    const { statistics, root, apply, total } = at(method, 100);
    assert.equal(total, statistics + root + apply);
    assert.equal(statistics, 2 * 60 * 100 + 2 * 60 * 100 ** 2);
    const ratio = at(method, 4000).root / at(method, 2000).root;
    assert.ok(Math.abs(ratio - 8) < 0.01, `${method}: ${ratio}`);
  }
  assert.equal(at('newton-schulz', 10).root, 5 * (6000 + 300) - 2000);
  assert.equal(at('zca', 10).root, 11000);
  assert.equal(at('pca', 10).root, 9100);
  assert.ok(Math.abs(at('cholesky', 10).root - 2000 / 3) < 1e-9);
});

test(
  'a covariance that is not square, and unknown names, are refused',
  clean(() =>
    tf.tidy(() => {
      assert.throws(() => whiteningMatrix(tf.ones([2, 3])), /must be square, got \[2, 3\]/);
      assert.throws(() => whiten(tf.ones([4, 2]), { method: 'svd' as 'zca' }), /method must be one of zca, pca/);
      assert.throws(
        () => newtonSchulz(tf.eye(2), { iterations: -1 }),
        /iterations must be a whole number, at least 0, got -1/,
      );
      assert.throws(
        () => newtonSchulz(tf.eye(2), { prescale: 'det' as 'none' }),
        /prescale must be one of trace, none/,
      );
      assert.throws(() => normalizationCost('batch', { m: 0, d: 1 }), /m must be a whole number, at least 1, got 0/);
    }),
  ),
);

test('cost: each part by its count', () => {
  const [m, d] = [60, 100];
  const root = { zca: 11 * d ** 3, pca: 9 * d ** 3 + d ** 2, cholesky: (2 / 3) * d ** 3, 'newton-schulz': 28e6 + 15e4 };
  for (const method of WHITENINGS) {
    const cost = normalizationCost(method, { m, d }); // 5 iterations: 5 (6 d^3 + 3 d^2) - 2 d^3
    assert.equal(cost.statistics, 2 * m * d + 2 * m * d ** 2, method);
    assert.equal(cost.root, root[method], method);
    assert.equal(cost.apply, 2 * m * d ** 2, method);
  }
  const bn = normalizationCost('batch', { m, d });
  assert.deepEqual([bn.statistics, bn.root, bn.apply, bn.total], [24_000, 300, 6_000, 30_300]);
  assert.equal(normalizationCost('newton-schulz', { m, d, iterations: 0 }).root, 0);
});

test(
  'as a layer: moving statistics without epsilon, which inference adds',
  clean(() =>
    tf.tidy(() => {
      const epsilon = 0.5;
      const rows = mixed(21, 12, 3);
      const x = tf.tensor2d(rows);
      const layer = whiteningLayer(3, { method: 'zca', epsilon, decay: 0 });
      assert.deepEqual(values(layer.movingMean), [0, 0, 0]);
      assert.deepEqual(values(layer.movingCovariance), values(tf.eye(3)));
      const trained = layer.apply(x, { training: true });
      assertSame(trained, whiten(x, { method: 'zca', epsilon }).y, 'training');
      const unbiased = tf.mul(covariance(x), 12 / 11);
      assertSame(layer.movingMean, tf.mean(x, 0), 'moving mean');
      assertSame(layer.movingCovariance, unbiased, 'moving covariance');
      const matrix = whiteningMatrix(tf.add(unbiased, tf.mul(tf.eye(3), epsilon)) as tf.Tensor, { method: 'zca' });
      const wanted = tf.matMul(tf.sub(x, tf.mean(x, 0)), matrix, false, true);
      assertSame(layer.apply(x, { training: false }), wanted, 'inference', 1e-5);
      layer.dispose();
    }),
  ),
);

test(
  'the mean that whitening returns survives a large offset',
  clean(() =>
    tf.tidy(() => {
      const rows = mixed(22, 16, 3).map((row) => row.map((v) => v + 4096));
      const x = tf.tensor2d(rows);
      const exact = [0, 1, 2].map(
        (j) =>
          values(x)
            .filter((_, i) => i % 3 === j)
            .reduce((a, b) => a + b, 0) / 16,
      );
      const { mean, covariance: sigma, matrix, y } = whiten(x, { method: 'zca' });
      assertSame(mean, exact, 'mean', 1e-7);
      assertSame(sigma, tf.add(covariance(tf.sub(x, 4096)), tf.mul(tf.eye(3), 1e-5)) as tf.Tensor, 'covariance', 1e-5);
      assertSame(
        y,
        tf.matMul(tf.sub(tf.sub(x, 4096), tf.sub(tf.tensor1d(exact.map((v) => v - 4096)), 0)), matrix, false, true),
        'y',
        1e-4,
      );
    }),
  ),
);

test(
  'NaN, infinity and what is beyond float32 are named before a decomposition sees them',
  clean(() =>
    tf.tidy(() => {
      const x = (value: number) => tf.tensor2d([[value, 0], [-1, 1], [0, 3]]); // prettier-ignore
      for (const method of WHITENINGS) {
        for (const bad of [NaN, Infinity]) {
          assert.throws(() => whiten(x(bad), { method }), /^RangeError: whiten: x .*1 value that is NaN or infinite/);
          assert.throws(() => whiteningMatrix(tf.fill([2, 2], bad), { method }), /covariance .*4 values that are NaN/);
        }
        assert.throws(() => whiten(x(1e30), { method }), /^RangeError: whiten: the variance of x .*beyond float32/);
        const layer = whiteningLayer(2, { method, name: 'w' });
        const quiet = { training: true, updateStatistics: false };
        assert.throws(() => layer.apply(x(1e30), { training: true }), /^RangeError: w: the variance of x/);
        if (method === 'newton-schulz') assert.ok(values(layer.apply(x(NaN), quiet)).every(Number.isNaN));
        else assert.throws(() => layer.apply(x(NaN), quiet), /^RangeError: w: x .*NaN/);
        layer.dispose();
      }
      assert.throws(() => whiteningMatrix(tf.zeros([0, 0])), /whiteningMatrix: covariance is empty/);
    }),
  ),
);

test('a second derivative through a decomposition is refused, not wrong; Newton-Schulz has one', async () => {
  await ready();
  // In a scope of its own: what TensorFlow.js keeps for a gradient that throws, it never frees.
  tf.engine().startScope();
  const x = tf.tensor2d(mixed(3, 6, 2));
  const u = tf.tensor2d(mixed(4, 6, 2));
  for (const method of WHITENINGS) {
    const dx = tf.grad((a) => tf.sum(tf.square(tf.mul(whiten(a, { method, epsilon: 1e-2 }).y, u))));
    const along = () => tf.grad((a) => tf.sum(tf.mul(dx(a), u)))(x);
    if (method === 'newton-schulz') {
      const h = 1e-2;
      const wanted = tf.div(tf.sub(dx(tf.add(x, tf.mul(u, h))), dx(tf.sub(x, tf.mul(u, h)))), 2 * h);
      assertSame(along(), wanted, 'along u', 1e-2);
    } else assert.throws(along, new RegExp(`whitening by ${method} has no second derivative`));
  }
  tf.engine().endScope();
});
