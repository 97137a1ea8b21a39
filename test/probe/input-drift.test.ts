import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { inputDriftProbe, mlp, Random, ready, tf, type InputDrift, type ProbePoint } from 'bnlab';

before(async () => void (await ready()));

/** One linear layer W u + b, whose values a test moves as it likes. */
function line() {
  const network = mlp({ sizes: [1, 2], seed: 1 });
  const [W, b] = ['weights', 'bias'].map((name) => network.named[`layer1/${name}`]);
  const set = (weights: number[], bias: number[]) =>
    tf.tidy(() => {
      W.assign(tf.tensor2d([weights]));
      b.assign(tf.tensor1d(bias));
    });
  return { network, set };
}

const rows = (m: number) => tf.tensor2d(new Random(1, 'u').normals(m), [m, 1]);

test('inputDriftProbe: a shift counts its length, a width its change, and two mini-batches stand beside', async () => {
  const { network, set } = line();
  const [test, batch] = [rows(400), rows(40)];
  const probe = inputDriftProbe({ taps: ['layer1/linear'] });
  const memory: Record<string, unknown> = {};
  const at = { network, memory, test: { x: test, y: test }, batch: { x: batch, y: batch } } as unknown as ProbePoint;
  const look = async () => (await probe.measure(at)) as InputDrift;

  set([1, 2], [0, 0]);
  const first = await look();
  assert.deepEqual([first.drift, first.mean], [null, null]);
  const still = await look();
  assert.deepEqual([still.drift, still.mean, still.jitter], [0, 0, first.jitter]);
  assert.ok(still.jitter > 0);

  set([1, 2], [3, 1]);
  const shifted = await look();
  assert.ok(Math.abs(shifted.drift! - 2) < 1e-5, 'the mean of the shifts by 3 and by 1');
  assert.ok(Math.abs(shifted.mean! - 2) < 1e-5);
  assert.ok(Math.abs(shifted.jitter - first.jitter) < 1e-5, 'a shift is not in the jitter');

  set([2, 4], [3, 1]);
  const wider = await look();
  const values = Array.from(test.dataSync());
  const size = values.reduce((sum, v) => sum + Math.abs(v), 0) / values.length; // E|u|: sorted values move by |u| and 2|u|
  assert.ok(Math.abs(wider.drift! / (1.5 * size) - 1) < 1e-4, `${wider.drift}`);
  assert.ok(Math.abs(wider.jitter / (2 * first.jitter) - 1) < 1e-4, 'in the units of the values');
  network.dispose();
  tf.dispose([test, batch]);
});

test('inputDriftProbe: a tap that is not there is an error that lists those that are', async () => {
  const { network } = line();
  const u = rows(10);
  const at = { network, memory: {}, test: { x: u, y: u }, batch: { x: u, y: u } } as unknown as ProbePoint;
  const none = inputDriftProbe({ taps: ['layer9/linear'] });
  await assert.rejects(async () => none.measure(at), /no tap 'layer9\/linear'.*layer1\/linear/);
  assert.throws(() => inputDriftProbe({ taps: 'layer1/linear' as unknown as string[] }), /taps/);
  network.dispose();
  u.dispose();
});
