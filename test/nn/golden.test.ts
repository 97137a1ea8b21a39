/** The library against PyTorch and NumPy in float64; data/golden/generate.py says how the values were made. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import test from 'node:test';
import {
  batchNorm,
  batchNorm64,
  batchNormGradient,
  batchNormGradient64,
  batchNormGradientCompact,
  batchNormInference,
  batchNormLayer,
  conv2d,
  convNet,
  foldBatchNorm,
  groupNorm,
  inceptionNet,
  instanceNorm,
  layerNorm,
  mlp,
  residualNet,
  tf,
  whiten,
  WhiteningMethod,
} from 'bnlab';
import { BatchNormLayer, batchRenorm, Block, populationStatistics } from 'bnlab/internal';
import { assertClose, clean, Golden, golden, toRows, toTensor, values } from '../support/tensors';

const folder = path.join(__dirname, '../../data/golden');
const sha256 = (file: string) =>
  createHash('sha256')
    .update(fs.readFileSync(path.join(folder, file)))
    .digest('hex');

test('golden files are what the committed generator wrote', () => {
  const manifest = golden<{ generator: { sha256: string }; files: Record<string, string> }>('manifest.json');
  const hint = 'run data/golden/generate.py (its first lines say how) and commit what it writes';
  assert.equal(
    sha256('generate.py'),
    manifest.generator.sha256,
    `generate.py changed since the files were made: ${hint}`,
  );
  const present = fs.readdirSync(folder).filter((file) => file.endsWith('.json') && file !== 'manifest.json');
  assert.deepEqual(present.sort(), Object.keys(manifest.files).sort());
  for (const [file, hash] of Object.entries(manifest.files)) {
    assert.equal(sha256(file), hash, `${file} is not what the generator wrote: ${hint}`);
  }
});

interface BatchNormCase {
  name: string;
  epsilon: number;
  x: Golden;
  gamma: Golden;
  beta: Golden;
  dy: Golden;
  mean: Golden;
  variance: Golden;
  y: Golden;
  dVariance: Golden;
  dMean: Golden;
  dx: Golden;
  dGamma: Golden;
  dBeta: Golden;
}

/** Per feature: the sizes of the terms that each gradient is a sum of. Rounding is relative to these, also where they cancel. */
function gradientScales(c: BatchNormCase) {
  const m = c.x.values.length / c.gamma.values.length;
  const largest = c.gamma.values.map((_, j) => Math.max(...toRows(c.dy).map((row) => Math.abs(row[j]))));
  const inverse = c.variance.values.map((v) => 1 / Math.sqrt(v + c.epsilon));
  const dXHat = largest.map((dy, j) => dy * Math.abs(c.gamma.values[j]));
  return {
    dx: dXHat.map((v, j) => v * inverse[j]),
    dBeta: largest.map((dy) => dy * m),
    dGamma: largest.map((dy) => dy * m),
    dMean: dXHat.map((v, j) => v * m * inverse[j]),
    dVariance: dXHat.map((v, j) => v * m * inverse[j] ** 2),
  };
}

/** y = gamma xHat + beta: rounding is relative to the larger of both terms, and to what xHat can be. */
const yScale = (c: { gamma: Golden; beta: Golden; y: Golden }) =>
  c.gamma.values.map((g, j) =>
    Math.max(Math.abs(g), Math.abs(c.beta.values[j]), ...toRows(c.y).map((row) => Math.abs(row[j]))),
  );

