/** Trained networks of three frameworks, carried over and back; data/golden/zoo/generate.py trained them, and reads what is written. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as os from 'node:os';
import * as path from 'node:path';
import test from 'node:test';
import { zipSync } from 'fflate';
import {
  batchNormLayer,
  conv2d,
  dense,
  groupNormLayer,
  inceptionNet,
  layerNormLayer,
  loadWeights,
  maxPool,
  mlp,
  type Network,
  parallel,
  residualNet,
  saveWeights,
  sequential,
  tf,
  whiteningLayer,
} from 'bnlab';
import {
  type DataArray,
  type FrameworkName,
  readNpz,
  readSafetensors,
  readTfjsWeights,
  weightArrays,
} from 'bnlab/internal';
import { assertClose, clean, type Golden, golden, toTensor, untouchedBy, values } from '../support/tensors';

const folder = path.join(__dirname, '../../data/golden/zoo');
const file = (name: string) => path.join(folder, 'networks', name);
type Trained = FrameworkName | `${FrameworkName}-each` | 'pytorch-up' | 'keras-up';
const builders = createRequire(__filename)(path.join(folder, 'networks.cjs')) as Record<Trained, () => Network>;
const trained = golden<{ networks: Record<Trained, { x: Golden; logits?: Golden; probabilities?: Golden }> }>(
  'zoo/table.json',
);

/** Batch normalizations; layer, group and instance normalization (`each`); a transposed convolution (`up`). */
const FILES: [FrameworkName, string, Trained][] = [
  ['pytorch', 'pytorch.safetensors', 'pytorch'],
  ['pytorch', 'pytorch.npz', 'pytorch'],
  ['pytorch', 'pytorch-each.safetensors', 'pytorch-each'],
  ['pytorch', 'pytorch-each.npz', 'pytorch-each'],
  ['pytorch', 'pytorch-up.safetensors', 'pytorch-up'],
  ['pytorch', 'pytorch-up.npz', 'pytorch-up'],
  ['keras', 'keras-up.safetensors', 'keras-up'],
  ['keras', 'keras-up.npz', 'keras-up'],
  ['keras', 'keras.safetensors', 'keras'],
  ['keras', 'keras.npz', 'keras'],
  ['keras', 'keras-each.safetensors', 'keras-each'],
  ['keras', 'keras-each.npz', 'keras-each'],
  ['tfjs', 'model.json', 'tfjs'],
  ['tfjs', 'model-each.json', 'tfjs-each'],
];

/** Runs with an empty folder, which goes afterwards. */
async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const empty = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-weights-'));
  try {
    await body(empty);
  } finally {
    fs.rmSync(empty, { recursive: true });
  }
}

function arraysIn(name: string): Record<string, DataArray> {
  const bytes = new Uint8Array(fs.readFileSync(name));
  if (name.endsWith('.npz')) return readNpz(bytes);
  if (name.endsWith('.safetensors')) return readSafetensors(bytes);
  const values = fs.readFileSync(
    name.replace(/model(-each)?\.json$/, 'weights$1.bin').replace(/back\.json$/, 'back.bin'),
  );
  return readTfjsWeights(fs.readFileSync(name, 'utf8'), [new Uint8Array(values)]);
}

for (const [framework, name, made] of FILES) {
  test(
    `${name}: the network gives the outputs of ${framework} within 1e-5, and goes back to the bit`,
    clean(async () => {
      const network = builders[made]();
      const modules = await loadWeights(network, file(name), { from: framework });
      tf.tidy(() => {
        const { x, logits, probabilities } = trained.networks[made];
        const out = network.apply(toTensor(x), { training: false });
        if (logits) assertClose(out, logits, 'logits', { tolerance: 1e-5, scale: 1 });
        if (probabilities) assertClose(tf.softmax(out), probabilities, 'probabilities', { tolerance: 1e-5, scale: 1 });
      });
      await inFolder(async (to) => {
        const back = path.join(to, name.startsWith('model') ? 'back.json' : `back${path.extname(name)}`);
        await saveWeights(network, back, { to: framework, modules });
        const before = Object.entries(arraysIn(file(name))).filter(([key]) => !key.endsWith('num_batches_tracked'));
        assert.deepEqual(arraysIn(back), Object.fromEntries(before));
      });
      network.dispose();
    }),
  );
}

