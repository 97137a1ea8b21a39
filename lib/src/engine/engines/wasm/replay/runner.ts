/** Records a step once and plays it on WebAssembly. */
import type { Call } from '../../../compile/call';
import { CompileError } from '../../../compile/guard';
import { listing } from '../../../compile/replay/listing';
import { variablesOf } from '../../../compile/replay/recording';
import { CHUNK_MILLISECONDS, type Chunk, type Runner } from '../../../compile/runner';
import type { AnyStep } from '../../../compile/step';
import { Outlook, serial } from '../../../compile/watch';
import { tf } from '../../../tf';
import type { WasmBackend } from '../backend';
import { Player } from './player';
import { record } from './record';
import { digestOf, type Recording } from './recording';

/** A step as it was recorded for some shapes. */
interface Known {
  recording: Recording;
  player: Player;
  digest: string;
  outlook: Outlook;
}

/** Plays what it recorded, bit-equal to calling the step. On WebAssembly. */
export class ReplayRunner implements Runner {
  readonly mode = 'graph';
  readonly loops = [];
  readonly oneThread = false;
  readonly traces = { count: 0, milliseconds: 0 };
  private readonly known = new Map<string, Known>();

  constructor(private readonly step: AnyStep) {}

  toString(): string {
    if (this.known.size === 0) return 'replay, not recorded yet: run() records it';
    return [...this.known.values()]
      .map(({ recording }) => listing(recording, `${recording.commands.length} kernels`))
      .join('\n\n');
  }

  dispose(): void {
    for (const { recording } of this.known.values()) recording.release();
    this.known.clear();
  }

  chunk(call: Call, from: number, count: (steps: number) => void): Chunk {
    const { recording, player } = this.load(call, from);
    for (const variable of variablesOf(recording)) {
      if (variable.isDisposed) {
        throw new CompileError(`The variable '${variable.name}', which the compiled step uses, has been disposed.`);
      }
    }
    const began = performance.now();
    return player.play(call, from, (steps) => {
      count(steps);
      const elapsed = performance.now() - began;
      return elapsed + elapsed / steps > CHUNK_MILLISECONDS;
    });
  }

  /** The recording for the shapes of this call, made now if there is none. */
  private load(call: Call, from: number): Known {
    const backend = tf.backend() as unknown as WasmBackend;
    const shapes = call.dataNames.map((name) => [name, call.data[name].dtype, call.data[name].shape.slice(1)]);
    const key = JSON.stringify([call.batchSize, shapes, Object.keys(call.schedules)]);
    let known = this.known.get(key);
    const forget = () => {
      known?.recording.release();
      this.known.delete(key);
      known = undefined;
    };
    if (known && stale(known, backend)) forget(); // before the recording, which must not find what only the old one holds
    if (known && !known.outlook.mayDiffer()) return known;
    const began = performance.now();
    const recording = record(this.step, backend, call, from);
    const digest = digestOf(recording, serial);
    const outlook = new Outlook(variablesOf(recording));
    if (known?.digest === digest) {
      recording.release();
      known.outlook = outlook;
      return known;
    }
    forget();
    known = { recording, player: new Player(backend, recording), digest, outlook };
    this.known.set(key, known);
    this.traces.count++;
    this.traces.milliseconds += performance.now() - began;
    return known;
  }
}

/** Whether a tensor from outside that the recording holds has been disposed by everybody else, or moved to another backend. */
function stale({ recording }: Known, { dataIdMap }: WasmBackend): boolean {
  return recording.values.some(({ source, dataId, data }) => {
    if (source.kind !== 'held') return false;
    return !dataIdMap.has(dataId) || dataIdMap.get(dataId) !== data || data.refCount <= 1;
  });
}
