import test from 'node:test';
import assert from 'node:assert/strict';
import {
  activation,
  BaseLayer,
  conv2d,
  convNet,
  curvature,
  dense,
  effectiveRank,
  evaluate,
  gradientNorms,
  jacobian,
  mlp,
  Random,
  ready,
  sequential,
  singularValues,
  softmaxCrossEntropy,
  tf,
  trainNetwork,
  type Network,
} from 'bnlab';
import {
  gradientPredictiveness,
  internalCovariateShift,
  lossAlongGradient,
  numericalRank,
  sgdUpdateRatios,
  stableRank,
  updateRatios,
} from 'bnlab/internal';
import { clouds } from '../support/clouds';
import { leakFree, untouchedBy } from '../support/tensors';
import { given, normals } from './given';
import { closeWithin } from '../support/close';

test.before(async () => {
  await ready();
});

const close = closeWithin(1e-5, 'mixed');

const loss = 'meanSquaredError' as const;

test('gradientNorms: a two-layer linear net, by hand', async () => {
  // y = x W1 W2 with W1 = [[2]], W2 = [[3]], x = 1 and 2, targets 0: l = mean(36 x^2) = 90, dl/dy_i = 2 y_i / m.
  const network = given([[[2]], [[3]]]);
  const [x, y] = [tf.tensor2d([[1], [2]]), tf.tensor2d([[0], [0]])];
  const norms = await untouchedBy(network, () => gradientNorms({ network, x, y, loss, training: true }));
  close(norms.loss, 90);
  close(norms.weights['layer1/weights'], 90); // l = 22.5 w1^2: derivative 45 w1
  close(norms.weights['layer2/weights'], 60); // l = 10 w2^2: derivative 20 w2
  close(norms.activations['layer2/linear'], Math.hypot(6, 12));
  close(norms.activations['layer1/linear'], 3 * Math.hypot(6, 12));
  const ratios = await untouchedBy(network, () =>
    sgdUpdateRatios({ network, x, y, loss, training: true, learningRate: 0.01 }),
  );
  close(ratios['layer1/weights'], 0.45);
  close(ratios['layer2/weights'], 0.2);
  const gone = y.clone();
  gone.dispose();
  await untouchedBy(network, () => {
    assert.throws(() => gradientNorms({ network, x, y: gone, loss, training: true }), /disposed/);
    assert.throws(() => sgdUpdateRatios({ network, x, y, loss, training: true, learningRate: 0 }), /learningRate/);
  });
  tf.dispose([x, y]);
  network.dispose();
});

test('gradientNorms: values inside a batch-normalized net, against finite differences of the loss', async () => {
  const network = mlp({ sizes: [3, 5, 4, 3], activation: 'tanh', norm: 'batch', seed: 3 });
  const { x, y } = clouds(12, 3);
  const seen = await untouchedBy(network, () => gradientNorms({ network, x, y, training: true }));
  // dl/db of the output's bias is the sum over examples of dl/dlogits; here the norm of dl/dlogits itself, in closed form.
  const expected = tf.tidy(() => {
    const logits = network.apply(x, { training: true, updateStatistics: false });
    return tf.norm(tf.div(tf.sub(tf.softmax(logits), y), 12)).dataSync()[0];
  });
  close(seen.activations['layer3/linear'], expected);
  // Norm of dl/dW for a weight, entry by entry, from central differences.
  const weights = network.named['layer1/weights'];
  const start = Float32Array.from(weights.dataSync());
  let sum = 0;
  for (let i = 0; i < start.length; i++) {
    const at = (h: number) =>
      tf.tidy(() => {
        const moved = Float32Array.from(start);
        moved[i] += h;
        weights.assign(tf.tensor(moved, weights.shape));
        return softmaxCrossEntropy(network.apply(x, { training: true, updateStatistics: false }), y).dataSync()[0];
      });
    // Richardson's extrapolation: the error of h^2 cancels between two central differences.
    const central = (h: number) => (at(h) - at(-h)) / (2 * h);
    sum += ((4 * central(1e-2) - central(2e-2)) / 3) ** 2;
  }
  close(seen.weights['layer1/weights'], Math.sqrt(sum), 1e-3);
  // Inference mode has another gradient: the statistics are constants there.
  const other = gradientNorms({ network, x, y, training: false });
  assert.ok(Math.abs(other.weights['layer1/weights'] - seen.weights['layer1/weights']) > 1e-4);
  tf.dispose([x, y]);
  network.dispose();
});