for (const c of golden<BatchNormCase[]>('batch-norm.json')) {
  const options = { epsilon: c.epsilon, allowZeroEpsilon: c.epsilon === 0 };
  // The mean of features with a large offset is known to the rounding of the offset.
  const spread = c.x.shape[c.x.shape.length - 1];
  const meanScale = Array.from({ length: spread }, (_, j) => Math.max(...toRows(c.x).map((row) => Math.abs(row[j]))));

  test(
    `batch norm ${c.name}: forward, and the gradient of TensorFlow.js through it`,
    clean(() =>
      tf.tidy(() => {
        const [x, gamma, beta, dy] = [c.x, c.gamma, c.beta, c.dy].map(toTensor);
        const { y, mean, variance } = batchNorm(x, gamma, beta, options);
        assertClose(mean, c.mean, 'mean', { tolerance: 2e-7, scale: meanScale });
        assertClose(variance, c.variance, 'variance');
        assertClose(y, c.y, 'y', { scale: yScale(c) });
        const scale = gradientScales(c);
        for (const gradient of ['compact', 'automatic'] as const) {
          const f = (a: tf.Tensor, g: tf.Tensor, b: tf.Tensor) => batchNorm(a, g, b, { ...options, gradient }).y;
          if (gradient === 'automatic' && c.name.includes('very-huge')) continue; // documented: beyond its range
          const tolerance = gradient === 'compact' ? 3e-6 : 6e-6;
          const [dx, dGamma, dBeta] = tf.grads(f)([x, gamma, beta], dy);
          assertClose(dx, c.dx, `${gradient} dx`, { tolerance, scale: scale.dx });
          assertClose(dGamma, c.dGamma, `${gradient} dGamma`, { tolerance, scale: scale.dGamma });
          assertClose(dBeta, c.dBeta, `${gradient} dBeta`, { tolerance, scale: scale.dBeta });
        }
      }),
    ),
  );

  test(
    `batch norm ${c.name}: the paper's six equations, and the compact one`,
    clean(() =>
      tf.tidy(() => {
        const [x, gamma, dy] = [c.x, c.gamma, c.dy].map(toTensor);
        const scale = gradientScales(c);
        const long = batchNormGradient(dy, x, gamma, options);
        const compact = batchNormGradientCompact(dy, x, gamma, options);
        for (const key of ['dx', 'dGamma', 'dBeta'] as const) {
          assertClose(long[key], c[key], `long ${key}`, { tolerance: 6e-6, scale: scale[key] });
          assertClose(compact[key], c[key], `compact ${key}`, { scale: scale[key] });
        }
        assertClose(long.dVariance, c.dVariance, 'dVariance', { tolerance: 6e-6, scale: scale.dVariance });
        assertClose(long.dMean, c.dMean, 'dMean', { tolerance: 6e-6, scale: scale.dMean });
      }),
    ),
  );

  test(`batch norm ${c.name}: the float64 functions`, () => {
    const [gamma, beta] = [c.gamma, c.beta].map((g) => g.values.map(Math.fround));
    const [x, dy] = [toRows(c.x), toRows(c.dy)];
    const tight = { tolerance: 1e-11 };
    const result = batchNorm64(x, { epsilon: c.epsilon, gamma, beta });
    // Two references that centre x in another order differ by the rounding of the offset, even in float64.
    const slack = meanScale.map((s, j) => 1 + (1e-4 * s) / Math.sqrt(c.variance.values[j] + c.epsilon));
    const times = (scale: number[]) => scale.map((s, j) => s * slack[j]);
    assertClose(result.mean, c.mean, 'mean', { ...tight, scale: meanScale });
    assertClose(result.variance, c.variance, 'variance', { ...tight, scale: times(c.variance.values) });
    assertClose(result.y.flat(), c.y, 'y', { ...tight, scale: times(yScale(c)) });
    const gradient = batchNormGradient64(dy, x, { epsilon: c.epsilon, gamma });
    const scale = gradientScales(c);
    assertClose(gradient.dx.flat(), c.dx, 'dx', { ...tight, scale: times(scale.dx) });
    assertClose(gradient.dGamma, c.dGamma, 'dGamma', { ...tight, scale: times(scale.dGamma) });
    assertClose(gradient.dBeta, c.dBeta, 'dBeta', { ...tight, scale: scale.dBeta });
  });
}

interface InferenceCase extends BatchNormCase {
  mean: Golden;
}

