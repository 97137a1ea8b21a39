/** A run that was cut goes on as if it had not been: weights, optimizer, history, to the bit; and a snapshot of another run is refused. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as path from 'node:path';
import {
  dropout,
  activation,
  batchNormLayer,
  dense,
  loadSnapshot,
  type Network,
  ready,
  saveSnapshot,
  sequential,
  tf,
  Trainer,
  trainNetwork,
  type History,
  type TensorData,
  type TrainingSnapshot,
  type TrainOptions,
} from 'bnlab';
import { temporaryFolder } from '../data/fixture';
import { clouds } from '../support/clouds';
import { onEngine } from '../support/engines';
import { leakFree } from '../support/tensors';

test.before(async () => {
  await ready();
});

const build = (seed: number): Network =>
  sequential([
    dense(3, 8, { name: 'first', bias: false, seed }),
    batchNormLayer(8, { name: 'norm' }),
    activation('tanh'),
    dropout(0.2),
    dense(8, 3, { name: 'last', seed: seed + 1 }),
  ]);

type Run = Omit<TrainOptions, 'network'>;

/** Runs `body` with data, and fails on a leak. */
async function withRun(body: (run: Run) => Promise<void>): Promise<void> {
  await leakFree(async () => {
    const [train, check] = [clouds(300, 1), clouds(150, 2)];
    try {
      await body({
        data: { train, test: check },
        ...{ steps: 60, batchSize: 30, learningRate: 0.05, seed: 4, evaluate: { at: [0, 24, 40] } },
        schedule: { kind: 'cosine', warmUp: 4 },
        record: ({ loss }) => ({ loss }),
      });
    } finally {
      tf.dispose([train, check]);
    }
  });
}

const numbers = ({ timing: _, provenance, ...rest }: History) => {
  const { resumed: _resumed, ...others } = provenance;
  return { ...rest, provenance: others };
};

/** All float32 values, as their bits: -0 and 0 differ. */
const bits = (network: Network) =>
  Object.entries(network.stateDict()).map(([label, { values }]) => [label, ...new Uint32Array(values.buffer)]);

/** A run, the snapshots it gave, and the network, which is the caller's. */
async function trained(options: Run, seed = 1) {
  const network = build(seed);
  const snapshots: TrainingSnapshot[] = [];
  const onSnapshot = (taken: TrainingSnapshot) => void snapshots.push(taken);
  const history = await trainNetwork({ ...options, network, onSnapshot });
  return { network, history, snapshots };
}

const OPTIMIZERS = {
  sgd: { optimizer: 'sgd' },
  momentum: { optimizer: { kind: 'momentum', nesterov: true }, weightDecay: 0.01 },
  adagrad: { optimizer: 'adagrad', weightDecay: 0.01 },
  adam: { optimizer: 'adam', weightDecay: { kind: 'decoupled', rate: 0.1 } },
} as const;

for (const [name, rule] of Object.entries(OPTIMIZERS)) {
  for (const mode of ['graph', 'eager'] as const) {
    test(`${name}, ${mode}: a run that was cut twice is the run that was not, to the bit`, async () => {
      await withRun(async (run) => {
        const options = { ...run, ...rule, mode };
        const whole = await trained(options);
        assert.deepEqual(
          whole.snapshots.map(({ step }) => step),
          [24, 40, 60],
        );
        // Other initial weights and through JSON: all there is comes from the snapshot.
        const first = JSON.parse(JSON.stringify(whole.snapshots[0])) as TrainingSnapshot;
        const second = await trained({ ...options, resume: first }, 7);
        assert.deepEqual(
          second.history.provenance.resumed?.map(({ step }) => step),
          [24],
        );
        const third = await trained({ ...options, resume: second.snapshots[0] }, 8);
        assert.deepEqual(
          third.history.provenance.resumed?.map(({ step }) => step),
          [24, 40],
        );
        for (const part of [second, third]) {
          assert.deepEqual(bits(part.network), bits(whole.network));
          assert.deepEqual(numbers(part.history), numbers(whole.history));
        }
        // The optimizer's state matters: without it the run is another one.
        if (name !== 'sgd') {
          const bare = await trained({ ...options, resume: { ...first, optimizer: {} } }, 7);
          assert.notDeepEqual(bits(bare.network), bits(whole.network));
          bare.network.dispose();
        }
        for (const { network } of [whole, second, third]) network.dispose();
      });
    });
  }
}

test('a run that its signal cut, kept in a file, goes on and further than it was to', async () => {
  await withRun(async (run) => {
    const options: Run = { ...run, schedule: { kind: 'constant' }, optimizer: 'adam', steps: 90 };
    const whole = await trained(options);
    const stop = new AbortController();
    const cut = await trained({
      ...options,
      steps: 60,
      signal: stop.signal,
      onProgress: ({ step }) => step > 0 && stop.abort(),
    });
    assert.equal(cut.history.stopped, 'signal');
    const last = cut.snapshots.at(-1)!;
    assert.equal(last.step, cut.history.stepsDone);
    const file = path.join(temporaryFolder(), 'run.snapshot.json');
    await saveSnapshot(file, last);
    const network = build(5);
    const trainer = new Trainer({ ...options, network });
    const history = await trainer.train({ ...options, resume: await loadSnapshot(file) });
    assert.deepEqual(bits(network), bits(whole.network));
    const looked = history.evaluations.filter(({ step }) => step !== last.step || step === 24 || step === 40);
    assert.deepEqual(looked, whole.history.evaluations);
    assert.deepEqual(history.losses, whole.history.losses);
    trainer.dispose();
    for (const each of [network, whole.network, cut.network]) each.dispose();
  });
});

