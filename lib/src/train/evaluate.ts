import { expectOptions, flag, needed, type Options, own, shown } from '../core/checks';
import { tf } from '../engine';
import type { Layer } from '../nn';
import { expectInputs, expectNetwork, expectFirst, expectTargets, fixedNoise, keepVariables } from '../probe/model';
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
  if (lossOf(options.loss) === softmaxCrossEntropy) expectOneHot('evaluate: y', options.y);
  return evaluateWithTaps(options, []).score;
}

/** {@link evaluate} of data that has been checked, and what the named taps saw over all rows: [n, ...], to be disposed by the caller. */
export function evaluateWithTaps(
  options: EvaluateOptions,
  taps: string[],
): { score: Score; taps: Record<string, tf.Tensor> } {
  const { network, x, y, training = false } = options;
  const loss = lossOf(options.loss);
  const n = x.shape[0];
  const size = passSize(options, n);
  const end = training ? n - (n % size) : n;
  const classes = y.rank === 2 && y.shape[1]! > 1 && loss !== meanSquaredError;
  const collected = new TapCollector(network, taps);
  // Layers of the caller's own may move what they should not, and then the next mini-batch would see it.
  const before = training ? keepVariables(network) : null;
  let lossSum = 0;
  let correct = 0;
  try {
    for (let from = 0; from < end; from += size) {
      const rows = Math.min(size, end - from);
      const part = (t: tf.Tensor) => (rows === n ? t : tf.slice(t, from, rows));
      const sums = tf.tidy(() => {
        const target = part(y);
        const outputs = network.apply(part(x), {
          training,
          updateStatistics: false,
          random: fixedNoise(),
          ...collected.nextPass(),
        });
        const total = tf.mul(loss(outputs, target), rows);
        return tf.stack([total, classes ? hits(outputs, target) : tf.scalar(0)]);
      });
      before?.restore();
      const [lossPart, right] = sums.dataSync();
      sums.dispose();
      lossSum += lossPart;
      correct += right;
    }
    const score = { loss: finiteOrNull(lossSum / end), accuracy: classes ? correct / end : null, n: end };
    return { score, taps: collected.joined(x) };
  } finally {
    before?.restore();
    before?.dispose();
    collected.dispose();
  }
}

/** Rows per forward pass. */
function passSize({ training = false, batchSize }: EvaluateOptions, n: number): number {
  if (training && batchSize === undefined) {
    throw new RangeError('evaluate: training mode takes statistics over mini-batches; say how large with batchSize.');
  }
  const size = batchSize ?? Math.min(1000, n);
  if (Number.isInteger(size) && size >= 1 && size <= n) return size;
  throw new RangeError(
    `evaluate: batchSize must be a whole number from 1 to the ${n} examples, got ${shown(batchSize)}.`,
  );
}

/** How many rows are right. A row with an output that is not finite is wrong. */
function hits(outputs: tf.Tensor, target: tf.Tensor): tf.Tensor {
  const right = tf.equal(tf.argMax(outputs, 1), tf.argMax(target, 1));
  return tf.sum(tf.cast(tf.logicalAnd(right, tf.isFinite(tf.sum(outputs, 1))), 'float32'));
}

/** What some taps see, forward pass after forward pass. */
class TapCollector {
  private readonly parts: Map<string, tf.Tensor[]>;
  private passes = 0;

  constructor(
    private readonly network: Layer,
    names: string[],
  ) {
    this.parts = new Map(names.map((name) => [name, []]));
  }

  /** What a context needs for the next pass: nothing where no tap is wanted, which keeps layers on their fastest way. */
  nextPass(): { tap?: (name: string, value: tf.Tensor) => void } {
    if (this.parts.size === 0) return {};
    this.passes++;
    const tap = (name: string, value: tf.Tensor) => {
      const parts = this.parts.get(name);
      if (!parts) return;
      expectFirst('evaluate', this.network, name, parts.length === this.passes);
      parts.push(tf.keep(value.clone()));
    };
    return { tap };
  }

  /** All passes one after the other, by name. */
  joined(x: tf.Tensor): Record<string, tf.Tensor> {
    const missing = [...this.parts.keys()].find((name) => this.parts.get(name)!.length === 0);
    if (missing !== undefined) {
      throw new RangeError(
        `evaluate: network '${this.network.name}' has no tap '${missing}'. Taps: ${tapNames(this.network, x).join(', ')}.`,
      );
    }
    return Object.fromEntries(
      [...this.parts].map(([name, parts]) => [name, parts.length === 1 ? parts[0].clone() : tf.concat(parts, 0)]),
    );
  }

  dispose(): void {
    for (const parts of this.parts.values()) tf.dispose(parts);
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
