/** A recording on the device: its bind groups, and steps encoded from them, many to a submit; of one run, or of several side by side. */
import { tf } from '../../../tf';
import type { Variables } from '../../../compile/together';
import type { NamedTensors } from '../../../compile/options';
import { serial } from '../../../compile/watch';
import { flush, WebGPUBackend } from '../backend';
import { createBuffer } from '../memory';
import { collect } from './collect';
import { bytesOf } from './memory';
import { ALIGNMENT, type Place, Placement, type Resource, strideOf } from './placement';
import { type Command, type Recording, type Value, writtenOutside } from './recording';
import { NOW_BYTES, pipelineOf, stepwise, type Stepwise, WORKGROUP, workgroupsFor } from './shaders';
import { sourceOf } from '../shaders/sources';
import { NotWidened, widened } from './widen';

/** One dispatch, ready. */
interface Ready {
  pipeline: GPUComputePipeline;
  group: GPUBindGroup;
  dispatch: readonly [number, number, number];
}

/** Plays a recording. */
export class Player {
  /** dispatches of one step, feeding and collecting included */
  readonly dispatches: number;
  private readonly device: GPUDevice;
  private readonly placed: Placement;
  private readonly kernels: Pick<Ready, 'pipeline' | 'dispatch'>[];
  private readonly stepwise: Stepwise;
  private ready: { of: string; turns: Ready[][] } | undefined;
  private staging: GPUBuffer | undefined;
  private numbers: { buffer: GPUBuffer; steps: number } | undefined;
  private turn = 0;

  /**
   * @param runs how many are made side by side
   * @throws NotWidened where several cannot be
   */
  constructor(
    private readonly backend: WebGPUBackend,
    private readonly recording: Recording,
    readonly runs = 1,
  ) {
    const { device } = backend;
    this.device = device;
    this.stepwise = stepwise(device);
    this.placed = new Placement(backend, recording, runs);
    try {
      this.kernels = this.placed.commands.map((command) => this.kernelOf(command));
    } catch (error) {
      this.placed.dispose();
      throw error;
    }
    this.dispatches = this.kernels.length + (this.placed.now ? 1 : 0) + recording.outputs.length;
  }

  /** Bytes of one step's feeds, of one run. */
  get record(): number {
    return this.placed.record;
  }

  get places(): readonly Place[] {
    return this.placed.places;
  }

  /** Bytes that a step takes of memory which grows with the steps of a chunk. */
  get bytesPerStep(): number {
    return this.runs * (this.record + this.recording.outputs.reduce((sum, { value }) => sum + bytesOf(value), 0));
  }

  /**
   * Runs steps. All is asked of the device when this returns, nothing need be done.
   *
   * @param feeds the steps' records, one after the other, of each step run by run
   * @param variables of each run
   * @returns what the steps of each run returned, stacked
   */
  play(data: NamedTensors, steps: number, feeds: ArrayBuffer, variables: readonly Variables[]): NamedTensors[] {
    const { backend, device } = this;
    const ready = this.bound(data);
    this.fetchVariables(variables);
    flush(backend);
    this.feed(steps, feeds);
    const collected = this.recording.outputs.map((output) =>
      collect(backend, output, { runs: this.runs, steps, room: this.room }),
    );
    const encoder = device.createCommandEncoder();
    this.encode(encoder, ready, steps, collected);
    for (const one of collected) one.handOut?.(encoder);
    const home = this.bringHome(encoder);
    device.queue.submit([encoder.finish()]);
    for (const one of collected) if (one.handOut) one.buffer.destroy();
    for (const { variable, run, tensor } of home) {
      variables[run].put(variable, tensor);
      this.placed.states.get(variable)!.homes[run] = variables[run].of(variable).dataId;
    }
    return variables.map((_, run) =>
      Object.fromEntries(this.recording.outputs.map(({ name }, i) => [name, collected[i].tensors[run]] as const)),
    );
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
    encoder.copyBufferToBuffer(this.placed.resource(found, 0).buffer, 0, staging, 0, 4);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const [number] = new Int32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return number;
  }

  dispose(): void {
    this.placed.dispose();
    this.staging?.destroy();
    this.numbers?.buffer.destroy();
  }

  /** Steps for which there is room where outputs are collected. */
  private get room(): number {
    return this.numbers!.steps;
  }

  private kernelOf({ pipeline, dispatch, bindings }: Command): Pick<Ready, 'pipeline' | 'dispatch'> {
    if (this.runs === 1) return { pipeline, dispatch };
    const [x, y, z] = dispatch;
    if (z * this.runs > this.device.limits.maxComputeWorkgroupsPerDimension) {
      throw new NotWidened(`${z} layers of ${this.runs} runs`);
    }
    const parts = bindings.map((value) => ({ size: value.size, stride: this.placed.stride(value) }));
    const code = widened(sourceOf(pipeline), parts, z);
    return { pipeline: pipelineOf(this.device, code), dispatch: [x, y, z * this.runs] };
  }

