import test from 'node:test';
import assert from 'node:assert/strict';
import { batchNorm, placedMlp, ready, tf, type Placement } from 'bnlab';
import { PLACEMENTS } from 'bnlab/internal';

test.before(async () => {
  await ready();
});

const build = (place: Placement) => placedMlp({ sizes: [4, 5, 6, 3], activation: 'sigmoid', place, seed: 7 });
const u = () => tf.randomNormal([12, 4], 1, 2, 'float32', 5);

test('placedMlp: each place computes what it says', () => {
  for (const place of PLACEMENTS) {
    const network = build(place);
    const x = u();
    const got = network.apply(x, { training: true, updateStatistics: false });
    const want = tf.tidy(() => {
      const w = (i: number) => network.named[`layer${i}/weights`] as tf.Tensor2D;
      const norm = (v: tf.Tensor) => batchNorm(v).y as tf.Tensor2D;
      let h = x as tf.Tensor2D;
      for (const i of [1, 2]) {
        const a = tf.matMul<tf.Tensor2D>(place === 'input' ? norm(h) : h, w(i));
        const z = tf.sigmoid(place === 'before' || place === 'beforeAndReadout' ? norm(a) : a);
        h = place === 'after' ? norm(z) : z;
      }
      return tf.matMul(place === 'beforeAndReadout' ? norm(h) : h, w(3));
    });
    const error = tf.tidy(() => tf.max(tf.abs(tf.sub(got, want))).dataSync()[0]);
    assert.ok(error < 1e-5, `${place}: off by ${error}`);
    tf.dispose([x, got, want]);
    network.dispose();
  }
});

test('placedMlp: the same weights from the same seed at every place; biases where BN does not replace them', () => {
  const networks = PLACEMENTS.map(build);
  const weights = networks.map((network) => network.named['layer2/weights'].dataSync());
  for (const values of weights) assert.deepEqual(values, weights[0]);
  const biased = networks.map((network) => 'layer1/bias' in network.named);
  assert.deepEqual(biased, [true, false, true, true, false]);
  networks[0].copyFrom(networks[3]);
  for (const network of networks) network.dispose();
});

test('placedMlp: taps of mlp, and a place that is not known is refused', () => {
  const network = build('input');
  const trained = new Set(network.trainable);
  for (const i of [1, 2]) {
    for (const learned of ['gamma', 'beta']) assert.ok(trained.has(network.named[`input${i}/${learned}`]), learned);
  }
  const taps: string[] = [];
  const x = u();
  network.apply(x, { training: true, tap: (name) => void taps.push(name) }).dispose();
  for (const name of ['input1/xHat', 'layer1/linear', 'layer2/preActivation', 'layer3/linear'])
    assert.ok(taps.includes(name), name);
  network.dispose();
  x.dispose();
  const before = tf.memory().numTensors;
  assert.throws(() => placedMlp({ sizes: [4, 5, 3], place: 'behind' as Placement }), /place.*before/);
  assert.throws(() => placedMlp({ sizes: [4], place: 'input' }), /sizes/);
  assert.equal(tf.memory().numTensors, before);
});
