import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { dense, gradientNoise, gradientNorms, mlp, ready, sequential, tf } from 'bnlab';
import { closeWithin } from '../support/close';
import { clouds } from '../support/clouds';
import { leakFree, untouchedBy } from '../support/tensors';
import { given } from './given';

before(async () => void (await ready()));

const close = closeWithin(1e-4, 'mixed');

test('gradientNoise: a linear unit, by hand', async () => {
  // l_i = (w x_i - y_i)^2 with w = 2, x = 1 and 3, y = 0: g_i = 2 w x_i^2 = 4 and 36, g = 20, S = 16^2.
  const network = given([[[2]]]);
  const [x, y] = [tf.tensor2d([[1], [3]]), tf.tensor2d([[0], [0]])];
  const noise = await untouchedBy(network, () => gradientNoise({ network, x, y, loss: 'meanSquaredError' }));
  close(noise.loss, 20);
  noise.squaredNorms.forEach((square, i) => close(square, [16, 1296][i]));
  close(noise.squaredNorm, 400);
  close(noise.trace, 256);
  close(noise.critical, 0.64);
  tf.dispose([x, y]);
  network.dispose();
});

for (const activation of ['tanh', 'relu'] as const) {
  test(`gradientNoise: the gradients of single examples, one by one: three layers with biases, ${activation}`, async () => {
    await leakFree(async () => {
      const { x, y } = clouds(20, 1);
      const network = mlp({ sizes: [3, 8, 6, 3], activation, seed: 1 });
      const noise = await untouchedBy(network, () => gradientNoise({ network, x, y }));
      const squares = Array.from({ length: 20 }, (_, i) =>
        tf.tidy(() => {
          const one = { x: tf.slice(x, [i, 0], [1, 3]), y: tf.slice(y, [i, 0], [1, 3]) };
          const { weights } = gradientNorms({ network, ...one, training: true });
          assert.equal(Object.keys(weights).length, 6);
          return Object.values(weights).reduce((sum, norm) => sum + norm ** 2, 0);
        }),
      );
      noise.squaredNorms.forEach((square, i) => close(square, squares[i]));
      const { weights, loss } = gradientNorms({ network, x, y, training: true });
      const squaredNorm = Object.values(weights).reduce((sum, norm) => sum + norm ** 2, 0);
      const mean = squares.reduce((a, b) => a + b) / 20;
      close(noise.loss, loss);
      close(noise.squaredNorm, squaredNorm);
      close(noise.trace, mean - squaredNorm);
      tf.dispose([x, y]);
      network.dispose();
    });
  });
}

test('gradientNoise: a network in which an example has no gradient of its own is refused by the names of what it trains', async () => {
  await leakFree(() => {
    const { x, y } = clouds(6, 1);
    const network = mlp({ sizes: [3, 4, 3], activation: 'relu', norm: 'batch', seed: 1 });
    assert.throws(
      () => gradientNoise({ network, x, y }),
      /gradientNoise: network 'mlp' trains .*gamma.*wanted dense layers alone/,
    );
    const silent = sequential([dense(3, 3, { name: 'layer1' })]); // a dense layer by itself taps nothing
    assert.throws(() => gradientNoise({ network: silent, x, y }), /has no tap 'layer1\/linear'/);
    silent.dispose();
    tf.dispose([x, y]);
    network.dispose();
  });
});
