/** Plays a recording: step by step, the calls of the module, with nothing of TensorFlow.js between them. */
import { CompileError } from '../../../compile/guard';
import type { Call } from '../../../compile/call';
import type { NamedTensors } from '../../../compile/options';
import { numbersOf } from '../../../compile/replay/feeds';
import { sizeOf } from '../../../compile/replay/recording';
import { itself } from '../../../compile/together';
import { tf } from '../../../tf';
import { bytesOf, type TensorData, type WasmBackend } from '../backend';
import { register } from './memory';
import type { KernelCall, Recording, Value } from './recording';

/** A variable that is given another value: by an exchange of two places, where nobody else wants that of the new value. */
type Change = Recording['changed'][number] & { exchange: boolean };

/** Plays the steps of one recording. */
export class Player {
  private readonly batches: Value[];
  private readonly feeds: Value[];
  private readonly changes: Change[];
  /** what changes from step to step, so that XNNPACK must not take it for what it knows */
  private readonly anew: { data: TensorData; size: number }[];
  /** data of variables as they were left by the last chunk, or taken over */
  private readonly homes = new Map<Value, object>();

  constructor(
    private readonly backend: WasmBackend,
    private readonly recording: Recording,
  ) {
    const { values, commands, changed } = recording;
    this.batches = values.filter(({ source }) => source.kind === 'data');
    this.feeds = values.filter(({ source }) => source.kind === 'feed');
    const made = new Set(commands.flatMap(({ writes }) => writes));
    const targets = changed.map(({ after }) => after);
    this.changes = changed.map((change) => {
      const isAlone = targets.filter((after) => after === change.after).length === 1;
      return { ...change, exchange: isAlone && made.has(change.after) };
    });
    const states = new Set(changed.map(({ before }) => before));
    const varying = values.filter((value) => made.has(value) || states.has(value));
    const all = [...varying, ...this.batches, ...this.feeds].map(({ data }) => data);
    const inner = commands.flatMap((command) => command.inner.map(({ data }) => data));
    this.anew = [...all, ...inner].map((data) => ({ data, size: sizeOf(data.shape) }));
  }

  /**
   * Plays steps of a call from number `from` on, until `enough` says so after one, or there are no more.
   * @returns what they returned, stacked
   */
  play(call: Call, from: number, enough: (steps: number) => boolean): { steps: number; tensors: NamedTensors } {
    this.fetchVariables();
    const collected: Uint8Array[][] = this.recording.outputs.map(() => []);
    let steps = 0;
    try {
      do {
        this.step(call, from + steps, collected);
        steps++;
      } while (!enough(steps) && from + steps < call.steps);
    } finally {
      this.bringHome();
    }
    return { steps, tensors: this.stacked(collected, steps) };
  }

  private step(call: Call, s: number, collected: Uint8Array[][]): void {
    const { backend } = this;
    for (const { data, size } of this.anew) register(backend, data, size);
    this.feed(call, s);
    for (const { calls, kernel } of this.recording.commands) {
      if (kernel) this.compute(kernel);
      else for (const { run, parameters } of calls) run(...parameters);
    }
    this.recording.outputs.forEach(({ value }, i) => collected[i].push(this.bytes(value)));
    this.assign();
  }

  private feed(call: Call, s: number): void {
    const { wasm, dataIdMap } = this.backend;
    const heap = wasm.HEAPU8;
    const { batches, batchSize } = call;
    for (const { data, source, size, dtype } of this.batches) {
      const { memoryOffset } = dataIdMap.get(call.data[(source as { name: string }).name].dataId);
      const row = bytesOf(size / batchSize, dtype);
      for (let i = 0; i < batchSize; i++) {
        const at = memoryOffset + batches[s * batchSize + i] * row;
        heap.copyWithin(data.memoryOffset + i * row, at, at + row);
      }
    }
    const { draws } = this.recording;
    for (const { data, source, size } of this.feeds) {
      if (source.kind !== 'feed') continue;
      const { kind, of } = numbersOf(source.feed, call, { draws, size, from: s, steps: 1 });
      new kind(heap.buffer as ArrayBuffer, data.memoryOffset, size).set(of(0));
    }
  }

  /** A kernel as a whole; its outputs go where the others look for them. */
  private compute({ run, inputs, attrs, outputs }: KernelCall): void {
    const { backend } = this;
    const made = [run({ inputs, attrs, backend: backend as never })].flat();
    made.forEach(({ dataId, shape }, i) => {
      const place = outputs[i];
      if (place && dataId !== place.value.dataId) {
        if (String(shape) !== String(place.shape)) {
          throw new CompileError(
            `An operation gave shape [${shape}] where it gave [${place.shape}] before: the shape of its result depends on values.`,
          );
        }
        const { memoryOffset } = backend.dataIdMap.get(dataId);
        const { data, size, dtype } = place.value;
        backend.wasm.HEAPU8.copyWithin(data.memoryOffset, memoryOffset, memoryOffset + bytesOf(size, dtype));
      }
      backend.disposeData(dataId);
    });
  }

  /** Variables have their new values. */
  private assign(): void {
    const copied = this.changes.filter(({ exchange }) => !exchange).map(({ after }) => this.bytes(after));
    for (const { exchange, before, after } of this.changes) {
      const [one, other] = [before.data, after.data];
      if (exchange) [one.memoryOffset, other.memoryOffset] = [other.memoryOffset, one.memoryOffset];
      else this.backend.wasm.HEAPU8.set(copied.shift()!, one.memoryOffset);
    }
  }

  private bytes({ data: { memoryOffset }, size, dtype }: Value): Uint8Array {
    return this.backend.wasm.HEAPU8.slice(memoryOffset, memoryOffset + bytesOf(size, dtype));
  }

  /** Takes over the variables' values, where somebody else has assigned them since. */
  private fetchVariables(): void {
    const { backend } = this;
    for (const value of this.recording.values) {
      if (value.source.kind !== 'variable') continue;
      const { dataId } = value.source.variable;
      if (this.homes.get(value) === dataId) continue;
      const { memoryOffset } = backend.dataIdMap.get(dataId);
      const { data, size, dtype } = value;
      backend.wasm.HEAPU8.copyWithin(data.memoryOffset, memoryOffset, memoryOffset + bytesOf(size, dtype));
      register(backend, data);
      this.homes.set(value, dataId);
    }
  }

  /** Gives the variables that were assigned data of their own. */
  private bringHome(): void {
    const { backend } = this;
    for (const { variable, before } of this.changes) {
      const info = backend.makeOutput([...variable.shape], variable.dtype, undefined, this.bytes(before));
      const tensor = tf.engine().makeTensorFromTensorInfo(info, backend as never);
      itself.put(variable, tensor);
      this.homes.set(before, variable.dataId);
    }
  }

  private stacked(collected: readonly Uint8Array[][], steps: number): NamedTensors {
    const tensors: NamedTensors = {};
    this.recording.outputs.forEach(({ name, shape, dtype, value }, i) => {
      const all = tf.util.getTypedArrayFromDType(dtype as 'float32', steps * value.size);
      const bytes = new Uint8Array(all.buffer);
      collected[i].forEach((one, s) => bytes.set(one, s * one.length));
      tensors[name] = tf.tensor(all, [steps, ...shape], dtype);
    });
    return tensors;
  }
}
