/** Another domain: the pictures in closed form, and statistics that undo a change of contrast but no reversal. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { changedPictures, domainShift, loadDataset, ready, tf, type DomainShiftOptions } from 'bnlab';
import { clean, values } from '../support/tensors';

before(async () => void (await ready()));

const settings = {
  ...{ network: { kind: 'mlp', sizes: [784, 16, 16, 10] }, changes: ['inverted'], strengths: [0, 0.25, 1] },
  ...{ learningRates: [0.01, 0.3], steps: 150, batchSize: 20, examples: 400, tuning: [9], seeds: [1, 2] },
} as const satisfies Omit<DomainShiftOptions, 'data'>;
const digits = () => loadDataset('digits', { digits: { train: 400, test: 200, seed: 1 } });

test(
  'pictures: a quarter turn is a permutation, small turns keep what lies inside, noise has the deviation told, fading ends reversed',
  clean(async () => {
    const of = (x: number[], change: Parameters<typeof changedPictures>[1], strength: number, seed?: number) =>
      tf.tidy(() => values(changedPictures(tf.tensor2d([x]), change, strength, seed)));
    const near = (got: number[], want: number[]) =>
      got.forEach((v, i) => assert.ok(Math.abs(v - want[i]) < 1e-6, `${got.join()}, wanted ${want.join()}`));
    const picture = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((v) => v / 9);
    near(
      of(picture, 'rotated', 1.5),
      [3, 6, 9, 2, 5, 8, 1, 4, 7].map((v) => v / 9),
    ); // counterclockwise
    near(of(picture, 'rotated', 0), picture);
    const middle = Array.from({ length: 81 }, (_, i) => (i === 40 ? 1 : 0));
    near([of(middle, 'rotated', 0.4)[40]], [1]);
    near(of(picture, 'inverted', 1), picture.map((v) => 1 - v)); // prettier-ignore
    near(of(picture, 'inverted', 0.5), picture.map(() => 0.5)); // prettier-ignore
    const noise = of(Array.from({ length: 10000 }, () => 0.25), 'noisy', 0.5, 3).map((v) => v - 0.25); // prettier-ignore
    const deviation = Math.sqrt(noise.reduce((sum, v) => sum + v * v, 0) / noise.length);
    assert.ok(Math.abs(deviation - 0.5) < 0.015, `${deviation}`);
    assert.throws(() => of([1, 2, 3], 'rotated', 1), /wanted \[n, side \* side\]/);
    assert.throws(() => of(picture, 'rotated', -1), /strength/);
  }),
);

test(
  'statistics of the domain undo a change of contrast, and turn the sign of every feature where it is reversed',
  clean(async () => {
    const { rows, learningRates } = await domainShift({ ...settings, data: await digits() });
    assert.deepEqual(learningRates, { none: 0.3, batch: 0.3 });
    const at = (strength: number, statistics: string) =>
      rows.find((row) => row.strength === strength && row.statistics === statistics)!.accuracy;
    assert.deepEqual(at(0, 'domain'), at(0, 'training'), 'the same pictures have the same statistics');
    at(0.25, 'domain').forEach((v, i) => {
      assert.ok(Math.abs(v - at(0, 'training')[i]) < 0.011, `${v}, in training ${at(0, 'training')[i]}`);
      assert.ok(v > at(0.25, 'training')[i] + 0.2, 'the statistics of training do not');
      assert.ok(at(1, 'domain')[i] < v - 0.2, 'reversed contrast is no change of scale');
    });
  }),
);

test('what cannot be asked is refused', async () => {
  const data = await digits();
  const refused = (more: object, words: RegExp) => assert.rejects(domainShift({ ...settings, data, ...more }), words);
  await refused({ strengths: [] }, /at least one change, strength/);
  await refused({ changes: ['upside down'] }, /rotated/);
  await refused({ strengths: [-0.1] }, /strengths/);
});
