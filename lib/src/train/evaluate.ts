import { expectOptions, flag, needed, type Options, own, shown } from '../core/checks';
import { tf } from '../engine';
import type { Layer } from '../nn';
import { expectInputs, expectNetwork, expectOnce, expectTargets, fixedNoise, untouched } from '../probe/model';
import { finiteOrNull, type Score } from './history';
import { expectOneHot, lossOf, meanSquaredError, softmaxCrossEntropy, type Loss, type LossName } from '../nn/loss';

/** What to evaluate, on what, how. */
export interface EvaluateOptions {
  /** What to evaluate; it is left as it was. */
  network: Layer;
  /** Inputs [n, ...] float32. */
  x: tf.Tensor;
  /** Targets [n, ...]; one-hot for classes. */
  y: tf.Tensor;
  /** Default `'crossEntropy'`. */
  loss?: LossName | Loss;
  /** False (default): inference. True: statistics of each mini-batch; moving averages do not move. */
  training?: boolean;
  /**
   * Rows per forward pass: at inference only a matter of memory (default 1000). In training mode it is the m of the
   * statistics, so it must be given, and rows that do not fill a batch are left out.
   */
  batchSize?: number;
}

const EVALUATE_OPTIONS: Options<EvaluateOptions> = {
  ...{ network: needed(own), x: needed(own), y: needed(own), loss: own, training: flag, batchSize: own },
};

/**
 * Loss and accuracy over a set of examples. The network is left as it was.
 *
 * @example evaluate({ network, ...toTensors(data.test) }).accuracy
 * @throws TypeError when a tensor is disposed or x not float32; RangeError for no examples, NaN or infinity in x, x and y that do not
 *   match, labels that are not one-hot, or a batch that does not fit
 */
export function evaluate(options: EvaluateOptions): Score {
  expectOptions('evaluate', options, EVALUATE_OPTIONS);
  expectNetwork('evaluate', options.network);
  expectInputs('evaluate', options.x);
  expectTargets('evaluate', options.x, options.y);
  if (lossOf(options.loss ?? 'crossEntropy') === softmaxCrossEntropy) expectOneHot('evaluate: y', options.y);
  return evaluateWithTaps(options, []).score;
}

/** {@link evaluate} of data that has been checked, and what the named taps saw over all rows: [n, ...], to be disposed by the caller. */
export function evaluateWithTaps(
  { network, x, y, loss = 'crossEntropy', training = false, batchSize }: EvaluateOptions,
  taps: string[],
): { score: Score; taps: Record<string, tf.Tensor> } {
  const n = x.shape[0];
  if (training && batchSize === undefined) {
    throw new RangeError('evaluate: training mode takes statistics over mini-batches; say how large with batchSize.');
  }
  const size = batchSize ?? Math.min(1000, n);
  if (!Number.isInteger(size) || size < 1 || size > n) {
    throw new RangeError(
      `evaluate: batchSize must be a whole number from 1 to the ${n} examples, got ${shown(batchSize)}.`,
    );
  }
  const lossFunction = lossOf(loss);
  const classes = y.rank === 2 && y.shape[1]! > 1 && lossFunction !== meanSquaredError;
  const collected = new Map<string, tf.Tensor[]>(taps.map((name) => [name, []]));
  const seen = new Set<string>();
  const tap = (name: string, value: tf.Tensor) => {
    const parts = collected.get(name);
    if (!parts) return;
    expectOnce('evaluate', network, seen, name);
    parts.push(tf.keep(value.clone()));
  };
  const end = training ? n - (n % size) : n;
  let lossSum = 0;
  let correct = 0;
  try {
    for (let from = 0; from < end; from += size) {
      const rows = Math.min(size, end - from);
      seen.clear();
      const sums = tf.tidy(() => {
        const part = (t: tf.Tensor) => (rows === n ? t : tf.slice(t, from, rows));
        const target = part(y);
        const context = {
          training,
          updateStatistics: false,
          random: fixedNoise(),
          ...(taps.length > 0 ? { tap } : {}),
        };
        const apply = () => network.apply(part(x), context);
        const outputs = training ? untouched(network, apply) : apply();
        const total = tf.mul(lossFunction(outputs, target), rows);
        if (!classes) return tf.stack([total, tf.scalar(0)]);
        const hits = tf.logicalAnd(
          tf.equal(tf.argMax(outputs, 1), tf.argMax(target, 1)),
          tf.isFinite(tf.sum(outputs, 1)),
        );
        return tf.stack([total, tf.sum(tf.cast(hits, 'float32'))]);
      });
      const [lossPart, hits] = sums.dataSync();
      sums.dispose();
      lossSum += lossPart;
      correct += hits;
    }
    const missing = taps.find((name) => collected.get(name)!.length === 0);
    if (missing !== undefined) {
      throw new RangeError(
        `evaluate: network '${network.name}' has no tap '${missing}'. Taps: ${tapNames(network, x).join(', ')}.`,
      );
    }
    const joined = Object.fromEntries(
      [...collected].map(([name, parts]) => [name, parts.length === 1 ? parts[0].clone() : tf.concat(parts, 0)]),
    );
    const score = { loss: finiteOrNull(lossSum / end), accuracy: classes ? correct / end : null, n: end };
    return { score, taps: joined };
  } finally {
    for (const parts of collected.values()) tf.dispose(parts);
  }
}

/**
 * The names a network calls its taps by at inference, in order of the forward pass.
 *
 * @param x inputs [n, ...] float32; the first is sent through
 * @example tapNames(network, x) // ['layer1/linear', 'layer1/xHat', 'layer1/preActivation', ...]
 * @throws TypeError when x is disposed or not float32; RangeError for no examples, or inputs that the network does not take
 */
export function tapNames(network: Layer, x: tf.Tensor): string[] {
  expectNetwork('tapNames', network);
  expectInputs('tapNames', x);
  const names: string[] = [];
  tf.tidy(() => {
    const one = tf.slice(x, 0, 1);
    network.apply(one, { training: false, tap: (name) => void names.push(name) });
  });
  return names;
}
