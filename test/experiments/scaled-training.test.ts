/** Training from aW: the identity of section 3.3 over a whole training, against the same without its conditions. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { runExperiment } from 'bnlab';

const scales = [1, 0.03, 30];
const apart = ([one, ...others]: (number | null)[][]) =>
  Math.max(...others.flatMap((row) => row.map((v, t) => Math.abs(v! - one[t]!) / one[t]!)));

test('scaled-training: with BN, epsilon 0 and the rate a^2, the loss is that of a = 1 to rounding, and it falls', async () => {
  const { losses } = await runExperiment('scaled-training', { scales, steps: 60 });
  assert.ok(losses.every((row) => row.length === 61));
  assert.ok(apart(losses) < 1e-10, `${apart(losses)}`);
  assert.ok(losses[0][60] < 0.5 * losses[0][0], `${losses[0][0]} to ${losses[0][60]}`);
});

test('scaled-training: it is another loss without BN, at another power of a, and with epsilon', async () => {
  for (const other of [{ normalize: false }, { exponent: 0 }, { epsilon: 1e-2 }]) {
    const { losses } = await runExperiment('scaled-training', { scales: [1, 0.3, 3], steps: 20, ...other });
    assert.ok(apart(losses) > 1e-3, `${JSON.stringify(other)}: ${apart(losses)}`);
  }
});

test('scaled-training: one step lowers the loss by rate |gradient|^2, to first order', async () => {
  const drop = async (learningRate: number) => {
    const { losses } = await runExperiment('scaled-training', { scales: [1], steps: 1, learningRate });
    return (losses[0][0] - losses[0][1]) / learningRate;
  };
  const [a, b, c] = [await drop(1e-4), await drop(2e-4), await drop(4e-4)];
  assert.ok(a > 0 && Math.abs((b - a) / a) < 1e-3, `${a}, ${b}`);
  assert.ok(Math.abs((c - b) / (b - a) - 2) < 0.1, 'what is left is of second order');
});
