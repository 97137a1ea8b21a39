/**
 * A recording on the device: its buffers, its bind groups, and steps encoded from them, many to a submit.
 *
 * Every variable has memory of its own here, twice where the step assigns it: a step reads one and writes the other, the next step the
 * other way round, so that nothing is copied between two steps, and one compute pass serves them all.
 */
import { tf } from '../../../tf';
import type { NamedTensors } from '../../../compile/options';
import { serial } from '../../../compile/watch';
import { flush, WebGPUBackend } from '../backend';
import { createBuffer } from '../memory';
import { assignSlots, bytesOf, Slot } from './memory';
import { type Command, type Feed, type Recording, type Value, writtenOutside } from './recording';
import { copy, stepwise, WORKGROUP, workgroupsFor } from './shaders';
import { roundUp } from './uniforms';

/** Bytes at a multiple of which a binding may begin. */
const ALIGNMENT = 256;

/** Where feeds of a step are in its record. */
interface Place {
  feed: Feed;
  value: Value;
  /** bytes from the record's beginning */
  offset: number;
}

/** One dispatch, ready. */
interface Ready {
  pipeline: GPUComputePipeline;
  group: GPUBindGroup;
  dispatch: readonly [number, number, number];
}

type Resource = { buffer: GPUBuffer; offset?: number; size?: number };

/** Plays a recording. */
export class Player {
  /** dispatches of one step, feeding and collecting included */
  readonly dispatches: number;
  /** bytes of one step's feeds */
  readonly record: number;
  readonly places: Place[] = [];
  private readonly device: GPUDevice;
  private readonly commands: Command[];
  private readonly buffers: GPUBuffer[] = [];
  private readonly fixed = new Map<Value, Resource>();
  /** by turn, what a variable is read from and written to */
  private readonly states = new Map<tf.Variable, { buffers: GPUBuffer[]; changes: boolean; home?: object }>();
  private readonly turning: Map<Value, GPUBuffer>[] = [new Map<Value, GPUBuffer>(), new Map<Value, GPUBuffer>()];
  private readonly uniforms: (Resource | null)[];
  private readonly stepwise: ReturnType<typeof stepwise>;
  private ready: { of: string; turns: Ready[][] } | undefined;
  private readonly now: GPUBuffer | undefined;
  private staging: GPUBuffer | undefined;
  private numbers: { buffer: GPUBuffer; steps: number } | undefined;
  private turn = 0;

  constructor(
    private readonly backend: WebGPUBackend,
    private readonly recording: Recording,
  ) {
    const { device } = backend;
    this.device = device;
    this.stepwise = stepwise(device);
    this.record = this.placeFeeds();
    if (this.record > 0) this.now = this.buffer(this.record, GPUBufferUsage.STORAGE);
    for (const { value, offset } of this.places) {
      this.fixed.set(value, { buffer: this.now!, offset, size: bytesOf(value) });
    }
    for (const { source } of recording.values) {
      if (source.kind === 'variable') this.stateOf(source.variable, false);
    }
    for (const { variable } of recording.changed) this.stateOf(variable, true);
    this.commands = [...recording.commands, ...this.arrivals()];
    this.placeValues();
    this.uniforms = this.placeUniforms();
    this.dispatches = this.commands.length + (this.now ? 1 : 0) + recording.outputs.length;
  }

  /** Bytes that a step takes of memory which grows with the steps of a chunk. */
  get bytesPerStep(): number {
    return this.record + this.recording.outputs.reduce((sum, { value }) => sum + bytesOf(value), 0);
  }

  /**
   * Runs steps. All is asked of the device when this returns, nothing need be done.
   *
   * @param feeds the steps' records, one after the other
   * @returns what they returned, stacked
   */
  play(data: NamedTensors, steps: number, feeds: ArrayBuffer): NamedTensors {
    const { backend, device } = this;
    const ready = this.bound(data);
    this.fetchVariables();
    flush(backend);
    this.feed(steps, feeds);
    const collected = this.recording.outputs.map(({ name, value, shape, dtype }) => {
      const info = backend.makeTensorInfo([steps, ...shape], dtype);
      const tensor = tf.engine().makeTensorFromTensorInfo(info, backend as never);
      backend.tensorMap.get(info.dataId).dtype = value.dtype;
      if (value.size > 0) backend.uploadToGPU(info.dataId);
      return { name, value, tensor, buffer: backend.tensorMap.get(info.dataId).resource! };
    });
    const encoder = device.createCommandEncoder();
    this.encode(encoder, ready, steps, collected);
    const home = this.bringHome(encoder);
    device.queue.submit([encoder.finish()]);
    for (const { variable, tensor } of home) {
      variable.assign(tensor);
      tensor.dispose();
      this.states.get(variable)!.home = variable.dataId;
    }
    return Object.fromEntries(collected.map(({ name, tensor }) => [name, tensor]));
  }

