/** Records a step once and replays it on WebGPU, many steps to a submit. */
import { EngineError } from '../../../errors';
import { tf } from '../../../tf';
import type { Call } from '../../../compile/call';
import { CompileError } from '../../../compile/guard';
import type { CompileOptions, NamedTensors } from '../../../compile/options';
import { feedsOf } from '../../../compile/replay/feeds';
import { listing } from '../../../compile/replay/listing';
import { CHUNK_MILLISECONDS, Chunk, Chunks, Runner } from '../../../compile/runner';
import type { AnyStep } from '../../../compile/step';
import { itself, type Variables } from '../../../compile/together';
import { Outlook, serial } from '../../../compile/watch';
import type { WebGPUBackend } from '../backend';
import { expectHealthy, expectNothingFound } from '../trouble';
import { fused } from './fusion/fuse';
import { fill, filling } from './filling';
import { Player } from './player';
import { Materialize, record } from './record';
import { digestOf, Recording, variablesOf } from './recording';
import { NotWidened } from './widen';

/** Bytes that a chunk feeds and collects, at most. */
const CHUNK_BYTES = 64 * 2 ** 20;
/** Steps of a chunk, at most: their commands are held until the last is encoded. */
const CHUNK_STEPS = 1024;

/**
 * Eight times the paper's step. An estimate: six operations for each parameter and example are 3e8, which a GPU of 10 Tflop/s does in 30
 * microseconds, while 45 dispatches, one after the other, take more than 100 whatever they do.
 */
export const IDLE_BELOW = 5e7;

/** Where steps are recorded and played. */
export interface Stage {
  /** the backend that plays */
  backend(): WebGPUBackend;
  /** does, without an interruption, what has to be done on that backend */
  on<T>(work: () => T): T;
  /** what a chunk returned and assigned is read when it is done, because nobody can wait for the device later */
  readonly readsAtOnce: boolean;
}

/** A step as it was recorded for some shapes. */
interface Known {
  recording: Recording;
  one: Paced;
  /** runs side by side, as many as the last time */
  several?: Paced;
  digest: string;
  outlook: Outlook;
}

/** A player, and how fast it is. */
interface Paced {
  player: Player;
  /** measured, NaN before the second chunk */
  millisecondsPerStep: number;
  warm: boolean;
}

const paced = (player: Player): Paced => ({ player, millisecondsPerStep: NaN, warm: false });

/** Records the step and replays it. On WebGPU. */
export class ReplayRunner implements Runner {
  readonly mode = 'graph';
  readonly loops = [];
  readonly oneThread = false;
  readonly traces = { count: 0, milliseconds: 0 };
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly step: AnyStep,
    private readonly options: CompileOptions,
    private readonly stage: Stage,
  ) {}

  toString(): string {
    if (this.known.size === 0) return 'replay, not recorded yet: run() records it';
    return [...this.known.values()]
      .map(({ recording, one }) => listing(recording, `${one.player.dispatches} dispatches`))
      .join('\n\n');
  }

  dispose(): void {
    for (const known of this.known.values()) free(known);
    this.known.clear();
  }

  async chunk(call: Call, from: number, count: (steps: number) => void): Promise<Chunk> {
    const known = this.stage.on(() => this.load(call, this.stage.backend()));
    const { steps, tensors } = await play(this.stage, known, known.one, {
      calls: [call],
      variables: [itself],
      from,
      count,
    });
    return { steps, tensors: tensors[0] };
  }

  async together(
    calls: readonly Call[],
    variables: readonly Variables[],
    from: number,
    count: (steps: number) => void,
  ): Promise<Chunks | undefined> {
    const backend = this.stage.backend();
    const known = this.stage.on(() => this.load(calls[0], backend));
    if (known.several?.player.runs !== calls.length) {
      known.several?.player.dispose();
      known.several = undefined;
      try {
        known.several = this.stage.on(() => paced(new Player(backend, known.recording, calls.length)));
      } catch (error) {
        // there is no memory for so many, or a shader that is not understood
        if (error instanceof NotWidened || error instanceof EngineError) return undefined;
        throw error;
      }
    }
    return play(this.stage, known, known.several, { calls, variables, from, count });
  }

  /** The recording for the shapes of this call, made now if there is none. */
  private load(call: Call, backend: WebGPUBackend): Known {
    expectHealthy(backend);
    const schedules = Object.keys(call.schedules);
    const key = JSON.stringify([
      call.batchSize,
      call.dataNames.map((name) => {
        const { dtype, shape, dataId } = call.data[name];
        return [name, dtype, backend.tensorMap.get(dataId).dtype, shape.slice(1)];
      }),
      schedules,
    ]);
    let known = this.known.get(key);
    const forget = () => {
      if (known) free(known);
      this.known.delete(key);
      known = undefined;
    };
    if (known && stale(known, backend)) forget(); // before the recording, which must not find what only the old one holds
    if (known && !known.outlook.mayDiffer()) return known;
    const began = performance.now();
    const { data, batchSize, seed, firstStep: stepNumber } = call;
    const materialize: Materialize = ({ commands, draws }, created) => {
      const player = new Player(backend, filling(commands, created));
      const feeds = feedsOf([call], draws, player.places, { record: player.record, from: 0, steps: 1 });
      fill(backend, player, { data, feeds }, created);
      player.dispose();
    };
    const recording = record(this.step, { backend, data, batchSize, schedules, seed, stepNumber }, materialize);
    const digest = digestOf(recording, serial);
    const outlook = new Outlook(variablesOf(recording));
    if (known?.digest === digest) {
      recording.release();
      known.outlook = outlook;
      return known;
    }
    forget();
    try {
      const { xla = 'auto' } = this.options;
      const played = xla === false ? recording : fused(backend.device, recording);
      known = { recording: played, one: paced(new Player(backend, played)), digest, outlook };
    } catch (error) {
      recording.release();
      throw error;
    }
    this.known.set(key, known);
    this.traces.count++;
    this.traces.milliseconds += performance.now() - began;
    return known;
  }
}