test('updateRatios: after one SGD step, what sgdUpdateRatios said before it', async () => {
  await leakFree(async () => {
    const network = mlp({ sizes: [3, 5, 3], activation: 'relu', seed: 3 });
    const set = clouds(30, 3);
    const before = network.stateDict();
    const said = sgdUpdateRatios({ network, ...set, training: true, learningRate: 0.2 });
    await trainNetwork({
      network,
      data: { train: set, test: set },
      steps: 1,
      batchSize: 30,
      learningRate: 0.2,
      seed: 1,
    });
    const found = updateRatios(network, before);
    for (const label of Object.keys(found)) {
      if (label.endsWith('/bias')) assert.equal(found[label], Infinity);
      else close(found[label], said[label], 1e-4);
    }
    assert.throws(() => updateRatios(network, {}), /does not hold 'layer1\/weights'/);
    network.dispose();
    tf.dispose([set]);
  });
});

test('lossAlongGradient and gradientPredictiveness: a parabola', async () => {
  // l(w) = w^2 mean(x^2) = 2.5 w^2 at w = 2: g = 10, l(w - s g) = 2.5 (2 - 10 s)^2, gradient 5 (2 - 10 s).
  const network = given([[[2]]]);
  const [x, y] = [tf.tensor2d([[1], [2]]), tf.tensor2d([[0], [0]])];
  const at = { network, x, y, loss, training: true, stepSizes: [0, 0.1, 0.2, 0.4] };
  const along = await untouchedBy(network, () => lossAlongGradient(at));
  close(along.start, 10);
  close(along.gradientNorm, 10);
  [10, 2.5, 0, 10].forEach((v, i) => close(along.loss[i], v));
  const there = await untouchedBy(network, () => gradientPredictiveness({ ...at, stepSizes: [0.1, 0.3] }));
  [5, 15].forEach((v, i) => close(there.distance[i], v));
  [1, -1].forEach((v, i) => close(there.cosine[i], v));
  close(there.smoothness, 5); // the second derivative
  await untouchedBy(network, () => {
    assert.throws(() => lossAlongGradient({ ...at, stepSizes: [] }), /got none/);
    assert.throws(() => lossAlongGradient({ ...at, stepSizes: [NaN] }), /got NaN/);
  });
  tf.dispose([x, y]);
  network.dispose();
});

test('internalCovariateShift: a chain of three weights, by hand', async () => {
  // l = (w1 w2 w3)^2 for x = 1, y = 0; dl/dw_i = 2 (w1 w2 w3)^2 / w_i.
  const w = [1, 2, 0.5];
  const rate = 0.1;
  const gradient = (v: number[], i: number) => (2 * (v[0] * v[1] * v[2]) ** 2) / v[i];
  const stepped = w.map((v, i) => v - rate * gradient(w, i));
  const network = given(w.map((v) => [[v]]));
  const [x, y] = [tf.ones([1, 1]), tf.zeros([1, 1])];
  const shifts = await untouchedBy(network, () =>
    internalCovariateShift({ network, x, y, loss, training: true, learningRate: rate }),
  );
  assert.deepEqual(
    shifts.map((s) => s.layer),
    ['layer1', 'layer2', 'layer3'],
  );
  assert.deepEqual({ ...shifts[0] }, { layer: 'layer1', l2: 0, relative: 0, cosine: 1 });
  const expected = [1, 2].map(
    (i) =>
      gradient(
        w.map((v, k) => (k < i ? stepped[k] : v)),
        i,
      ) - gradient(w, i),
  );
  expected.forEach((difference, k) => {
    close(shifts[k + 1].l2, Math.abs(difference));
    close(shifts[k + 1].relative, Math.abs(difference) / gradient(w, k + 1));
    close(shifts[k + 1].cosine, 1);
  });
  tf.dispose([x, y]);
  network.dispose();
});

test('internalCovariateShift: layers of a batch-normalized net step with gamma and beta; no step, no shift', async () => {
  const network = mlp({ sizes: [3, 6, 6, 3], activation: 'sigmoid', norm: 'batch', dropout: 0.3, seed: 2 });
  const { x, y } = clouds(30, 3);
  const at = { network, x, y, training: true };
  const shifts = await untouchedBy(network, () => internalCovariateShift({ ...at, learningRate: 1 }));
  assert.deepEqual(
    shifts.map((s) => s.layer),
    ['layer1', 'layer2', 'layer3'],
  );
  assert.ok(shifts[1].l2 > 0 && shifts[2].cosine < 1);
  const little = internalCovariateShift({ ...at, learningRate: 1e-4 });
  // To first order the shift grows with the rate.
  const ten = internalCovariateShift({ ...at, learningRate: 1e-3 });
  close(ten[2].l2 / little[2].l2, 10, 0.1);
  tf.dispose([x, y]);
  network.dispose();
});

