import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { gaussian, layerChange, mlp, captureActivations, placedMlp, Random, ready, signalPropagation, tf } from 'bnlab';
import { gaussianSlope } from 'bnlab/dist/src/experiments/layer-change';

before(async () => void (await ready()));

const x = (m: number, n: number) => tf.tensor2d(new Random(3, 'x').normals(m * n), [m, n]);
const near = (got: number, want: number, relative: number, message = '') =>
  assert.ok(Math.abs(got / want - 1) < relative, `${message}: ${got}, wanted ${want}`);

test('gaussianSlope: closed forms of ReLU and the identity, off centre too', () => {
  const relu = gaussianSlope('relu', 0, 4);
  near(relu.slope, 0.5, 1e-3);
  near(relu.spread, 4 * (0.5 - 1 / (2 * Math.PI)), 1e-3);
  const identity = gaussianSlope('identity', 7, 1e-8);
  near(identity.slope, 1, 1e-9);
  near(identity.spread, 1e-8, 1e-3);
  const far = gaussianSlope('relu', 100, 1); // all on one side of the bend: linear
  near(far.slope, 1, 1e-9);
  near(far.spread, 1, 1e-3);
  assert.deepEqual(gaussianSlope('relu', -1, 0), { slope: 0, spread: 0 });
});

test('layerChange: a wide ReLU net with BN multiplies A by the root of pi/(pi - 1) per layer', () => {
  const input = x(300, 300);
  const found = [1, 2, 3].map((seed) => {
    const network = mlp({ sizes: [300, 300, 300, 300, 300, 10], norm: 'batch', seed });
    const result = layerChange({ network, x: input, seed });
    network.dispose();
    return result;
  });
  const chi = Math.PI / (Math.PI - 1);
  for (const { relative, chi: computed } of found) {
    assert.equal(relative.length, 4);
    for (const value of computed) near(value, chi, 0.02, 'chi');
  }
  const growth = found.map(({ relative }) => relative[3] / relative[0]).sort((a, b) => a - b)[1];
  near(growth, chi ** 1.5, 0.08, 'growth');
  near(signalPropagation({ activation: 'relu', depth: 1, norm: 'batch' }).factor[0] ** 2, chi, 1e-6);
  input.dispose();
});

test('layerChange: without BN a ReLU net knows no scale, and its change grows by the factor on the weights', () => {
  const input = x(100, 60);
  const [one, two] = [1, 2].map((factor) => {
    const network = mlp({ sizes: [60, 60, 60, 60, 10], initializer: gaussian(0.2 * factor), seed: 4 });
    const result = layerChange({ network, x: input });
    network.dispose();
    return result;
  });
  one.relative.forEach((v, l) => near(two.relative[l], v, 1e-9));
  one.change.forEach((v, l) => near(two.change[l], v * 2 ** (l + 1), 1e-9));
  input.dispose();
});

test('layerChange: a linear change of the last hidden layer is r times its own spread of weights', () => {
  const input = x(500, 200);
  const network = mlp({ sizes: [200, 200, 200, 10], activation: 'identity', seed: 2 });
  const { change, relative } = layerChange({ network, x: input, weights: 'layer2/weights', share: 0.5 });
  assert.equal(change[0], 0);
  near(relative[1], 1, 0.05); // Delta W is as large as W, over r
  network.dispose();
  input.dispose();
});

test('layerChange: its float64 network is the network, which it leaves as it was', () => {
  const input = x(40, 12);
  for (const norm of ['none', 'batch'] as const) {
    const network = mlp({ sizes: [12, 9, 8, 3], activation: 'tanh', norm, seed: 5 });
    tf.tidy(() => {
      for (const v of network.trainable.filter(({ rank }) => rank === 1)) v.assign(tf.randomNormal(v.shape, 1, 0.3));
    });
    const look = () =>
      captureActivations({ network, x: input, training: true, taps: ['layer2/activation'] })['layer2/activation']
        .values;
    const [before, weights] = [look(), network.stateDict()];
    const numTensors = tf.memory().numTensors;
    const share = 1; // large, so that float32 sees it
    const { change } = layerChange({ network, x: input, share, seed: 8 });
    assert.equal(tf.memory().numTensors, numTensors);
    assert.deepEqual(network.stateDict(), weights);
    const W = network.named['layer1/weights'];
    const noise = tf.tensor(new Random(8, 'layer change').normals(W.size), W.shape);
    tf.tidy(() => W.assign(tf.add(W, tf.mul(noise, tf.sqrt(tf.mean(tf.square(W)))))));
    const after = look();
    const rms = Math.sqrt(after.reduce((sum, v, i) => sum + (v - before[i]) ** 2, 0) / after.length);
    near(change[1], rms, 1e-4, norm);
    network.dispose();
    noise.dispose();
  }
  input.dispose();
});

test('layerChange: float64 still tells a deep sigmoid net’s examples apart', () => {
  const input = x(50, 40);
  const network = mlp({ sizes: [40, ...Array<number>(14).fill(40), 10], activation: 'sigmoid', seed: 1 });
  const { relative } = layerChange({ network, x: input });
  near(relative[13], relative[0], 0.5); // the sigmoid's linear middle: chi is near 1; float32 gives hundreds
  network.dispose();
  input.dispose();
});

test('layerChange: where all weights change, each layer adds what the part common to all examples carries', () => {
  const input = tf.tensor2d(new Random(3, 'x').normals(200 * 150, 1, 1), [200, 150]); // mean 1: E|u|^2 is twice the variance
  for (const norm of ['none', 'batch'] as const) {
    const found = [1, 2, 3].map((seed) => {
      const network = mlp({ sizes: [150, ...Array<number>(6).fill(150), 10], activation: 'sigmoid', norm, seed });
      const result = layerChange({ network, x: input, weights: 'all', seed });
      network.dispose();
      return result;
    });
    for (const { relative, chi, added } of found) {
      near(added[0], norm === 'batch' ? 1 : 2, 0.02);
      let squared = 0;
      relative.forEach((value, l) => {
        squared = chi[l] * (squared + added[l]);
        near(value, Math.sqrt(squared), 0.25, `${norm}, layer ${l + 1}`);
      });
      // without BN the spread falls fourfold a layer, and what all examples share does not
      if (norm === 'none') assert.ok(relative[5] / relative[0] > 200);
      else near(relative[5] / relative[0], Math.sqrt(6), 0.25);
    }
  }
  input.dispose();
});

test('layerChange: what it cannot do is an error', () => {
  const input = x(10, 4);
  const network = mlp({ sizes: [4, 5, 3], seed: 1 });
  assert.throws(() => layerChange({ network, x: input, weights: 'layer2/weights' }), /no hidden weights.*layer1/);
  const others = [
    mlp({ sizes: [4, 5, 3], norm: 'layer', seed: 1 }),
    mlp({ sizes: [4, 5, 3], norm: 'batch', placement: 'after', seed: 1 }),
    placedMlp({ sizes: [4, 5, 3], place: 'input', seed: 1 }),
  ];
  for (const other of others) {
    assert.throws(() => layerChange({ network: other, x: input }), /wanted a network of mlp\(\)/);
    other.dispose();
  }
  network.dispose();
  input.dispose();
});