/** What a chunk is of. */
interface Asked {
  calls: readonly Call[];
  variables: readonly Variables[];
  from: number;
  count: (steps: number) => void;
}

/** Plays as many steps as a chunk should have. */
async function play(
  stage: Stage,
  { recording }: Known,
  pace: Paced,
  { calls, variables, from, count }: Asked,
): Promise<Chunks> {
  for (const variable of variablesOf(recording)) {
    if (variable.isDisposed) {
      throw new CompileError(`The variable '${variable.name}', which the compiled step uses, has been disposed.`);
    }
  }
  const { player } = pace;
  const backend = stage.backend();
  const steps = Math.min(calls[0].steps - from, stepsNow(pace));
  const began = performance.now();
  const feeds = feedsOf(calls, recording.draws, player.places, { record: player.record, from, steps });
  const tensors = stage.on(() => player.play(calls[0].data, steps, feeds, variables));
  count(steps);
  // One wait for all steps of the chunk: a page's worker must not wait otherwise, and what is not waited for cannot be stopped.
  await backend.queue.onSubmittedWorkDone();
  try {
    const finding = await player.finding();
    if (finding !== undefined) expectNothingFound(backend, finding);
    expectHealthy(backend);
    if (stage.readsAtOnce) await readAll(backend, recording, tensors, variables);
  } catch (error) {
    tf.dispose(tensors);
    throw error;
  }
  // The first chunk compiles shaders: it says nothing of the next.
  if (pace.warm) pace.millisecondsPerStep = (performance.now() - began) / steps;
  pace.warm = true;
  return { tensors, steps };
}

/** Has the values at hand that a chunk returned or assigned. */
async function readAll(
  backend: WebGPUBackend,
  { changed }: Recording,
  tensors: readonly NamedTensors[],
  variables: readonly Variables[],
): Promise<void> {
  const returned = tensors.flatMap((named) => Object.values(named));
  const assigned = variables.flatMap((own) => changed.map(({ variable }) => own.of(variable)));
  await Promise.all([...returned, ...assigned].map(({ dataId }) => backend.read(dataId)));
}

/** Steps for the next chunk: one to warm up, one to measure, then what time and memory allow. */
function stepsNow({ warm, millisecondsPerStep, player }: Paced): number {
  if (!warm || Number.isNaN(millisecondsPerStep)) return 1;
  const fits = Math.floor(CHUNK_BYTES / Math.max(1, player.bytesPerStep));
  return Math.max(1, Math.min(Math.round(CHUNK_MILLISECONDS / millisecondsPerStep), fits, CHUNK_STEPS));
}

/** Whether a tensor from outside that the recording holds has been disposed by everybody else. */
function stale({ recording }: Known, backend: WebGPUBackend): boolean {
  return recording.values.some(
    ({ source }) => source.kind === 'held' && backend.tensorMap.get(source.dataId).refCount <= 1,
  );
}

function free({ one, several, recording }: Known): void {
  one.player.dispose();
  several?.player.dispose();
  recording.release();
}