test('jacobian: of a linear net the product of its matrices, for every example', async () => {
  const matrices = normals(new Random(3), [4, 5, 3], 1);
  const network = given(matrices);
  const x = tf.randomNormal([6, 4], 0, 1, 'float32', 2);
  const product = tf.tidy(
    () => tf.matMul(tf.tensor2d(matrices[0]), tf.tensor2d(matrices[1])).transpose().arraySync() as number[][],
  );
  const [first, last] = await untouchedBy(network, () => [
    jacobian({ of: network, x, training: false }),
    jacobian({ of: network, x, training: false, example: 5 }),
  ]);
  first.forEach((row, i) => row.forEach((v, j) => close(v, product[i][j])));
  last.forEach((row, i) => row.forEach((v, j) => close(v, product[i][j])));
  const all = await untouchedBy(network, () => jacobian({ of: network, x, training: true, example: 'all' }));
  assert.deepEqual([all.length, all[0].length], [18, 24]);
  all.forEach((row, r) =>
    row.forEach((v, c) => {
      const same = Math.floor(r / 3) === Math.floor(c / 4);
      close(v, same ? product[r % 3][c % 4] : 0);
    }),
  );
  await untouchedBy(network, () => {
    assert.throws(() => jacobian({ of: network, x, training: true, example: 6 }), /from 0 to 5 or 'all', got 6/);
    assert.throws(() => jacobian({ of: (u) => tf.sum(u, 0), x, training: true }), /\[4\] for 6 examples/);
  });
  x.dispose();
  network.dispose();
});

test("jacobian: batch normalization joins the examples; the paper's closed form", async () => {
  // One feature: dxHat_i/dx_j = (delta_ij - 1/m - xHat_i xHat_j / m) / sqrt(sigma2 + epsilon).
  const xs = [1, 4, -2, 0.5];
  const m = xs.length;
  const network = mlp({ sizes: [1, 1, 1], activation: 'identity', norm: 'batch', seed: 1 });
  const bn = (network.layers[0] as unknown as { norm: Network }).norm;
  const mean = xs.reduce((a, b) => a + b) / m;
  const variance = xs.reduce((a, b) => a + (b - mean) ** 2, 0) / m;
  const deviation = Math.sqrt(variance + 1e-5);
  const xHat = xs.map((v) => (v - mean) / deviation);
  const x = tf.tensor2d(xs, [m, 1]);
  const all = await leakFree(() => jacobian({ of: bn, x, training: true, example: 'all' }));
  all.forEach((row, i) =>
    row.forEach((v, j) => close(v, (+(i === j) - 1 / m - (xHat[i] * xHat[j]) / m) / deviation, 1e-5)),
  );
  // It takes away two directions: the constant one and xHat's.
  assert.equal(numericalRank(singularValues(all), 1e-4), m - 2);
  const inference = await leakFree(() => jacobian({ of: bn, x, training: false, example: 'all' }));
  inference.forEach((row, i) => row.forEach((v, j) => close(v, i === j ? 1 / Math.sqrt(1 + 1e-5) : 0)));
  x.dispose();
  network.dispose();
});

