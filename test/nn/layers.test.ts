/** Layers and networks: shapes, gradients, taps, labels, freezing, copies, population statistics, folding, initializers. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  activation,
  averagePool,
  BaseLayer,
  batchNorm,
  batchNormLayer,
  batchNormLayers,
  batchRenormLayer,
  conv2d,
  convNet,
  dense,
  dropout,
  shiftNoise,
  flatten,
  foldNetwork,
  gaussian,
  globalAveragePool,
  groupNorm,
  groupNormLayer,
  inceptionNet,
  Initializer,
  initializer,
  instanceNorm,
  instanceNormLayer,
  Layer,
  layerNorm,
  layerNormLayer,
  maxPool,
  mlp,
  Network,
  NormName,
  parallel,
  Random,
  residual,
  residualNet,
  sequential,
  tf,
  whiteningLayer,
} from 'bnlab';
import {
  activationDerivative,
  activationFunction,
  ACTIVATIONS,
  allLayers,
  BatchNormLayer,
  Block,
  fans,
  inceptionBlock,
  normLayer,
  NORMS,
  populationStatistics,
  StepRandom,
  toImage,
  usePopulationStatistics,
} from 'bnlab/internal';
import { assertSame, clean, values } from '../support/tensors';
import { closeWithin } from '../support/close';
import { batch } from './arbitraries';

const training = { training: true };
const inference = { training: false };

/** Every kind of network, small, with its input. */
const NETWORKS: [string, () => Network, number[]][] = [
  ...NORMS.filter((norm) => norm !== 'instance').map((norm): (typeof NETWORKS)[number] => [
    `mlp ${norm}`,
    () => mlp({ sizes: [5, 4, 4, 3], activation: 'tanh', norm, normOptions: { groups: 2, iterations: 4 }, seed: 2 }),
    [8, 5],
  ]),
  [
    'mlp after',
    () => mlp({ sizes: [5, 4, 3], activation: 'sigmoid', norm: 'batch', placement: 'after', seed: 2 }),
    [8, 5],
  ],
  [
    'convNet',
    () => convNet({ image: [6, 6, 1], filters: [3, 4], hidden: 5, classes: 3, norm: 'batch', activation: 'tanh' }),
    [4, 36],
  ],
  [
    'convNet instance',
    () => convNet({ image: [6, 6, 1], filters: [3], hidden: 0, classes: 3, norm: 'instance', activation: 'tanh' }),
    [4, 6, 6, 1],
  ],
  [
    'inceptionNet',
    () =>
      inceptionNet({
        image: [8, 8, 1],
        classes: 3,
        stem: 2,
        norm: 'group',
        normOptions: { groups: 1 },
        activation: 'tanh',
        blocks: [
          { one: 2, three: [2, 2], double: [2, 2], pool: 2 },
          { one: 2, three: [2, 2], double: [2, 2], pool: 2 },
        ],
      }),
    [4, 64],
  ],
  [
    'residualNet',
    () => residualNet({ inputs: 5, width: 4, depth: 3, classes: 3, norm: 'batch', activation: 'tanh' }),
    [8, 5],
  ],
];

const loss = (net: Layer, x: tf.Tensor, dy: tf.Tensor) =>
  tf.sum(tf.mul(net.apply(x, { training: true, updateStatistics: false }), dy)) as tf.Scalar;

for (const [what, build, shape] of NETWORKS) {
  test(
    `${what}: the gradient is the directional derivative, every parameter is reached, taps change nothing`,
    clean(() => {
      const net = build();
      tf.tidy(() => {
        const { x } = batch(shape, 7);
        const out = net.apply(x, { training: true, updateStatistics: false });
        assert.deepEqual(out.shape, [shape[0], 3]);
        const { dy } = batch([shape[0], 3], 8);
        const { grads } = tf.variableGrads(() => loss(net, x, dy), net.trainable);
        const random = new Random(3);
        const before = net.trainable.map((v) => tf.clone(v));
        const directions = net.trainable.map((v) => tf.tensor(random.normals(v.size), v.shape));
        const at = (step: number) => {
          net.trainable.forEach((v, i) => v.assign(tf.add(before[i], tf.mul(directions[i], step))));
          return values(loss(net, x, dy))[0];
        };
        const h = 2e-3;
        const difference = (at(h) - at(-h)) / (2 * h);
        at(0);
        const wanted = net.trainable.reduce(
          (sum, v, i) => sum + values(tf.sum(tf.mul(grads[v.name], directions[i])))[0],
          0,
        );
        const size = Math.sqrt(net.trainable.reduce((sum, v) => sum + values(tf.sum(tf.square(grads[v.name])))[0], 0));
        // Batch renormalization takes r and d for constants, so its gradient is no derivative of what it computes.
        if (what !== 'mlp renorm') {
          assert.ok(
            Math.abs(difference - wanted) < 0.01 * (size + Math.abs(wanted)),
            `${difference} against ${wanted}`,
          );
        }
        for (const [label, v] of Object.entries(net.named)) {
          if (!net.trainable.includes(v)) continue;
          assert.ok(Math.max(...values(tf.abs(grads[v.name]))) > 1e-6, `no gradient reaches ${label}`);
        }
        const seen: string[] = [];
        const tapped = net.apply(x, { training: true, updateStatistics: false, tap: (name) => seen.push(name) });
        assertSame(tapped, out, 'with taps', 1e-6);
        assert.equal(new Set(seen).size, seen.length, 'each tap has a name of its own');
      });
      net.dispose();
    }),
  );
}