test('on another engine a run goes on within its rounding, and says which engines computed', async () => {
  await withRun(async ({ record: _, ...run }) => {
    const { data, ...options } = run;
    const whole = await trained({ ...options, data, optimizer: 'momentum' });
    const plain = Object.fromEntries(
      (['train', 'test'] as const)
        .map((part) => [part, (data as TensorData)[part]] as const)
        .map(([part, { x, y }]) => [part, { x: x.arraySync(), y: y.arraySync() }]),
    );
    const given = { plain, options, snapshot: whole.snapshots[0] };
    const there = await onEngine<{ history: History; weights: number[] }>(
      'js',
      `const { trainNetwork, sequential, dense, batchNormLayer, activation, dropout } = require('bnlab');
      const set = (part) => ({ x: tf.tensor(given.plain[part].x), y: tf.tensor(given.plain[part].y) });
      const network = sequential([dense(3, 8, { name: 'first', bias: false }), batchNormLayer(8, { name: 'norm' }),
        activation('tanh'), dropout(0.2), dense(8, 3, { name: 'last' })]);
      const history = await trainNetwork({ ...given.options, data: { train: set('train'), test: set('test') },
        network, optimizer: 'momentum', resume: given.snapshot });
      return { history, weights: [...network.stateDict()['first/weights'].values] };`,
      given,
    );
    const [from] = there.history.provenance.resumed!;
    assert.equal((from.engine as { engine: string }).engine, 'native');
    assert.equal((there.history.provenance.engine as { engine: string }).engine, 'js');
    const mine = whole.network.stateDict()['first/weights'].values;
    there.weights.forEach((value, i) => assert.ok(Math.abs(value - mine[i]) < 1e-4, `${value} against ${mine[i]}`));
    whole.network.dispose();
  });
});

test('a snapshot of another run, network or layout is refused, and nothing is changed', async () => {
  await withRun(async (run) => {
    const options: Run = { ...run, optimizer: 'adam' };
    const { network, snapshots } = await trained(options);
    const [snapshot] = snapshots;
    const before = bits(network);
    const refused = async (
      change: Partial<Run>,
      message: RegExp,
      error: typeof TypeError | typeof RangeError = RangeError,
    ) => {
      await assert.rejects(trainNetwork({ ...options, network, resume: snapshot, ...change }), (thrown: Error) => {
        assert.ok(thrown instanceof error, String(thrown));
        assert.match(thrown.message, message);
        return true;
      });
      assert.deepEqual(bits(network), before);
    };
    await refused({ optimizer: 'sgd' }, /the optimizer was .*adam.*, and is .*sgd/);
    await refused({ optimizer: { kind: 'adam', beta1: 0.8 } }, /the optimizer was/);
    await refused({ weightDecay: 0.1 }, /the weight decay was null/);
    await refused({ seed: 5 }, /the seed of the noise was 4, and is 5/);
    await refused({ seed: { order: 5, noise: 4 } }, /the mini-batches of the steps done/);
    await refused({ learningRate: 0.1 }, /the learning rates of the steps done/);
    const { train, test: check } = run.data as TensorData;
    await refused({ data: { train: check, test: train } }, /the data \(their digest\)/);
    await refused({ steps: 24, evaluate: {} }, /taken after 24 steps and the run has 24/);
    const of = (change: object) => ({ resume: { ...snapshot, ...change } as TrainingSnapshot });
    await refused(of({ kind: 'history' }), /resume must be a snapshot, as onSnapshot gives it/, TypeError);
    await refused(of({ version: 2 }), /version 2/);
    const { 'first/weights': first, ...others } = snapshot.optimizer;
    await refused(
      of({ optimizer: { ...others, 'other/weights': first } }),
      /'other\/weights', which this network lacks/,
    );
    await refused(of({ optimizer: { ...others, 'first/weights': first.slice(1) } }), /1 arrays .* 'adam' has 2/);
    const turned = first.map((slot) => ({ ...slot, shape: [...slot.shape].reverse() }));
    await refused(
      of({ optimizer: { ...others, 'first/weights': turned } }),
      /first moment of first\/weights is \[8, 3\]/,
    );
    const negative = [first[0], { ...first[1], float32: 'bf800000'.repeat(24) }];
    await refused(of({ optimizer: { ...others, 'first/weights': negative } }), /second moment .* value 0 is -1/);
    const short = [first[0], { ...first[1], float32: first[1].float32.slice(1) }];
    await refused(of({ optimizer: { ...others, 'first/weights': short } }), /eight hexadecimal digits/, TypeError);
    const { 'norm/gamma': _, ...less } = snapshot.network;
    await refused(of({ network: less }), /another network. Missing: norm\/gamma/);
    const nan = { ...snapshot.network, 'norm/gamma': { shape: [8], float32: '7fc00000'.repeat(8) } };
    await refused(of({ network: nan }), /value 0 is NaN/);
    network.dispose();
  });
});