test('singular values: known matrices, wide and tall; ranks', () => {
  const rounded = (values: number[]) => values.map((v) => Math.round(v * 1e9) / 1e9);
  assert.deepEqual(
    rounded(
      singularValues([
        [3, 0],
        [0, -2],
      ]),
    ),
    [3, 2],
  );
  // [[1, 1], [0, 1]]: golden ratio and its inverse
  const golden = (1 + Math.sqrt(5)) / 2;
  const shear = singularValues([
    [1, 1],
    [0, 1],
  ]);
  close(shear[0], golden, 1e-12);
  close(shear[1], 1 / golden, 1e-12);
  assert.deepEqual(rounded(singularValues([[3, 4]])), [5]);
  assert.deepEqual(rounded(singularValues([[3], [4]])), [5]);
  assert.deepEqual(
    rounded(
      singularValues([
        [1, 2, 2],
        [2, 4, 4],
      ]),
    ),
    [rounded([Math.sqrt(45)])[0], 0],
  );
  // sum of squares is the squared Frobenius norm
  const random = new Random(8);
  const matrix = Array.from({ length: 20 }, () => Array.from({ length: 13 }, () => random.normal()));
  const values = singularValues(matrix);
  assert.equal(values.length, 13);
  close(
    values.reduce((s, v) => s + v * v, 0),
    matrix.flat().reduce((s, v) => s + v * v, 0),
    1e-10,
  );
  close(effectiveRank([2, 2, 2, 0]), 3, 1e-12);
  close(effectiveRank([1, 0, 0]), 1, 1e-12);
  // shares 1/2, 1/4, 1/4: entropy 1.5 ln 2
  close(effectiveRank([2, 1, 1]), 2 ** 1.5, 1e-12);
  close(stableRank([2, 1, 1]), 1.5, 1e-12);
  assert.equal(effectiveRank([0, 0]), 0);
  assert.equal(stableRank([0]), 0);
  assert.equal(numericalRank([1, 1e-3, 1e-7]), 2);
  assert.throws(() => singularValues([]), /empty/);
  assert.throws(() => singularValues([[1, 2], [3]]), /row 1 has 1/);
  assert.throws(() => singularValues([[NaN]]), /\[0, 0\] is NaN/);
  assert.throws(() => effectiveRank([-1]), /got -1/);
});

test("curvature: of a quadratic loss, the largest eigenvalue of 2 X'X / m", async () => {
  // One linear layer, mean squared error over m examples and one output: H = 2/m X'X exactly. X'X/m = diag(9, 4, 1) here.
  const x = tf.tensor2d(
    [
      [3, 0, 0],
      [0, 2, 0],
      [0, 0, 1],
    ].map((row) => row.map((v) => v * Math.sqrt(3))),
  );
  const y = tf.ones([3, 1]);
  const network = given([[[1], [-2], [0.5]]]);
  const at = { network, x, y, loss, training: true, tolerance: 1e-5 };
  const found = await untouchedBy(network, () => curvature(at));
  close(found.largest, 18, 1e-3);
  assert.equal(found.dominant, found.largest);
  assert.ok(found.converged && found.residual < 0.1 && found.stepError < 1e-2, JSON.stringify(found));
  const cut = curvature({ ...at, iterations: 1 });
  assert.ok(!cut.converged && cut.largest < 18);
  assert.deepEqual(curvature(at), curvature(at));
  await untouchedBy(network, () => {
    assert.throws(() => curvature({ ...at, iterations: 0 }), /iterations/);
    assert.throws(() => curvature({ ...at, tolerance: 0 }), /tolerance/);
    assert.throws(() => curvature({ ...at, step: -1 }), /step/);
  });
  tf.dispose([x, y]);
  network.dispose();
});

test('curvature: a saddle, where the largest magnitude is negative', async () => {
  // l = (w1 w2 - 1)^2: Hessian [[2 w2^2, 4 w1 w2 - 2], [same, 2 w1^2]]; at (a, -a): eigenvalues 2a^2 +- (4a^2 + 2).
  const a = 0.5;
  const network = given([[[a]], [[-a]]]);
  const [x, y] = [tf.ones([1, 1]), tf.ones([1, 1])];
  const found = await untouchedBy(network, () =>
    curvature({ network, x, y, loss, training: true, tolerance: 1e-6, step: 1e-2 }),
  );
  const [high, low] = [2 * a * a + (4 * a * a + 2), 2 * a * a - (4 * a * a + 2)];
  assert.ok(Math.abs(low) < Math.abs(high));
  close(found.largest, high, 2e-3);
  // l at (w, w) small and negative curvature dominant: loss -(w1^2)/2 by a custom loss.
  const down = (outputs: tf.Tensor) => tf.mean(tf.mul(-0.5, tf.square(outputs))) as tf.Scalar;
  const single = given([[[1], [1]]]);
  const wide = tf.tensor2d([[2, 0]]);
  const peak = await untouchedBy(single, () =>
    curvature({ network: single, x: wide, y: x, loss: down, training: true, tolerance: 1e-4 }),
  );
  close(peak.dominant, -4, 1e-3);
  close(peak.largest, 0, 5e-3);
  tf.dispose([x, y, wide]);
  network.dispose();
  single.dispose();
});