test(
  'mlp: taps hold what they say, in the order of the forward pass',
  clean(() => {
    const net = mlp({ sizes: [4, 3, 2], activation: 'sigmoid', norm: 'batch', seed: 5 });
    tf.tidy(() => {
      const { x } = batch([6, 4], 1);
      const kept: Record<string, tf.Tensor> = {};
      const y = net.apply(x, { training: true, tap: (name, value) => (kept[name] = tf.keep(tf.clone(value))) });
      assert.deepEqual(Object.keys(kept), [
        'layer1/linear',
        'layer1/mean',
        'layer1/variance',
        'layer1/xHat',
        'layer1/preActivation',
        'layer1/activation',
        'layer2/linear',
        'layer2/preActivation',
        'layer2/activation',
      ]);
      const linear = tf.matMul(x, net.named['layer1/weights']);
      const normed = batchNorm(linear);
      assertSame(kept['layer1/linear'], linear, 'linear');
      assertSame(kept['layer1/xHat'], normed.y, 'xHat', 1e-5);
      assertSame(kept['layer1/mean'], normed.mean, 'mean', 1e-5);
      assertSame(kept['layer1/variance'], normed.variance, 'variance', 1e-5);
      assertSame(kept['layer1/preActivation'], normed.y, 'preActivation', 1e-5); // gamma 1, beta 0
      assertSame(kept['layer1/activation'], tf.sigmoid(normed.y), 'activation', 1e-5);
      assertSame(kept['layer2/linear'], y, 'output');
      for (const value of Object.values(kept)) value.dispose();
    });
    net.dispose();
  }),
);

test(
  'mlp: labels, biases, placement, seeds',
  clean(() => {
    const nets = {
      none: mlp({ sizes: [4, 3, 2], seed: 5 }),
      batch: mlp({ sizes: [4, 3, 2], seed: 5, norm: 'batch' }),
      layer: mlp({ sizes: [4, 3, 2], seed: 5, norm: 'layer' }),
      after: mlp({ sizes: [4, 3, 2], seed: 5, norm: 'batch', placement: 'after' }),
      other: mlp({ sizes: [4, 3, 2], seed: 6 }),
    };
    const labels = (net: Network) => Object.keys(net.named).join(' ');
    assert.equal(labels(nets.none), 'layer1/weights layer1/bias layer2/weights layer2/bias');
    const moving = 'layer1/gamma layer1/beta layer1/movingMean layer1/movingVariance layer2/weights layer2/bias';
    assert.equal(labels(nets.batch), `layer1/weights ${moving}`);
    assert.equal(labels(nets.after), `layer1/weights layer1/bias ${moving}`);
    assert.equal(labels(nets.layer), 'layer1/weights layer1/bias layer1/gamma layer1/beta layer2/weights layer2/bias');
    const first = (net: Network) => values(net.named['layer1/weights']);
    for (const net of [nets.batch, nets.layer, nets.after]) assert.deepEqual(first(net), first(nets.none));
    assert.notDeepEqual(first(nets.other), first(nets.none));
    assert.equal(nets.batch.trainable.length, 5);
    assert.equal(nets.batch.variables.length, 7);
    tf.tidy(() => {
      const { x } = batch([5, 4], 1);
      const seen: Record<string, number[]> = {};
      nets.after.apply(x, { training: true, tap: (name, value) => (seen[name] = values(value)) });
      assert.deepEqual(Object.keys(seen).slice(0, 3), ['layer1/linear', 'layer1/preActivation', 'layer1/activation']);
      assert.deepEqual(seen['layer1/linear'], seen['layer1/preActivation']);
    });
    for (const net of Object.values(nets)) net.dispose();
  }),
);

test(
  'the config of a network is plain data that names what it was built from',
  clean(() => {
    const net = mlp({ sizes: [4, 3, 2], norm: 'batch', normOptions: { decay: 0.99 }, initStd: 0.5, seed: 3 });
    const config = JSON.parse(JSON.stringify(net.config)) as Record<string, unknown>;
    assert.deepEqual(config, {
      kind: 'mlp',
      sizes: [4, 3, 2],
      placement: 'before',
      bias: false,
      norm: 'batch',
      activation: 'relu',
      seed: 3,
      normOptions: { decay: 0.99 },
      dropout: 0,
      initializer: 'gaussian (std 0.5)',
    });
    net.dispose();
  }),
);

test(
  'copyFrom: what both have is the same afterwards, and the two stay apart',
  clean(() => {
    const plain = mlp({ sizes: [4, 3, 2], seed: 5 });
    const normed = mlp({ sizes: [4, 3, 2], seed: 6, norm: 'batch' });
    assert.deepEqual(normed.copyFrom(plain), ['layer1/weights', 'layer2/weights', 'layer2/bias']);
    assert.deepEqual(values(normed.named['layer1/weights']), values(plain.named['layer1/weights']));
    tf.tidy(() => plain.named['layer1/weights'].assign(tf.zeros([4, 3])));
    assert.ok(values(normed.named['layer1/weights']).some((v) => v !== 0));
    plain.dispose();
    normed.dispose();
  }),
);

test(
  'stateDict and loadStateDict put everything back, moving averages included',
  clean(() => {
    const net = mlp({ sizes: [4, 3, 2], seed: 5, norm: 'batch' });
    const kept = net.stateDict();
    tf.tidy(() => {
      net.apply(batch([5, 4], 1).x, training);
      net.named['layer1/weights'].assign(tf.zeros([4, 3]));
      assert.notDeepEqual(net.stateDict(), kept);
      net.loadStateDict(kept);
    });
    assert.deepEqual(net.stateDict(), kept);
    net.dispose();
  }),
);

