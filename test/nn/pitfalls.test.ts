/** Each known-wrong variant breaks a property that the right one keeps; and where they are right, they are. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  batchMoments,
  batchNormInference,
  batchNormLayer,
  pitfall,
  PitfallName,
  mlp,
  NormName,
  Random,
  stopGradient,
  tf,
} from 'bnlab';
import { BatchNormLayer, Block, PITFALLS } from 'bnlab/internal';
import { assertSame, clean, values } from '../support/tensors';
import { batch } from './arbitraries';

/** undefined: the right one. */
type Subject = PitfallName | undefined;

const layerOf = (subject: Subject, features: number, options = {}) =>
  batchNormLayer(features, { pitfall: subject, ...options });
const largest = (x: tf.Tensor) => Math.max(...values(tf.abs(x)));

/** How far each property is missed, relative to its own size; it holds below 1e-4. */
const PROPERTIES = {
  'the gradient over a batch sums to zero': (subject) =>
    withLayer(subject, 3, {}, (layer) => {
      const { x, dy } = batch([7, 3], 1);
      const dx = tf.grad((a: tf.Tensor) => layer.apply(a, { training: true }))(x, dy);
      return largest(tf.sum(dx, 0)) / largest(dx);
    }),

  'the gradient over a batch against xHat sums to its epsilon term': (subject) =>
    withLayer(subject, 3, {}, (layer) => {
      const { x, dy } = batch([7, 3], 2);
      const dx = tf.grad((a: tf.Tensor) => layer.apply(a, { training: true }))(x, dy);
      const { variance, centred } = batchMoments(x);
      return largest(tf.sum(tf.mul(dx, tf.div(centred, tf.sqrt(variance))), 0)) / largest(dx);
    }),

  'the variance of xHat is sigma2/(sigma2 + epsilon)': (subject) =>
    withLayer(subject, 3, { epsilon: 0.5 }, (layer) => {
      const { x } = batch([9, 3], 3);
      const { variance } = batchMoments(x);
      const wanted = tf.div(variance, tf.add(variance, 0.5));
      return largest(tf.sub(tf.div(batchMoments(layer.apply(x, { training: true })).variance, wanted), 1));
    }),

  'the gradient of a constant feature is finite': (subject) =>
    withLayer(subject, 2, {}, (layer) => {
      const x = tf.ones([4, 2]);
      const dx = tf.grad((a: tf.Tensor) => layer.apply(a, { training: true }))(x, batch([4, 2], 1).dy);
      return values(dx).every(Number.isFinite) ? 0 : 1;
    }),

  'adding a constant to a feature changes nothing': (subject) =>
    withLayer(subject, 3, { check: false }, (layer) => {
      const x = tf.div(tf.round(tf.mul(batch([8, 3], 4).x, 8)), 8);
      const [a, b] = [x, tf.add(x, 16384)].map((input) => layer.apply(input, { training: true }));
      const difference = largest(tf.sub(a, b));
      return Number.isNaN(difference) ? Infinity : difference;
    }),

  'batch k weighs (1 - decay) decay^(t-k) in the moving mean': (subject) =>
    withLayer(subject, 1, { decay: 0.9 }, (layer) => {
      // Batches of mean 1, 10, 100.
      for (const mean of [1, 10, 100]) layer.apply(tf.tensor2d([[mean - 1], [mean + 1]]), { training: true });
      return Math.abs(values(layer.movingMean)[0] / (0.1 * (0.81 * 1 + 0.9 * 10 + 100)) - 1);
    }),

  'equal batches of variance 1 leave a variance of 1': (subject) =>
    withLayer(subject, 1, { decay: 0.9 }, (layer) => {
      // Unbiased variance exactly 1, mean 0: the start (0, 1), the batches, and every mixture of both agree.
      const x = tf.tensor2d([[1], [-1], [0]]);
      for (let step = 0; step < 5; step++) layer.apply(x, { training: true });
      return Math.abs(values(layer.statistics().variance)[0] - 1);
    }),

  'the expected moving variance is that of the population': (subject) =>
    withLayer(subject, 1, { decay: 0 }, (layer) => {
      // All pairs, with replacement, from -1 and 1: population variance 1; decay 0 shows each batch as it is.
      let sum = 0;
      for (const [a, b] of [
        [-1, -1],
        [-1, 1],
        [1, -1],
        [1, 1],
      ]) {
        layer.apply(tf.tensor2d([[a], [b]]), { training: true });
        sum += values(layer.movingVariance)[0];
      }
      return Math.abs(sum / 4 - 1);
    }),

  'every parameter has an effect on the output': (subject) => {
    const norm: NormName = subject ? `pitfall:${subject}` : 'batch';
    const net = mlp({ sizes: [4, 3, 2], norm, activation: 'tanh', seed: 3 });
    const missed = tf.tidy(() => {
      const { x } = batch([6, 4], 5);
      const run = () => values(net.apply(x, { training: true, updateStatistics: false }));
      return net.trainable.filter((variable) => {
        const before = run();
        const kept = tf.clone(variable);
        variable.assign(tf.add(variable, new Random(1).normal(1)));
        const after = run();
        variable.assign(kept);
        return Math.max(...after.map((v, i) => Math.abs(v - before[i]))) < 1e-5;
      }).length;
    });
    net.dispose();
    return missed;
  },
} satisfies Record<string, (subject: Subject) => number>;

