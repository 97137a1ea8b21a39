/** Bad input to what trains and evaluates: an error that says what was given and wanted; nothing changed, no tensor left. */
import test from 'node:test';
import assert from 'node:assert/strict';
import {
  compare,
  evaluate,
  mlp,
  meanSquaredError,
  oneHotLabels,
  ready,
  setPopulationStatistics,
  softmaxCrossEntropy,
  tf,
  trainNetwork,
  type TrainOptions,
} from 'bnlab';
import { tapNames } from 'bnlab/internal';
import { leakFree } from '../support/tensors';

const ROWS = 10;

/** A network with batch normalization, and a batch that fits it. */
async function given(
  body: (at: { network: ReturnType<typeof mlp>; x: tf.Tensor; y: tf.Tensor }) => Promise<void> | void,
) {
  await ready();
  await leakFree(async () => {
    const network = mlp({ sizes: [3, 4, 2], norm: 'batch', activation: 'sigmoid', seed: 1 });
    const x = tf.randomNormal([ROWS, 3], 0, 1, 'float32', 1);
    const y = oneHotLabels(
      Array.from({ length: ROWS }, (_, i) => i % 2),
      2,
    );
    const before = network.stateDict();
    try {
      await body({ network, x, y });
      assert.deepEqual(network.stateDict(), before, 'the network was changed');
    } finally {
      network.dispose();
      tf.dispose([x, y]);
    }
  });
}

/** Inputs that are none, and what is said of each. */
function badInputs(): [what: string, x: tf.Tensor, message: RegExp][] {
  const gone = tf.ones([ROWS, 3]);
  gone.dispose();
  const poisoned = (value: number) => tf.concat([tf.fill([1, 3], value), tf.ones([ROWS - 1, 3])]);
  return [
    ['NaN', poisoned(NaN), /holds 3 values that are NaN or infinite/],
    ['infinity', poisoned(-Infinity), /holds 3 values that are NaN or infinite/],
    ['disposed', gone, /was disposed before this call/],
    ['integers', tf.ones([ROWS, 3], 'int32'), /must be float32, got int32 \[10, 3\]/],
    ['rank 1', tf.ones([ROWS]), /wanted \[examples, \.\.\.\]/],
    ['nothing', tf.zeros([0, 3]), /wanted \[examples, \.\.\.\] with at least one example/],
    ['no tensor', [[1, 2, 3]] as unknown as tf.Tensor, /must be a tensor, got object/],
    ['features', tf.ones([ROWS, 4]), /made for 3 features \(last axis\), got 4|\[10,4\]/],
  ];
}

/** Targets that are none. */
function badTargets(): [what: string, y: tf.Tensor, message: RegExp][] {
  const gone = tf.ones([ROWS, 2]);
  gone.dispose();
  return [
    ['disposed', gone, /y .*was disposed before this call/],
    ['no tensor', undefined as unknown as tf.Tensor, /y must be a tensor, got undefined/],
    ['rows', tf.ones([3, 2]), /10 examples but y has 3/],
    ['out of range', tf.oneHot(tf.fill([ROWS], 2, 'int32'), 2), /a row does not sum to 1.*out of range/],
    ['negative', tf.tile(tf.tensor2d([[2, -1]]), [ROWS, 1]), /holds -1; wanted one-hot labels, none negative/],
    ['numbers', tf.zeros([ROWS], 'int32'), /y has shape \[10\]; wanted one-hot labels/],
  ];
}

async function refusedAll(
  cases: [what: string, value: tf.Tensor, message: RegExp][],
  calls: Record<string, (value: tf.Tensor) => unknown>,
): Promise<void> {
  for (const [what, value, message] of cases) {
    for (const [name, call] of Object.entries(calls)) {
      const before = tf.memory().numTensors;
      await assert.rejects(async () => call(value), message, `${name}: ${what}`);
      assert.equal(tf.memory().numTensors, before, `${name} (${what}) left tensors behind`);
    }
  }
}

/** `badInputs()` and the like, alive for the time of `body`. */
async function withTensors<T extends [string, tf.Tensor, RegExp][]>(make: () => T, body: (cases: T) => Promise<void>) {
  const cases = tf.tidy(() => {
    const made = make();
    for (const [, value] of made) if (value instanceof tf.Tensor && !value.isDisposed) tf.keep(value);
    return made as never;
  }) as T;
  try {
    await body(cases);
  } finally {
    for (const [, value] of cases) if (value instanceof tf.Tensor) value.dispose();
  }
}

test('inputs that are none are refused by everything that takes inputs', async () => {
  await given(async ({ network, x, y }) => {
    const run = { network, steps: 2, batchSize: 5, learningRate: 0.1, seed: 1 };
    await withTensors(badInputs, (cases) =>
      refusedAll(cases, {
        'training set': (bad) => trainNetwork({ ...run, data: { train: { x: bad, y }, test: { x, y } } }),
        'test set': (bad) =>
          trainNetwork({ ...run, evaluate: { at: [2] }, data: { train: { x, y }, test: { x: bad, y } } }),
        evaluate: (bad) => evaluate({ network, x: bad, y }),
        'evaluate in training mode': (bad) => evaluate({ network, x: bad, y, training: true, batchSize: 5 }),
        tapNames: (bad) => tapNames(network, bad),
        setPopulationStatistics: (bad) => void setPopulationStatistics(network, bad, { batchSize: 5 }),
      }),
    );
  });
});