test(
  'statistics move in training only, not when told not to, not when frozen',
  clean(() => {
    for (const build of [
      () => batchNormLayer(3),
      () => batchRenormLayer(3),
      () => normLayer('whiten', 3) as Layer,
    ] as (() => Layer)[]) {
      const layer = build();
      const moving = () => layer.variables.filter((v) => !layer.trainable.includes(v)).map(values);
      tf.tidy(() => {
        const { x } = batch([6, 3], 2);
        const start = layer.variables.map(values);
        const state = () => layer.variables.map(values);
        layer.apply(x, inference);
        layer.apply(x, { training: true, updateStatistics: false });
        assert.deepEqual(state(), start);
        const frozen = layer as BatchNormLayer;
        frozen.frozen = true;
        const asInference = layer.apply(x, training);
        assert.deepEqual(state(), start);
        assert.deepEqual(layer.trainable, []);
        assertSame(asInference, layer.apply(x, inference), 'frozen is inference');
        assert.equal(frozen.gamma?.trainable, false);
        frozen.frozen = false;
        assert.equal(frozen.gamma?.trainable, true);
        layer.apply(x, training);
        assert.notDeepEqual(moving(), start.slice(2));
      });
      layer.dispose();
    }
  }),
);

test(
  'batchNormLayer: center and scale off, initial gamma and beta, and training with each',
  clean(() => {
    for (const center of [true, false]) {
      for (const scale of [true, false]) {
        const layer = batchNormLayer(3, { center, scale, initialGamma: 2, initialBeta: -1 });
        tf.tidy(() => {
          for (const shape of [
            [6, 3],
            [2, 2, 2, 3],
          ]) {
            const { x } = batch(shape, 2);
            const wanted = batchNorm(x, scale ? tf.fill([3], 2) : null, center ? tf.fill([3], -1) : null).y;
            assertSame(layer.apply(x, training), wanted, 'y', 1e-5);
            assert.equal(layer.trainable.length, Number(center) + Number(scale));
            if (layer.trainable.length) {
              tf.variableGrads(() => tf.sum(layer.apply(x, training)) as tf.Scalar, layer.trainable);
            }
          }
        });
        layer.dispose();
      }
    }
  }),
);

test(
  'renorm: with rMax 1 and dMax 0 it is batch normalization; at inference it uses its moving averages',
  clean(() => {
    const layer = batchRenormLayer(3, { rMax: 1, dMax: 0, decay: 0 });
    tf.tidy(() => {
      const { x } = batch([6, 3], 2);
      const { y, mean, variance } = batchNorm(x);
      assertSame(layer.apply(x, training), y, 'training', 1e-5);
      assertSame(layer.movingMean, mean, 'mean', 1e-5);
      assertSame(layer.movingDeviation, tf.sqrt(tf.add(variance, 1e-5)), 'deviation', 1e-5);
      assertSame(layer.apply(x, inference), y, 'inference with that batch as the moving averages', 1e-5);
    });
    layer.dispose();
  }),
);

test(
  'renorm: r and d are clipped at 3 and 5 unless told, and the moving averages start at (0, 1) with decay 0.9',
  clean(() => {
    const layer = batchRenormLayer(2);
    const taps: Record<string, number[]> = {};
    tf.tidy(() => {
      // Feature 0: sigma_B = 10, mu_B = 20; feature 1: sigma_B = 1/10, mu_B = -20.
      const x = tf.tensor2d([
        [10, -20.1],
        [30, -19.9],
      ]);
      assert.deepEqual(values(layer.movingMean), [0, 0]);
      assert.deepEqual(values(layer.movingDeviation), [1, 1]);
      const tap = (name: string, value: tf.Tensor) => void (taps[name] = values(value));
      const y = layer.apply(x, { training: true, tap });
      assertSame(taps['batchRenorm/r'], [3, 1 / 3], 'r');
      assertSame(taps['batchRenorm/d'], [5, -5], 'd');
      assertSame(y, tf.tensor2d([2, -5 - 1 / 3, 8, -5 + 1 / 3], [2, 2]), 'y', 1e-3);
      assertSame(layer.movingMean, [2, -2], 'mean', 1e-5);
      assertSame(layer.movingDeviation, [0.9 + 1, 0.9 + 0.01], 'deviation', 1e-3);
    });
    layer.dispose();
  }),
);

test(
  'normalization layers: gamma and beta unless switched off, moving statistics never trained, groups by default',
  clean(() => {
    const makers: [string, (options: object) => BaseLayer, moving: number][] = [
      ['batch', (options) => batchNormLayer(4, options), 2],
      ['layer', (options) => layerNormLayer(4, options), 0],
      ['group', (options) => groupNormLayer(4, options), 0],
      ['instance', (options) => instanceNormLayer(4, options), 0],
      ['renorm', (options) => batchRenormLayer(4, options), 2],
      ['whitening', (options) => whiteningLayer(4, options), 2],
    ];
    for (const [what, make, moving] of makers) {
      for (const center of [undefined, true, false]) {
        for (const scale of [undefined, true, false]) {
          const layer = make({ center, scale, name: 'n' });
          const learned = [...(scale === false ? [] : ['n/gamma']), ...(center === false ? [] : ['n/beta'])];
          assert.deepEqual(Object.keys(layer.named).slice(0, learned.length), learned, what);
          assert.equal(layer.variables.length, learned.length + moving, what);
          assert.deepEqual(
            layer.trainable,
            learned.map((label) => layer.named[label]),
            what,
          );
          if (scale !== false) assert.deepEqual(values(layer.named['n/gamma']), [1, 1, 1, 1], what);
          if (center !== false) assert.deepEqual(values(layer.named['n/beta']), [0, 0, 0, 0], what);
          for (const variable of layer.variables)
            assert.equal(variable.trainable, layer.trainable.includes(variable), what);
          layer.dispose();
        }
      }
    }
    for (const [features, groups] of [
      [16, 8],
      [12, 4],
      [6, 2],
      [5, 1],
    ]) {
      const layer = groupNormLayer(features);
      assert.equal(layer.groups, groups, `${features} features`);
      layer.dispose();
    }
    tf.tidy(() => {
      const pair = tf.tensor4d([1, 3], [1, 1, 2, 1]);
      assertSame(instanceNorm(pair), tf.tensor4d([-1, 1], [1, 1, 2, 1]), 'two pixels are enough', 1e-4);
    });
  }),
);

