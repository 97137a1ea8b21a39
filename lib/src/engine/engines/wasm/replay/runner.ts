/** Records a step once and plays it on WebAssembly. */
import type { Call } from '../../../compile/call';
import { expectVariables, Keeper, type Kept } from '../../../compile/replay/keeper';
import { CHUNK_MILLISECONDS, type Chunk, type Runner } from '../../../compile/runner';
import type { AnyStep } from '../../../compile/step';
import { tf } from '../../../tf';
import type { WasmBackend } from '../backend';
import { Player } from './player';
import { record } from './record';
import { digestOf, type Recording } from './recording';

/** Plays what it recorded, bit-equal to calling the step. On WebAssembly. */
export class ReplayRunner implements Runner {
  readonly mode = 'graph';
  readonly loops = [];
  readonly oneThread = false;
  private readonly keeper = new Keeper<Recording, Player>(digestOf);
  readonly traces = this.keeper.traces;

  constructor(private readonly step: AnyStep) {}

  toString(): string {
    return this.keeper.listing(({ recording }) => `${recording.commands.length} kernels`);
  }

  dispose(): void {
    this.keeper.dispose();
  }

  chunk(call: Call, from: number, count: (steps: number) => void): Chunk {
    const { recording, player } = this.load(call, from);
    expectVariables(recording);
    const began = performance.now();
    return player.play(call, from, (steps) => {
      count(steps);
      const elapsed = performance.now() - began;
      return elapsed + elapsed / steps > CHUNK_MILLISECONDS;
    });
  }

  private load(call: Call, from: number): Kept<Recording, Player> {
    const backend = tf.backend() as unknown as WasmBackend;
    const shapes = call.dataNames.map((name) => [name, call.data[name].dtype, call.data[name].shape.slice(1)]);
    return this.keeper.load(JSON.stringify([call.batchSize, shapes, Object.keys(call.schedules)]), {
      isStale: (recording) => stale(recording, backend),
      record: () => record(this.step, backend, call, from),
      player: (recording) => ({ recording, player: new Player(backend, recording) }),
    });
  }
}

/** Whether a tensor from outside that the recording holds has been disposed by everybody else, or moved to another backend. */
function stale({ values }: Recording, { dataIdMap }: WasmBackend): boolean {
  return values.some(({ source, dataId, data }) => {
    if (source.kind !== 'held') return false;
    return !dataIdMap.has(dataId) || dataIdMap.get(dataId) !== data || data.refCount <= 1;
  });
}
