/**
 * What goes wrong on a device, and is silent there: a shader that does not compile, a command that is not valid, memory that is not to be
 * had, a device that is lost, an index that points nowhere. All of these leave zeros, or what was there before. Here each becomes an
 * `EngineError`, at the latest when values are read.
 */
import { EngineError } from '../../errors';
import { tf } from '../../tf';
import type { Program, WebGPUBackend } from './backend';

/** What is known of a backend's device. */
interface Health {
  /** what ended it: all that is computed after it is worth nothing */
  fault: EngineError | undefined;
  /** there was no memory for a buffer, which whoever asked for it has not heard yet */
  shortage: boolean;
  /** a number on the device: which of `checks` found an index that points nowhere; 0 none */
  found: tf.TensorInfo;
  /** by number, from 1 */
  checks: string[];
  /** checks were recorded since `found` was last read */
  unread: boolean;
}

/** A limit that allows every number that is not negative. */
export const ANY = 2 ** 31 - 1;

const healthOf = new WeakMap<WebGPUBackend, Health>();

/** Starts to watch a backend's device. */
export function watch(backend: WebGPUBackend): void {
  const found = backend.makeTensorInfo([1], 'int32', new Int32Array(1));
  const health: Health = { fault: undefined, shortage: false, found, checks: [], unread: false };
  healthOf.set(backend, health);
  const { device } = backend;
  device.addEventListener('uncapturederror', (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    // Dawn tells of it before the buffer is handed out, a browser later.
    if (error instanceof GPUOutOfMemoryError) health.shortage = true;
    else health.fault ??= refused(error.message.trim().split('\n')[0]);
    event.preventDefault();
  });
  void device.lost.then(({ reason, message }) => {
    health.fault = new EngineError(
      `The GPU is lost (${reason ?? 'unknown'}${message ? `: ${message.trim().split('\n')[0]}` : ''}). ` +
        'Restart the program (in a notebook, the kernel).',
    );
  });
}

const refused = (said: string): EngineError =>
  new EngineError(
    `The GPU refused a command, so that nothing computed since can be trusted: ${said}. ` +
      'Restart the program (in a notebook, the kernel); BNLAB_ENGINE=native or wasm computes without a GPU.',
  );

/** Whether there was no memory for the buffer that was just asked for; whoever asks takes care of it. */
export function tookShortage(backend: WebGPUBackend): boolean {
  const health = healthOf.get(backend);
  const short = health?.shortage ?? false;
  if (health) health.shortage = false;
  return short;
}

/**
 * @throws EngineError where the device was lost, or refused something, as far as it has told
 */
export function expectHealthy(backend: WebGPUBackend): void {
  const health = healthOf.get(backend);
  if (health?.shortage) health.fault ??= refused('there is no memory left');
  if (health?.fault) throw health.fault;
}

/**
 * The buffer of the number that tells of an index that points nowhere. Whoever replays recorded commands, among them a look at indices,
 * reads it with what they give, and hands the number to `expectNothingFound`.
 */
export function findingBuffer(backend: WebGPUBackend): GPUBuffer {
  const health = healthOf.get(backend);
  if (!health) throw new EngineError('This backend is not watched: watch(backend) comes first.');
  backend.uploadToGPU(health.found.dataId);
  return backend.tensorMap.get(health.found.dataId).resource!;
}

/** The buffer of the number that tells of an index that points nowhere, where it has to be read with the next values; else undefined. */
export function unreadFinding(backend: WebGPUBackend): GPUBuffer | undefined {
  const health = healthOf.get(backend);
  return health?.unread ? backend.tensorMap.get(health.found.dataId).resource! : undefined;
}

/**
 * Takes note of the number.
 * @throws EngineError when an index points nowhere: which operation was asked, and what it allows
 */
export function expectNothingFound(backend: WebGPUBackend, number: number): void {
  const health = healthOf.get(backend);
  if (!health) return;
  health.unread = false;
  if (number === 0) return;
  backend.queue.writeBuffer(backend.tensorMap.get(health.found.dataId).resource!, 0, new Int32Array(1));
  throw new EngineError(health.checks[number - 1] ?? 'An index points nowhere.');
}

const ranges = (limits: readonly number[]): string => limits.map((limit) => `[0, ${limit - 1}]`).join(' x ');

/** Indices whose values are at hand. */
function expectInside(values: ArrayLike<number>, limits: readonly number[], what: string): void {
  for (let i = 0; i < values.length; i++) {
    if (values[i] >= 0 && values[i] < limits[i % limits.length]) continue;
    throw new RangeError(
      limits[0] === ANY
        ? `${what}: the number ${values[i]} is negative.`
        : `${what}: the index value ${values[i]} is not in ${ranges(limits)}.`,
    );
  }
}

/**
 * Has indices looked at before they are used: at once, where their values are at hand; else by the device, and what it finds is an
 * error at the next read.
 * @param indices int32, of any shape
 * @param limits by the place in the last axis: an index is at least 0 and below; one limit is everyone's
 * @param what the operation, for the error
 * @throws RangeError where one that is at hand points nowhere
 */
export function checkIndices(backend: WebGPUBackend, indices: tf.TensorInfo, limits: number[], what: string): void {
  const health = healthOf.get(backend);
  const count = tf.util.sizeFromShape(indices.shape);
  if (!health || count === 0 || limits.length === 0) return;
  const { values } = backend.tensorMap.get(indices.dataId);
  if (values) return expectInside(values as Int32Array, limits, what);
  const message =
    limits[0] === ANY ? `${what}: a number is negative.` : `${what}: an index is not in ${ranges(limits)}.`;
  let number = health.checks.indexOf(message) + 1;
  if (number === 0) number = health.checks.push(message);
  const program: Program = {
    variableNames: ['indices'],
    outputShape: [1],
    shaderKey: `bnlab_indices_${limits.join()}`,
    workgroupSize: [64, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(count / 64), 1, 1],
    uniforms: 'count : i32, number : i32,',
    atomic: true,
    getUserCode: () => `
      fn main(index : i32) {
        if (index >= uniforms.count) { return; }
        var limits = array<i32, ${limits.length}>(${limits.join(', ')});
        let found = indices[index];
        if (found < 0 || found >= limits[index % ${limits.length}]) { atomicMax(&result[0], uniforms.number); }
      }`,
  };
  const flat = { ...indices, shape: [count] };
  const uniforms = [count, number].map((value) => ({ type: 'int32', data: [value] }));
  backend.runWebGPUProgram(program, [flat], 'int32', uniforms, health.found);
  health.unread = true;
}
