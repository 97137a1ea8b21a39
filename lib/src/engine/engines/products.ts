/**
 * Matrix products on WebAssembly and in plain JavaScript: the operands are brought into the form that the backend's own kernel
 * multiplies rightly and fast.
 *
 * - Both kernels count batches by the larger operand alone: batch shapes [2, 1] and [1, 3] give 3 products where there are 6.
 *   Where neither operand has all batches, each is repeated to the common batch shape first.
 * - WebAssembly's kernel takes a plain loop as soon as one operand is to be read transposed, six times slower than its product of
 *   operands as they are. Transposing first costs one pass over the operand and pays at any size that training meets.
 */
import { tf } from '../tf';

type Backend = InstanceType<typeof tf.KernelBackend>;
type KernelFunction = tf.KernelConfig['kernelFunc'];
type Info = tf.TensorInfo;

/** The batch shape without leading ones: both kernels go through it again and again until all batches are done. */
function cycle(x: Info): number[] {
  const batches = x.shape.slice(0, -2);
  while (batches[0] === 1) batches.shift();
  return batches;
}

/**
 * Wraps a backend's kernel `BatchMatMul`.
 * @param backendName TensorFlow.js's name of the backend
 * @param own its kernel
 * @param options.transposeFirst whether an operand that is to be read transposed is transposed before
 */
export function wellFormedProduct(
  backendName: string,
  own: KernelFunction,
  { transposeFirst = false } = {},
): KernelFunction {
  return ({ inputs, attrs, backend }) => {
    const made: Info[] = [];
    const compute = (kernelName: string, x: Info, attributes: object): Info => {
      const { kernelFunc } = tf.getKernel(kernelName, backendName);
      const result = kernelFunc({ inputs: { x }, attrs: attributes as tf.NamedAttrMap, backend }) as Info;
      made.push(result);
      return result;
    };
    const transposed = (x: Info): Info => {
      const axes = [...x.shape.keys()];
      return compute('Transpose', x, { perm: [...axes.slice(0, -2), axes.length - 1, axes.length - 2] });
    };
    const repeated = (x: Info, shape: readonly number[]): Info => {
      const own = [...Array<number>(shape.length + 2 - x.shape.length).fill(1), ...x.shape];
      const reps = [...shape.map((size, i) => size / own[i]), 1, 1];
      return compute('Tile', { ...x, shape: own }, { reps });
    };
    const noProducts = (a: Info, b: Info, shape: number[]): Info => {
      const rows = a.shape.at(attrs?.transposeA ? -1 : -2)!;
      const columns = b.shape.at(attrs?.transposeB ? -2 : -1)!;
      const empty = { dtype: a.dtype, shape: [...shape, rows, columns] };
      const values = tf.util.getTypedArrayFromDType(a.dtype as 'float32', 0);
      return { ...empty, dataId: (backend as Backend).write(values, empty.shape, empty.dtype) };
    };
    try {
      let { a, b } = inputs as Record<string, Info>;
      let { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
      const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
      if (shape.includes(0)) return noProducts(a, b, shape);
      const cycles = (x: Info) => cycle(x).join() === shape.slice(shape.length - cycle(x).length).join();
      if (!cycles(a)) a = repeated(a, shape);
      if (!cycles(b)) b = repeated(b, shape);
      if (transposeFirst && transposeA) [a, transposeA] = [transposed(a), false];
      if (transposeFirst && transposeB) [b, transposeB] = [transposed(b), false];
      return own({ inputs: { a, b }, attrs: { transposeA, transposeB }, backend });
    } finally {
      for (const { dataId } of made) (backend as Backend).disposeData(dataId);
    }
  };
}