test('curvature: eigenvalues of one size and opposite signs, where power iteration keeps a mixture', async () => {
  // l = (w1 w2 - 1)^2 at w = 0: Hessian [[0, -2], [-2, 0]].
  const network = given([[[0]], [[0]]]);
  const [x, y] = [tf.ones([1, 1]), tf.ones([1, 1])];
  for (const seed of [0, 1, 2]) {
    const found = await untouchedBy(network, () => curvature({ network, x, y, loss, training: true, seed }));
    close(found.largest, 2, 1e-3);
    assert.ok(found.converged && found.residual < 2e-3, JSON.stringify(found));
  }
  tf.dispose([x, y]);
  network.dispose();
});

test('curvature: a batch-normalized net, against the Hessian entry by entry', async () => {
  for (const initStd of [0.5, 3]) await againstHessian(initStd);
});

test('curvature: a batch-normalized ReLU net, against second differences of the loss in float64', async () => {
  const network = mlp({ sizes: [3, 4, 3], activation: 'relu', norm: 'batch', seed: 5 });
  const { x, y } = clouds(12, 3);
  const [inputs, labels] = [x, y].map((t) => t.arraySync() as number[][]);
  const start = network.trainable.flatMap((v) => Array.from(v.dataSync()));
  const order = network.trainable.map(({ shape }) => shape.join('x'));
  assert.deepEqual(order, ['3x4', '4', '4', '4x3', '3']);
  const loss = (w: number[]) => {
    const [W, gamma, beta, V, c] = [w.slice(0, 12), w.slice(12, 16), w.slice(16, 20), w.slice(20, 32), w.slice(32)];
    const hidden = [0, 1, 2, 3].map((j) => {
      const z = inputs.map((row) => row.reduce((sum, v, k) => sum + v * W[4 * k + j], 0));
      const mean = z.reduce((a, b) => a + b, 0) / z.length;
      const variance = z.reduce((a, b) => a + (b - mean) ** 2, 0) / z.length;
      return z.map((v) => Math.max(0, (gamma[j] * (v - mean)) / Math.sqrt(variance + 1e-5) + beta[j]));
    }); // [units][examples]
    const each = inputs.map((_, i) => {
      const logits = [0, 1, 2].map((k) => hidden.reduce((sum, h, j) => sum + h[i] * V[3 * j + k], c[k]));
      const top = Math.max(...logits);
      const log = top + Math.log(logits.reduce((sum, v) => sum + Math.exp(v - top), 0));
      return log - logits.reduce((sum, v, k) => sum + v * labels[i][k], 0);
    });
    return each.reduce((a, b) => a + b, 0) / each.length;
  };
  const h = 1e-4;
  const moved = (i: number, j: number, a: number, b: number) =>
    loss(start.map((v, k) => v + (k === i ? a : 0) + (k === j ? b : 0)));
  const hessian = start.map((_, i) =>
    start.map(
      (__, j) => (moved(i, j, h, h) - moved(i, j, h, -h) - moved(i, j, -h, h) + moved(i, j, -h, -h)) / (4 * h * h),
    ),
  );
  const shift = 50;
  const largest = singularValues(hessian.map((row, i) => row.map((v, j) => v + (i === j ? shift : 0))))[0] - shift;
  const at = { network, x, y, training: true, tolerance: 1e-5 };
  const found = await untouchedBy(network, () => curvature(at));
  close(found.largest, largest, 1e-3);
  assert.ok(found.converged && found.products === 'exact' && found.stepError === 0, JSON.stringify(found));
  // Differences measure the bends of ReLU as well, and do not call that converged.
  const bent = mlp({ sizes: [3, 60, 60, 3], activation: 'relu', norm: 'batch', seed: 1 });
  const [exact, differences] = (['exact', 'differences'] as const).map((products) =>
    curvature({ network: bent, x, y, training: true, products }),
  );
  assert.ok(exact.converged);
  assert.ok(!differences.converged || Math.abs(differences.largest - exact.largest) < 0.1 * exact.largest);
  bent.dispose();
  tf.dispose([x, y]);
  network.dispose();
});

