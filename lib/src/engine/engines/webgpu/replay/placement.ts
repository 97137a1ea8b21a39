/**
 * Where the values of a recording are on the device: made values take turns in as few buffers as their lives allow, constants and feeds have
 * theirs, equal uniforms are there once.
 *
 * Every variable has memory of its own, twice where the step assigns it: a step reads one and writes the other, the next step the
 * other way round, so that nothing is copied between two steps, and one compute pass serves them all.
 *
 * Of several runs side by side each has its part of every buffer, one behind the other; constants and examples they share.
 */
import type { tf } from '../../../tf';
import type { WebGPUBackend } from '../backend';
import { createBuffer } from '../memory';
import { assignSlots, bytesOf, Slot } from './memory';
import type { Command, Feed, Recording, Value } from './recording';
import { copy } from './shaders';
import { roundUp } from './uniforms';

/** Bytes at a multiple of which a binding may begin. */
export const ALIGNMENT = 256;

/** Where feeds of a step are in its record. */
export interface Place {
  feed: Feed;
  value: Value;
  /** bytes from the record's beginning */
  offset: number;
}

/** A part of a buffer. */
export interface Resource {
  buffer: GPUBuffer;
  offset?: number;
  size?: number;
}

/** Where a variable is. */
export interface State {
  /** two, where the step assigns it */
  buffers: GPUBuffer[];
  changes: boolean;
  /** by run, the data that it was taken from, or has been brought home to */
  homes: (object | undefined)[];
}

/** Words between what two runs have of a value in a buffer of its own. */
export const strideOf = (value: { size: number }): number => bytesOf(value) / 4;

/** The buffers of a recording. */
export class Placement {
  /** bytes of one step's feeds, of one run */
  readonly record: number;
  readonly places: Place[] = [];
  /** the recording's, and copies that bring variables where they belong */
  readonly commands: Command[];
  /** by command; null for none */
  readonly uniforms: (Resource | null)[];
  readonly states = new Map<tf.Variable, State>();
  /** the feeds of the step that is being done, run by run */
  readonly now: GPUBuffer | undefined;
  private readonly buffers: GPUBuffer[] = [];
  private readonly fixed = new Map<Value, Resource>();
  /** by turn, what a variable is read from and written to */
  private readonly turning: Map<Value, GPUBuffer>[] = [new Map<Value, GPUBuffer>(), new Map<Value, GPUBuffer>()];

  constructor(
    private readonly backend: WebGPUBackend,
    private readonly recording: Recording,
    private readonly runs: number,
  ) {
    this.record = this.placeFeeds();
    try {
      if (this.record > 0) this.now = this.buffer(runs * this.record, GPUBufferUsage.STORAGE);
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
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Words between the parts that two runs have of a value; 0 for what they share. */
  stride(value: Value): number {
    const { kind } = value.source;
    if (this.runs === 1 || kind === 'constant' || kind === 'held' || kind === 'data') return 0;
    return kind === 'feed' ? this.record / 4 : strideOf(value);
  }

  /** Where a value is, in one of the two turns; of all runs, from the first's part on. */
  resource(value: Value, turn: number): Resource {
    const bytes = 4 * Math.max(1, value.size);
    const turning = this.turning[turn].get(value);
    const { buffer, offset = 0 } = turning ? { buffer: turning } : this.fixed.get(value)!;
    const all = buffer.size - offset;
    return { buffer, offset, size: this.stride(value) > 0 ? all : Math.min(all, bytes) };
  }

  /** Whether a value is in another buffer at every other step. */
  turns(value: Value): boolean {
    return this.turning[0].has(value);
  }

  dispose(): void {
    for (const buffer of this.buffers) buffer.destroy();
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
    const state: State = this.states.get(variable) ?? { buffers: [], changes, homes: [] };
    state.changes ||= changes;
    const bytes = this.runs * bytesOf(variable);
    while (state.buffers.length < (state.changes ? 2 : 1)) state.buffers.push(this.buffer(bytes, usage));
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
        copies.push(copy(this.backend.device, after, target));
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
    const { device, tensorMap } = this.backend;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    for (const value of values) {
      const { source } = value;
      if (source.kind === 'variable' && !this.turning[0].has(value)) {
        this.fixed.set(value, { buffer: this.states.get(source.variable)!.buffers[0] });
      }
      if (source.kind === 'constant') {
        const buffer = this.buffer(bytesOf(value), usage);
        device.queue.writeBuffer(buffer, 0, source.values.buffer, 0, 4 * value.size);
        this.fixed.set(value, { buffer });
      }
      if (source.kind === 'held') {
        this.fixed.set(value, { buffer: tensorMap.get(source.dataId).resource! });
      }
    }
    const lasting = new Set<Value>([...this.fixed.keys(), ...this.turning[0].keys()]);
    const results = outputs.map(({ value }) => value);
    const buffers = new Map<Slot, GPUBuffer>();
    for (const [value, slot] of assignSlots(this.commands, lasting, results)) {
      if (!buffers.has(slot)) buffers.set(slot, this.buffer(this.runs * slot.bytes, usage));
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
    this.backend.device.queue.writeBuffer(buffer, 0, all);
    return offsets.map((offset, i) =>
      offset < 0 ? null : { buffer, offset, size: this.commands[i].uniforms!.byteLength },
    );
  }
}