for (const c of golden<InferenceCase[]>('inference.json')) {
  test(
    `inference ${c.name}`,
    clean(() =>
      tf.tidy(() => {
        const [x, mean, variance, gamma, beta, dy] = [c.x, c.mean, c.variance, c.gamma, c.beta, c.dy].map(toTensor);
        const f = (a: tf.Tensor) => batchNormInference(a, mean, variance, gamma, beta, { epsilon: c.epsilon });
        assertClose(f(x), c.y, 'y', { scale: yScale(c) });
        assertClose(tf.grad(f)(x, dy), c.dx, 'dx');
      }),
    ),
  );
}

interface MovingCase {
  name: string;
  decay: number;
  batches: Golden[];
  after: { mean: Golden; variance: Golden; debiasedMean?: Golden; debiasedVariance?: Golden }[];
}

for (const c of golden<MovingCase[]>('moving-averages.json')) {
  test(
    `moving averages ${c.name}`,
    clean(() => {
      const d = c.batches[0].shape[c.batches[0].shape.length - 1];
      const plain = batchNormLayer(d, { decay: c.decay });
      const debiased = batchNormLayer(d, { decay: c.decay, debias: true });
      c.batches.forEach((batch, step) =>
        tf.tidy(() => {
          const x = toTensor(batch);
          for (const layer of [plain, debiased]) layer.apply(x, { training: true });
          const { mean, variance, debiasedMean, debiasedVariance } = c.after[step];
          const scale = 4;
          assertClose(plain.movingMean, mean, `mean after ${step + 1}`, { scale });
          assertClose(plain.movingVariance, variance, `variance after ${step + 1}`);
          const fixed = debiased.statistics();
          if (debiasedMean) assertClose(fixed.mean, debiasedMean, `debiased mean after ${step + 1}`, { scale });
          if (debiasedVariance) assertClose(fixed.variance, debiasedVariance, `debiased variance after ${step + 1}`);
        }),
      );
      plain.dispose();
      debiased.dispose();
    }),
  );
}

interface PopulationCase {
  m: number;
  epsilon: number;
  batches: Golden[];
  weights: Golden;
  bias: Golden;
  gamma: Golden;
  beta: Golden;
  mean: Golden;
  variance: Golden;
  u: Golden;
  y: Golden;
  foldedWeights: Golden;
  foldedBias: Golden;
}

for (const c of golden<PopulationCase[]>('population.json')) {
  test(
    'population statistics (Algorithm 2), inference with them, and folding',
    clean(() =>
      tf.tidy(() => {
        const [weights, bias, gamma, beta, u] = [c.weights, c.bias, c.gamma, c.beta, c.u].map(toTensor);
        const linear = (input: tf.Tensor) => tf.add(tf.matMul(input, weights), bias);
        const { mean, variance } = populationStatistics(
          c.batches.map((batch) => batchNorm(linear(toTensor(batch)))),
          c.m,
        );
        assertClose(mean, c.mean, 'E[x]', { scale: 1 });
        assertClose(variance, c.variance, 'Var[x]');
        const options = { epsilon: c.epsilon };
        assertClose(batchNormInference(linear(u), mean, variance, gamma, beta, options), c.y, 'y', {
          scale: yScale(c),
        });
        const folded = foldBatchNorm({ weights, bias, mean, variance, gamma, beta }, options);
        assertClose(folded.weights, c.foldedWeights, 'folded weights');
        assertClose(folded.bias, c.foldedBias, 'folded bias', { scale: 1 });
      }),
    ),
  );
}

interface ExampleNormCase extends BatchNormCase {
  kind: 'layer' | 'group' | 'instance';
  groups: number;
}