type Property = keyof typeof PROPERTIES;

function withLayer(
  subject: Subject,
  features: number,
  options: object,
  measure: (layer: BatchNormLayer) => number,
): number {
  const layer = layerOf(subject, features, options);
  try {
    return tf.tidy(() => measure(layer));
  } finally {
    layer.dispose();
  }
}

/** What catches each variant: all of these fail for it. */
const CAUGHT_BY: Record<PitfallName, Property[]> = {
  detached: [
    'the gradient over a batch sums to zero',
    'the gradient over a batch against xHat sums to its epsilon term',
  ],
  detachedMean: ['the gradient over a batch sums to zero', 'the variance of xHat is sigma2/(sigma2 + epsilon)'],
  epsilonOutside: ['the variance of xHat is sigma2/(sigma2 + epsilon)', 'the gradient of a constant feature is finite'],
  cancellation: ['adding a constant to a feature changes nothing'],
  swappedDecay: ['batch k weighs (1 - decay) decay^(t-k) in the moving mean'],
  missingDebias: ['equal batches of variance 1 leave a variance of 1'],
  biasedMoving: [
    'the expected moving variance is that of the population',
    'equal batches of variance 1 leave a variance of 1',
  ],
  redundantBias: ['every parameter has an effect on the output'],
};

test('the table names every pitfall', () => assert.deepEqual(Object.keys(CAUGHT_BY).sort(), [...PITFALLS].sort()));

for (const [property, miss] of Object.entries(PROPERTIES) as [Property, (subject: Subject) => number][]) {
  test(
    `the right one: ${property}`,
    clean(() => assert.ok(miss(undefined) < 1e-4, `missed by ${miss(undefined)}`)),
  );
}

for (const name of PITFALLS) {
  for (const property of CAUGHT_BY[name]) {
    test(
      `${name} is caught: ${property}`,
      clean(() => {
        const missed = PROPERTIES[property](name);
        assert.ok(!(missed < 1e-2), `${name} keeps the property; missed by ${missed} only`);
      }),
    );
  }
}

test(
  'forward, the detached variant and those of the moving averages are right: the mistake is elsewhere',
  clean(() =>
    tf.tidy(() => {
      const { x, gamma, beta } = batch([8, 3], 6);
      const right = batchNormLayer(3);
      right.gamma?.assign(gamma);
      right.beta?.assign(beta);
      for (const name of ['detached', 'swappedDecay', 'missingDebias', 'biasedMoving', 'redundantBias'] as const) {
        assertSame(pitfall(name).normalize(x, gamma, beta).y, right.apply(x, { training: true }), name, 1e-5);
        const { mean, variance } = batchMoments(x);
        assertSame(
          pitfall(name).infer(x, mean, variance, gamma, beta),
          batchNormInference(x, mean, variance, gamma, beta),
          name,
        );
      }
      right.dispose();
    }),
  ),
);

test(
  'pitfalls are used under their own names only, and say what is wrong',
  clean(() => {
    for (const name of PITFALLS) {
      const shown = pitfall(name);
      for (const text of [shown.mistake, shown.consequence, shown.brokenProperty]) assert.match(text, /^[A-Z].*\.$/);
      const net = mlp({ sizes: [3, 4, 2], norm: `pitfall:${name}`, seed: 1 });
      const block = net.layers[0] as Block;
      assert.deepEqual((block.norm as BatchNormLayer).scheme, shown);
      assert.equal('layer1/bias' in net.named, shown.biasBefore);
      net.dispose();
      assert.throws(
        () => mlp({ sizes: [3, 4, 2], norm: name as unknown as NormName }),
        /must be one of none, batch, .*got '/,
      );
    }
  }),
);

