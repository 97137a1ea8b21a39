import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import {
  DENSITY_POINTS,
  mlp,
  captureActivations,
  probeSeries,
  Random,
  ready,
  shapeProbe,
  tf,
  trainNetwork,
} from 'bnlab';
import { distributionShape, layerShape, shapeDistance } from 'bnlab/internal';
import { clouds } from '../support/clouds';
import { leakFree } from '../support/tensors';

before(async () => void (await ready()));

const normal = (n: number, seed: number) => {
  const random = new Random(seed);
  return Array.from({ length: n }, () => random.normal());
};

test('distributionShape: small samples by hand', () => {
  // -1, 0, 0, 0, 1: variance 2/5, fourth moment 2/5, so kurtosis 5/2.
  const shape = distributionShape([0, -1, 0, 1, 0]);
  assert.ok(Math.abs(shape.skewness) < 1e-12);
  assert.ok(Math.abs(shape.excessKurtosis + 0.5) < 1e-12);
  assert.equal(shape.zeros, 0.6);
  // Below the three zeros lies 1/5 of the sample, where the normal has 1/2.
  assert.ok(Math.abs(shape.distance - 0.3) < 1e-6);
  // 0, 0, 0, 4: mean 1, variance 3, third moment 6.
  assert.ok(Math.abs(distributionShape([0, 0, 0, 4]).skewness - 6 / 3 ** 1.5) < 1e-12);
});

test('distributionShape: the normal, the rectified normal and the uniform distribution', () => {
  const z = normal(50000, 1);
  const gaussian = distributionShape(z);
  assert.ok(Math.abs(gaussian.skewness) < 0.05 && Math.abs(gaussian.excessKurtosis) < 0.1);
  assert.ok(gaussian.distance < 1 / Math.sqrt(50000), `distance ${gaussian.distance}`);
  const rectified = distributionShape(z.map((v) => Math.max(0, v)));
  assert.ok(Math.abs(rectified.skewness - 1.641) < 0.05, `skewness ${rectified.skewness}`);
  assert.ok(Math.abs(rectified.excessKurtosis - 2.41) < 0.2, `kurtosis ${rectified.excessKurtosis}`);
  assert.ok(Math.abs(rectified.distance - 0.253) < 0.01 && Math.abs(rectified.zeros - 0.5) < 0.01);
  const uniform = distributionShape(Array.from({ length: 1000 }, (_, i) => i));
  assert.ok(Math.abs(uniform.excessKurtosis + 1.2) < 0.01);
});

test('distributionShape: mean and scale do not count', () => {
  const z = normal(200, 2);
  const [a, b] = [distributionShape(z), distributionShape(z.map((v) => 5 - 0.01 * v))];
  assert.ok(Math.abs(a.skewness + b.skewness) < 1e-9 && Math.abs(a.excessKurtosis - b.excessKurtosis) < 1e-9);
  assert.throws(() => distributionShape([2, 2, 2]), /all the same/);
  assert.throws(() => distributionShape([1, NaN, 2]), /not finite/);
  assert.throws(() => distributionShape([1, 2]), /at least 3/);
});

test('shapeDistance: 0 for what normalizing the first two moments makes equal, large for another shape', () => {
  const z = normal(20000, 3);
  const affine = z.map((v) => 3 * v + 7);
  assert.ok(shapeDistance(z, affine) < 1e-12);
  assert.ok(shapeDistance([0, 0, 1], [4, 4, 4.5]) < 1e-12);
  // -1, 1 against -a, -a, 2a with a = 1/sqrt(2), through their quantile functions: the thirds and halves meet in sixths.
  const a = Math.SQRT1_2;
  const byHand = (3 * (1 - a) + (1 + a) + 2 * (2 * a - 1)) / 6;
  assert.ok(Math.abs(shapeDistance([5, 7], [0, 0, 3]) - byHand) < 1e-12);
  const rectified = z.map((v) => Math.max(0, v));
  assert.ok(Math.abs(shapeDistance(z, rectified) - 0.424) < 0.01, `${shapeDistance(z, rectified)}`);
  assert.throws(() => shapeDistance(z, [1, 1]), /no shape/);
});