for (const c of golden<ExampleNormCase[]>('example-norms.json')) {
  test(
    `normalization of single examples ${c.name}`,
    clean(() =>
      tf.tidy(() => {
        const [x, gamma, beta, dy] = [c.x, c.gamma, c.beta, c.dy].map(toTensor);
        const options = { epsilon: c.epsilon };
        const f = (a: tf.Tensor, g: tf.Tensor, b: tf.Tensor) => {
          if (c.kind === 'layer') return layerNorm(a, g, b, options);
          if (c.kind === 'group') return groupNorm(a, c.groups, g, b, options);
          return instanceNorm(a, g, b, options);
        };
        assertClose(f(x, gamma, beta), c.y, 'y', { scale: yScale(c) });
        const [dx, dGamma, dBeta] = tf.grads(f)([x, gamma, beta], dy);
        const size = Math.max(...c.dx.values.map(Math.abs), 1);
        assertClose(dx, c.dx, 'dx', { tolerance: 1e-5, scale: size });
        assertClose(dGamma, c.dGamma, 'dGamma', { tolerance: 1e-5, scale: size });
        assertClose(dBeta, c.dBeta, 'dBeta', { tolerance: 1e-5, scale: size });
      }),
    ),
  );
}

interface RenormCase extends BatchNormCase {
  rMax: number;
  dMax: number;
  movingMean: Golden;
  movingDeviation: Golden;
  r: Golden;
  d: Golden;
}

for (const c of golden<RenormCase[]>('batch-renorm.json')) {
  test(
    `batch renormalization ${c.name}`,
    clean(() =>
      tf.tidy(() => {
        const [x, mean, deviation, gamma, beta, dy] = [c.x, c.movingMean, c.movingDeviation, c.gamma, c.beta, c.dy].map(
          toTensor,
        );
        const options = { epsilon: c.epsilon, rMax: c.rMax, dMax: c.dMax };
        const result = batchRenorm(x, mean, deviation, gamma, beta, options);
        assertClose(result.y, c.y, 'y', { scale: yScale(c) });
        assertClose(result.r, c.r, 'r', { scale: 1 });
        assertClose(result.d, c.d, 'd', { scale: 1 });
        const f = (a: tf.Tensor, g: tf.Tensor, b: tf.Tensor) => batchRenorm(a, mean, deviation, g, b, options).y;
        const [dx, dGamma, dBeta] = tf.grads(f)([x, gamma, beta], dy);
        assertClose(dx, c.dx, 'dx', { tolerance: 1e-5, scale: 1 });
        assertClose(dGamma, c.dGamma, 'dGamma', { tolerance: 1e-5, scale: 1 });
        assertClose(dBeta, c.dBeta, 'dBeta', { tolerance: 1e-5, scale: 1 });
      }),
    ),
  );
}

interface WhiteningCase {
  name: string;
  method: WhiteningMethod;
  epsilon: number;
  iterations: number;
  x: Golden;
  dy: Golden;
  mean: Golden;
  covariance: Golden;
  matrix: Golden;
  y: Golden;
  dx: Golden;
}

for (const c of golden<WhiteningCase[]>('whitening.json')) {
  test(
    `whitening ${c.name}`,
    clean(() =>
      tf.tidy(() => {
        const [x, dy] = [c.x, c.dy].map(toTensor);
        const options = { method: c.method, epsilon: c.epsilon, iterations: c.iterations };
        const result = whiten(x, options);
        const largest = (g: Golden) => Math.max(...g.values.map(Math.abs));
        assertClose(result.mean, c.mean, 'mean', { scale: largest(c.x) });
        assertClose(result.covariance, c.covariance, 'covariance', { scale: largest(c.covariance) });
        // The inverse root of a float32 covariance is known to rounding times its condition number.
        assertClose(result.matrix, c.matrix, 'matrix', { tolerance: 5e-5, scale: largest(c.matrix) });
        assertClose(result.y, c.y, 'y', { tolerance: 5e-5, scale: largest(c.y) });
        const dx = tf.grad((a: tf.Tensor) => whiten(a, options).y)(x, dy);
        assertClose(dx, c.dx, 'dx', { tolerance: 2e-4, scale: largest(c.dx) });
      }),
    ),
  );
}