test(
  'section 2: with the mean detached, the bias grows and neither output nor loss changes',
  clean(() => {
    const start = tf.zeros([1]);
    const bias = tf.variable(start);
    start.dispose();
    const layer = layerOf('detachedMean', 1, { center: false, scale: false });
    const optimizer = tf.train.sgd(0.1);
    const losses: number[] = [];
    const biases: number[] = [];
    tf.tidy(() => {
      const u = tf.tensor2d([[1], [2], [4]]);
      const target = tf.scalar(3);
      for (let step = 0; step < 20; step++) {
        const loss = optimizer.minimize(
          () => tf.mean(tf.square(tf.sub(layer.apply(tf.add(u, bias), { training: true }), target))) as tf.Scalar,
          true,
          [bias],
        ) as tf.Scalar;
        losses.push(values(loss)[0]);
        biases.push(values(bias)[0]);
      }
    });
    assert.ok(losses.every((loss) => Math.abs(loss - losses[0]) < 1e-4));
    // dl/db = 2 mean(xHat - 3) = -6, seen by the scheme; so b grows by 0.6 each step, for ever.
    biases.forEach((b, step) => assert.ok(Math.abs(b - 0.6 * (step + 1)) < 1e-3, `${b} after ${step + 1}`));
    optimizer.dispose();
    bias.dispose();
    layer.dispose();
  }),
);

test(
  'stopGradient: the value passes, the gradient does not',
  clean(() =>
    tf.tidy(() => {
      const x = tf.tensor1d([1, -2]);
      const y = tf.grad((a: tf.Tensor) => tf.mul(a, stopGradient(tf.square(a))))(x);
      assert.deepEqual(values(y), [1, 4]);
    }),
  ),
);

test(
  'each wrong variant computes the formula that it stands for, and no other',
  clean(() =>
    tf.tidy(() => {
      const { x, gamma, beta, dy } = batch([7, 3], 12);
      const epsilon = 0.5;
      const { mean, variance } = batchMoments(x);
      const [rows, g, b] = [x.arraySync() as number[][], values(gamma), values(beta)];
      const [mu, s2] = [values(mean), values(variance)];
      const factors: Partial<Record<PitfallName, (v: number) => number>> = {
        detachedMean: () => 1,
        epsilonOutside: (v) => 1 / (Math.sqrt(v) + epsilon),
      };
      for (const name of PITFALLS) {
        const factor = factors[name] ?? ((v: number) => 1 / Math.sqrt(v + epsilon));
        const wanted = rows.map((row) => row.map((v, j) => g[j] * (v - mu[j]) * factor(s2[j]) + b[j]));
        const scheme = pitfall(name);
        const trained = scheme.normalize(x, gamma, beta, { epsilon });
        assertSame(trained.y, tf.tensor2d(wanted), `${name} in training`);
        assertSame(trained.mean, mean, `${name}: mean`);
        assertSame(trained.variance, variance, `${name}: variance`);
        assertSame(
          scheme.infer(x, mean, variance, gamma, beta, { epsilon }),
          tf.tensor2d(wanted),
          `${name}, inference`,
        );
      }
      const dx = tf.grad((a: tf.Tensor) => pitfall('detached').normalize(a, gamma, beta, { epsilon }).y)(x, dy);
      assertSame(dx, tf.mul(dy, tf.div(gamma, tf.sqrt(tf.add(variance, epsilon)))), 'detached: gradient');
    }),
  ),
);

test(
  'on images too a layer with a pitfall computes the pitfall, values and gradient',
  clean(() => {
    const random = new Random(2);
    for (const name of PITFALLS) {
      const layer = batchNormLayer(2, { pitfall: name, epsilon: 1e-2 });
      tf.tidy(() => {
        const [x, dy] = [0, 1].map(() => tf.tensor4d(random.normals(2 * 3 * 2 * 2, 5, 0.1), [2, 3, 2, 2]));
        const wanted = (u: tf.Tensor) => pitfall(name).normalize(u, layer.gamma, layer.beta, { epsilon: 1e-2 }).y;
        const got = (u: tf.Tensor) => layer.apply(u, { training: true, updateStatistics: false });
        assertSame(got(x), wanted(x), `${name}: y`, 1e-4);
        assertSame(tf.grad(got)(x, dy), tf.grad(wanted)(x, dy), `${name}: dx`, 1e-3);
      });
      layer.dispose();
    }
  }),
);