test(
  'what a framework differs in matters: another padding, epsilon or order of flattened values, and the outputs are others',
  clean(async () => {
    const { x, logits } = trained.networks.pytorch;
    const arrays = arraysIn(file('pytorch.safetensors'));
    const offBy = async (network: Network, given: Record<string, DataArray>) => {
      await loadWeights(network, given, { from: 'pytorch' });
      const out = tf.tidy(() => values(network.apply(toTensor(x), { training: false })));
      network.dispose();
      return Math.max(...out.map((v, i) => Math.abs(v - logits!.values[i])));
    };
    assert.ok((await offBy(builders.pytorch(), arrays)) < 1e-5);
    const variant = (stride: object, pool: object, epsilon?: number) => {
      const built = builders.pytorch() as Network & { layers: unknown[] };
      const norm = (d: number, label: string) => batchNormLayer(d, { name: label, ...(epsilon && { epsilon }) });
      const layers = built.layers as Parameters<typeof sequential>[0];
      const [, , relu, , , , , flat] = layers;
      built.dispose();
      return sequential([
        ...[
          conv2d(1, 6, 3, { name: 'c1', stride: 2, bias: false, ...stride }),
          norm(6, 'n1'),
          relu,
          maxPool(3, { stride: 2, ...pool }),
        ],
        ...[
          conv2d(6, 8, 3, { name: 'c2' }),
          norm(8, 'n2'),
          relu,
          flat,
          dense(48, 16, { name: 'd1' }),
          norm(16, 'n3'),
          relu,
        ],
        dense(16, 4, { name: 'd2' }),
      ]);
    };
    assert.ok((await offBy(variant({ pad: 1 }, { pad: 1 }), arrays)) < 1e-5);
    assert.ok((await offBy(variant({}, { pad: 1 }), arrays)) > 1e-2, "'same' for PyTorch's padding");
    assert.ok((await offBy(variant({ pad: 1 }, {}), arrays)) > 1e-2, "pooling with 'same'");
    assert.ok((await offBy(variant({ pad: 1 }, { pad: 1 }, 1e-3), arrays)) > 1e-4, "Keras's epsilon");
  }),
);

test(
  'a transposed convolution is no convolution of the same numbers: PyTorch keeps its inputs first, and another kind fits no file',
  clean(async () => {
    const { x, logits } = trained.networks['pytorch-up'];
    const arrays = arraysIn(file('pytorch-up.safetensors'));
    assert.deepEqual(arrays['3.weight'].shape, [6, 4, 4, 4]);
    const network = builders['pytorch-up']();
    await assert.rejects(
      loadWeights(
        network,
        { ...arrays, '3.weight': { ...arrays['3.weight'], shape: [4, 6, 4, 4] } },
        { from: 'pytorch' },
      ),
      /sizes that do not match, the network has up \(convolution \[4,4,4,6\]\)/,
    );
    const turned = { ...arrays['3.weight'], values: Float32Array.from(arrays['3.weight'].values).reverse() };
    await loadWeights(network, { ...arrays, '3.weight': turned }, { from: 'pytorch' });
    const out = tf.tidy(() => values(network.apply(toTensor(x), { training: false })));
    assert.ok(Math.max(...out.map((v, i) => Math.abs(v - logits!.values[i]))) > 1e-2, 'its values matter');
    network.dispose();
  }),
);

test(
  'own labels travel through .npz and .safetensors, and every network of the library to PyTorch and back',
  clean(async () => {
    await inFolder(async (to) => {
      const image: [number, number, number] = [12, 8, 2];
      const networks = [1, 2].map((seed): [Network, Network] => [
        mlp({ sizes: [6, 5, 5, 3], norm: 'batch', normOptions: { convention: 'equinox' }, bias: true, seed }),
        residualNet({ inputs: 6, width: 5, depth: 2, classes: 3, norm: 'batch', seed }),
      ]);
      for (const i of [0, 1]) {
        const [from, into] = [networks[0][i], networks[1][i]];
        tf.tidy(() => void from.apply(tf.randomNormal([20, 6], 3, 2, 'float32', 1), { training: true }));
        for (const name of ['own.npz', 'own.safetensors']) {
          await saveWeights(from, path.join(to, name));
          await loadWeights(into, path.join(to, name));
          assert.deepEqual(into.stateDict(), from.stateDict());
        }
        const modules = await loadWeights(into, weightArrays(from, { to: 'pytorch' }), { from: 'pytorch' });
        const x = tf.tensor2d(
          Array.from({ length: 24 }, (_, k) => Math.sin(k)),
          [4, 6],
        );
        const outputs = [from, into].map((net) => tf.tidy(() => values(net.apply(x, { training: false }))));
        assert.deepEqual(outputs[1], outputs[0]);
        assert.ok(modules.length > 3);
        tf.dispose(x);
        from.dispose();
        into.dispose();
      }
      const branches = inceptionNet({ image, classes: 3, norm: 'batch', seed: 1 });
      const copy = inceptionNet({ image, classes: 3, norm: 'batch', seed: 2 });
      const arrays = weightArrays(branches, { to: 'pytorch' });
      const names = Object.keys(arrays).map((key) => key.replace(/\.[^.]*$/, ''));
      await loadWeights(copy, arrays, { from: 'pytorch', modules: [...new Set(names)] });
      assert.deepEqual(copy.stateDict(), branches.stateDict());
      branches.dispose();
      copy.dispose();
    });
  }),
);