interface ConvolutionCase extends BatchNormCase {
  stride: number;
  pad: 'same' | 'valid';
  weights: Golden;
  linear: Golden;
  dWeights: Golden;
}

for (const c of golden<ConvolutionCase[]>('convolution.json')) {
  test(
    `convolution, batch norm, ReLU: ${c.name}`,
    clean(() => {
      const [size, , inputs, outputs] = c.weights.shape;
      for (const kernel of ['auto', 'composed'] as const) {
        const conv = conv2d(inputs, outputs, size, { stride: c.stride, pad: c.pad, bias: false });
        const norm = batchNormLayer(outputs, { epsilon: c.epsilon, kernel });
        tf.tidy(() => {
          conv.weights.assign(toTensor(c.weights));
          norm.gamma?.assign(toTensor(c.gamma));
          norm.beta?.assign(toTensor(c.beta));
          const dy = toTensor(c.dy);
          const run = (x: tf.Tensor) => tf.relu(norm.apply(conv.apply(x, { training: true }), { training: true }));
          const x = toTensor(c.x);
          assertClose(conv.apply(x, { training: true }), c.linear, 'linear', { scale: 1 });
          assertClose(run(x), c.y, 'y', { scale: 1, tolerance: 5e-6 });
          const close = (actual: tf.Tensor, wanted: Golden, what: string) =>
            assertClose(actual, wanted, `${kernel} ${what}`, {
              scale: Math.max(...wanted.values.map(Math.abs)),
              tolerance: 2e-5,
            });
          close(tf.grad(run)(x, dy), c.dx, 'dx');
          const { grads } = tf.variableGrads(
            () => tf.sum(tf.mul(run(x), dy)) as tf.Scalar,
            [...conv.trainable, ...norm.trainable],
          );
          close(grads[conv.weights.name], c.dWeights, 'dWeights');
          close(grads[(norm.gamma as tf.Variable).name], c.dGamma, 'dGamma');
          close(grads[(norm.beta as tf.Variable).name], c.dBeta, 'dBeta');
        });
        conv.dispose();
        norm.dispose();
      }
    }),
  );
}

interface MlpCase {
  name: string;
  activation: 'sigmoid' | 'tanh' | 'relu';
  norm: 'batch' | 'none';
  sizes: number[];
  rate: number;
  decay: number;
  batches: { x: Golden; labels: number[] }[];
  start: Golden[];
  losses: number[];
  firstGradient: { weights: Golden[]; shift: Golden[]; gamma?: Golden[] };
  weights: Golden[];
  shift: Golden[];
  gamma?: Golden[];
  movingMean?: Golden[];
  movingVariance?: Golden[];
  inference: Golden;
}

