/** Plain gradient descent in stretches: so many steps, a look at the loss, and on, over mini-batches that go on where they were. */
import { Random } from '../core/random';
import { tf } from '../engine';
import type { Network, StateDict } from '../nn';
import type { LabelledBatch } from '../probe';
import { evaluateWithTaps } from '../train/evaluate';
import { resolveStep } from '../train/resolve';
import { TrainingStep } from '../train/step';

/** Row numbers of mini-batches, epoch after epoch in a new random order; what does not fill a batch sits the epoch out. */
export class Deck {
  private order: Int32Array = new Int32Array(0);
  private next = 0;

  constructor(
    private readonly n: number,
    private readonly batchSize: number,
    private readonly random: Random,
  ) {}

  /** The rows of the next mini-batches, `steps * batchSize` of them. */
  deal(steps: number): Int32Array {
    const rows = new Int32Array(steps * this.batchSize);
    for (let at = 0; at < rows.length; at += this.batchSize) {
      if (this.next + this.batchSize > this.order.length) {
        this.order = this.random.permutation(this.n);
        this.next = 0;
      }
      rows.set(this.order.subarray(this.next, this.next + this.batchSize), at);
      this.next += this.batchSize;
    }
    return rows;
  }
}

/** How far a run is. */
export interface DescentPoint {
  /** Steps done. */
  step: number;
  /** Mean training loss, in training mode; NaN or infinite where it diverged. */
  loss: number;
}

/** One compiled step for any number of runs, each from the initial weights of its seed. */
export class Descent {
  private readonly step: TrainingStep;
  private readonly initial = new Map<number, StateDict>();
  readonly network: Network;
  /** The examples that the loss is looked at. */
  private readonly looked: LabelledBatch;

  /** @param lookAt the loss is that of so many examples, the first */
  constructor(
    private readonly build: (seed: number) => Network,
    private readonly train: LabelledBatch,
    lookAt = train.x.shape[0],
  ) {
    this.network = build(0);
    this.step = new TrainingStep(resolveStep({ network: this.network }));
    const first = (tensor: tf.Tensor) => tf.slice(tensor, 0, Math.min(lookAt, tensor.shape[0]));
    this.looked = { x: first(train.x), y: first(train.y) };
  }

  /** The training loss at present, in training mode with all examples that are looked at as one mini-batch. */
  loss(): number {
    const mode = { training: true, batchSize: this.looked.x.shape[0] };
    return evaluateWithTaps({ network: this.network, ...this.looked, ...mode }, []).score.loss ?? NaN;
  }

  /**
   * A run from the initial weights of a seed: the loss before the first step, and at growing distances, for as long as it is asked.
   * Runs of one seed and batch size see the same mini-batches.
   */
  async *run(seed: number, batchSize: number, learningRate: number): AsyncGenerator<DescentPoint> {
    if (!this.initial.has(seed)) {
      const start = this.build(seed);
      this.initial.set(seed, start.stateDict());
      start.dispose();
    }
    this.network.loadStateDict(this.initial.get(seed)!);
    const deck = new Deck(this.train.x.shape[0], batchSize, new Random(seed, `descent ${batchSize}`));
    yield { step: 0, loss: this.loss() };
    for (let step = 0; ;) {
      const steps = stretch(step);
      const { outputs } = await this.step.run({
        ...{ data: { x: this.train.x, y: this.train.y }, batches: deck.deal(steps), batchSize },
        schedules: { learningRate: new Float32Array(steps).fill(learningRate) },
      });
      tf.dispose(outputs);
      step += steps;
      yield { step, loss: this.loss() };
    }
  }

  dispose(): void {
    this.step.dispose();
    this.network.dispose();
    tf.dispose([this.looked.x, this.looked.y]);
  }
}

/** Steps until the next look: a tenth of those done. */
function stretch(done: number): number {
  return Math.max(1, Math.round(done / 10));
}
