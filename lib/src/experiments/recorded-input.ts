/** A network cut in two, l = F2(F1(u)): both trained while what F2 receives is recorded, and F2 alone trained on a recording. */
import { compile, tf, type CompiledStep } from '../engine';
import { sequential, softmaxCrossEntropy, type Layer, type Network, type Sequential, type StateDict } from '../nn';
import type { LabelledBatch } from '../probe/types';

/** What F2 receives in the course of a training: all batches, and the test set at each look. */
export interface Recording {
  /** [steps * m, d], batch after batch. */
  x: tf.Tensor;
  /** Labels, [steps * m, classes]. */
  y: tf.Tensor;
  /** [tests, d] at each look. */
  test: tf.Tensor[];
}

/** When and how a half trains. */
export interface Course {
  /** Row numbers, batch after batch. */
  rows: Int32Array;
  /** m */
  batchSize: number;
  /** Constant, of plain gradient descent. */
  rate: number;
  /** Numbers of steps after which to look, ascending. */
  at: readonly number[];
}

/** A score on the test set. */
export interface Score {
  /** Mean cross entropy, in nats. */
  loss: number;
  /** Share. */
  accuracy: number;
}

type Step = CompiledStep<{ h: tf.Tensor }>;

/**
 * A network as F1, its first layers, and F2, the rest, on the same variables. Everything runs in training mode, the test set as one batch:
 * with batch normalization the statistics are those of the rows at hand, so that no moving average lags behind a distribution that moves.
 */
export class Halves {
  readonly below: Sequential;
  readonly above: Sequential;
  private readonly together: Step;
  private readonly alone: Step;
  private readonly passing: Step;

  constructor(
    readonly whole: Network & { readonly layers: Layer[] },
    count: number,
  ) {
    this.below = sequential(whole.layers.slice(0, count), { name: 'F1' });
    this.above = sequential(whole.layers.slice(count), { name: 'F2' });
    const { below, above } = this;
    this.together = step(whole, below);
    this.alone = step(above, null);
    this.passing = compile(({ x }) => ({ h: pass(below, x) }));
  }

  /** Trains F1 and F2; `keep` records what F2 receives at every step. */
  async train({ train, test }: { train: LabelledBatch; test: LabelledBatch }, course: Course, keep: boolean) {
    const scores: Score[] = [];
    const tests: tf.Tensor[] = [];
    const batches = await this.run(this.together, train, course, keep, () => {
      const h = tf.tidy(() => pass(this.below, test.x));
      scores.push(this.score({ x: h, y: test.y }));
      if (keep) tests.push(h);
      else h.dispose();
    });
    const recording: Recording | null = batches && { x: batches, y: labels(train.y, course.rows), test: tests };
    return { scores, recording };
  }

  /** Trains F2 on what is given as its input; `test` is what it is asked at each look. */
  async replay(train: LabelledBatch, tests: readonly LabelledBatch[], course: Course): Promise<Score[]> {
    const scores: Score[] = [];
    await this.run(this.alone, train, course, false, (look) => scores.push(this.score(tests[look])));
    return scores;
  }

  /** What F2 receives from F1 as it is, for the same batches. */
  async still({ train, test }: { train: LabelledBatch; test: LabelledBatch }, course: Course): Promise<Recording> {
    const x = (await this.run(this.passing, train, course, true, () => undefined))!;
    return { x, y: labels(train.y, course.rows), test: [tf.tidy(() => pass(this.below, test.x))] };
  }

  /** Weights of F2. */
  weightsAbove(): StateDict {
    return this.above.stateDict();
  }

  dispose(): void {
    for (const compiled of [this.together, this.alone, this.passing]) compiled.dispose();
    this.whole.dispose();
  }

  private score({ x, y }: LabelledBatch): Score {
    return tf.tidy(() => {
      const logits = pass(this.above, x);
      const right = tf.equal(tf.argMax(logits, 1), tf.argMax(y, 1));
      return {
        loss: softmaxCrossEntropy(logits, y).dataSync()[0],
        accuracy: tf.mean(tf.cast(right, 'float32')).dataSync()[0],
      };
    });
  }

  /** Runs the course look by look; what the steps gave as h, in one tensor, where it is kept. */
  private async run(
    compiled: Step,
    data: LabelledBatch,
    { rows, batchSize, rate, at }: Course,
    keep: boolean,
    look: (index: number) => void,
  ): Promise<tf.Tensor | null> {
    const parts: tf.Tensor[] = [];
    let done = 0;
    for (const [index, end] of at.entries()) {
      if (end > done) {
        const batches = rows.subarray(done * batchSize, end * batchSize);
        const schedules = { rate: new Float32Array(end - done).fill(rate) };
        const { outputs } = await compiled.run({ data: { x: data.x, y: data.y }, batches, batchSize, schedules });
        if (keep) parts.push(tf.reshape(outputs.h, [-1, ...outputs.h.shape.slice(2)]));
        tf.dispose(outputs);
        done = end;
      }
      look(index);
    }
    if (!keep) return null;
    const all = tf.concat(parts);
    tf.dispose(parts);
    return all;
  }
}

/** A step of plain gradient descent; `h` is what `below` gave before it, or nothing. */
function step(network: Layer, below: Layer | null): Step {
  return compile(({ x, y, rate }) => {
    const h = below ? pass(below, x) : tf.scalar(0);
    const loss = () => softmaxCrossEntropy(network.apply(x, { training: true }), y);
    const { grads } = tf.engine().gradients(loss, network.trainable, undefined, true);
    network.trainable.forEach((variable, i) => variable.assign(tf.sub(variable, tf.mul(rate, grads[i]))));
    return { h };
  });
}

const pass = (layer: Layer, x: tf.Tensor) => layer.apply(x, { training: true });

function labels(y: tf.Tensor, rows: Int32Array): tf.Tensor {
  return tf.tidy(() => tf.gather(y, tf.tensor1d(rows, 'int32')));
}