  /**
   * What the step's own checks found, once all steps are done: the number of the check, or 0; undefined where it has none.
   */
  async finding(): Promise<number | undefined> {
    const found = this.recording.commands.map(writtenOutside).find((value) => value !== undefined);
    if (!found) return undefined;
    const { device, backend } = this;
    const staging = createBuffer(backend, 4, GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.fixed.get(found)!.buffer, 0, staging, 0, 4);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const [number] = new Int32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return number;
  }

  /** Computes values, with the feeds of one step, into the data of variables that have none. */
  fill(data: NamedTensors, feeds: ArrayBuffer, into: { variable: tf.Variable; value: Value }[]): void {
    const { backend } = this;
    const results = this.play(data, 1, feeds);
    into.forEach(({ variable }, i) => {
      const target = backend.tensorMap.get(variable.dataId);
      const source = backend.tensorMap.get(results[`${i}`].dataId);
      target.resource = source.resource;
      source.resource = null;
    });
    tf.dispose(results);
  }

  dispose(): void {
    for (const buffer of this.buffers) buffer.destroy();
    this.staging?.destroy();
    this.numbers?.buffer.destroy();
  }

  private placeFeeds(): number {
    let end = 0;
    for (const value of this.recording.values) {
      if (value.source.kind !== 'feed') continue;
      this.places.push({ feed: value.source.feed, value, offset: end });
      end += roundUp(bytesOf(value), ALIGNMENT);
    }
    return end;
  }

  private buffer(bytes: number, usage: number): GPUBuffer {
    const made = createBuffer(this.backend, bytes, usage);
    this.buffers.push(made);
    return made;
  }

  private stateOf(variable: tf.Variable, changes: boolean): void {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const state = this.states.get(variable) ?? { buffers: [], changes };
    state.changes ||= changes;
    const bytes = 4 * variable.size;
    while (state.buffers.length < (state.changes ? 2 : 1)) state.buffers.push(this.buffer(Math.max(16, bytes), usage));
    this.states.set(variable, state);
  }

  /**
   * Has what a variable is assigned written where it belongs: by the command that makes it, or copied where that makes other things of it,
   * too, or nothing of the recording makes it.
   */
  private arrivals(): Command[] {
    const { changed } = this.recording;
    const copies: Command[] = [];
    for (const { variable, before, after } of changed) {
      const { buffers } = this.states.get(variable)!;
      const [own] = [0, 1].map((turn) => this.turning[turn].has(after));
      let target = after;
      if (own || after.source.kind !== 'made') {
        target = { ...after, id: -1 - copies.length, source: { kind: 'made' } };
        copies.push(copy(this.device, after, target));
      }
      for (const turn of [0, 1]) {
        this.turning[turn].set(before, buffers[turn]);
        this.turning[turn].set(target, buffers[1 - turn]);
      }
    }
    return copies;
  }

  private placeValues(): void {
    const { values, outputs } = this.recording;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    for (const value of values) {
      const { source } = value;
      if (source.kind === 'variable' && !this.turning[0].has(value)) {
        this.fixed.set(value, { buffer: this.states.get(source.variable)!.buffers[0] });
      }
      if (source.kind === 'constant') {
        const buffer = this.buffer(bytesOf(value), usage);
        this.device.queue.writeBuffer(buffer, 0, source.values.buffer, 0, 4 * value.size);
        this.fixed.set(value, { buffer });
      }
      if (source.kind === 'held') {
        this.fixed.set(value, { buffer: this.backend.tensorMap.get(source.dataId).resource! });
      }
    }
    const lasting = new Set<Value>([...this.fixed.keys(), ...this.turning[0].keys()]);
    const results = outputs.map(({ value }) => value);
    const buffers = new Map<Slot, GPUBuffer>();
    for (const [value, slot] of assignSlots(this.commands, lasting, results)) {
      if (!buffers.has(slot)) buffers.set(slot, this.buffer(slot.bytes, usage));
      this.fixed.set(value, { buffer: buffers.get(slot)! });
    }
  }

