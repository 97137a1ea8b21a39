/** The trainings of `movingInput`: F1 and F2 together, then F2 on what was recorded. */
import { Random } from '../core/random';
import { batchIndices } from '../data';
import { tf } from '../engine';
import type { Layer, Network, StateDict } from '../nn';
import type { PreparedData } from '../train/prepare';
import { type RunControl } from './experiment';
import { type Course, type Halves, type Recording, type Score } from './recorded-input';

/** What F2 can be fed: see `movingInput`. */
export const INPUT_MOTIONS = ['live', 'forward', 'shuffled', 'end', 'start'] as const;
/** One of {@link INPUT_MOTIONS}. */
export type InputMotion = (typeof INPUT_MOTIONS)[number];

/** One training. */
export interface MovingInputRun {
  /** What F2 was fed. */
  input: InputMotion;
  /** Of weights and batches. */
  seed: number;
  /** Of F2; with `live` also of F1. */
  rate: number;
  /** Step of the recording at which this F2 entered. */
  enters: number;
  /** Test loss at each look from there on, in nats; NaN where it is not finite. */
  loss: number[];
  /** Share of the test set at the end. */
  accuracy: number;
}

/** What decides the trainings. */
export interface StudyOptions extends RunControl {
  build: (seed: number) => Network & { readonly layers: Layer[] };
  steps: number;
  batchSize: number;
  rates: readonly number[];
  enters: readonly number[];
  at: readonly number[];
  /** Trainings in all. */
  total: number;
}

/** From the seed of a network to that of the F2 which it has never met. */
const STRANGER = 1_000_003;

/** What {@link Study} trains an F2 on. */
interface Strangers {
  seed: number;
  enters: number;
  course: Course;
  stranger: StateDict;
  fed: Record<'start' | 'end' | 'moving', Recording>;
}

/** The runs, as they come. */
export class Study {
  readonly runs: MovingInputRun[] = [];
  readonly replayError: number[] = [];
  private done = 0;

  constructor(
    private readonly halves: Halves,
    private readonly data: PreparedData,
    private readonly options: StudyOptions,
  ) {}

  /** F1 and F2 together at a rate. */
  async live(seed: number, rate: number): Promise<void> {
    this.begin(seed);
    const { scores } = await this.halves.train(this.data, this.course(seed, rate), false);
    this.keep({ input: 'live', seed, enters: 0, rate }, scores);
  }

  /** The recording at the best rate, and all that is made of it. */
  async replays(seed: number, liveRate: number): Promise<void> {
    this.begin(seed);
    const { halves, data, options } = this;
    const course = this.course(seed, liveRate);
    const own = halves.weightsAbove();
    const start = await halves.still(data, course);
    const { recording } = await halves.train(data, course, true);
    const after = halves.weightsAbove();
    const end = await halves.still(data, course);
    const fed = { start, end, moving: recording! };
    try {
      halves.above.loadStateDict(own);
      await this.replay(fed.moving, fed.moving.test, { ...course, rows: inOrder(course.rows.length) });
      this.replayError.push(farthest(after, halves.weightsAbove()));
      this.count(seed, 'replay');
      const stranger = this.strangerOf(seed);
      for (const enters of options.enters) {
        for (const rate of options.rates)
          await this.strangers({ seed, enters, course: { ...course, rate }, stranger, fed });
      }
    } finally {
      for (const { x, y, test } of Object.values(fed)) tf.dispose([x, y, ...test]);
    }
  }

  /** An F2 that F1 has never met, on each kind of input, at one rate. */
  private async strangers({ seed, enters, course, stranger, fed }: Strangers): Promise<void> {
    const { batchSize, at } = course;
    const rows = inOrder(course.rows.length).subarray(enters * batchSize);
    const order = new Random(seed, 'moving-input/order').permutation(rows.length / batchSize);
    const shuffled = Int32Array.from(
      rows,
      (_, i) => rows[order[Math.floor(i / batchSize)] * batchSize + (i % batchSize)],
    );
    const later = at.filter((step) => step >= enters).map((step) => step - enters);
    const asked = fed.moving.test.slice(at.length - later.length);
    const inputs: [InputMotion, Recording, tf.Tensor[], Int32Array][] = [
      ['forward', fed.moving, asked, rows],
      ['shuffled', fed.moving, fed.end.test, shuffled],
      ['end', fed.end, fed.end.test, rows],
      ['start', fed.start, fed.start.test, rows],
    ];
    for (const [input, from, tests, order] of inputs) {
      this.options.signal?.throwIfAborted();
      this.halves.above.loadStateDict(stranger);
      const scores = await this.replay(from, tests, { ...course, rows: order, at: later });
      this.keep({ input, seed, enters, rate: course.rate }, scores);
    }
  }

  private replay(from: Recording, tests: readonly tf.Tensor[], course: Course): Promise<Score[]> {
    const asked = course.at.map((_, look) => ({ x: tests[Math.min(look, tests.length - 1)], y: this.data.test.y }));
    return this.halves.replay({ x: from.x, y: from.y }, asked, course);
  }

  /** Puts a seed's weights into the network. */
  private begin(seed: number): void {
    this.options.signal?.throwIfAborted();
    this.halves.whole.loadStateDict(this.weights(seed));
  }

  private weights(seed: number): StateDict {
    const network = this.options.build(seed);
    const weights = network.stateDict();
    network.dispose();
    return weights;
  }

  private strangerOf(seed: number): StateDict {
    const weights = this.weights(seed + STRANGER);
    return Object.fromEntries(Object.keys(this.halves.above.named).map((label) => [label, weights[label]]));
  }

  private course(seed: number, rate: number): Course {
    const { steps, batchSize, at } = this.options;
    const n = this.data.train.x.shape[0];
    return { rows: batchIndices({ n, batchSize, steps, random: new Random(seed, 'order') }), batchSize, rate, at };
  }

  private keep(run: Omit<MovingInputRun, 'loss' | 'accuracy'>, scores: Score[]): void {
    const loss = scores.map((score) => (Number.isFinite(score.loss) ? score.loss : NaN));
    this.runs.push({ ...run, loss, accuracy: scores[scores.length - 1].accuracy });
    this.count(run.seed, run.input, run.rate);
  }

  private count(seed: number, what: string, rate?: number): void {
    const { onProgress, total } = this.options;
    const at = rate === undefined ? '' : ` at rate ${rate}`;
    onProgress?.({ done: ++this.done, total, text: `${what}${at}, seed ${seed}` });
  }
}

const inOrder = (length: number) => Int32Array.from({ length }, (_, i) => i);

function farthest(a: StateDict, b: StateDict): number {
  const trained = Object.keys(a).filter((label) => !/moving/.test(label));
  const each = trained.map((label) =>
    a[label].values.reduce((most: number, v, i) => Math.max(most, Math.abs(v - b[label].values[i])), 0),
  );
  return Math.max(...each);
}