test(
  'a layer at inference lets NaN through to its own outputs: a diverged network can be looked at',
  clean(() => {
    const layers = [layerNormLayer(2), batchNormLayer(2), batchRenormLayer(2)];
    tf.tidy(() => {
      const x = tf.tensor2d([
        [NaN, 1],
        [2, 3],
      ]);
      for (const layer of layers) {
        const y = values(layer.apply(x, inference));
        assert.ok(Number.isNaN(y[0]) && y.slice(2).every(Number.isFinite), `${layer.name}: ${y.join(' ')}`);
        layer.dispose();
      }
    });
  }),
);

test(
  'layer, group and instance: one group is layer, a group each is instance; each example stands alone',
  clean(() =>
    tf.tidy(() => {
      const { x, gamma, beta } = batch([3, 4, 2, 6], 5);
      assertSame(groupNorm(x, 1, gamma, beta), layerNorm(x, gamma, beta), 'one group');
      assertSame(groupNorm(x, 6, gamma, beta), instanceNorm(x, gamma, beta), 'a group each');
      const first = tf.slice(x, 0, 1);
      for (const f of [
        (a: tf.Tensor) => layerNorm(a),
        (a: tf.Tensor) => groupNorm(a, 3),
        (a: tf.Tensor) => instanceNorm(a),
      ]) {
        assertSame(f(first), tf.slice(f(x), 0, 1), 'alone');
      }
      const layers = [layerNormLayer(6), groupNormLayer(6), groupNormLayer(6, { groups: 3 }), instanceNormLayer(6)];
      const wanted = [layerNorm(x), groupNorm(x, 2), groupNorm(x, 3), instanceNorm(x)];
      layers.forEach((layer, i) => {
        assertSame(layer.apply(x, training), wanted[i], layer.name, 1e-6);
        layer.dispose();
      });
    }),
  ),
);

test(
  'foldNetwork: dense and convolutional layers in a sequence, each with its normalization behind it',
  clean(() => {
    tf.tidy(() => {
      const random = new Random(3);
      const own = sequential([
        conv2d(1, 2, 3, { name: 'a', bias: false, seed: 1 }),
        batchNormLayer(2, { name: 'a' }),
        activation('relu'),
        flatten(),
        sequential([dense(2 * 16, 3, { name: 'b', seed: 2 }), batchNormLayer(3, { name: 'b', scale: false })]),
      ]);
      for (const layer of batchNormLayers(own)) {
        const d = layer.movingMean.size;
        layer.setStatistics(tf.tensor1d(random.normals(d)), tf.tensor1d(random.uniforms(d, 0.5, 2)));
      }
      const x = tf.tensor4d(random.normals(5 * 16), [5, 4, 4, 1]);
      const folded = foldNetwork(own);
      assert.equal(batchNormLayers(folded).length, 0);
      const [want, got] = [own, folded].map((net) => net.apply(x, inference));
      assert.ok(tf.max(tf.abs(tf.sub(want, got))).dataSync()[0] < 1e-5);
      folded.dispose();
      own.dispose();
      const loose = sequential([activation('relu'), batchNormLayer(3, { name: 'b' })]);
      assert.throws(
        () => foldNetwork(loose),
        /b \(BatchNormLayer\).*does not stand right behind a dense or convolutional/,
      );
      loose.dispose();
      class Own extends BaseLayer {
        apply = (u: tf.Tensor) => u;
      }
      assert.throws(() => foldNetwork(sequential([new Own('mine')])), /mine \(Own\).*nor a layer that can be copied/);
    });
  }),
);

test(
  'apply without a context says what it wants',
  clean(() => {
    tf.tidy(() => {
      const net = mlp({ sizes: [2, 3, 2] });
      const x = tf.ones([1, 2]);
      for (const network of [net, net.layers[0]]) {
        assert.throws(
          () => (network.apply as (x: tf.Tensor) => tf.Tensor)(x),
          /apply\(x, context\).*apply\(x, \{ training: false \}\); got undefined/,
        );
      }
      net.dispose();
    });
  }),
);

test(
  'dropout: keeps a share, scales it, repeats with the seed, and does nothing at inference',
  clean(() =>
    tf.tidy(() => {
      const layer = dropout(0.25);
      const x = tf.ones([100, 100]);
      const draw = (seed: number) => layer.apply(x, { training: true, random: new StepRandom(new Random(seed)) });
      const y = values(draw(1));
      assert.deepEqual([...new Set(y)].sort(), [0, Math.fround(1 / 0.75)].sort());
      const kept = y.filter((v) => v > 0).length / y.length;
      assert.ok(Math.abs(kept - 0.75) < 4 * Math.sqrt((0.75 * 0.25) / 1e4), `${kept} kept`);
      assert.deepEqual(values(draw(1)), y);
      assert.notDeepEqual(values(draw(2)), y);
      assert.deepEqual(values(layer.apply(x, inference)), values(x));
      assert.deepEqual(values(dropout(0).apply(x, training)), values(x));
      const grad = tf.grad((a: tf.Tensor) => layer.apply(a, { training: true, random: new StepRandom(new Random(1)) }))(
        x,
      );
      assert.deepEqual(values(grad), y);
    }),
  ),
);

