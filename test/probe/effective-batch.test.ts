/** What a batch's statistics are worth: m for a dense layer, closed forms for pixels that are alike, a known mean of an inverse. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { BaseLayer, effectiveBatch, Random, ready, tf } from 'bnlab';
import type { ApplyContext } from 'bnlab/internal';
import { closeWithin } from '../support/close';

before(async () => void (await ready()));

/** Hands on what it gets, as a tap. */
class Through extends BaseLayer {
  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    const same = tf.clone(x);
    context.tap?.('values', same);
    return same;
  }
}
const look = (x: tf.Tensor, batchSizes: number[], draws = 1) =>
  effectiveBatch({ network: new Through('through'), x, tap: 'values', batchSizes, draws });

test('a dense layer: m, and E[σ/σ_B] of normal features', () => {
  tf.tidy(() => {
    const x = tf.tensor2d(new Random(1).normals(4000 * 2), [4000, 2]);
    const found = look(x, [6, 20], 4000);
    const close = closeWithin(1e-9, 'relative');
    close(found[0].effective, 6);
    close(found[1].effective, 20);
    // √(m/2) Γ((m − 2)/2)/Γ((m − 1)/2): √3 Γ(2)/Γ(2.5), Γ(2.5) = 3√π/4
    const six = Math.sqrt(3) / ((3 * Math.sqrt(Math.PI)) / 4);
    assert.ok(Math.abs(found[0].inverse / six - 1) < 0.02, `${found[0].inverse}, wanted ${six}`);
  });
});

test('pixels: as many values as there are where they are independent, one where they are equal', () => {
  tf.tidy(() => {
    const independent = tf.tensor4d(new Random(2).normals(3000 * 12), [3000, 3, 4, 1]);
    const [{ effective }] = look(independent, [2]);
    assert.ok(Math.abs(effective / 24 - 1) < 0.1, `${effective}`);
    const alike = tf.mul(tf.tensor4d(new Random(3).normals(500), [500, 1, 1, 1]), tf.ones([1, 3, 4, 1])) as tf.Tensor4D;
    closeWithin(1e-9, 'relative')(look(alike, [2])[0].effective, 2);
    // A part that all pixels of an example share, with share rho of the variance: m p / (1 + (p - 1) rho).
    const mixed = tf.add(tf.mul(alike.slice([0], [500]), 0.5), tf.mul(independent.slice([0], [500]), Math.sqrt(0.75)));
    const want = (2 * 12) / (1 + 11 * 0.25);
    assert.ok(Math.abs(look(mixed, [2])[0].effective / want - 1) < 0.12);
  });
});

test('a feature that does not vary is left out of the inverse; sizes outside the population are refused', () => {
  tf.tidy(() => {
    const x = tf.tensor2d(new Random(4).normals(40), [40, 1]);
    const padded = tf.concat([x, tf.ones([40, 1])], 1);
    assert.equal(look(padded, [5], 50)[0].inverse, look(x, [5], 50)[0].inverse);
    assert.throws(() => look(x, [1]), /a mini-batch of 1; wanted from 2 to 40 examples/);
    assert.throws(() => look(x, [41]), /a mini-batch of 41/);
  });
});
