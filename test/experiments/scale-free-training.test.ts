/** Training without a scale: the gradient against differences, decay as a growing rate, right angles, the angle at rest. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { batchNorm64, Random, scaleFreeTraining } from 'bnlab';
import { closeWithin } from '../support/close';

const random = new Random(1, 'examples');
const x = Array.from({ length: 60 }, () => Array.from(random.normals(5)));
const labels = x.map(([a, b]) => (a > 0.5 ? 2 : +(b > 0)));
const small = { x, labels, hidden: [6, 4], batchSize: 20, steps: 60, learningRate: 0.5 } as const;

test('weight decay is a rate that grows: the same losses to rounding, where the weights are far apart', () => {
  const [eta, lambda] = [0.5, 0.05];
  const keep = 1 - eta * lambda;
  const decayed = scaleFreeTraining({ ...small, weightDecay: lambda });
  const growing = scaleFreeTraining({ ...small, learningRate: eta / keep, rateFactor: keep ** -2 });
  const plain = scaleFreeTraining(small);
  decayed.loss.forEach((loss, t) => closeWithin(1e-11, 'relative')(growing.loss[t], loss));
  closeWithin(1e-11, 'relative')(growing.norms[59], decayed.norms[59] / keep ** 59);
  closeWithin(1e-12, 'relative')(growing.rates[59], (eta / keep) * keep ** -118);
  assert.ok(decayed.loss.some((loss, t) => Math.abs(loss - plain.loss[t]) > 0.01));
});

test('the same network at another scale of the weights: the same loss, a gradient 1/a as large', () => {
  // One step from a times the weights at a^2 times the rate is the same step.
  const once = scaleFreeTraining(small);
  const large = scaleFreeTraining({ ...small, initialScale: 7, learningRate: 0.5 * 49 });
  once.loss.forEach((loss, t) => closeWithin(1e-11, 'relative')(large.loss[t], loss));
  once.angles.forEach((angle, t) => closeWithin(1e-9, 'relative')(large.angles[t], angle));
});

test('without decay a step is at a right angle: |w| grows by what the angle says', () => {
  const { norms, angles } = scaleFreeTraining({ ...small, hidden: [1], steps: 30 });
  for (let t = 0; t + 1 < norms.length; t++)
    closeWithin(1e-9, 'relative')(norms[t + 1], norms[t] / Math.cos(angles[t]));
});

test('the loss of the first mini-batch, by another implementation, and its gradient by differences', () => {
  // One hidden layer of one unit: dl/dw from the loss at weights moved by a step of known size is what the step removed.
  const tiny = { ...small, hidden: [3], batchSize: 60, steps: 2, momentum: 0 };
  const [first, second] = scaleFreeTraining({ ...tiny, learningRate: 1e-6 }).loss;
  const again = scaleFreeTraining({ ...tiny, learningRate: 2e-6 }).loss;
  // To first order a step of gradient descent lowers the loss in proportion to the rate.
  closeWithin(1e-4, 'relative')((first - again[1]) / (first - second), 2);
  const weights = new Random(1, 'layer 0').normals(15).map((v) => v / Math.sqrt(5));
  const readout = new Random(1, 'readout').normals(9).map((v) => v / Math.sqrt(3));
  const lossAt = (w: Float32Array | Float64Array | number[]) => {
    const u = x.map((row) => [0, 1, 2].map((k) => row.reduce((sum, v, j) => sum + v * w[k * 5 + j], 0)));
    const h = batchNorm64(u, { epsilon: 0 }).y.map((row) => row.map((v) => Math.max(0, v)));
    const losses = h.map((row, i) => {
      const logits = [0, 1, 2].map((k) => row.reduce((sum, v, j) => sum + v * readout[k * 3 + j], 0));
      return Math.log(logits.reduce((sum, v) => sum + Math.exp(v), 0)) - logits[labels[i]];
    });
    return losses.reduce((a, b) => a + b, 0) / losses.length;
  };
  const w = Array.from(weights);
  closeWithin(1e-6, 'relative')(first, lossAt(w));
  const h = 1e-5;
  const g = w.map((_, i) => {
    const moved = (by: number) => lossAt(w.map((v, j) => (i === j ? v + by : v)));
    return (moved(h) - moved(-h)) / (2 * h);
  });
  // loss before - loss after = rate |g|^2
  closeWithin(1e-3, 'relative')((first - second) / 1e-6, g.reduce((sum, v) => sum + v * v, 0)); // prettier-ignore
});

test('at rest the angle is √(2ηλ/(1 + α)), from short weights and from long ones; before, it is not', () => {
  const angle = (more: object) => {
    const { angles } = scaleFreeTraining({ ...small, steps: 1500, weightDecay: 0.01, ...more });
    return Math.sqrt(angles.slice(-200).reduce((sum, v) => sum + v * v, 0) / 200); // it is the mean square that balances
  };
  for (const momentum of [0, 0.9])
    for (const initialScale of [0.3, 3]) {
      const ratio = angle({ momentum, initialScale }) / Math.sqrt((2 * 0.5 * 0.01) / (1 + momentum));
      assert.ok(Math.abs(ratio - 1) < 0.1, `alpha ${momentum}, scale ${initialScale}: ${ratio}`);
    }
  const early = (initialScale: number) => angle({ weightDecay: 1e-6, initialScale });
  assert.ok(early(0.3) > 1.5 * early(6));
});

test('what does not fit is refused', () => {
  const refused = (more: object, words: RegExp) => assert.throws(() => scaleFreeTraining({ ...small, ...more }), words);
  refused({ labels: [1] }, /1 labels for 60 rows of x/);
  refused({ batchSize: 61 }, /a mini-batch of 61 of 60 examples/);
  refused({ batchSize: 2 }, /a mini-batch of 2; wanted at least 3/);
  refused({ momentum: 1 }, /momentum must be below 1, got 1/);
  refused({ labels: labels.map(() => 0.5) }, /whole numbers from 0, got 0.5/);
});