test(
  'networks unless told otherwise: the sizes that their settings document',
  clean(() => {
    const shapes = (network: Network) =>
      Object.fromEntries(
        Object.entries(network.named).flatMap(([label, { shape }]) =>
          /weights|filters/.test(label) ? [[label, shape]] : [],
        ),
      );
    const sizes = (network: Network) => {
      const found = Object.values(shapes(network));
      network.dispose();
      return found;
    };
    assert.deepEqual(sizes(convNet()), [
      [3, 3, 1, 16],
      [3, 3, 16, 32],
      [7 * 7 * 32, 100],
      [100, 10],
    ]);
    assert.deepEqual(sizes(convNet({ filters: [2], hidden: 1 })).slice(1), [
      [14 * 14 * 2, 1],
      [1, 10],
    ]);
    assert.deepEqual(sizes(residualNet()), [[784, 100], ...Array.from({ length: 8 }, () => [100, 100]), [100, 10]]);
    assert.deepEqual(sizes(residualNet({ inputs: 3, width: 2, depth: 0 })), [
      [3, 2],
      [2, 10],
    ]);
    tf.tidy(() => {
      const net = inceptionNet();
      assert.deepEqual(net.apply(tf.zeros([2, 784]), inference).shape, [2, 10]);
      net.dispose();
    });
    assert.deepEqual(sizes(inceptionNet()).map(String).sort(), [
    ...['3,3,1,8'], // the stem
    ...['1,1,8,6', '1,1,8,6', '3,3,6,8', '1,1,8,4', '3,3,4,6', '3,3,6,6', '1,1,8,4'],
    ...['1,1,24,12', '1,1,24,12', '3,3,12,16', '1,1,24,8', '3,3,8,12', '3,3,12,12', '1,1,24,8'],
    ...['48,10'],
  ].sort()); // prettier-ignore
  }),
);

