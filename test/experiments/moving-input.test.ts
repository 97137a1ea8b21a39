import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { loadDataset, mlp, movingInput, ready, tf, trainNetwork, type Dataset, type MovingInputRun } from 'bnlab';

let data: Dataset;
before(async () => {
  await ready();
  data = await loadDataset('digits', { digits: { train: 300, test: 100, seed: 1 } });
});

const sizes = [784, 8, 7, 10];
const run = { below: 1, seeds: [1, 2], steps: 12, batchSize: 20, looks: 3, rates: [0.1, 1] };
const build = (norm: 'none' | 'batch') => (seed: number) => mlp({ sizes, activation: 'sigmoid', norm, seed });
const of = (runs: MovingInputRun[], input: string, enters = 0) =>
  runs.filter((one) => one.input === input && one.enters === enters).map(({ loss }) => loss);

test('movingInput: F2 alone on the recording is F2 within the network, bit by bit, and live is trainNetwork; nothing is left on the engine', async () => {
  for (const norm of ['none', 'batch'] as const) {
    const kept = tf.memory().numTensors;
    const { replayError, runs, at, liveRate } = await movingInput({ ...run, data, build: build(norm) });
    assert.equal(tf.memory().numTensors, kept);
    assert.deepEqual(replayError, [0, 0]);
    assert.deepEqual(at, [0, 4, 8, 12]);
    assert.ok(run.rates.includes(liveRate));
    assert.equal(runs.length, 2 * 2 * 5);
    const [first] = of(runs, 'forward');
    assert.equal(first.length, 4);
    assert.notEqual(first[3], of(runs, 'end')[0][3]);
    if (norm === 'batch') continue; // trainNetwork scores with moving averages
    const network = build(norm)(2);
    const { evaluations } = await trainNetwork({
      ...{ network, data, steps: 12, batchSize: 20, learningRate: 1, seed: 2, evaluate: { at } },
    });
    network.dispose();
    const live = runs.find(({ input, seed, rate }) => input === 'live' && seed === 2 && rate === 1)!;
    evaluations.forEach(({ test }, i) => assert.ok(Math.abs(test.loss! - live.loss[i]) < 1e-5));
  }
});

test('movingInput: where F1 stands still, forward, end and start are one training, from whatever step on', async () => {
  const still = (seed: number) => {
    const network = build('none')(seed);
    for (const part of (network.layers[0] as unknown as { layers: { frozen: boolean }[] }).layers) part.frozen = true;
    return network;
  };
  const { runs, at } = await movingInput({ ...run, data, build: still, enters: [0, 6] });
  assert.deepEqual(of(runs, 'forward'), of(runs, 'end'));
  assert.deepEqual(of(runs, 'forward'), of(runs, 'start'));
  assert.notDeepEqual(of(runs, 'forward'), of(runs, 'shuffled'));
  // one that enters later starts from the same weights, and is asked from there on
  assert.deepEqual(at, [0, 4, 6, 8, 12]);
  for (const input of ['forward', 'shuffled', 'end', 'start']) {
    const late = of(runs, input, 6);
    assert.equal(late.length, 4);
    assert.ok(late.every((loss) => loss.length === 3));
  }
  assert.equal(of(runs, 'end', 6)[0][0], of(runs, 'end')[0][0]);
});

test('movingInput: what it cannot do is an error, before anything is trained', async () => {
  const given = { ...run, data, build: build('none') };
  const kept = tf.memory().numTensors;
  await assert.rejects(movingInput({ ...given, below: 3 }), /must leave a layer to F2: less than 3, got 3/);
  await assert.rejects(movingInput({ ...given, seeds: [] }), /wanted seeds and rates/);
  await assert.rejects(
    movingInput({ ...given, enters: [12] }),
    /enters must list whole numbers below the 12 steps, got \[12\]/,
  );
  assert.equal(tf.memory().numTensors, kept);
  const abort = new AbortController();
  const stopped = movingInput({ ...given, signal: abort.signal, onProgress: () => abort.abort() });
  await assert.rejects(stopped, { name: 'AbortError' });
  assert.equal(tf.memory().numTensors, kept);
});