test('targets that are none are refused, labels out of range among them', async () => {
  await given(async ({ network, x, y }) => {
    const run = { network, steps: 2, batchSize: 5, learningRate: 0.1, seed: 1 };
    await withTensors(badTargets, (cases) =>
      refusedAll(cases, {
        'training set': (bad) => trainNetwork({ ...run, data: { train: { x, y: bad }, test: { x, y } } }),
        'test set': (bad) =>
          trainNetwork({ ...run, evaluate: { at: [2] }, data: { train: { x, y }, test: { x, y: bad } } }),
        evaluate: (bad) => evaluate({ network, x, y: bad }),
      }),
    );
    assert.throws(() => oneHotLabels([0], 0), /classes must be a whole number of at least 1, got 0/);
  });
});

test('a training set and a test set that do not belong together are refused before the first step', async () => {
  await given(async ({ network, x, y }) => {
    const [wide, three] = [tf.ones([4, 5]), oneHotLabels([0, 1, 2, 0], 3)];
    const options = { network, steps: 2, batchSize: 5, learningRate: 0.1, seed: 1, evaluate: { at: [2] } };
    const four = tf.ones([4, 3]);
    await assert.rejects(
      trainNetwork({ ...options, data: { train: { x, y }, test: { x: wide, y: three } } }),
      /data\.test\.x has shape \[4,5\] and data\.train\.x \[10,3\]/,
    );
    await assert.rejects(
      trainNetwork({ ...options, data: { train: { x, y }, test: { x: four, y: three } } }),
      /data\.test\.y has shape \[4,3\] and data\.train\.y \[10,2\]/,
    );
    tf.dispose([wide, three, four]);
  });
});

test('settings: each refusal names the setting, and a batch of one is refused with nothing updated', async () => {
  await given(async ({ network, x, y }) => {
    const options: TrainOptions = {
      network,
      data: { train: { x, y }, test: { x, y } },
      steps: 2,
      batchSize: 5,
      learningRate: 0.1,
      seed: 1,
      evaluate: { at: [2] },
    };
    const refused = (change: object, message: RegExp) =>
      assert.rejects(async () => trainNetwork({ ...options, ...change }), message);
    await refused({ batchSize: 1 }, /layer1: training needs at least 2 values per feature, got 1/);
    await refused({ network: undefined }, /network must be a layer or network, .*got undefined/);
    await refused({ mode: 'fast' }, /mode must be one of auto, graph, eager; got 'fast'/);
    await refused({ budget: { seconds: -1 } }, /budget\.seconds: wanted zero or above, got -1/);
    await refused({ probes: { mine: 3 } }, /probes\.mine: wanted a function or \{ taps, measure \}, got number/);
    await refused({ data: undefined }, /data\.train: x must be a tensor, got undefined/);
    await refused({ learningRate: NaN }, /learningRate: wanted a number above zero, got NaN/);
    await assert.rejects(
      async () => compare({ ...options, seeds: [1], learningRates: [1] } as never),
      /no sides given/,
    );
    await assert.rejects(
      async () => compare({ ...options, sides: [{ name: 'a', build: () => network }] } as never),
      /no seeds given/,
    );
  });
});

test('losses refuse what is disposed, whole numbers, and leave one scalar', async () => {
  await given(({ y }) => {
    tf.tidy(() => {
      const gone = tf.ones([ROWS, 2]);
      gone.dispose();
      for (const loss of [softmaxCrossEntropy, meanSquaredError]) {
        assert.throws(() => loss(gone, y), /was disposed before this call/);
        assert.throws(() => loss(tf.ones([ROWS, 2]), gone), /y was disposed before this call/);
        assert.throws(() => loss(tf.ones([ROWS, 2], 'int32'), y), /must be float32, got int32 \[10, 2\]/);
        assert.throws(() => loss(tf.ones([ROWS, 2]), 3 as never), /y must be a tensor, got number/);
        const outputs = tf.ones([ROWS, 2]);
        const before = tf.memory().numTensors;
        loss(outputs, y);
        assert.equal(tf.memory().numTensors - before, 1, loss.name);
      }
    });
  });
});

test('statistics that are not finite replace none: all layers or no layer', async () => {
  await ready();
  await leakFree(() => {
    const network = mlp({ sizes: [3, 3, 3, 2], norm: 'batch', seed: 1 });
    tf.tidy(() => {
      network.named['layer2/weights'].assign(tf.fill([3, 3], 1e30));
      const before = network.stateDict();
      const x = tf.randomNormal([ROWS, 3], 0, 1, 'float32', 1);
      assert.throws(
        () => setPopulationStatistics(network, x, { batchSize: 5 }),
        /layer2: batch 0: variance\[0\] is Infinity/,
      );
      assert.deepEqual(network.stateDict(), before);
    });
    network.dispose();
  });
});