test(
  'shiftNoise: each unit is moved and stretched by known amounts, the whole batch alike, anew at each draw',
  clean(() =>
    tf.tidy(() => {
      const layer = shiftNoise({ shift: 0.25, scale: 1 });
      const x = tf.tensor2d(new Random(5).normals(3 * 400), [3, 400]);
      const draw = (seed: number) =>
        layer.apply(x, { training: true, random: new StepRandom(new Random(seed)) }).arraySync() as number[][];
      const [rows, given] = [draw(1), x.arraySync()];
      const seen = new Map<string, number>();
      for (let k = 0; k < 400; k++) {
        const factor = (rows[0][k] - rows[1][k]) / (given[0][k] - given[1][k]);
        const shift = rows[0][k] - factor * given[0][k];
        closeWithin(1e-3, 'absolute')(rows[2][k], factor * given[2][k] + shift);
        const key = `${factor.toFixed(2)} ${shift.toFixed(2)}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
      assert.deepEqual([...seen.keys()].sort(), ['0.50 -0.25', '0.50 0.25', '2.00 -0.25', '2.00 0.25']);
      for (const count of seen.values()) assert.ok(Math.abs(count - 100) < 4 * Math.sqrt(75), `${count}`);
      assert.deepEqual(draw(1), rows);
      assert.notDeepEqual(draw(2), rows);
      assert.deepEqual(values(layer.apply(x, inference)), values(x));
      assert.throws(() => layer.apply(x, { training: true }), /noise in training needs random numbers/);
      assert.throws(() => shiftNoise({ shift: -1 }), /shift must be/);
    }),
  ),
);

test(
  'dropout in an Inception-style and in a residual network: in training only',
  clean(() => {
    tf.tidy(() => {
      for (const [build, width] of [
        [(dropout: number) => inceptionNet({ image: [8, 8, 1], stem: 2, classes: 3, dropout, seed: 1 }), 64],
        [(dropout: number) => residualNet({ inputs: 5, width: 6, depth: 1, classes: 3, dropout, seed: 1 }), 5],
      ] as const) {
        const x = tf.tensor2d(new Random(2).normals(4 * width), [4, width]);
        const [without, with_] = [0, 0.5].map(build);
        const random = () => new StepRandom(new Random(1));
        const apart = (training: boolean) =>
          tf
            .max(
              tf.abs(
                tf.sub(
                  without.apply(x, { training, random: random() }),
                  with_.apply(x, { training, random: random() }),
                ),
              ),
            )
            .dataSync()[0];
        assert.equal(apart(false), 0);
        assert.ok(apart(true) > 1e-3, `${apart(true)}`);
        without.dispose();
        with_.dispose();
      }
    });
  }),
);

test(
  'mlp with dropout: after hidden nonlinearities only',
  clean(() => {
    const net = mlp({ sizes: [4, 8, 8, 2], dropout: 0.5, seed: 1 });
    const rates = net.layers.map((block) => (block as Block).dropout?.rate ?? 0);
    assert.deepEqual(rates, [0.5, 0.5, 0]);
    net.dispose();
  }),
);

test(
  'pooling, flattening, images, side by side, residual',
  clean(() =>
    tf.tidy(() => {
      const x = tf.tensor4d(
        Array.from({ length: 16 }, (_, i) => i),
        [1, 4, 4, 1],
      );
      assert.deepEqual(values(maxPool(2).apply(x, training)), [5, 7, 13, 15]);
      assert.deepEqual(values(averagePool(2).apply(x, training)), [2.5, 4.5, 10.5, 12.5]);
      assert.deepEqual(averagePool(3, { stride: 1 }).apply(x, training).shape, [1, 4, 4, 1]);
      assert.deepEqual(maxPool(3, { stride: 2, pad: 'valid' }).apply(x, training).shape, [1, 1, 1, 1]);
      assert.deepEqual(values(globalAveragePool().apply(x, training)), [7.5]);
      assert.deepEqual(flatten().apply(x, training).shape, [1, 16]);
      assert.deepEqual(toImage([4, 4, 1]).apply(tf.reshape(x, [1, 16]), training).shape, [1, 4, 4, 1]);
      const twice = parallel([activation('identity'), activation('relu')]).apply(x, training);
      assert.deepEqual(twice.shape, [1, 4, 4, 2]);
      assert.deepEqual(values(residual(activation('identity')).apply(x, training)), values(tf.mul(x, 2)));
      const cut = residual(activation('identity'), { shortcut: activation('relu') });
      assertSame(cut.apply(tf.neg(x), training), tf.neg(x), 'shortcut');
    }),
  ),
);

test(
  'dense and convolution compute W u + b; stride and padding as TensorFlow has them',
  clean(() => {
    const layer = dense(3, 2, { seed: 4 });
    const conv = conv2d(2, 3, 3, { stride: 2, pad: 'valid', seed: 4 });
    tf.tidy(() => {
      layer.bias?.assign(tf.tensor1d([1, -1]));
      conv.bias?.assign(tf.tensor1d([1, -1, 2]));
      const { x } = batch([4, 3], 1);
      assertSame(layer.apply(x, training), tf.add(tf.matMul(x, layer.weights), tf.tensor1d([1, -1])), 'dense');
      const image = batch([2, 7, 7, 2], 1).x as tf.Tensor4D;
      const wanted = tf.add(tf.conv2d(image, conv.weights as tf.Tensor4D, 2, 'valid'), tf.tensor1d([1, -1, 2]));
      assertSame(conv.apply(image, training), wanted, 'conv2d');
    });
    layer.dispose();
    conv.dispose();
  }),
);

test(
  'inceptionBlock: four branches, their channels joined, every convolution normalized',
  clean(() => {
    const block = inceptionBlock(
      3,
      { one: 2, three: [4, 5], double: [3, 4], pool: 1 },
      { norm: 'batch', name: 'b', seed: 1 },
    );
    tf.tidy(() => assert.deepEqual(block.apply(batch([2, 5, 5, 3], 1).x, training).shape, [2, 5, 5, 2 + 5 + 4 + 1]));
    assert.deepEqual(
      batchNormLayers(block).map((layer) => `${layer.name} ${layer.features}`),
      ['b/one 2', 'b/three1 4', 'b/three2 5', 'b/double1 3', 'b/double2 4', 'b/double3 4', 'b/pool 1'],
    );
    block.dispose();
  }),
);

test(
  'population statistics of a network are those of its batches, layer by layer; nothing else moves',
  clean(() => {
    const net = mlp({ sizes: [4, 5, 3], activation: 'tanh', norm: 'batch', seed: 2 });
    tf.tidy(() => {
      const batches = [1, 2, 3].map((seed) => batch([6, 4], seed).x);
      usePopulationStatistics(net, batches);
      const { mean, variance } = populationStatistics(
        batches.map((x) => batchNorm(tf.matMul(x, net.named['layer1/weights']))),
        6,
      );
      assertSame(net.named['layer1/movingMean'], mean, 'mean', 1e-5);
      assertSame(net.named['layer1/movingVariance'], variance, 'variance', 1e-5);
    });
    const debiased = mlp({ sizes: [4, 5, 3], norm: 'batch', normOptions: { debias: true }, seed: 2 });
    tf.tidy(() => {
      usePopulationStatistics(debiased, [batch([6, 4], 1).x]);
      assertSame(
        batchNormLayers(debiased)[0].statistics().mean,
        debiased.named['layer1/movingMean'],
        'no second correction',
      );
    });
    net.dispose();
    debiased.dispose();
  }),
);

test(
  'population statistics of a deep and of a convolutional network: every layer, dropout included',
  clean(() => {
    const nets: [Network, number[]][] = [
      [convNet({ image: [6, 6, 1], filters: [2, 3], hidden: 4, classes: 2, norm: 'batch' }), [5, 36]],
      [mlp({ sizes: [4, 5, 5, 3], norm: 'batch', dropout: 0.2 }), [5, 4]],
    ];
    for (const [net, shape] of nets) {
      tf.tidy(() => {
        usePopulationStatistics(
          net,
          [1, 2].map((seed) => batch(shape, seed).x),
          { random: new StepRandom(new Random(1)) },
        );
        for (const layer of batchNormLayers(net)) {
          assert.ok(
            values(layer.movingVariance).some((v) => v !== 1),
            `${layer.name} was set`,
          );
        }
      });
      net.dispose();
    }
  }),
);

test(
  'folding a network gives the same outputs at inference, and leaves the network as it is',
  clean(() => {
    const nets: [() => Network, number[]][] = [
      [() => mlp({ sizes: [4, 5, 5, 3], activation: 'sigmoid', norm: 'batch', seed: 2 }), [7, 4]],
      [() => convNet({ image: [6, 6, 1], filters: [3, 4], hidden: 5, classes: 3, norm: 'batch' }), [4, 36]],
      [() => inceptionNet({ image: [8, 8, 1], norm: 'batch', stem: 2, classes: 3 }), [2, 64]],
      [
        () => sequential([mlp({ sizes: [4, 3], norm: 'batch' }), residual(dense(3, 3, { name: 'r' })), dropout(0.5)]),
        [4, 4],
      ],
      [() => mlp({ sizes: [4, 5, 3], norm: 'pitfall:redundantBias', seed: 2 }), [7, 4]],
    ];
    for (const [build, shape] of nets) {
      const net = build() as ReturnType<typeof mlp>;
      tf.tidy(() => {
        const { x } = batch(shape, 4);
        for (const layer of allLayers(net)) {
          if (!(layer instanceof BatchNormLayer)) continue;
          const { gamma, beta } = batch([2, layer.features], 9);
          layer.gamma?.assign(gamma);
          layer.beta?.assign(beta);
        }
        for (let step = 0; step < 3; step++) net.apply(x, { training: true, random: new StepRandom(new Random(1)) });
        const before = net.stateDict();
        const folded = foldNetwork(net);
        assertSame(folded.apply(x, inference), net.apply(x, inference), net.name, 2e-5);
        assert.deepEqual(net.stateDict(), before);
        assert.equal(batchNormLayers(folded).length, 0);
        folded.dispose();
      });
      net.dispose();
    }
  }),
);

test(
  'activations and their derivatives',
  clean(() =>
    tf.tidy(() => {
      const x = tf.tensor1d([-20, -2, -0.5, 0.25, 1, 30]);
      for (const name of ACTIVATIONS) {
        const wanted = tf.grad((a: tf.Tensor) => activationFunction(name)(a))(x);
        assertSame(activationDerivative(name)(x), wanted, name, 1e-6);
      }
      const exact: Record<string, (v: number) => number> = {
        sigmoid: (v) => 1 / (1 + Math.exp(-v)),
        tanh: Math.tanh,
        relu: (v) => Math.max(v, 0),
        identity: (v) => v,
      };
      for (const name of ACTIVATIONS) assertSame(activationFunction(name)(x), values(x).map(exact[name]), name, 1e-6);
      // Far out, tanh is 1 to rounding but its derivative is not 0.
      assert.ok(Math.abs(values(activationDerivative('tanh')(tf.tensor1d([12])))[0] / (4 * Math.exp(-24)) - 1) < 1e-4);
    }),
  ),
);

test(
  'initializers have the scale they state',
  clean(() => {
    const random = () => new Random(1).child('weights');
    const deviation = (v: Float32Array) => Math.sqrt(v.reduce((sum, a) => sum + a * a, 0) / v.length);
    const wanted: [Initializer, number[], number][] = [
      [gaussian(0.3), [200, 100], 0.3],
      [initializer('lecun'), [200, 100], Math.sqrt(1 / 200)],
      [initializer('glorot'), [200, 100], Math.sqrt(2 / 300)],
      [initializer('glorotUniform'), [200, 100], Math.sqrt(2 / 300)],
      [initializer('he'), [200, 100], Math.sqrt(2 / 200)],
      [initializer('he'), [3, 3, 20, 50], Math.sqrt(2 / 180)],
      [initializer('glorot'), [3, 3, 20, 50], Math.sqrt(2 / (180 + 450))],
      [initializer('orthogonal'), [50, 20], Math.sqrt(1 / 50)],
      [initializer('identity'), [4, 4], 0.5],
      [initializer('zeros'), [3, 2], 0],
    ];
    for (const [make, shape, scale] of wanted) {
      const got = make.make(shape, random());
      assert.equal(
        got.length,
        shape.reduce((a, b) => a * b, 1),
      );
      assert.ok(Math.abs(deviation(got) - scale) <= 0.03 * scale, `${make.name}: ${deviation(got)} against ${scale}`);
      assert.ok(
        Math.abs(make.standardDeviation(shape) - scale) < 1e-12,
        `${make.name} states ${make.standardDeviation(shape)}`,
      );
    }
    const limit = Math.sqrt(6 / 300);
    const uniform = initializer('glorotUniform').make([200, 100], random());
    assert.ok(uniform.every((v) => Math.abs(v) <= limit) && uniform.some((v) => Math.abs(v) > 0.98 * limit));
    assert.deepEqual(fans([3, 3, 20, 50]), { fanIn: 180, fanOut: 450 });
    tf.tidy(() => {
      for (const shape of [
        [6, 3],
        [3, 6],
        [2, 2, 3, 5],
      ]) {
        const q = tf.tensor2d(initializer('orthogonal').make(shape, random()), [
          shape.slice(0, -1).reduce((a, b) => a * b, 1),
          shape[shape.length - 1],
        ]);
        const tall = q.shape[0] >= q.shape[1];
        const product = tall ? tf.matMul(q, q, true) : tf.matMul(q, q, false, true);
        assertSame(product, tf.eye(Math.min(...q.shape)), 'orthonormal', 1e-5);
      }
    });
    assert.deepEqual([...initializer('identity').make([2, 3], random())], [1, 0, 0, 0, 1, 0]);
  }),
);

test(
  'defaults: he for relu, lecun otherwise; initStd is a Gaussian of that scale',
  clean(() => {
    const deviation = (net: Network) => {
      const v = values(net.named['layer1/weights']);
      return Math.sqrt(v.reduce((sum, a) => sum + a * a, 0) / v.length);
    };
    const cases: [Parameters<typeof mlp>[0], number][] = [
      [{ sizes: [300, 50, 2], activation: 'relu' }, Math.sqrt(2 / 300)],
      [{ sizes: [300, 50, 2], activation: 'sigmoid' }, Math.sqrt(1 / 300)],
      [{ sizes: [300, 50, 2], initStd: 2 }, 2],
    ];
    for (const [options, scale] of cases) {
      const net = mlp(options);
      assert.ok(Math.abs(deviation(net) / scale - 1) < 0.03);
      net.dispose();
    }
  }),
);

test(
  'normLayer makes each kind, and null for none',
  clean(() => {
    for (const norm of NORMS as readonly NormName[]) {
      const layer = normLayer(norm, 4, { epsilon: 0.25 }, 'n');
      if (norm === 'none') {
        assert.equal(layer, null);
        continue;
      }
      assert.equal(layer?.name, 'n');
      assert.equal((layer as BatchNormLayer).epsilon, 0.25);
      layer?.dispose();
    }
  }),
);

test(
  'what is left out has its stated default: stride 1, a bias of zero, seed 0',
  clean(() =>
    tf.tidy(() => {
      const input = tf.ones([1, 5, 6, 2]);
      const plain = conv2d(2, 3, 3);
      assert.deepEqual(plain.apply(input, { training: false }).shape, [1, 5, 6, 3]);
      const said = conv2d(2, 3, 3, { stride: 1, bias: true, pad: 'same', seed: 0 });
      assert.deepEqual(values(said.weights), values(plain.weights));
      const flat = dense(4, 3);
      for (const layer of [plain, flat]) assert.deepEqual(values(layer.bias!), [0, 0, 0]);
      for (const layer of [plain, said, flat]) layer.dispose();
    }),
  ),
);

test(
  'orthogonal weights have no preferred sign: uniform over the rotations and reflections',
  clean(() => {
    const draw = (shape: number[], seed: number) => initializer('orthogonal').make(shape, new Random(seed));
    const positive = (shape: number[], entry: number) =>
      Array.from({ length: 400 }, (_, seed) => draw(shape, seed)[entry]).filter((v) => v > 0).length / 400;
    // A fair coin leaves 0.4 to 0.6 once in 16,000 times. Without R's signs in it, Q's first column has those of a reflection.
    for (const [shape, entry] of [
      [[1, 1], 0],
      [[3, 3], 0],
      [[3, 3], 8],
      [[5, 2], 0],
    ] as const) {
      const share = positive([...shape], entry);
      assert.ok(share > 0.4 && share < 0.6, `[${shape.join(', ')}], entry ${entry}: positive with frequency ${share}`);
    }
  }),
);

test(
  'dropout comes last, also where the normalization stands after the nonlinearity',
  clean(() => {
    for (const placement of ['before', 'after'] as const) {
      const net = mlp({ sizes: [3, 50, 2], activation: 'sigmoid', norm: 'batch', placement, dropout: 0.5, seed: 1 });
      tf.tidy(() => {
        const random = new StepRandom(new Random(1));
        const out = values(net.layers[0].apply(batch([8, 3], 1).x, { training: true, random }));
        const share = out.filter((v) => v === 0).length / out.length;
        assert.ok(share > 0.35 && share < 0.65, `${placement}: ${share} of the outputs are 0`);
      });
      net.dispose();
    }
  }),
);

test(
  'population statistics of images: m is batch times height times width',
  clean(() => {
    const layer = batchNormLayer(3);
    tf.tidy(() => {
      const batches = [1, 2, 3].map((seed) => batch([2, 3, 2, 3], seed).x);
      const wanted = populationStatistics(batches.map((x) => batchNorm(x)), 12); // prettier-ignore
      usePopulationStatistics(layer, batches);
      assertSame(layer.movingMean, wanted.mean, 'mean');
      assertSame(layer.movingVariance, wanted.variance, 'variance');
    });
    layer.dispose();
  }),
);

const stateOf = (layer: Layer) =>
  Object.fromEntries(Object.entries(layer.named).map(([label, variable]) => [label, values(variable)]));

test(
  'frozen statistics: training is inference, constants to the gradient; frozen parameters: the averages alone move',
  clean(() =>
    tf.tidy(() => {
      const layer = batchNormLayer(3, { name: 'bn', decay: 0.5 });
      const { x } = batch([6, 3], 2);
      layer.apply(x, training);
      const was = stateOf(layer);
      layer.frozenStatistics = true;
      assert.deepEqual(layer.trainable, [layer.gamma, layer.beta]);
      assert.deepEqual(values(layer.apply(x, training)), values(layer.apply(x, inference)));
      const sum = (u: tf.Tensor) => tf.sum(tf.square(layer.apply(u, training))) as tf.Scalar;
      const mean = tf.clone(layer.movingMean);
      const scale = tf.div(layer.gamma!, tf.sqrt(tf.add(layer.movingVariance, layer.epsilon)));
      const wanted = tf.mul(tf.mul(tf.sub(x, mean), scale), tf.mul(2, scale));
      assertSame(tf.grad(sum)(x), wanted, 'dx, statistics constant', 1e-5);
      assert.deepEqual(stateOf(layer), was);
      layer.frozenStatistics = false;
      layer.frozenParameters = true;
      assert.deepEqual(layer.trainable, []);
      layer.frozen = true;
      layer.frozen = false;
      assert.deepEqual([layer.trainable, layer.gamma!.trainable], [[], false], 'thawing the layer thaws no part of it');
      layer.apply(x, training);
      assert.notDeepEqual(values(layer.movingMean), was['bn/movingMean']);
      layer.frozenParameters = false;
      assert.deepEqual(layer.trainable, [layer.gamma, layer.beta]);
      assert.throws(() => (layer.frozenParameters = 1 as never), /bn: frozenParameters must be true or false, got 1/);
      layer.frozenStatistics = 'yes' as never;
      assert.throws(() => layer.apply(x, training), /bn: frozenStatistics must be true or false, got 'yes'/);
      layer.dispose();
    }),
  ),
);
