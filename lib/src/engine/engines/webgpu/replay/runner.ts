/** Records a step once and replays it on WebGPU, many steps to a submit. */
import { EngineError } from '../../../errors';
import { tf } from '../../../tf';
import type { Call } from '../../../compile/call';
import type { CompileOptions, NamedTensors } from '../../../compile/options';
import { feedsOf } from '../../../compile/replay/feeds';
import { expectVariables, Keeper, type Kept } from '../../../compile/replay/keeper';
import { CHUNK_MILLISECONDS, Chunk, Chunks, Runner } from '../../../compile/runner';
import type { AnyStep } from '../../../compile/step';
import { itself, type Variables } from '../../../compile/together';
import type { WebGPUBackend } from '../backend';
import { expectHealthy, expectNothingFound } from '../trouble';
import { fused } from './fusion/fuse';
import { fill, filling } from './filling';
import { Player } from './player';
import { Materialize, record } from './record';
import { digestOf, Recording } from './recording';
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

/** What plays a recording. */
interface Players {
  one: Paced;
  /** runs side by side, as many as the last time */
  several?: Paced;
}

type Known = Kept<Recording, Players>;

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
  private readonly keeper = new Keeper<Recording, Players>(digestOf, end);
  readonly traces = this.keeper.traces;

  constructor(
    private readonly step: AnyStep,
    private readonly options: CompileOptions,
    private readonly stage: Stage,
  ) {}

  toString(): string {
    return this.keeper.listing(({ player }) => `${player.one.player.dispatches} dispatches`);
  }

  dispose(): void {
    this.keeper.dispose();
  }

  async chunk(call: Call, from: number, count: (steps: number) => void): Promise<Chunk> {
    const known = this.stage.on(() => this.load(call, this.stage.backend()));
    const { steps, tensors } = await play(this.stage, known, known.player.one, {
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
    const players = known.player;
    if (players.several?.player.runs !== calls.length) {
      players.several?.player.dispose();
      players.several = undefined;
      try {
        players.several = this.stage.on(() => paced(new Player(backend, known.recording, calls.length)));
      } catch (error) {
        // there is no memory for so many, or a shader that is not understood
        if (error instanceof NotWidened || error instanceof EngineError) return undefined;
        throw error;
      }
    }
    return play(this.stage, known, players.several, { calls, variables, from, count });
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
    const { data, batchSize, seed, firstStep: stepNumber } = call;
    const materialize: Materialize = ({ commands, draws }, created) => {
      const player = new Player(backend, filling(commands, created));
      const feeds = feedsOf([call], draws, player.places, { record: player.record, from: 0, steps: 1 });
      fill(backend, player, { data, feeds }, created);
      player.dispose();
    };
    return this.keeper.load(key, {
      isStale: (recording) => stale(recording, backend),
      record: () => record(this.step, { backend, data, batchSize, schedules, seed, stepNumber }, materialize),
      player: (recorded) => {
        const recording = this.options.xla === false ? recorded : fused(backend.device, recorded);
        return { recording, player: { one: paced(new Player(backend, recording)) } };
      },
    });
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
  expectVariables(recording);
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
function stale({ values }: Recording, backend: WebGPUBackend): boolean {
  return values.some(({ source }) => source.kind === 'held' && backend.tensorMap.get(source.dataId).refCount <= 1);
}

function end({ one, several }: Players): void {
  one.player.dispose();
  several?.player.dispose();
}
