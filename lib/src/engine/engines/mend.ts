/**
 * Mending TensorFlow.js's kernels, once, when an engine is loaded, so that a reader meets neither a wrong number nor
 * "kernel not registered". `npm run conformance` runs TensorFlow.js's own tests over the result. What is mended stands with each engine;
 * here is how.
 *
 * What a backend lacks, or does wrongly, is computed in JavaScript on copies of the inputs: slower, and right.
 */
import { tf } from '../tf';

export type Backend = InstanceType<typeof tf.KernelBackend>;
export type KernelFunction = tf.KernelConfig['kernelFunc'];
export type KernelParameters = Parameters<KernelFunction>[0];
export type Info = tf.TensorInfo;
type Values = Parameters<Backend['write']>[0];

/** Whether the kernel of the backend itself cannot do, or does wrongly, what is asked. */
export type Unable = (inputs: Record<string, Info>, attributes: Record<string, unknown>) => boolean;

export const always: Unable = () => true;
export const ofStrings: Unable = (inputs) => Object.values(inputs).some((input) => input?.dtype === 'string');
export const channelsFirst: Unable = (_, { dataFormat }) => dataFormat === 'NCHW';
export const paddedByNumber: Unable = (_, { pad }) => pad !== 'valid' && pad !== 'same';

/** Puts a kernel made of a backend's own one in its place, where it has it. */
export function replace(kernelName: string, backendName: string, wrap: (own: KernelFunction) => KernelFunction): void {
  const kernel = tf.getKernel(kernelName, backendName);
  if (!kernel) return;
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ ...kernel, kernelFunc: wrap(kernel.kernelFunc) });
}

/**
 * Gives a backend JavaScript's kernels where it has none.
 * @param never kernels that do without
 */
export function borrowMissing(backendName: string, never: ReadonlySet<string>): void {
  const have = new Set(tf.getKernelsForBackend(backendName).map((kernel) => kernel.kernelName));
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu')) {
    if (have.has(kernelName) || never.has(kernelName)) continue;
    tf.registerKernel({ kernelName, backendName, kernelFunc: inJavaScript(kernelFunc) });
  }
}

/** Gives a backend JavaScript's kernels in the cases that its own cannot do. */
export function borrowWhereUnable(backendName: string, cannot: Record<string, Unable>): void {
  for (const [name, unable] of Object.entries(cannot)) {
    const js = tf.getKernel(name, 'cpu');
    if (!js) continue;
    const borrow = inJavaScript(js.kernelFunc);
    replace(name, backendName, (own) => (parameters) => {
      const { inputs, attrs } = parameters;
      return unable(inputs as Record<string, Info>, attrs ?? {}) ? borrow(parameters) : own(parameters);
    });
  }
}

/** A second tensor on the data of the input `x`, which the backend counts. */
export function sameData({ inputs, backend }: KernelParameters): Info {
  const { dataId, shape, dtype } = (inputs as Record<string, Info>).x;
  (backend as Backend).incRef(dataId);
  return { dataId, shape, dtype };
}

/** Where an axis is taken out (x[1, ::2]), the strides of the others are forgotten: here it is taken out of the result. */
export const takingOutAxesLast =
  (own: KernelFunction): KernelFunction =>
  (parameters) => {
    const { begin, end, strides, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } =
      parameters.attrs as unknown as Record<'begin' | 'end' | 'strides', number[]> &
        Record<'endMask' | 'ellipsisMask' | 'newAxisMask' | 'shrinkAxisMask', number>;
    if (!shrinkAxisMask || ellipsisMask || newAxisMask || strides.every((by) => by === 1)) return own(parameters);
    const gone = (axis: number) => ((shrinkAxisMask >> axis) & 1) === 1;
    const attrs = {
      ...parameters.attrs,
      shrinkAxisMask: 0,
      end: end.map((to, axis) => (gone(axis) ? begin[axis] + 1 : to)),
      endMask: begin.reduce((mask, from, axis) => (gone(axis) && from === -1 ? mask | (1 << axis) : mask), endMask),
    };
    const { shape, ...rest } = own({ ...parameters, attrs }) as Info;
    return { ...rest, shape: shape.filter((_, axis) => !gone(axis)) };
  };

/** The JavaScript backend's kernel, on copies, for a backend whose values can be read and written synchronously. */
export function inJavaScript(kernel: KernelFunction): KernelFunction {
  return ({ inputs, attrs, backend }: KernelParameters) => {
    const target = backend as Backend;
    const js = tf.engine().findBackend('cpu') as Backend;
    const copies: Info[] = [];
    const copy = ({ dataId, shape, dtype }: Info): Info => {
      const made = {
        dataId: js.write(target.readSync(dataId) as Values, shape, dtype),
        shape,
        dtype,
        rank: shape.length, // some kernels ask for it
      };
      copies.push(made);
      return made;
    };
    const back = ({ dataId, shape, dtype }: Info): Info => {
      const made = { dataId: target.write(js.readSync(dataId) as Values, shape, dtype), shape, dtype };
      js.disposeData(dataId);
      return made;
    };
    // A kernel of any number of inputs (Einsum, Concat) gets them as an array, the others by name.
    const jsInputs = Array.isArray(inputs) ? (inputs as Info[]).map(copy) : copyNamed(inputs, copy);
    const outputs = kernel({ inputs: jsInputs as unknown as tf.NamedTensorInfoMap, attrs, backend: js });
    const result = Array.isArray(outputs) ? outputs.map(back) : back(outputs);
    for (const { dataId } of copies) js.disposeData(dataId);
    return result;
  };
}

function copyNamed(inputs: KernelParameters['inputs'], copy: (info: Info) => Info): Record<string, Info | Info[]> {
  const copied: Record<string, Info | Info[]> = {};
  for (const [key, input] of Object.entries(inputs) as [string, Info | Info[] | undefined][]) {
    if (input) copied[key] = Array.isArray(input) ? input.map(copy) : copy(input);
  }
  return copied;
}
