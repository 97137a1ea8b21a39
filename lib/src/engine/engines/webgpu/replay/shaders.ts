/** The replay's own shaders: they move words of four bytes, whatever these mean. */
import type { Command, Value } from './recording';

/** Invocations of a workgroup. */
export const WORKGROUP = 64;

const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

/** The pipeline of some code, made once a device. */
export function pipelineOf(device: GPUDevice, code: string, layout?: GPUBindGroupLayout): GPUComputePipeline {
  let known = pipelines.get(device);
  if (!known) pipelines.set(device, (known = new Map<string, GPUComputePipeline>()));
  let pipeline = known.get(code);
  if (!pipeline) {
    pipeline = device.createComputePipeline({
      layout: layout ? device.createPipelineLayout({ bindGroupLayouts: [layout] }) : 'auto',
      compute: {
        module: device.createShaderModule({ code }),
        entryPoint: code.includes('fn _start(') ? '_start' : 'main',
      },
    });
    known.set(code, pipeline);
  }
  return pipeline;
}

/** Workgroups for so many invocations of a `main` that starts with {@link INDEX}. */
export function workgroupsFor(device: GPUDevice, invocations: number, size = WORKGROUP): [number, number, number] {
  const groups = Math.max(1, Math.ceil(invocations / size));
  const most = device.limits.maxComputeWorkgroupsPerDimension;
  return groups <= most ? [groups, 1, 1] : [most, Math.ceil(groups / most), 1];
}

/** Head of a `main` over any number of invocations; `i` is the invocation's number. */
export const INDEX = `@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.x + id.y * groups.x * ${WORKGROUP}u;`;

const GATHER = `
struct Uniforms { width: u32, size: u32 }
@group(0) @binding(0) var<storage, read_write> batch: array<u32>;
@group(0) @binding(1) var<storage, read> examples: array<u32>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<uniform> u: Uniforms;
${INDEX}
  if (i < u.size) { batch[i] = examples[rows[i / u.width] * u.width + i % u.width]; }
}`;

/** Rows of the examples. */
export function gatherRows(device: GPUDevice, examples: Value, rows: Value, batch: Value): Command {
  const width = Math.max(1, batch.size / rows.size);
  return {
    name: 'Batch',
    pipeline: pipelineOf(device, GATHER),
    reads: [examples, rows],
    writes: [batch],
    bindings: [batch, examples, rows],
    uniforms: Uint32Array.of(width, batch.size).buffer,
    dispatch: workgroupsFor(device, batch.size),
  };
}

const COPY = `
struct Uniforms { size: u32, pad: u32 }
@group(0) @binding(0) var<storage, read_write> to: array<u32>;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<uniform> u: Uniforms;
${INDEX}
  if (i < u.size) { to[i] = source[i]; }
}`;

/** One value's content as another's. */
export function copy(device: GPUDevice, from: Value, to: Value): Command {
  return {
    name: 'Copy',
    pipeline: pipelineOf(device, COPY),
    reads: [from],
    writes: [to],
    bindings: [to, from],
    uniforms: Uint32Array.of(from.size, 0).buffer,
    dispatch: workgroupsFor(device, from.size),
  };
}

/** Integers as numbers of type float32. */
export function toFloat(device: GPUDevice, from: Value, to: Value): Command {
  const code = COPY.replace('source: array<u32>', 'source: array<i32>').replace(
    '= source[i]',
    '= bitcast<u32>(f32(source[i]))',
  );
  return { ...copy(device, from, to), name: 'Cast', pipeline: pipelineOf(device, code) };
}

/** Which step of a chunk it is, and how much a step is fed with in words; for how many steps there is room where outputs are collected. */
const NOW = 'struct Now { step: u32, record: u32, room: u32, pad: u32 }';

/** Bytes of {@link NOW}. */
export const NOW_BYTES = 16;

/** Of all that a chunk's steps are fed with, what one step is. */
const ENTER = `${NOW}
@group(0) @binding(0) var<uniform> now: Now;
@group(0) @binding(1) var<storage, read> all: array<u32>;
@group(0) @binding(2) var<storage, read_write> one: array<u32>;
${INDEX}
  if (i < now.record) { one[i] = all[now.step * now.record + i]; }
}`;

/** An output of one step of each run, beside those of the steps before. */
const leave = (size: number, stride: number) => `${NOW}
@group(0) @binding(0) var<uniform> now: Now;
@group(0) @binding(1) var<storage, read> one: array<u32>;
@group(0) @binding(2) var<storage, read_write> all: array<u32>;
${INDEX}
  if (i < ${size}u) { all[(id.z * now.room + now.step) * ${size}u + i] = one[id.z * ${stride}u + i]; }
}`;

/** Pipelines whose uniforms say which step of the chunk it is, by a dynamic offset. */
export interface Stepwise {
  layout: GPUBindGroupLayout;
  enter: GPUComputePipeline;
  /** @param stride words between the parts of two runs */
  leave(size: number, stride: number): GPUComputePipeline;
}

export function stepwise(device: GPUDevice): Stepwise {
  const COMPUTE = 4; // GPUShaderStage.COMPUTE
  const layout = device.createBindGroupLayout({
    entries: [
      { binding: 0, visibility: COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true } },
      { binding: 1, visibility: COMPUTE, buffer: { type: 'read-only-storage' } },
      { binding: 2, visibility: COMPUTE, buffer: { type: 'storage' } },
    ],
  });
  return {
    layout,
    enter: pipelineOf(device, ENTER, layout),
    leave: (size, stride) => pipelineOf(device, leave(size, stride), layout),
  };
}
