/** Calls that are no question: each is refused in words that name the function, where a number would look like an answer. */
import test from 'node:test';
import assert from 'node:assert/strict';
import {
  accuracies,
  bandOf,
  batchIndices,
  batchNorm,
  batchNorm64,
  chooseLearningRates,
  claimCard,
  compare,
  dense,
  finalAccuracy,
  foldNetwork,
  generateDigits,
  linearRegimeOfNormal,
  mlp,
  pairwiseDistances,
  Random,
  ready,
  runsOf,
  saturationPoint,
  stepsToReach,
  tf,
  toTensors,
  trainNetwork,
  whiten,
  type Comparison,
  type TrainOptions,
} from 'bnlab';
import { examplesAt, scheduleRates, wasserstein1 } from 'bnlab/internal';
import { clouds } from '../support/clouds';
import { clean } from '../support/tensors';

const no = <T>(value: unknown) => value as T;

test(
  'plain functions',
  clean(() => {
    assert.throws(
      () => saturationPoint(no('Sigmoid'), 0.05),
      /saturationPoint: activation must be one of sigmoid, tanh/,
    );
    assert.ok(Math.abs(saturationPoint('sigmoid', 0.05) - 4.357) < 1e-3);
    assert.throws(
      () => linearRegimeOfNormal(no('sigmiod')),
      /must be one of .*got 'sigmiod'\. Did you mean 'sigmoid'\?/,
    );
    assert.throws(() => linearRegimeOfNormal('tanh', { mean: NaN }), /mean must be a finite number, got NaN/);
    assert.throws(() => linearRegimeOfNormal('tanh', no(0.1)), /linearRegimeOfNormal: the options must be an object/);
    assert.throws(() => batchNorm64([[1], [2]], { gamma: no(NaN) }), /gamma must be numbers in an array.*got NaN/);
    assert.throws(() => wasserstein1(no(NaN), [1]), /wasserstein1: the first sample must be numbers/);
    const batch = { n: 9, batchSize: 4, steps: 2, random: new Random(1) };
    assert.throws(() => batchIndices({ ...batch, remainder: no('Drop') }), /remainder 'Drop'; wanted 'drop' or 'wrap'/);
    assert.throws(() => batchIndices({ ...batch, random: no(undefined) }), /batchIndices: random must be a Random/);
    const { train } = generateDigits({ train: 10, test: 1 });
    tf.tidy(() => {
      const [a, b] = [tf.tensor1d([0, 1, 2]), tf.tensor1d([5, 6, 7])];
      assert.throws(() => wasserstein1(no(a), no(b)), /got a tensor, float32 \[3\]\. Read a tensor with dataSync/);
      assert.throws(() => examplesAt(train, no(tf.tensor1d([1, 2], 'int32'))), /rows must be numbers in an array/);
      assert.throws(() => pairwiseDistances(tf.tensor2d([[1, NaN], [2, 3]])), /pairwiseDistances: x .*NaN/); // prettier-ignore
      assert.throws(() => batchNorm(tf.ones([2, 2]), null, null, no(1e-3)), /batchNorm: the options must be an object/);
      assert.throws(() => whiten(tf.ones([2, 2]), no('pca')), /whiten: the options must be an object .*got 'pca'/);
    });
    assert.throws(() => dense(4, 3, no('relu')), /dense: the options must be an object .*got 'relu'/);
    assert.throws(() => dense(4, 3, { bias: no('abc') }), /dense: bias must be true or false, got 'abc'/);
    assert.throws(() => mlp(no({ sizes: [2, 2], nrom: 'batch' })), /mlp: no option 'nrom'\. Did you mean 'norm'\?/);
    const claim = { id: 'one', quote: 'It is so.', section: '1', measured: 'how it is', canotFail: true };
    const minutes = { quick: 1, full: 2, paper: 3 };
    assert.throws(
      () => claimCard({ question: 'Is it so?', claims: [claim], minutes }),
      /claims\[0\]: no option 'canotFail'\. Did you mean 'cannotFail'\?/,
    );
    const ten = { ...train, labels: train.labels.map((label) => label + 1) };
    assert.throws(() => toTensors(ten), /label 10 at position \d; wanted 0 to 9/);
    const small = { ...train, images: train.images.subarray(0, 10 * 100) };
    assert.throws(() => toTensors(small), /1000 values .*for 10 pictures.*784/);
    const layer = dense(2, 3);
    assert.throws(
      () => foldNetwork(no(layer)),
      /foldNetwork: network must be layers one after the other.*got a layer \('dense'\)/,
    );
    layer.dispose();
  }),
);

test('results of another kind are named by their kind', async () => {
  await ready();
  const { x, y } = clouds(12, 1);
  const data = { train: { x, y }, test: { x, y } };
  const build = (seed: number) => mlp({ sizes: [3, 4, 3], norm: 'batch', seed });
  const shared = { data, steps: 3, batchSize: 4, mode: 'eager' } as const;
  const comparison = await compare({ ...shared, sides: [{ name: 'a', build }], seeds: [1], learningRates: [0.1] });
  const [{ history }] = comparison.runs;
  const wanted = /comparison must be a comparison, as compare\(\) gives it, got a history/;
  assert.throws(() => bandOf(no<Comparison>(history), { side: 'a' }, () => 1), wanted);
  assert.throws(() => runsOf(no<Comparison>(history), 'a'), wanted);
  assert.throws(() => chooseLearningRates(no(history)), wanted);
  const other = /history must be a history, as trainNetwork\(\) gives it, got a comparison/;
  assert.throws(() => accuracies(no(comparison)), other);
  assert.throws(() => finalAccuracy(no(comparison)), other);
  assert.throws(() => stepsToReach(no(comparison), 0.5), other);
  const network = build(1);
  await assert.rejects(
    trainNetwork(no<TrainOptions>(history)),
    /trainNetwork: the options must be an object .*got a history/,
  );
  network.dispose();
  tf.dispose([x, y]);
});