test('layerShape: medians over the units that vary; constant units are counted', () => {
  const rows = [0, -1, 0, 1, 0].map((v, i) => [v, 2, [0, 0, 0, 4, 4][i]]);
  const shape = layerShape({ shape: [5, 3], values: Float32Array.from(rows.flat()) });
  assert.equal(shape.constantUnits, 1);
  assert.equal(shape.units, 3);
  const [a, b] = [distributionShape([0, -1, 0, 1, 0]), distributionShape([0, 0, 0, 4, 4])];
  assert.ok(Math.abs(shape.skewness - (Math.abs(a.skewness) + Math.abs(b.skewness)) / 2) < 1e-6);
  assert.ok(Math.abs(shape.zeros - 0.6) < 1e-12);
  assert.throws(() => layerShape({ shape: [3, 1], values: new Float32Array(3) }), /none of the 1 units varies/);
});

test('layerShape: the density of normal units is the normal density, whatever their scales', () => {
  const [a, b] = [normal(40000, 4), normal(40000, 5)];
  const rows = a.map((v, i) => [v, 100 + 7 * b[i]]);
  const { density } = layerShape({ shape: [40000, 2], values: Float32Array.from(rows.flat()) });
  DENSITY_POINTS.forEach((z, i) => {
    const exact = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    assert.ok(Math.abs(density[i] - exact) < 0.012, `at ${z}: ${density[i]} against ${exact}`);
  });
  assert.ok(Math.abs(density.reduce((sum, v) => sum + v * 0.2, 0) - 1) < 1e-3);
});

test('layerShape: the density counts in bins 0.2 wide around its points; what lies beyond counts for the total', () => {
  // 98 zeros and two at plus and minus 1: a deviation of sqrt(0.02), and the two at 7.07 deviations, beyond the last bin.
  const far = [...new Array<number>(98).fill(0), 1, -1];
  const { density } = layerShape({ shape: [100, 1], values: Float32Array.from(far) });
  assert.equal(DENSITY_POINTS.length, 41);
  assert.deepEqual([DENSITY_POINTS[0], DENSITY_POINTS[40]], [-4, 4]);
  const middle = DENSITY_POINTS.indexOf(0);
  assert.deepEqual(
    density,
    DENSITY_POINTS.map((_, i) => (i === middle ? 4.9 : 0)),
  );
  // Two values alike: at plus and minus one deviation, the middles of bins.
  const pair = layerShape({ shape: [4, 1], values: Float32Array.from([3, 5, 3, 5]) }).density;
  assert.deepEqual(
    pair,
    DENSITY_POINTS.map((z) => (Math.abs(z) === 1 ? 2.5 : 0)),
  );
  // Two of 32 at plus and minus four deviations: the first and the last bin.
  const edges = layerShape({ shape: [32, 1], values: Float32Array.from([...new Array<number>(30).fill(0), 4, -4]) });
  assert.deepEqual([edges.density[0], edges.density[40]], [0.1563, 0.1563]);
  // One in three: 0.3333 of a total of 1, to four digits.
  const third = layerShape({ shape: [3, 1], values: Float32Array.from([-1, 0, 1]) }).density;
  assert.equal(third[middle], 1.667);
});

test('shapeProbe: the first 1,000 examples unless told, with their own statistics; a tap that moves nowhere', async () => {
  const { x, y } = clouds(1200, 1);
  const network = mlp({ sizes: [3, 4, 3], activation: 'relu', norm: 'batch', seed: 1 });
  network.named['layer1/movingMean'].assign(tf.fill([4], 50));
  const tap = 'layer1/activation';
  const at = { network, test: { x, y }, memory: {} } as unknown as Parameters<
    ReturnType<typeof shapeProbe>['measure']
  >[0];
  const seen = await shapeProbe({ taps: [tap] }).measure(at);
  const first = tf.slice(x, 0, 1000);
  const want = layerShape(captureActivations({ network, x: first, training: true, taps: [tap] })[tap]);
  assert.deepEqual(seen[tap], { ...want, moved: 0 });
  network.dispose();
  tf.dispose([x, y, first]);
});

