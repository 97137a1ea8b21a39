/** Two networks looked into as they train: what is reported at each point is what is there, and the same in the answer. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { networkOf, ready, sideBySide } from 'bnlab';
import { readPoints } from 'bnlab/dist/src/experiments/readings';
import { type RunPoint, type SideSpec } from 'bnlab/internal';

process.env.BNLAB_ENGINE ??= 'wasm'; // the engine of a page; it has no graphs to trace
before(async () => void (await ready()));

const sides = (['none', 'batch'] as const).map((norm): SideSpec => ({
  name: norm,
  network: { kind: 'mlp', sizes: [784, 12, 8, 10], activation: 'sigmoid', norm },
}));
const small = {
  ...{ sides, data: { kind: 'digits' as const, train: 80, test: 40 }, learningRates: [0.5], seeds: [1, 2] },
  ...{ steps: 6, batchSize: 20, evaluations: 3 },
};

test('the points are the answer, as it comes', async () => {
  const points: RunPoint[] = [];
  const { rows } = await sideBySide().run(small, { onPoint: (point) => points.push(point) });
  assert.deepEqual(rows.map(({ side, steps }) => [side, steps]), [['none', [0, 2, 4, 6]], ['batch', [0, 2, 4, 6]]]); // prettier-ignore
  for (const { side, accuracy, loss, layers } of rows) {
    const own = points.filter((point) => point.side === side);
    const bySeed = small.seeds.map((seed) => own.filter((point) => point.seed === seed));
    assert.deepEqual(bySeed.map((run) => run.map(({ evaluation }) => evaluation.test.accuracy)), accuracy); // prettier-ignore
    assert.deepEqual(bySeed.map((run) => run.map(({ evaluation }) => evaluation.test.loss)), loss); // prettier-ignore
    assert.deepEqual(bySeed.map((run) => run.map(({ evaluation: { probes } }) => (probes as { layers: unknown }).layers)), layers); // prettier-ignore
  }
  const curves = readPoints(points, 'weights', 1);
  assert.deepEqual(curves.map(({ side, seed }) => [side, seed]), [['none', 1], ['batch', 1], ['none', 2], ['batch', 2]]); // prettier-ignore
  assert.deepEqual(
    curves[3].values,
    rows[1].layers[1].map((at) => at![1].weights),
  );
  const [fan] = readPoints(points, 'inputs', 0);
  fan.values.forEach((middle, i) => assert.ok(fan.low![i] < middle && middle < fan.high![i]));
});

test('before the first step a layer has the weights that its seed gives, and no bias', async () => {
  const { rows } = await sideBySide().run({ ...small, seeds: [1], steps: 2, evaluations: 1 });
  const network = networkOf(sides[0].network, 1);
  const state = network.stateDict();
  network.dispose();
  for (const { layers } of rows) {
    layers[0][0]!.forEach(({ layer, weights, shift }) => {
      const norm = Math.hypot(...state[`${layer}/weights`].values);
      assert.ok(Math.abs(weights / norm - 1) < 1e-5, `${layer}: ${weights}, ${norm}`);
      assert.equal(shift, 0);
    });
  }
});

test('weights a hundred times too large saturate the first layer without BN, and a normalized one stays as it is', async () => {
  const far = sides.map(({ name, network }) => ({ name, network: { ...network, initializer: { gaussian: 10 } } }));
  const { rows } = await sideBySide().run({ ...small, sides: far as SideSpec[], seeds: [1], steps: 2, evaluations: 1 });
  const [plain, normalized] = rows.map(({ layers }) => layers[0][0]![0].saturated);
  assert.ok(plain > 0.8 && normalized < 0.01, `${plain}, ${normalized}`);
});

test('a run that diverges is counted, and its layers are null from there on', async () => {
  const relu = sides.map(({ name, network }) => ({ name, network: { ...network, activation: 'relu' } })) as SideSpec[];
  const { rows } = await sideBySide().run({ ...small, sides: relu, learningRates: [1e12], seeds: [1], steps: 20 });
  assert.equal(rows[0].diverged, 1);
  assert.equal(rows[0].layers[0].at(-1), null);
});