test("a history's own settings train again, to the same weights", async () => {
  await ready();
  const { x, y } = clouds(12, 1);
  const options = (given: object): TrainOptions => ({
    ...{ network: mlp({ sizes: [3, 4, 3], norm: 'batch', seed: 1 }), data: { train: { x, y }, test: { x, y } } },
    ...{ steps: 4, mode: 'eager' as const, batchSize: 4, learningRate: 0.1, seed: 1, ...given },
  });
  for (const given of [
    { divergenceBound: Infinity },
    { optimizer: 'adam', weightDecay: 0.1, schedule: { kind: 'cosine' } },
  ]) {
    const first = options(given);
    const history = await trainNetwork(first);
    const { settings, seeds } = JSON.parse(JSON.stringify(history.provenance)) as typeof history.provenance;
    const second = options({ ...settings, seed: seeds });
    const again = await trainNetwork(second);
    assert.equal(again.diverged, null);
    assert.deepEqual(again.provenance.settings, history.provenance.settings);
    const weights = ({ network }: TrainOptions) => network.variables.map((v) => Array.from(v.dataSync()));
    assert.deepEqual(weights(second), weights(first));
    for (const { network } of [first, second]) network.dispose();
  }
  const custom = options({ loss: 'custom' });
  await assert.rejects(
    trainNetwork(custom),
    /loss 'custom' stands in a history for a function of yours; give the function/,
  );
  custom.network.dispose();
  tf.dispose([x, y]);
});

test('settings of another kind are refused before anything is changed', async () => {
  await ready();
  const { x, y } = clouds(12, 1);
  const network = mlp({ sizes: [3, 4, 3], norm: 'batch', seed: 1 });
  const before = network.stateDict();
  const tensors = tf.memory().numTensors;
  const run = {
    network,
    data: { train: { x, y }, test: { x, y } },
    steps: 4,
    batchSize: 4,
    learningRate: 0.1,
    seed: 1,
  };
  const cases: [object, RegExp][] = [
    [{ budget: null }, /trainNetwork: budget must be an object of options, got null/],
    [{ budget: { second: 1 } }, /budget: no option 'second'\. Did you mean 'seconds'\?/],
    [{ budget: { seconds: '1' } }, /budget\.seconds: wanted zero or above, got '1'/],
    [{ onProgress: 'x' }, /onProgress must be a function, got 'x'/],
    [{ signal: {} }, /signal must be an AbortSignal/],
    [{ optimiser: 'adam' }, /no option 'optimiser'\. Did you mean 'optimizer'\?/],
    [{ optimizer: { kind: 'adam', beta: 0.9 } }, /optimizer 'adam': no option 'beta'/],
    [{ optimizer: null }, /optimizer: the options must be an object/],
    [{ weightDecay: { kind: 'l2', rat: 1 } }, /weightDecay: no option 'rat'\. Did you mean 'rate'\?/],
    [{ schedule: { kind: 'cosine', finl: 0 } }, /schedule: no option 'finl'\. Did you mean 'final'\?/],
    [{ schedule: { kind: 'cosin' } }, /schedule: kind 'cosin' is not known; .*Did you mean 'cosine'\?/],
    [{ evaluate: { trainingMode: 'yes' } }, /evaluate: trainingMode must be true or false/],
    [{ seed: { order: 1 } }, /seed\.noise must be a whole number, got undefined/],
    [{ divergenceBound: '9' }, /divergenceBound: wanted a loss above zero, got '9'/],
    [{ probes: [] }, /probes must be probes by name, got \[\]/],
    [{ pixels: 'gray' }, /pixels must be one of grey, binary, got 'gray'/],
    [{ record: 3 }, /record must be a function, got 3/],
  ];
  for (const [given, message] of cases) {
    await assert.rejects(trainNetwork({ ...run, ...given } as TrainOptions), message);
    assert.deepEqual(network.stateDict(), before, String(message));
    assert.equal(tf.memory().numTensors, tensors, `tensors left behind: ${String(message)}`);
  }
  const compared = { ...run, network: undefined, seeds: [1], learningRates: [0.1] };
  const side = { name: 'a', build: () => network };
  const sided: [object, RegExp][] = [
    [{ sides: [{ ...side, biuld: 1 }] }, /compare: sides\[0\]: no option 'biuld'\. Did you mean 'build'\?/],
    [{ sides: [{ ...side, options: { optimiser: 'adam' } }] }, /sides\[0\]: options: no option 'optimiser'/],
    [
      { sides: [{ name: 'a', build: () => undefined }] },
      /what build\(\) of side 'a' returned must be a network.*got undefined/,
    ],
    [{ sides: [side], seeds: ['1'] }, /compare: seeds\[0\] must be a whole number, or \{ weights, order \}, got '1'/],
  ];
  for (const [given, message] of sided) {
    await assert.rejects(compare({ ...compared, ...given } as never), message);
    assert.equal(tf.memory().numTensors, tensors, `tensors left behind: ${String(message)}`);
  }
  assert.throws(() => scheduleRates(0.1, 3, no({ kind: 'step', evry: 1, factor: 0.5 })), /Did you mean 'every'\?/);
  network.dispose();
  tf.dispose([x, y]);
});