for (const c of golden<MlpCase[]>('mlp.json')) {
  test(
    `a network ${c.name}: gradient, ${c.batches.length} steps of gradient descent, moving averages, inference`,
    clean(() => {
      const net = mlp({
        sizes: c.sizes,
        activation: c.activation,
        norm: c.norm,
        normOptions: { decay: c.decay },
        seed: 1,
      });
      const blocks = net.layers as Block[];
      const last = blocks.length - 1;
      const shift = (i: number) => net.named[`layer${i + 1}/${c.norm === 'batch' && i < last ? 'beta' : 'bias'}`];
      const optimizer = tf.train.sgd(c.rate);
      tf.tidy(() => c.start.forEach((w, i) => net.named[`layer${i + 1}/weights`].assign(toTensor(w))));
      c.batches.forEach(({ x, labels }, step) =>
        tf.tidy(() => {
          const input = toTensor(x);
          const y = tf.oneHot(tf.tensor1d(labels, 'int32'), c.sizes[last + 1]);
          const { value, grads } = tf.variableGrads(
            () => tf.losses.softmaxCrossEntropy(y, net.apply(input, { training: true })) as tf.Scalar,
            net.trainable,
          );
          assertClose([values(value)[0]], { shape: [1], values: [c.losses[step]] }, `loss ${step}`, {
            tolerance: 1e-5,
          });
          if (step === 0) {
            const check = (variable: tf.Variable, wanted: Golden, what: string) =>
              assertClose(grads[variable.name], wanted, what, {
                tolerance: 1e-5,
                scale: Math.max(...wanted.values.map(Math.abs)),
              });
            c.firstGradient.weights.forEach((g, i) => check(net.named[`layer${i + 1}/weights`], g, `dW${i + 1}`));
            c.firstGradient.shift.forEach((g, i) => check(shift(i), g, `shift ${i + 1}`));
            c.firstGradient.gamma?.forEach((g, i) => check(net.named[`layer${i + 1}/gamma`], g, `dGamma${i + 1}`));
          }
          optimizer.applyGradients(grads);
        }),
      );
      const near = { tolerance: 1e-5, scale: 1 };
      c.weights.forEach((w, i) => assertClose(net.named[`layer${i + 1}/weights`], w, `W${i + 1}`, near));
      c.shift.forEach((b, i) => assertClose(shift(i), b, `shift ${i + 1}`, near));
      c.gamma?.forEach((g, i) => assertClose(net.named[`layer${i + 1}/gamma`], g, `gamma ${i + 1}`, near));
      c.movingMean?.forEach((v, i) =>
        assertClose((blocks[i].norm as BatchNormLayer).movingMean, v, `moving mean ${i + 1}`, near),
      );
      c.movingVariance?.forEach((v, i) =>
        assertClose((blocks[i].norm as BatchNormLayer).movingVariance, v, `moving variance ${i + 1}`, near),
      );
      tf.tidy(() =>
        assertClose(net.apply(toTensor(c.batches[0].x), { training: false }), c.inference, 'inference', near),
      );
      optimizer.dispose();
      net.dispose();
    }),
  );
}

interface NetworkCase {
  kind: 'convNet' | 'inceptionNet' | 'residualNet';
  options: object;
  rate: number;
  batches: { x: Golden; labels: number[] }[];
  start: Record<string, Golden>;
  losses: number[];
  end: Record<string, Golden>;
  inference: Golden;
}

for (const c of golden<NetworkCase[]>('networks.json')) {
  test(
    `${c.kind}: ${c.batches.length} steps of gradient descent, every weight and moving average, inference`,
    clean(() => {
      const net = { convNet, inceptionNet, residualNet }[c.kind](c.options);
      const optimizer = tf.train.sgd(c.rate);
      assert.deepEqual(Object.keys(net.named).sort(), Object.keys(c.end).sort());
      tf.tidy(() => Object.entries(c.start).forEach(([label, w]) => net.named[label].assign(toTensor(w))));
      c.batches.forEach(({ x, labels }, step) =>
        tf.tidy(() => {
          const [input, y] = [toTensor(x), tf.oneHot(tf.tensor1d(labels, 'int32'), 3)];
          const { value, grads } = tf.variableGrads(
            () => tf.losses.softmaxCrossEntropy(y, net.apply(input, { training: true })) as tf.Scalar,
            net.trainable,
          );
          const near = { tolerance: 1e-5, scale: 1 };
          assertClose(values(value), { shape: [1], values: [c.losses[step]] }, `loss ${step}`, near);
          optimizer.applyGradients(grads);
        }),
      );
      for (const [label, wanted] of Object.entries(c.end)) {
        const scale = Math.max(1, ...wanted.values.map(Math.abs));
        assertClose(net.named[label], wanted, label, { tolerance: 3e-5, scale });
      }
      tf.tidy(() => {
        const logits = net.apply(toTensor(c.batches[0].x), { training: false });
        const scale = Math.max(...c.inference.values.map(Math.abs));
        assertClose(logits, c.inference, 'inference', { tolerance: 3e-5, scale });
      });
      optimizer.dispose();
      net.dispose();
    }),
  );
}