test(
  'what does not fit is refused by name, and nothing is changed',
  clean(async () => {
    const good = arraysIn(file('pytorch.safetensors'));
    const network = builders.pytorch();
    const changed = (name: string, change: Partial<DataArray> | null): Record<string, DataArray> => {
      const { [name]: old, ...rest } = good;
      return change ? { ...rest, [name]: { ...old, ...change } } : rest;
    };
    const withValue = (name: string, at: number, value: number) => {
      const copy = Float32Array.from(good[name].values);
      copy[at] = value;
      return changed(name, { values: copy });
    };
    const cases: [Record<string, DataArray>, object, RegExp][] = [
      [withValue('0.weight', 3, NaN), {}, /c1\/weights: value 18 is NaN; wanted a finite number/],
      [withValue('11.bias', 0, Infinity), {}, /d2\/bias: value 0 is Infinity/],
      [withValue('5.running_var', 2, -1e-9), {}, /n2\/movingVariance: value 2 is -.*wanted a variance, none negative/],
      [
        changed('9.bias', { values: new Float64Array(16).fill(1e39), type: 'float64' }),
        {},
        /n3\/beta: value 0 is Infinity/,
      ],
      [changed('4.bias', { type: 'int32' }), {}, /'4' bias is int32; wanted one of float16/],
      [changed('4.bias', null), {}, /'4' lacks bias that c2 has, and has nothing that c2 lacks/],
      [{ ...good, '0.bias': good['1.bias'] }, {}, /'0' lacks nothing .* and has bias that c1 lacks\. .*bias: true/],
      [
        changed('8.weight', { shape: [48, 16] }),
        {},
        /the network has d1 \(dense \[48,16\]\), the file has '8' \(dense \[16,48\]\)/,
      ],
      [
        { ...good, 'extra.weight': good['8.weight'] },
        {},
        /the network has d1 \(dense \[48,16\]\), the file has '8' \(.*\), 'extra' \(/,
      ],
      [
        { ...good, 'odd.weight': { ...good['1.bias'], shape: [3, 2, 1] } },
        {},
        /module 'odd' holds weight \[3, 2, 1\]: no dense layer/,
      ],
      [good, { from: 'keras' }, /module '' holds 1\.num_batches_tracked .* \.\.\.: no dense layer/],
      [good, { from: 'torch' }, /from must be one of bnlab, pytorch, keras, tfjs; got 'torch'/],
      [good, { form: 'pytorch' }, /Did you mean 'from'/],
      [good, { from: 'pytorch', modules: ['0'] }, /modules must name 7, one for each of c1 \(convolution\)/],
      [
        good,
        { from: 'pytorch', modules: ['1', '4', '5', '8', '9', '11', 'x'] },
        /modules names 'x', which the file lacks; the file also has '0'/,
      ],
      [good, { from: 'bnlab' }, /the state is of another network/],
    ];
    for (const [arrays, options, words] of cases) {
      await untouchedBy(network, () =>
        assert.rejects(loadWeights(network, arrays, { from: 'pytorch', ...options }), words),
      );
    }
    await untouchedBy(network, () =>
      assert.rejects(loadWeights(network, file('weights.bin'), { from: 'tfjs' }), /wanted a \.safetensors file/),
    );
    await untouchedBy(network, () => assert.rejects(loadWeights(network, file('absent.npz')), /ENOENT/));
    // As torch.save, torch.save before version 1.6, Keras and Keras 2 begin a file.
    const torch = /: what torch\.save writes; wanted .* safetensors\.torch\.save_file\(net\.state_dict\(\), file\)/;
    const keras = /: what Keras saves.* wanted .* numpy\.savez\(file, /;
    const foreign: [Uint8Array, RegExp][] = [
      [zipSync({ 'net/data.pkl': Uint8Array.of(0x80, 0x02), 'net/version': Uint8Array.of(0x33) }), torch],
      [Uint8Array.of(0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46), torch],
      [zipSync({ 'metadata.json': Uint8Array.of(0x7b, 0x7d), 'model.weights.h5': Uint8Array.of(0x89) }), keras],
      [Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a), keras],
    ];
    for (const [bytes, words] of foreign)
      await untouchedBy(network, () => assert.rejects(loadWeights(network, bytes, { from: 'pytorch' }), words));
    await inFolder(async (to) => {
      await assert.rejects(saveWeights(network, path.join(to, 'net.pt')), /must end in \.npz or \.safetensors/);
      await assert.rejects(saveWeights(network, path.join(to, 'net.json'), { to: 'keras' }), /must end in/);
      await assert.rejects(
        saveWeights(network, path.join(to, 'a.npz'), { to: 'keras', modules: ['one'] }),
        /modules must be 7 names/,
      );
      assert.deepEqual(fs.readdirSync(to), []);
    });
    network.dispose();
    const whitened = sequential([dense(2, 2), whiteningLayer(2)]);
    assert.throws(() => weightArrays(whitened, { to: 'pytorch' }), /the weights of whitening.* have no counterpart/);
    whitened.dispose();
  }),
);

test(
  'modules of one size go by the numbers in their names, and are asked for where names tell no order',
  clean(async () => {
    const network = sequential([dense(2, 2, { name: 'a', bias: false }), dense(2, 2, { name: 'b', bias: false })]);
    const kernel = (...list: number[]): DataArray => ({
      shape: [2, 2],
      values: Float32Array.from(list),
      type: 'float32',
    });
    const put = async (names: [string, string], modules?: string[]) => {
      // The second in the file is the first in the network.
      const arrays = { [`${names[1]}/kernel`]: kernel(5, 6, 7, 8), [`${names[0]}/kernel`]: kernel(1, 2, 3, 4) };
      const order = await loadWeights(network, arrays, { from: 'keras', modules });
      assert.deepEqual(order, names);
      assert.deepEqual([...network.stateDict()['a/weights'].values], [1, 2, 3, 4]);
    };
    for (const names of [
      ['dense', 'dense_1'],
      ['dense_9', 'dense_10'],
      ['b2/c', 'b11/c'],
      ['net/2', 'net/11'],
    ] as const) {
      await put([...names]);
    }
    await put(['up', 'down'], ['up', 'down']);
    await untouchedBy(network, () =>
      assert.rejects(
        put(['up', 'down']),
        /'down', 'up' are of one size, and their names do not tell .* in the order of a \(dense\), b \(dense\)/,
      ),
    );
    network.dispose();
  }),
);

test(
  'a state survives JSON bit for bit, as an object and as a list; what JSON made of NaN is refused, and nothing is changed',
  clean(async () => {
    const [from, into] = [1, 2].map((seed) => mlp({ sizes: [4, 5, 3], norm: 'batch', seed }));
    const state = from.stateDict();
    type Stored = Parameters<Network['loadStateDict']>[0];
    const through = JSON.parse(JSON.stringify(state)) as Stored;
    into.loadStateDict(through);
    assert.deepEqual(into.stateDict(), state);
    const lists = Object.fromEntries(Object.entries(state).map(([k, v]) => [k, { ...v, values: [...v.values] }]));
    into.loadStateDict(JSON.parse(JSON.stringify(lists)) as Stored);
    assert.deepEqual(into.stateDict(), state);
    const spoilt = (label: string, values: unknown) =>
      ({ ...lists, [label]: { shape: lists[label].shape, values } }) as Stored;
    const length = (label: string) => lists[label].values.length;
    const of = (label: string, value: unknown) => Array<unknown>(length(label)).fill(value);
    for (const [given, words] of [
      [spoilt('layer1/gamma', of('layer1/gamma', null)), /layer1\/gamma: value 0 is null; .*JSON makes null of NaN/],
      [
        spoilt('layer1/gamma', of('layer1/gamma', '1')),
        /value 0 is '1'; wanted a number|value 0 is "1"; wanted a number/,
      ],
      [spoilt('layer1/gamma', of('layer1/gamma', 1e39)), /value 0 is Infinity/],
      [spoilt('layer1/movingVariance', of('layer1/movingVariance', -1)), /wanted a variance, none negative/],
      [spoilt('layer1/gamma', [1]), /is \[5\], the state has \[5\] with 1 values/],
      [spoilt('layer1/gamma', { a: 1, b: 2, c: 3, d: 4, e: 5 }), /wanted \{ shape: \[5\]/],
      [spoilt('layer1/gamma', new Float64Array(5)), /wanted \{ shape: \[5\]/],
      [spoilt('layer1/gamma', '11111'), /wanted \{ shape: \[5\]/],
    ] as const) {
      await untouchedBy(into, () => assert.throws(() => into.loadStateDict(given), words));
    }
    from.dispose();
    into.dispose();
  }),
);

test(
  'padding by a number is zeros on every side, and for the largest of a window nothing; others are refused',
  clean(() => {
    tf.tidy(() => {
      const x = tf.tensor4d(
        Array.from({ length: 35 }, (_, i) => Math.cos(i) - 2),
        [1, 5, 7, 1],
      );
      for (const [pad, stride] of [
        [0, 1],
        [1, 2],
        [2, 1],
        [3, 3],
      ] as const) {
        const layer = conv2d(1, 2, 3, { pad, stride, seed: 3 });
        const wanted = tf.conv2d(
          tf.pad(x, [
            [0, 0],
            [pad, pad],
            [pad, pad],
            [0, 0],
          ]),
          layer.weights as unknown as tf.Tensor4D,
          stride,
          'valid',
        );
        assert.deepEqual(values(layer.apply(x, { training: false })), values(wanted));
        layer.dispose();
      }
      // All values are below zero: padding with zeros would show.
      const pooled = maxPool(3, { stride: 2, pad: 1 }).apply(x, { training: false });
      assert.deepEqual(pooled.shape, [1, 3, 4, 1]);
      assert.equal(values(pooled)[0], Math.max(...[0, 1, 7, 8].map((i) => Math.fround(Math.cos(i) - 2))));
      const gradient = tf.grad((v: tf.Tensor) =>
        tf.sum(maxPool(3, { stride: 2, pad: 1 }).apply(v, { training: true })),
      )(x);
      assert.equal(
        values(gradient).reduce((a, b) => a + b, 0),
        12,
      );
    });
    for (const pad of [-1, 0.5, NaN, 'full']) {
      assert.throws(
        () => conv2d(1, 1, 3, { pad: pad as number }),
        /pad must be 'same', 'valid' or a whole number of pixels from 0/,
      );
    }
    assert.throws(() => maxPool(3, { pad: 2 }), /pad must be at most 1, half the size/);
    const narrow = parallel([conv2d(1, 1, 3, { name: 'n', pad: 0 })]);
    assert.throws(
      () => tf.tidy(() => narrow.apply(tf.ones([1, 2, 2, 1]), { training: false })),
      /at least 3 x 3 pixels/,
    );
    narrow.dispose();
  }),
);

test(
  'counters that thop left in a state dict are no module',
  clean(async () => {
    const network = builders.pytorch();
    const arrays = arraysIn(file('pytorch.safetensors'));
    const counter = { shape: [1], values: Float64Array.of(0), type: 'F64' };
    const counted = { ...arrays, '2.total_ops': counter, '2.total_params': counter, total_ops: counter };
    const modules = await loadWeights(network, counted, { from: 'pytorch' });
    assert.deepEqual(modules, await loadWeights(network, arrays, { from: 'pytorch' }));
    network.dispose();
  }),
);

test(
  'layer and group normalization without gamma, without beta or without both; a wrong module is named',
  clean(async () => {
    const bare = sequential([dense(2, 2, { name: 'd' }), layerNormLayer(2, { scale: false, center: false })]);
    assert.deepEqual(Object.keys(weightArrays(bare, { to: 'pytorch' })), ['d.weight', 'd.bias']);
    const half = sequential([dense(2, 2, { name: 'd' }), groupNormLayer(2, { name: 'g', center: false })]);
    const ones = { shape: [2], values: Float32Array.of(1, 2), type: 'float32' };
    const kernel = { shape: [2, 2], values: new Float32Array(4), type: 'float32' };
    const rest = { '0.weight': kernel, '0.bias': ones };
    await loadWeights(half, { ...rest, '1.weight': ones }, { from: 'pytorch' });
    assert.deepEqual([...half.stateDict()['g/gamma'].values], [1, 2]);
    await assert.rejects(
      loadWeights(half, { ...rest, '1.weight': ones, '1.bias': ones }, { from: 'pytorch' }),
      /'1' lacks nothing that g has, and has bias that g lacks/,
    );
    const images = { shape: [2, 3, 3], values: new Float32Array(18), type: 'float32' };
    await assert.rejects(
      loadWeights(half, { ...rest, '1.weight': images }, { from: 'pytorch' }),
      /module '1' holds weight \[2, 3, 3\]: no dense layer, .* and no normalization/,
    );
    bare.dispose();
    half.dispose();
  }),
);