  /** The commands with their buffers, for both turns; made anew where the examples are others. */
  private bound(data: NamedTensors): Ready[][] {
    const { placed } = this;
    const examples = new Map<string, GPUBuffer>();
    for (const { source } of this.recording.values) {
      if (source.kind !== 'data') continue;
      const { dataId } = data[source.name];
      this.backend.uploadToGPU(dataId);
      examples.set(source.name, this.backend.tensorMap.get(dataId).resource!);
    }
    const of = [...examples].map(([name, buffer]) => `${name} ${serial(buffer)}`).join();
    if (this.ready?.of === of) return this.ready.turns;
    const resource = (value: Value, turn: number): Resource =>
      value.source.kind === 'data' ? { buffer: examples.get(value.source.name)! } : placed.resource(value, turn);
    const ready = ({ bindings }: Command, i: number, turn: number): Ready => {
      const resources = bindings.map((value) => resource(value, turn));
      const uniforms = placed.uniforms[i];
      if (uniforms) resources.push(uniforms);
      const { pipeline, dispatch } = this.kernels[i];
      const group = this.device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: resources.map((one, binding) => ({ binding, resource: one })),
      });
      return { pipeline, group, dispatch };
    };
    const turns = [0, 1].map(() => [] as Ready[]);
    placed.commands.forEach((command, i) => {
      const first = ready(command, i, 0);
      turns[0].push(first);
      turns[1].push(command.bindings.some((value) => placed.turns(value)) ? ready(command, i, 1) : first);
    });
    this.ready = { of, turns };
    return turns;
  }

  /** Has the variables' values here, where somebody else has assigned them since. */
  private fetchVariables(all: readonly Variables[]): void {
    const { backend } = this;
    const late: [from: GPUBuffer, to: GPUBuffer, at: number, bytes: number][] = [];
    for (const [variable, { buffers, changes, homes }] of this.placed.states) {
      if (variable.size === 0) continue;
      all.forEach((variables, run) => {
        let own = variables.of(variable);
        if (homes[run] === own.dataId) return;
        if (backend.tensorMap.get(own.dataId).dtype !== variable.dtype) {
          const numbers = tf.tidy(() => tf.add(own, tf.zerosLike(own))); // integers that were cast to float32
          variables.put(variable, numbers);
          own = variables.of(variable);
        }
        backend.uploadToGPU(own.dataId);
        const from = backend.tensorMap.get(own.dataId).resource!;
        late.push([from, buffers[changes ? this.turn : 0], 4 * run * strideOf(variable), 4 * variable.size]);
        homes[run] = own.dataId;
      });
    }
    if (late.length === 0) return;
    flush(backend);
    const encoder = this.device.createCommandEncoder();
    for (const [from, to, at, bytes] of late) encoder.copyBufferToBuffer(from, 0, to, at, bytes);
    this.device.queue.submit([encoder.finish()]);
  }

  private feed(steps: number, feeds: ArrayBuffer): void {
    const { device } = this;
    if (!this.numbers || this.numbers.steps < steps) {
      this.numbers?.buffer.destroy();
      const words = new Uint32Array((steps * ALIGNMENT) / 4);
      for (let s = 0; s < steps; s++) words.set([s, (this.runs * this.record) / 4, steps], (s * ALIGNMENT) / 4);
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      this.numbers = { steps, buffer: createBuffer(this.backend, words.byteLength, usage) };
      device.queue.writeBuffer(this.numbers.buffer, 0, words);
    }
    if (!this.placed.now) return;
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
    collected: readonly { value: Value; buffer: GPUBuffer }[],
  ): void {
    const { device, stepwise, runs } = this;
    const { now } = this.placed;
    const group = (one: Resource, all: Resource) =>
      device.createBindGroup({
        layout: stepwise.layout,
        entries: [
          { binding: 0, resource: { buffer: this.numbers!.buffer, size: NOW_BYTES } },
          { binding: 1, resource: one },
          { binding: 2, resource: all },
        ],
      });
    const enter = now && group({ buffer: this.staging! }, { buffer: now });
    const enterGroups = workgroupsFor(device, (runs * this.record) / 4, WORKGROUP);
    const filled = collected.filter(({ value }) => value.size > 0);
    const leave = [0, 1].map((turn) =>
      filled.map(({ value, buffer }) => {
        const [x, y] = workgroupsFor(device, value.size, WORKGROUP);
        return {
          pipeline: stepwise.leave(value.size, this.placed.stride(value)),
          group: group(this.placed.resource(value, turn), { buffer }),
          groups: [x, y, runs] as const,
        };
      }),
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
      for (const { pipeline: own, group, groups } of leave[turn]) {
        use(own);
        pass.setBindGroup(0, group, [s * ALIGNMENT]);
        pass.dispatchWorkgroups(...groups);
      }
      this.turn = 1 - turn;
    }
    pass.end();
  }

  /** Copies the changed variables of each run into data of their own. */
  private bringHome(encoder: GPUCommandEncoder): { variable: tf.Variable; run: number; tensor: tf.Tensor }[] {
    const { backend } = this;
    return this.recording.changed.flatMap(({ variable }) =>
      Array.from({ length: this.runs }, (_, run) => {
        const info = backend.makeTensorInfo([...variable.shape], variable.dtype);
        const tensor = tf.engine().makeTensorFromTensorInfo(info, backend as never);
        if (variable.size > 0) {
          backend.uploadToGPU(info.dataId);
          const { buffers } = this.placed.states.get(variable)!;
          const { resource } = backend.tensorMap.get(info.dataId);
          encoder.copyBufferToBuffer(
            ...([buffers[this.turn], 4 * run * strideOf(variable), resource!, 0, 4 * variable.size] as const),
          );
        }
        return { variable, run, tensor };
      }),
    );
  }
}
