/** Networks as data: the same network as from the function of that name, before and after a round trip through JSON. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  convNet,
  gaussian,
  inceptionNet,
  initializer,
  mlp,
  Network,
  networkOf,
  placedMlp,
  NetworkSpec,
  ready,
  residualNet,
  tf,
} from 'bnlab';
import { NETWORK_KINDS } from 'bnlab/internal';

test.before(ready);

const blocks = [{ one: 2, three: [2, 3] as [number, number], double: [2, 2] as [number, number], pool: 2 }];
const image: [number, number, number] = [6, 6, 1];
/** Specifications beside calls that are to build the same. */
const pairs: [NetworkSpec, () => Network][] = [
  [
    {
      kind: 'mlp',
      sizes: [36, 5, 3],
      activation: 'sigmoid',
      norm: 'batch',
      normOptions: { decay: 0.8, epsilon: 1e-3 },
    },
    () =>
      mlp({
        sizes: [36, 5, 3],
        activation: 'sigmoid',
        norm: 'batch',
        normOptions: { decay: 0.8, epsilon: 1e-3 },
        seed: 3,
      }),
  ],
  [
    { kind: 'mlp', sizes: [36, 5, 3], initializer: { gaussian: 0.3 }, placement: 'after', norm: 'layer', dropout: 0.5 },
    () =>
      mlp({
        sizes: [36, 5, 3],
        initializer: gaussian(0.3),
        placement: 'after',
        norm: 'layer',
        dropout: 0.5,
        seed: 3,
      }),
  ],
  [
    { kind: 'mlp', sizes: [36, 5, 3], initStd: 0.2, norm: 'pitfall:detached', name: 'mine' },
    () => mlp({ sizes: [36, 5, 3], initStd: 0.2, norm: 'pitfall:detached', name: 'mine', seed: 3 }),
  ],
  [
    { kind: 'convNet', image, filters: [2], hidden: 4, classes: 3, norm: 'group', normOptions: { groups: 2 } },
    () => convNet({ image, filters: [2], hidden: 4, classes: 3, norm: 'group', normOptions: { groups: 2 }, seed: 3 }),
  ],
  [
    { kind: 'inceptionNet', image, stem: 2, classes: 3, blocks, initializer: 'orthogonal' },
    () => inceptionNet({ image, stem: 2, classes: 3, blocks, initializer: initializer('orthogonal'), seed: 3 }),
  ],
  [
    { kind: 'placedMlp', sizes: [36, 5, 4, 3], place: 'input', activation: 'sigmoid' },
    () => placedMlp({ sizes: [36, 5, 4, 3], place: 'input', activation: 'sigmoid', seed: 3 }),
  ],
  [
    { kind: 'residualNet', inputs: 36, width: 4, depth: 2, classes: 3, activation: 'tanh' },
    () => residualNet({ inputs: 36, width: 4, depth: 2, classes: 3, activation: 'tanh', seed: 3 }),
  ],
];

test('a specification builds what the function builds, also after a round trip through JSON', () => {
  assert.deepEqual(new Set(pairs.map(([{ kind }]) => kind)), new Set(NETWORK_KINDS), 'every kind is tried');
  for (const [spec, build] of pairs) {
    const wanted = build();
    const x = tf.randomNormal([4, 36], 0, 1, 'float32', 7);
    for (const given of [spec, JSON.parse(JSON.stringify(spec)) as NetworkSpec]) {
      const network = networkOf(given, 3);
      assert.equal(network.name, wanted.name);
      assert.deepEqual(network.stateDict(), wanted.stateDict(), spec.kind);
      const [got, expected] = [network, wanted].map((net) =>
        tf.tidy(() => (net.apply(x, { training: false }) as tf.Tensor2D).arraySync()),
      );
      assert.deepEqual(got, expected, spec.kind);
      network.dispose();
    }
    x.dispose();
    wanted.dispose();
  }
});

test('another seed gives other weights', () => {
  const spec: NetworkSpec = { kind: 'mlp', sizes: [4, 3] };
  const [one, two, none] = [networkOf(spec, 1), networkOf(spec, 2), networkOf(spec)];
  assert.notDeepEqual(one.stateDict(), two.stateDict());
  const zero = mlp({ sizes: [4, 3], seed: 0 });
  assert.deepEqual(none.stateDict(), zero.stateDict());
  for (const network of [one, two, none, zero]) network.dispose();
});

test('what JSON cannot hold, or no function builds, is refused, and nothing is left', () => {
  const before = tf.memory().numTensors;
  const sizes = [4, 3];
  for (const [spec, message] of [
    [undefined, /wanted a specification such as .* got undefined/],
    [[], /got \[\]/],
    [{ kind: 'cnn', sizes }, /kind must be one of mlp, convNet, inceptionNet, residualNet, placedMlp; got 'cnn'/],
    [{ kind: 'mlp', sizes, seed: 1 }, /holds no seed. Pass it beside/],
    [{ kind: 'mlp', sizes, initializer: gaussian(1) }, /spec\.initializer must be plain JSON, got an Initializer/],
    [{ kind: 'mlp', sizes, initializer: 'xavier' }, /'xavier'/],
    [{ kind: 'mlp', sizes, initializer: { normal: 1 } }, /or \{ gaussian: 0\.1 \}; got \{"normal":1\}/],
    [{ kind: 'mlp', sizes: [4, NaN] }, /spec\.sizes\[1\] must be plain JSON .*, got NaN/],
    [{ kind: 'mlp', sizes, normOptions: { decay: Infinity } }, /spec\.normOptions\.decay must be .* got Infinity/],
    [{ kind: 'mlp', sizes, normOptions: new Map() }, /spec\.normOptions must be plain JSON .*, got a Map/],
    [{ kind: 'mlp', sizes: [4] }, /sizes must list at least/],
  ] as [NetworkSpec, RegExp][]) {
    assert.throws(() => networkOf(spec), message);
  }
  assert.equal(tf.memory().numTensors, before);
});