test('shapeProbe: the first evaluation has moved nowhere, training moves shapes, nothing leaks', async () => {
  const data = { train: clouds(90, 1), test: clouds(60, 2) };
  const taps = ['layer1/activation', 'layer2/linear'];
  const network = mlp({ sizes: [3, 12, 12, 3], activation: 'relu', norm: 'batch', seed: 1 });
  const probes = { shape: shapeProbe({ taps, examples: 50 }) };
  const history = await leakFree(() =>
    trainNetwork({
      network,
      data,
      probes,
      steps: 40,
      batchSize: 30,
      learningRate: 0.5,
      seed: 1,
      evaluate: { every: 40 },
    }),
  );
  const [start, end] = probeSeries(history, 'shape').map(({ value }) => value!);
  for (const tap of taps) {
    assert.equal(start[tap]!.moved, 0);
    assert.ok(end[tap]!.moved! > 0.02, `${tap} moved ${end[tap]!.moved}`);
    assert.equal(start[tap]!.units, 12);
  }
  assert.ok(start['layer1/activation']!.zeros! > 0.2 && start['layer2/linear']!.zeros! < 0.1);
  network.dispose();
  tf.dispose([data.train.x, data.train.y, data.test.x, data.test.y]);
});

test('shapeProbe: a network that has diverged, or a layer that is off, reports null', async () => {
  const network = mlp({ sizes: [3, 4, 3], activation: 'relu', seed: 1 });
  const { x, y } = clouds(30, 1);
  network.named['layer1/bias'].assign(tf.fill([4], -100));
  const probe = shapeProbe({ taps: ['layer1/activation', 'layer1/linear'] });
  const at = { network, test: { x, y }, memory: {} } as unknown as Parameters<typeof probe.measure>[0];
  const seen = await probe.measure(at);
  assert.equal(seen['layer1/activation'], null);
  assert.notEqual(seen['layer1/linear'], null);
  network.named['layer1/weights'].assign(tf.fill([3, 4], NaN));
  assert.deepEqual(await probe.measure(at), { 'layer1/activation': null, 'layer1/linear': null });
  network.dispose();
  tf.dispose([x, y]);
});

test('shapeProbe: where no unit varies both times, nothing is said to have moved', async () => {
  const network = mlp({ sizes: [3, 2, 3], activation: 'relu', seed: 1 });
  const { x, y } = clouds(30, 1);
  const probe = shapeProbe({ taps: ['layer1/activation'] });
  const at = { network, test: { x, y }, memory: {} } as unknown as Parameters<typeof probe.measure>[0];
  const moved = async (bias: number[]) => {
    network.named['layer1/bias'].assign(tf.tensor1d(bias));
    return (await probe.measure(at))['layer1/activation']!.moved;
  };
  assert.deepEqual([await moved([5, -100]), await moved([-100, 5])], [0, 0]);
  network.dispose();
  tf.dispose([x, y]);
});

test('distributionShape: a mirrored sample has the same distance, and the opposite skewness', () => {
  for (const sample of [
    [0, 1, 2, 9],
    [0, 0, 0, 0, 5],
    [1, 2, 4, 8, 16, 32],
  ]) {
    const [one, mirrored] = [sample, sample.map((v) => -v)].map((values) => distributionShape(values));
    assert.ok(Math.abs(one.distance - mirrored.distance) < 1e-6, `${one.distance}, mirrored ${mirrored.distance}`);
    assert.ok(Math.abs(one.skewness + mirrored.skewness) < 1e-9);
  }
});
