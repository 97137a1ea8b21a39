/** Records a step once and replays it on WebGPU, many steps to a submit. */
import { tf } from '../../../tf';
import type { Call } from '../../../compile/call';
import { CompileError } from '../../../compile/guard';
import type { CompileOptions } from '../../../compile/options';
import { CHUNK_MILLISECONDS, Chunk, Runner } from '../../../compile/runner';
import type { AnyStep } from '../../../compile/step';
import { Outlook, serial } from '../../../compile/watch';
import type { WebGPUBackend } from '../backend';
import { expectHealthy, expectNothingFound } from '../trouble';
import { feedsOf } from './feeds';
import { listing } from './listing';
import { fused } from './fusion/fuse';
import { filling, Player } from './player';
import { Materialize, record } from './record';
import { digestOf, Recording, variablesOf } from './recording';

/** Bytes that a chunk feeds and collects, at most. */
const CHUNK_BYTES = 64 * 2 ** 20;
/** Steps of a chunk, at most: their commands are held until the last is encoded. */
const CHUNK_STEPS = 1024;

/** A step as it was recorded for some shapes. */
interface Known {
  recording: Recording;
  player: Player;
  digest: string;
  outlook: Outlook;
  /** measured, NaN before the second chunk */
  millisecondsPerStep: number;
  warm: boolean;
}

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
  ) {}

  toString(): string {
    if (this.known.size === 0) return 'replay, not recorded yet: run() records it';
    return [...this.known.values()].map(({ recording, player }) => listing(recording, player.dispatches)).join('\n\n');
  }

  dispose(): void {
    for (const known of this.known.values()) free(known);
    this.known.clear();
  }

  async chunk(call: Call, from: number, count: (steps: number) => void): Promise<Chunk> {
    const backend = tf.backend() as unknown as WebGPUBackend;
    expectHealthy(backend);
    const known = this.load(call, backend);
    const { recording, player } = known;
    for (const variable of variablesOf(recording)) {
      if (variable.isDisposed) {
        throw new CompileError(`The variable '${variable.name}', which the compiled step uses, has been disposed.`);
      }
    }
    const steps = Math.min(call.steps - from, stepsNow(known));
    const began = performance.now();
    const feeds = feedsOf(call, recording.draws, player.places, { record: player.record, from, steps });
    const tensors = player.play(call.data, steps, feeds);
    count(steps);
    // One wait for all steps of the chunk: a page's worker must not wait otherwise, and what is not waited for cannot be stopped.
    await backend.queue.onSubmittedWorkDone();
    try {
      const finding = await player.finding();
      if (finding !== undefined) expectNothingFound(backend, finding);
      expectHealthy(backend);
    } catch (error) {
      tf.dispose(tensors);
      throw error;
    }
    // The first chunk compiles shaders: it says nothing of the next.
    if (known.warm) known.millisecondsPerStep = (performance.now() - began) / steps;
    known.warm = true;
    return { tensors, steps };
  }

  /** The recording for the shapes of this call, made now if there is none. */
  private load(call: Call, backend: WebGPUBackend): Known {
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
      const feeds = feedsOf(call, draws, player.places, { record: player.record, from: 0, steps: 1 });
      player.fill(data, feeds, created);
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
      const player = new Player(backend, played);
      known = { recording: played, player, digest, outlook, millisecondsPerStep: NaN, warm: false };
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

/** Steps for the next chunk: one to warm up, one to measure, then what time and memory allow. */
function stepsNow({ warm, millisecondsPerStep, player }: Known): number {
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

function free({ player, recording }: Known): void {
  player.dispose();
  recording.release();
}