test('curvature: differences where there is no second derivative, or one may have lost a term', async () => {
  const { x, y } = clouds(30, 3);
  const images = tf.tidy(() => tf.concat([x, x], 1)); // [30, 6]
  const network = convNet({ image: [3, 2, 1], filters: [2], hidden: 0, classes: 3, activation: 'tanh', seed: 1 });
  const found = await untouchedBy(network, () => curvature({ network, x: images, y, training: true }));
  assert.equal(found.products, 'differences', 'its pooling and flattening might be of the caller');
  await untouchedBy(network, () => {
    const exact = curvature({ network, x: images, y, training: true, products: 'exact' });
    assert.ok(exact.converged);
    close(found.largest, exact.largest, 2e-2);
    assert.throws(
      () => curvature({ network, x: images, y, training: true, products: 'both' as 'exact' }),
      /products must be one of auto, exact, differences; got 'both'/,
    );
  });
  // A tanh of the caller's own, whose gradient starts from a constant.
  class Own extends BaseLayer {
    apply(u: tf.Tensor): tf.Tensor {
      const f = tf.customGrad((v, save) => {
        const slope = u.dataSync().map((value) => 1 - Math.tanh(value) ** 2);
        (save as tf.GradSaveFunc)([tf.tensor(slope, u.shape)]);
        return {
          value: tf.tanh(v as tf.Tensor),
          gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, saved[0]),
        };
      });
      return f(u);
    }
  }
  const layers = () => [dense(3, 4, { name: 'a', seed: 1 }), dense(4, 3, { name: 'b', seed: 2 })];
  const [own, right] = [new Own('own'), activation('tanh')].map((g) => {
    const [first, second] = layers();
    return sequential([first, g, second]);
  });
  const [lost, whole] = [own, right].map((net) => curvature({ network: net, x, y, training: true, tolerance: 1e-5 }));
  assert.deepEqual([lost.products, whole.products], ['differences', 'exact']);
  close(lost.largest, whole.largest, 2e-3);
  const stock = (z: tf.Tensor, labels: tf.Tensor) => tf.losses.softmaxCrossEntropy(labels, z) as tf.Scalar;
  const [byStock, byOwn] = [stock, softmaxCrossEntropy].map((l) =>
    curvature({ network: right, x, y, loss: l, training: true, tolerance: 1e-5 }),
  );
  assert.deepEqual([byStock.products, byOwn.products], ['exact', 'exact']);
  close(byStock.largest, byOwn.largest, 1e-4);
  const linear = (z: tf.Tensor) => tf.mean(z) as tf.Scalar;
  assert.equal(curvature({ network: right, x, y, loss: linear, training: true }).products, 'exact');
  for (const net of [network, own, right]) net.dispose();
  tf.dispose([x, y, images]);
});

test('curvature: the product that tells whether exact ones can be had is the first of the iteration', () => {
  const { x, y } = clouds(20, 1);
  const network = mlp({ sizes: [3, 4, 3], activation: 'tanh', norm: 'batch', seed: 1 });
  const passes = (products: 'auto' | 'exact') => {
    let count = 0;
    const apply = Object.getPrototypeOf(network).apply as typeof network.apply;
    network.apply = (...given) => {
      count++;
      return apply.call(network, ...given);
    };
    const found = curvature({ network, x, y, training: true, products, iterations: 3 });
    return { count, found };
  };
  assert.deepEqual(passes('auto'), passes('exact'));
  assert.equal(passes('auto').count, 5, 'the outputs, three products, and one for the vector found');
  network.dispose();
  tf.dispose([x, y]);
});

test('curvature: what halving the step of the differences changes, by hand', async () => {
  // l = w^4 at w = 1: (g(w + h) - g(w - h)) / 2h = 12 w^2 + 4 h^2, so that half the step takes 3 h^2 away.
  const network = given([[[1]]]);
  const [x, y] = [tf.ones([1, 1]), tf.ones([1, 1])];
  const quartic = (outputs: tf.Tensor) => tf.mean(tf.square(tf.square(outputs))) as tf.Scalar;
  const at = { network, x, y, loss: quartic, training: true };
  const found = await untouchedBy(network, () => curvature({ ...at, products: 'differences', step: 0.5 }));
  close(found.largest, 13, 1e-5);
  close(found.stepError, 0.75, 1e-4);
  assert.equal(found.converged, false);
  const exact = curvature({ ...at, products: 'exact' });
  close(exact.largest, 12, 1e-6);
  assert.equal(exact.iterations, 1, 'one weight, one product');
  const image = tf.reshape(tf.range(0, 16), [1, 4, 4, 1]);
  const filter = sequential([conv2d(1, 1, 3, { seed: 1 })]);
  const byConvolution = curvature({ network: filter, x: image, y: image, loss: 'meanSquaredError', training: true });
  assert.ok(byConvolution.products === 'exact' && byConvolution.largest > 0);
  const dense2 = sequential([dense(1, 2, { seed: 1 })]);
  const byLoss = curvature({
    network: dense2,
    x,
    y: x,
    loss: (z) => tf.sum(tf.logSumExp(z, 1)) as tf.Scalar,
    training: true,
  });
  assert.ok(byLoss.products === 'exact' && byLoss.largest > 0);
  filter.dispose();
  dense2.dispose();
  image.dispose();
  network.dispose();
  tf.dispose([x, y]);
});

