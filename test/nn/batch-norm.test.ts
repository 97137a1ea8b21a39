/** Properties of batch normalization: what holds for every input, on inputs that fast-check chooses. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  batchMoments,
  batchNorm,
  batchNorm64,
  batchNormGradient,
  batchNormGradient64,
  batchNormGradientCompact,
  batchNormInference,
  batchNormLayer,
  pitfall,
  foldBatchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  Random,
  stopGradient,
  tf,
  whiten,
} from 'bnlab';
import {
  activationDerivative,
  activationFunction,
  ACTIVATIONS,
  batchRenorm,
  PITFALLS,
  populationStatistics,
  unbiasedVariance,
  WHITENINGS,
} from 'bnlab/internal';
import { assertSame, clean, values } from '../support/tensors';
import { batch, batchShape, RUNS } from './arbitraries';

const zero = (x: tf.Tensor) => Math.max(...values(tf.abs(x)), 0);

test(
  'each feature of y has mean beta and variance gamma^2 sigma2/(sigma2 + epsilon)',
  clean(() => {
    fc.assert(
      fc.property(batchShape, fc.integer(), fc.double({ min: 1e-6, max: 1, noNaN: true }), (shape, seed, epsilon) =>
        tf.tidy(() => {
          const { x, gamma, beta } = batch(shape, seed);
          const { y, variance } = batchNorm(x, gamma, beta, { epsilon });
          const out = batchMoments(y);
          assertSame(tf.add(tf.sub(out.mean, beta), 1), tf.onesLike(beta), 'mean', 1e-5);
          const wanted = tf.mul(tf.square(gamma), tf.div(variance, tf.add(variance, epsilon)));
          assertSame(out.variance, wanted, 'variance', 1e-5);
        }),
      ),
      RUNS,
    );
  }),
);

test(
  'adding a constant to a feature changes nothing, also a large one',
  clean(() => {
    fc.assert(
      fc.property(batchShape, fc.integer(), fc.constantFrom(-1e6, -100, 3, 1e4), (shape, seed, shift) =>
        tf.tidy(() => {
          const { x, gamma, beta } = batch(shape, seed);
          // x on a grid of 1/8, so that x + shift is exact in float32.
          const grid = tf.div(tf.round(tf.mul(x, 8)), 8);
          const [plain, shifted] = [grid, tf.add(grid, shift)].map((input) =>
            batchNorm(input, gamma, beta, { epsilon: 1e-3 }),
          );
          assertSame(shifted.y, plain.y, 'y', 1e-5);
          assertSame(shifted.variance, plain.variance, 'variance', 1e-5);
        }),
      ),
      RUNS,
    );
  }),
);

test(
  'scaling a feature by a > 0 and epsilon by a^2 changes nothing; a < 0 turns the sign',
  clean(() => {
    fc.assert(
      fc.property(batchShape, fc.integer(), fc.constantFrom(-8, -0.25, 0.125, 2, 1024), (shape, seed, a) =>
        tf.tidy(() => {
          const { x, dy } = batch(shape, seed);
          const plain = batchNorm(x, null, null, { epsilon: 1e-3 });
          const scaled = batchNorm(tf.mul(x, a), null, null, { epsilon: 1e-3 * a * a });
          assertSame(scaled.y, tf.mul(plain.y, Math.sign(a)), 'y', 1e-5);
          // dBN/d(a x) = 1/a dBN/dx
          const [g, h] = [
            batchNormGradientCompact(dy, x, null, { epsilon: 1e-3 }).dx,
            batchNormGradientCompact(tf.mul(dy, Math.sign(a)), tf.mul(x, a), null, { epsilon: 1e-3 * a * a }).dx,
          ];
          assertSame(tf.mul(h, a), g, 'gradient', 1e-4);
        }),
      ),
      RUNS,
    );
  }),
);

test(
  'the order of the examples does not matter',
  clean(() => {
    fc.assert(
      fc.property(batchShape, fc.integer(), (shape, seed) =>
        tf.tidy(() => {
          const { x, gamma, beta } = batch(shape, seed);
          const order = tf.tensor1d(new Random(seed).permutation(shape[0]), 'int32');
          const { y } = batchNorm(x, gamma, beta);
          assertSame(batchNorm(tf.gather(x, order), gamma, beta).y, tf.gather(y, order), 'y', 1e-5);
        }),
      ),
      RUNS,
    );
  }),
);

test(
  'images: statistics are over batch, height and width, so any rearrangement of pixels into rows gives the same',
  clean(() => {
    fc.assert(
      fc.property(fc.integer(), fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: 1, max: 4 }))), (seed, [n, h, w]) =>
        tf.tidy(() => {
          fc.pre(n * h * w >= 2);
          const { x, gamma, beta, dy } = batch([n, h, w, 3], seed);
          const rows = [n * h * w, 3];
          assertSame(tf.reshape(batchNorm(x, gamma, beta).y, rows), batchNorm(tf.reshape(x, rows), gamma, beta).y, 'y');
          assertSame(
            tf.reshape(batchNormGradient(dy, x, gamma).dx, rows),
            batchNormGradient(tf.reshape(dy, rows), tf.reshape(x, rows), gamma).dx,
            'dx',
            1e-5,
          );
        }),
      ),
      RUNS,
    );
  }),
);

test(
  'the gradient sums to zero over the batch; against xHat it sums to gamma inv^3 epsilon sum(dy xHat)',
  clean(() => {
    fc.assert(
      fc.property(batchShape, fc.integer(), fc.constantFrom(1e-5, 1e-2, 0.5), (shape, seed, epsilon) =>
        tf.tidy(() => {
          const { x, gamma, dy } = batch(shape, seed);
          const axes = shape.slice(1).map((_, i) => i);
          const { y: xHat, variance } = batchNorm(x, null, null, { epsilon });
          const inverse = tf.rsqrt(tf.add(variance, epsilon));
          const terms = tf.sum(tf.abs(tf.mul(dy, tf.mul(gamma, inverse))), axes);
          // sum_i dx_i xHat_i = gamma inv (1 - mean(xHat^2)) sum_i dy_i xHat_i, and 1 - mean(xHat^2) = epsilon inv^2.
          const rest = tf.mul(
            tf.mul(tf.mul(gamma, inverse), tf.mul(epsilon, tf.square(inverse))),
            tf.sum(tf.mul(dy, xHat), axes),
          );
          const gradients = [
            batchNormGradient(dy, x, gamma, { epsilon }).dx,
            batchNormGradientCompact(dy, x, gamma, { epsilon }).dx,
            tf.grad((a: tf.Tensor) => batchNorm(a, gamma, null, { epsilon }).y)(x, dy),
          ];
          for (const dx of gradients) {
            assert.ok(zero(tf.div(tf.sum(dx, axes), terms)) < 1e-5, 'sum dx');
            const along = tf.sub(tf.sum(tf.mul(dx, xHat), axes), rest);
            assert.ok(zero(tf.div(along, terms)) < 2e-5, 'sum dx xHat');
          }
        }),
      ),
      RUNS,
    );
  }),
);

test(
  'in float64 with epsilon 0 both sums are zero to rounding',
  clean(() => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 3, max: 9 }), (seed, m) => {
        const random = new Random(seed);
        const rows = () => Array.from({ length: m }, () => [random.normal(5, 2), random.normal()]);
        const [x, dy] = [rows(), rows()];
        const { xHat } = batchNorm64(x, { epsilon: 0 });
        const { dx } = batchNormGradient64(dy, x, { epsilon: 0 });
        for (const j of [0, 1]) {
          const size = dx.reduce((sum, row) => sum + Math.abs(row[j]), 1e-300);
          assert.ok(Math.abs(dx.reduce((sum, row) => sum + row[j], 0)) < 1e-10 * size + 1e-12);
          assert.ok(Math.abs(dx.reduce((sum, row, i) => sum + row[j] * xHat[i][j], 0)) < 1e-10 * size + 1e-12);
        }
      }),
      RUNS,
    );
  }),
);

test(
  'm = 2: xHat is +-1 and the gradient is exactly zero at epsilon 0',
  clean(() => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const x = [0, 1].map(() => [random.normal(), random.normal(3, 10)]);
        fc.pre(x[0].every((v, j) => Math.abs(v - x[1][j]) > 1e-3));
        const dy = [0, 1].map(() => [random.normal(), random.normal()]);
        const { xHat } = batchNorm64(x, { epsilon: 0 });
        for (const v of xHat.flat()) assert.ok(Math.abs(Math.abs(v) - 1) < 1e-10);
        const { dx } = batchNormGradient64(dy, x, { epsilon: 0 });
        for (const v of dx.flat()) assert.ok(Math.abs(v) < 1e-9);
        tf.tidy(() => {
          const exact = { epsilon: 0, allowZeroEpsilon: true };
          const y = batchNorm(tf.tensor2d(x), null, null, exact).y;
          assertSame(tf.abs(y), tf.onesLike(y), 'xHat');
        });
      }),
      RUNS,
    );
  }),
);

test(
  'a constant feature gives y = beta, and dx = gamma/sqrt(epsilon) (dy - mean(dy))',
  clean(() =>
    tf.tidy(() => {
      for (const constant of [0, -7.5, 1e6]) {
        const x = tf.fill([5, 3], constant);
        const gamma = tf.tensor1d([1, -2, 0.5]);
        const beta = tf.tensor1d([0, 3, -1]);
        const { y, variance } = batchNorm(x, gamma, beta);
        assert.deepEqual(values(variance), [0, 0, 0]);
        assert.deepEqual(values(y), values(tf.tile(tf.reshape(beta, [1, 3]), [5, 1])));
        const { dy } = batch([5, 3], 4);
        const wanted = tf.mul(tf.div(gamma, Math.sqrt(1e-5)), tf.sub(dy, tf.mean(dy, 0)));
        assertSame(tf.grad((a: tf.Tensor) => batchNorm(a, gamma, beta).y)(x, dy), wanted, 'dx', 1e-5);
        assertSame(batchNormGradient(dy, x, gamma).dx, wanted, 'long dx', 1e-5);
      }
    }),
  ),
);

test(
  'gamma = sqrt(sigma2 + epsilon), beta = mu recovers the identity',
  clean(() => {
    fc.assert(
      fc.property(batchShape, fc.integer(), (shape, seed) =>
        tf.tidy(() => {
          const { x } = batch(shape, seed);
          const { mean, variance } = batchNorm(x);
          assertSame(batchNorm(x, tf.sqrt(tf.add(variance, 1e-5)), mean).y, x, 'y', 1e-5);
        }),
      ),
      RUNS,
    );
  }),
);

test(
  'the float64 gradient is the finite difference of the float64 forward pass',
  clean(() => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 6 }), fc.constantFrom(0, 1e-5, 0.3), (seed, m, epsilon) => {
        const random = new Random(seed);
        const rows = () => Array.from({ length: m }, () => [random.normal(1, 2), random.normal()]);
        const [x, dy] = [rows(), rows()];
        const gamma = [random.normal(1), random.normal(1)];
        const spread = batchNorm64(x).variance;
        fc.pre(spread.every((v) => v > 0.01));
        const { dx } = batchNormGradient64(dy, x, { epsilon, gamma });
        const loss = (i: number, j: number, step: number) => {
          const moved = x.map((row, k) => row.map((v, l) => (k === i && l === j ? v + step : v)));
          return batchNorm64(moved, { epsilon, gamma })
            .y.flat()
            .reduce((sum, v, k) => sum + v * dy.flat()[k], 0);
        };
        for (let i = 0; i < m; i++) {
          for (const j of [0, 1]) {
            const h = 1e-4 * Math.sqrt(spread[j]);
            const difference = (loss(i, j, h) - loss(i, j, -h)) / (2 * h);
            const scale = (Math.abs(gamma[j]) / Math.sqrt(spread[j])) * Math.max(...dy.flat().map(Math.abs));
            assert.ok(Math.abs(difference - dx[i][j]) < 1e-6 * (scale + 1), `${difference} against ${dx[i][j]}`);
          }
        }
      }),
      RUNS,
    );
  }),
);

test(
  'the gradient through the returned mean and variance is that of the moments',
  clean(() =>
    tf.tidy(() => {
      const { x } = batch([6, 3], 9);
      const [a, b] = [tf.tensor1d([1, 2, -1]), tf.tensor1d([0.5, -1, 2])];
      const f = (input: tf.Tensor) => {
        const { mean, variance } = batchNorm(input);
        return tf.add(tf.sum(tf.mul(mean, a)), tf.sum(tf.mul(variance, b)));
      };
      const wanted = tf.add(tf.div(a, 6), tf.mul(tf.sub(x, tf.mean(x, 0)), tf.mul(b, 2 / 6)));
      assertSame(tf.grad(f)(x), wanted, 'gradient', 1e-5);
    }),
  ),
);

test(
  'BN((aW)u) = BN(Wu); dBN/du is unchanged; dBN/d(aW) = 1/a dBN/dW (section 3.3)',
  clean(() => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(0.5, 4, 100), (seed, a) =>
        tf.tidy(() => {
          const random = new Random(seed);
          const u = tf.tensor2d(random.normals(40), [8, 5]);
          const w = tf.tensor2d(random.normals(15), [5, 3]);
          const { dy } = batch([8, 3], seed);
          const exact = { epsilon: 0, allowZeroEpsilon: true };
          const f = (input: tf.Tensor, weights: tf.Tensor) => batchNorm(tf.matMul(input, weights), null, null, exact).y;
          assertSame(f(u, tf.mul(w, a)), f(u, w), 'forward', 1e-5);
          const [du, dw] = tf.grads(f)([u, w], dy);
          const [duScaled, dwScaled] = tf.grads(f)([u, tf.mul(w, a)], dy);
          assertSame(duScaled, du, 'du', 1e-4);
          assertSame(tf.mul(dwScaled, a), dw, 'dW', 1e-4);
          // Hence the gradient is orthogonal to the weights of each unit.
          assert.ok(zero(tf.sum(tf.mul(w, dw), 0)) < 1e-4 * zero(dw) * 5);
        }),
      ),
      RUNS,
    );
  }),
);

test(
  'moving averages have their closed form: batch k weighs (1 - decay) decay^(t-k)',
  clean(() => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        (seed, decay, steps, debias) => {
          const layer = batchNormLayer(2, { decay, debias });
          const m = 4;
          const weight = (k: number) => (1 - decay) * decay ** (steps - 1 - k);
          const total = Array.from({ length: steps }, (_, k) => weight(k)).reduce((a, b) => a + b, 0);
          tf.tidy(() => {
            const wanted = { mean: [0, 0], variance: [0, 0] };
            for (let k = 0; k < steps; k++) {
              const { x } = batch([m, 2], seed + k);
              layer.apply(x, { training: true });
              const { mean, variance } = batchNorm(x);
              values(mean).forEach((v, j) => (wanted.mean[j] += weight(k) * v));
              values(variance).forEach((v, j) => (wanted.variance[j] += weight(k) * v * (m / (m - 1))));
            }
            const divide = debias && total > 1e-3 ? total : 1;
            if (debias && total <= 1e-3) return; // nothing averaged yet, to rounding
            const start = debias ? 0 : decay ** steps;
            const { mean, variance } = layer.statistics();
            assertSame([1, ...values(mean)], [1, ...wanted.mean.map((v) => v / divide)], 'mean', 1e-4);
            assertSame(
              values(variance),
              wanted.variance.map((v) => (v + start) / divide),
              'variance',
              1e-4,
            );
          });
          layer.dispose();
        },
      ),
      RUNS,
    );
  }),
);

test(
  'before the first batch, inference with debias changes nothing but for epsilon',
  clean(() => {
    for (const debias of [false, true]) {
      const layer = batchNormLayer(3, { debias });
      tf.tidy(() => {
        const { x } = batch([4, 3], 1);
        assertSame(layer.apply(x, { training: false }), tf.div(x, Math.sqrt(1 + 1e-5)), 'y');
      });
      layer.dispose();
    }
  }),
);

test(
  'E[m/(m-1) sigma2_B] is the variance of the population: over all batches of 3 from 5 numbers, exactly',
  clean(() =>
    tf.tidy(() => {
      // Drawn with replacement, so that examples are independent: 5^3 batches.
      const population = [1, 2, 4, 7, 11];
      const triples = population.flatMap((a) => population.flatMap((b) => population.map((c) => [[a], [b], [c]])));
      const { mean, variance } = populationStatistics(
        triples.map((rows) => batchNorm(tf.tensor2d(rows))),
        3,
      );
      assertSame(values(mean), [5], 'E[x]', 1e-5);
      assertSame(values(variance), [population.reduce((sum, v) => sum + (v - 5) ** 2, 0) / 5], 'Var[x]', 1e-5);
      assertSame(values(unbiasedVariance(tf.tensor1d([6]), 3)), [9], 'm/(m-1)');
    }),
  ),
);

test(
  'Algorithm 2 from mini-batches of two: E[x] is the mean of the means, Var[x] twice the mean variance',
  clean(() =>
    tf.tidy(() => {
      const batches = [
        [0, 4],
        [2, 8],
      ].map(([mean, variance]) => ({ mean: tf.tensor1d([mean]), variance: tf.tensor1d([variance]) }));
      const { mean, variance } = populationStatistics(batches, 2);
      assertSame(mean, [1], 'mean');
      assertSame(variance, [12], 'variance');
    }),
  ),
);

test(
  'inference depends on each example alone, and with the batch statistics it is training',
  clean(() => {
    fc.assert(
      fc.property(batchShape, fc.integer(), (shape, seed) =>
        tf.tidy(() => {
          const { x, gamma, beta } = batch(shape, seed);
          const { y, mean, variance } = batchNorm(x, gamma, beta);
          const whole = batchNormInference(x, mean, variance, gamma, beta);
          assertSame(whole, y, 'training', 1e-5);
          const first = tf.slice(x, 0, 1);
          assertSame(batchNormInference(first, mean, variance, gamma, beta), tf.slice(whole, 0, 1), 'alone', 1e-6);
        }),
      ),
      RUNS,
    );
  }),
);

test(
  'folding gives the same outputs, for dense layers and convolutions, with and without bias, gamma and beta',
  clean(() => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (seed, image, biased, scaled, shifted) =>
          tf.tidy(() => {
            const random = new Random(seed);
            const normal = (shape: number[]) => tf.tensor(random.normals(shape.reduce((a, b) => a * b, 1)), shape);
            const u = normal(image ? [2, 4, 4, 3] : [6, 3]);
            const weights = normal(image ? [3, 3, 3, 2] : [3, 2]);
            const linear = (w: tf.Tensor, b: tf.Tensor | null) => {
              const out = image ? tf.conv2d(u as tf.Tensor4D, w as tf.Tensor4D, 1, 'same') : tf.matMul(u, w);
              return b ? tf.add(out, b) : out;
            };
            const bias = biased ? normal([2]) : null;
            const gamma = scaled ? normal([2]) : null;
            const beta = shifted ? normal([2]) : null;
            const mean = normal([2]);
            const variance = tf.add(tf.square(normal([2])), 0.1);
            const folded = foldBatchNorm({ weights, bias, mean, variance, gamma, beta });
            const wanted = batchNormInference(linear(weights, bias), mean, variance, gamma, beta);
            assertSame(linear(folded.weights, folded.bias), wanted, 'folded', 1e-5);
          }),
      ),
      RUNS,
    );
  }),
);

test(
  'every function leaves behind what it returns, and nothing else',
  clean(() => {
    const shapes = [
      [6, 4],
      [2, 3, 2, 4],
    ];
    for (const shape of shapes) {
      const { x, gamma, beta, dy } = batch(shape, 3);
      const [mean, deviation] = [tf.zeros([4]), tf.ones([4])];
      const before = tf.memory().numTensors;
      const calls: (() => tf.TensorContainer)[] = [
        () => batchMoments(x),
        () => batchNorm(x, gamma, beta),
        () => batchNorm(x, gamma, beta, { gradient: 'automatic' }),
        () => batchNorm(x),
        () => batchNormGradient(dy, x, gamma),
        () => batchNormGradientCompact(dy, x, gamma),
        () => batchNormInference(x, mean, deviation, gamma, beta),
        () => unbiasedVariance(deviation, 3),
        () => populationStatistics([{ mean, variance: deviation }], 4),
        () => foldBatchNorm({ weights: tf.keep(dy), mean, variance: deviation, gamma, beta }),
        () => layerNorm(x, gamma, beta),
        () => groupNorm(x, 2, gamma, beta),
        () => batchRenorm(x, mean, deviation, gamma, beta),
        () => stopGradient(x),
        ...PITFALLS.map((name) => () => pitfall(name).normalize(x, gamma, beta) as tf.TensorContainer),
        ...PITFALLS.map((name) => () => pitfall(name).infer(x, mean, deviation, gamma, beta)),
        ...WHITENINGS.map((method) => () => whiten(x, { method }) as tf.TensorContainer),
        ...ACTIVATIONS.flatMap((name) => [() => activationFunction(name)(x), () => activationDerivative(name)(x)]),
      ];
      if (shape.length === 4) calls.push(() => instanceNorm(x, gamma, beta));
      calls.forEach((call, i) => {
        const result = call();
        const returned = (result instanceof tf.Tensor ? [result] : Object.values(result as object)).length;
        assert.equal(
          tf.memory().numTensors - before,
          returned,
          `call ${i} of rank ${shape.length}: ${call.toString()}`,
        );
        tf.dispose(result);
        assert.equal(tf.memory().numTensors, before, `call ${i} returns a tensor it was given`);
      });
      tf.dispose([x, gamma, beta, dy, mean, deviation]);
    }
  }),
);

test(
  'the gradient through y with and without gamma and beta is the formula',
  clean(() =>
    tf.tidy(() => {
      const { x, gamma, beta } = batch([7, 3], 5);
      const dy = batch([7, 3], 6).x;
      for (const [g, b] of [
        [null, null],
        [gamma, null],
        [null, beta],
        [gamma, beta],
      ] as const) {
        const wanted = batchNormGradient64(toRows(dy), toRows(x), g ? { gamma: values(g) } : {}).dx.flat();
        for (const gradient of ['compact', 'automatic'] as const) {
          const dx = tf.grad((u) => batchNorm(u, g, b, { gradient }).y)(x, dy);
          assertSame(values(dx), wanted, `${gradient} dx, gamma ${g !== null}, beta ${b !== null}`, 1e-5);
        }
      }
    }),
  ),
);

test(
  'the second derivative of y is that of the formula, by finite differences in float64',
  clean(() =>
    tf.tidy(() => {
      const { x, gamma } = batch([5, 2], 3);
      const [dy, u] = [batch([5, 2], 8).x, batch([5, 2], 9).x];
      const h = 1e-5;
      for (const g of [null, gamma]) {
        const first = (t: number) => {
          const rows = toRows(x).map((row, i) => row.map((v, j) => v + t * toRows(u)[i][j]));
          return batchNormGradient64(toRows(dy), rows, g ? { gamma: values(g) } : {}).dx.flat();
        };
        const [ahead, behind] = [first(h), first(-h)];
        const wanted = ahead.map((v, i) => (v - behind[i]) / (2 * h));
        for (const gradient of ['compact', 'automatic'] as const) {
          const dx = tf.grad((a) => batchNorm(a, g, null, { gradient }).y);
          // d/dx of <dx, u> is the derivative of dx along u, the matrix of second derivatives being symmetric.
          const along = tf.grad((a) => tf.sum(tf.mul(dx(a, dy), u)))(x);
          assertSame(values(along), wanted, `${gradient}, gamma ${g !== null}`, 1e-4);
        }
      }
    }),
  ),
);

test(
  'layer, group and instance normalization have their gradient at every scale that float32 holds',
  clean(() =>
    tf.tidy(() => {
      const { x, gamma } = batch([2, 3, 2, 4], 4);
      const dy = batch([2, 3, 2, 4], 7).x;
      const at = (scale: number, f: (u: tf.Tensor) => tf.Tensor) => tf.grad(f)(tf.mul(x, scale), tf.mul(dy, scale));
      const options = { epsilon: 1e-30 };
      for (const f of [
        (u: tf.Tensor) => layerNorm(u, gamma, null, options),
        (u: tf.Tensor) => groupNorm(u, 2, gamma, null, options),
        (u: tf.Tensor) => instanceNorm(u, gamma, null, options),
      ]) {
        // f(s x) = f(x), so its derivative at s x is that at x, divided by s.
        for (const scale of [2 ** -20, 2 ** 44, 2 ** 58]) assertSame(at(scale, f), at(1, f), `scale ${scale}`, 1e-5);
      }
    }),
  ),
);

const toRows = (x: tf.Tensor) => (x as tf.Tensor2D).arraySync();