  /** All uniforms in one buffer that is never written again; equal ones once. */
  private placeUniforms(): (Resource | null)[] {
    const known = new Map<string, number>();
    const parts: ArrayBuffer[] = [];
    let end = 0;
    const offsets = this.commands.map(({ uniforms }) => {
      if (!uniforms) return -1;
      const key = new Uint8Array(uniforms).join();
      if (!known.has(key)) {
        known.set(key, end);
        parts.push(uniforms);
        end += roundUp(uniforms.byteLength, ALIGNMENT);
      }
      return known.get(key)!;
    });
    if (end === 0) return offsets.map(() => null);
    const all = new Uint8Array(end);
    let at = 0;
    for (const part of parts) {
      all.set(new Uint8Array(part), at);
      at += roundUp(part.byteLength, ALIGNMENT);
    }
    const buffer = this.buffer(end, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
    this.device.queue.writeBuffer(buffer, 0, all);
    return offsets.map((offset, i) =>
      offset < 0 ? null : { buffer, offset, size: this.commands[i].uniforms!.byteLength },
    );
  }

  /** The commands with their buffers, for both turns; made anew where the examples are others. */
  private bound(data: NamedTensors): Ready[][] {
    const examples = new Map<string, GPUBuffer>();
    for (const { source } of this.recording.values) {
      if (source.kind !== 'data') continue;
      const { dataId } = data[source.name];
      this.backend.uploadToGPU(dataId);
      examples.set(source.name, this.backend.tensorMap.get(dataId).resource!);
    }
    const of = [...examples].map(([name, buffer]) => `${name} ${serial(buffer)}`).join();
    if (this.ready?.of === of) return this.ready.turns;
    const resource = (value: Value, turn: number): Resource => {
      if (value.source.kind === 'data') return { buffer: examples.get(value.source.name)! };
      const turning = this.turning[turn].get(value);
      if (turning) return { buffer: turning, size: 4 * Math.max(1, value.size) };
      const { buffer, offset = 0 } = this.fixed.get(value)!;
      return { buffer, offset, size: Math.min(buffer.size - offset, 4 * Math.max(1, value.size)) };
    };
    const ready = (command: Command, i: number, turn: number): Ready => {
      const resources = command.bindings.map((value) => resource(value, turn));
      const uniforms = this.uniforms[i];
      if (uniforms) resources.push(uniforms);
      const group = this.device.createBindGroup({
        layout: command.pipeline.getBindGroupLayout(0),
        entries: resources.map((one, binding) => ({ binding, resource: one })),
      });
      return { pipeline: command.pipeline, group, dispatch: command.dispatch };
    };
    const turns = [0, 1].map(() => [] as Ready[]);
    this.commands.forEach((command, i) => {
      const first = ready(command, i, 0);
      const turns2 = command.bindings.some((value) => this.turning[0].has(value));
      turns[0].push(first);
      turns[1].push(turns2 ? ready(command, i, 1) : first);
    });
    this.ready = { of, turns };
    return turns;
  }

  /** Has the variables' values here, where somebody else has assigned them since. */
  private fetchVariables(): void {
    const { backend } = this;
    const late: [GPUBuffer, GPUBuffer, number][] = [];
    for (const [variable, state] of this.states) {
      if (state.home === variable.dataId || variable.size === 0) continue;
      if (backend.tensorMap.get(variable.dataId).dtype !== variable.dtype) {
        tf.tidy(() => variable.assign(tf.add(variable, tf.zerosLike(variable)))); // integers that were cast to float32
      }
      backend.uploadToGPU(variable.dataId);
      const buffer = state.buffers[state.changes ? this.turn : 0];
      late.push([backend.tensorMap.get(variable.dataId).resource!, buffer, 4 * variable.size]);
      state.home = variable.dataId;
    }
    if (late.length === 0) return;
    flush(backend);
    const encoder = this.device.createCommandEncoder();
    for (const [from, to, bytes] of late) encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
    this.device.queue.submit([encoder.finish()]);
  }

  private feed(steps: number, feeds: ArrayBuffer): void {
    const { device } = this;
    if (!this.numbers || this.numbers.steps < steps) {
      this.numbers?.buffer.destroy();
      const words = new Uint32Array((steps * ALIGNMENT) / 4);
      for (let s = 0; s < steps; s++) words.set([s, this.record / 4], (s * ALIGNMENT) / 4);
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      this.numbers = { steps, buffer: createBuffer(this.backend, words.byteLength, usage) };
      device.queue.writeBuffer(this.numbers.buffer, 0, words);
    }
    if (!this.now) return;
    if (!this.staging || this.staging.size < feeds.byteLength) {
      this.staging?.destroy();
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
      this.staging = createBuffer(this.backend, feeds.byteLength, usage);
    }
    device.queue.writeBuffer(this.staging, 0, feeds);
  }

  private encode(
    encoder: GPUCommandEncoder,
    turns: Ready[][],
    steps: number,
    collected: { value: Value; buffer: GPUBuffer }[],
  ): void {
    const { device, stepwise } = this;
    const group = (one: Resource, all: Resource) =>
      device.createBindGroup({
        layout: stepwise.layout,
        entries: [
          { binding: 0, resource: { buffer: this.numbers!.buffer, size: 8 } },
          { binding: 1, resource: one },
          { binding: 2, resource: all },
        ],
      });
    const enter = this.now && group({ buffer: this.staging! }, { buffer: this.now });
    const enterGroups = workgroupsFor(device, this.record / 4, WORKGROUP);
    const filled = collected.filter(({ value }) => value.size > 0);
    const leave = [0, 1].map((turn) =>
      filled.map(({ value, buffer }) => ({
        group: group(this.written(value, turn), { buffer }),
        groups: workgroupsFor(device, value.size, WORKGROUP),
      })),
    );
    const pass = encoder.beginComputePass();
    let pipeline: GPUComputePipeline | undefined;
    const use = (next: GPUComputePipeline) => {
      if (next !== pipeline) pass.setPipeline((pipeline = next));
    };
    for (let s = 0; s < steps; s++) {
      const { turn } = this;
      if (enter) {
        use(stepwise.enter);
        pass.setBindGroup(0, enter, [s * ALIGNMENT]);
        pass.dispatchWorkgroups(...enterGroups);
      }
      for (const command of turns[turn]) {
        use(command.pipeline);
        pass.setBindGroup(0, command.group);
        pass.dispatchWorkgroups(command.dispatch[0], command.dispatch[1], command.dispatch[2]);
      }
      for (const { group, groups } of leave[turn]) {
        use(stepwise.leave);
        pass.setBindGroup(0, group, [s * ALIGNMENT]);
        pass.dispatchWorkgroups(...groups);
      }
      this.turn = 1 - turn;
    }
    pass.end();
  }

  /** Where a value is at the end of a step. */
  private written(value: Value, turn: number): Resource {
    const bytes = 4 * Math.max(1, value.size);
    const turning = this.turning[turn].get(value);
    if (turning) return { buffer: turning, size: bytes };
    const { buffer, offset = 0 } = this.fixed.get(value)!;
    return { buffer, offset, size: bytes };
  }

  /** Copies the changed variables into data of their own. */
  private bringHome(encoder: GPUCommandEncoder): { variable: tf.Variable; tensor: tf.Tensor }[] {
    const { backend } = this;
    return this.recording.changed.map(({ variable }) => {
      const info = backend.makeTensorInfo([...variable.shape], variable.dtype);
      const tensor = tf.engine().makeTensorFromTensorInfo(info, backend as never);
      if (variable.size > 0) {
        backend.uploadToGPU(info.dataId);
        const { buffers } = this.states.get(variable)!;
        const { resource } = backend.tensorMap.get(info.dataId);
        encoder.copyBufferToBuffer(buffers[this.turn], 0, resource!, 0, 4 * variable.size);
      }
      return { variable, tensor };
    });
  }
}

/** For what `fill` needs: values as outputs named by their places, and nothing assigned. */
export function filling(commands: Command[], created: { value: Value }[]): Recording {
  const results = created.map(({ value }) => value);
  const values = [...new Set([...results, ...commands.flatMap(({ bindings }) => bindings)])];
  const outputs = results.map((value, i) => ({ name: `${i}`, value, shape: value.shape, dtype: value.dtype }));
  return { values, commands, draws: [], changed: [], outputs, release: () => undefined };
}