test('gradientNorms: a disposed network, and two taps of one name, are named', async () => {
  const { x, y } = clouds(30, 3);
  const network = sequential([
    dense(3, 4, { name: 'a' }),
    activation('tanh'),
    dense(4, 4, { name: 'b' }),
    activation('tanh'),
    dense(4, 3, { name: 'c' }),
  ]);
  await untouchedBy(network, () =>
    assert.throws(
      () => gradientNorms({ network, x, y, training: true }),
      /two taps of 'sequential' are called 'tanh\/preActivation'.*name: 'layer2'/,
    ),
  );
  network.dispose();
  assert.throws(
    () => gradientNorms({ network, x, y, training: true }),
    /gradientNorms: network 'sequential' was disposed/,
  );
  tf.dispose([x, y]);
});

test('jacobian: leaves a layer of the caller’s own as it was, whatever it does in training', async () => {
  class Counter extends BaseLayer {
    readonly count = this.addVariable('count', tf.zeros([1]), false);
    apply(u: tf.Tensor): tf.Tensor {
      this.count.assign(tf.add(this.count, 1));
      return tf.clone(u);
    }
  }
  const counter = new Counter('counter');
  const layer = sequential([counter]);
  const x = tf.ones([2, 2]);
  const found = await untouchedBy(layer, () => jacobian({ of: layer, x, training: true }));
  assert.deepEqual(found, [
    [1, 0],
    [0, 1],
  ]);
  const y = tf.eye(2);
  await untouchedBy(layer, () => evaluate({ network: layer, x, y, training: true, batchSize: 2 }));
  y.dispose();
  layer.dispose();
  x.dispose();
});

async function againstHessian(initStd: number) {
  const network = mlp({ sizes: [3, 3, 3], activation: 'tanh', norm: 'batch', seed: 3, initStd });
  const { x, y } = clouds(30, 3);
  const found = await untouchedBy(network, () => curvature({ network, x, y, training: true, tolerance: 1e-4 }));
  // Columns of the Hessian by differences of gradients along each coordinate.
  const start = network.trainable.map((v) => Float32Array.from(v.dataSync()));
  const gradientAt = (block: number, entry: number, h: number) =>
    tf.tidy(() => {
      const moved = Float32Array.from(start[block]);
      moved[entry] += h;
      network.trainable[block].assign(tf.tensor(moved, network.trainable[block].shape));
      const f = () => softmaxCrossEntropy(network.apply(x, { training: true, updateStatistics: false }), y);
      const { grads } = tf.variableGrads(f, network.trainable);
      const flat = network.trainable.flatMap((v) => Array.from(grads[v.name].dataSync()));
      network.trainable[block].assign(tf.tensor(start[block], network.trainable[block].shape));
      return flat;
    });
  const hessian = start.flatMap((values, block) =>
    Array.from(values, (_, entry) => {
      const [ahead, behind] = [gradientAt(block, entry, 1e-2), gradientAt(block, entry, -1e-2)];
      return ahead.map((g, i) => (g - behind[i]) / 2e-2);
    }),
  );
  // Largest eigenvalue of a symmetric matrix: shifted far to the positive side it is the largest singular value.
  const shift = 50;
  const largest = singularValues(hessian.map((row, i) => row.map((v, j) => v + (i === j ? shift : 0))))[0] - shift;
  close(found.largest, largest, 2e-3);
  assert.ok(found.stepError < 2e-3 * found.largest, JSON.stringify(found));
  tf.dispose([x, y]);
  network.dispose();
}

test('numericalRank: the tolerance is a share of the largest singular value', () => {
  assert.equal(numericalRank([1000, 1, 0.001], 0.01), 1);
  assert.equal(numericalRank([0.001, 0.0005, 1e-9], 0.01), 2);
});
