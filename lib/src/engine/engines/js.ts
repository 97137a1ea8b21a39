/**
 * Plain JavaScript: always there, slow. Its kernels are mended even where another engine computes, because the others borrow from it:
 * products of matrices (products.ts), slices that take an axis out, and a scatter that wrote into its input.
 */
import { processorWords } from '../processor';
import { tf } from '../tf';
import type { Engine } from './engine';
import { Backend, Info, replace, takingOutAxesLast } from './mend';
import { wellFormedProduct } from './products';

export const js: Engine = {
  name: 'js',
  backend: 'cpu',
  async load() {
    await tf.setBackend('cpu');
    return {
      loaded: true,
      card: { device: processorWords(), tensorflow: null, gpu: false, threads: { intraOp: 1, interOp: 1 } },
    };
  },
  gradientKernels: { averagePoolSame: false, resizeBilinear: false, convolutionFilter: true },
};

let mended = false;

/** Mends the kernels, from which the other backends borrow. To be called before any of them is loaded. */
export function mendJavaScript(): void {
  if (mended) return;
  mended = true;
  replace('BatchMatMul', 'cpu', (own) => wellFormedProduct('cpu', own));
  replace('StridedSlice', 'cpu', takingOutAxesLast);
  replace('TensorScatterUpdate', 'cpu', (own) => (parameters) => {
    const { backend, inputs } = parameters;
    const js = backend as Backend;
    const { tensor, ...others } = inputs as Record<string, Info>;
    const values = (js.readSync(tensor.dataId) as Float32Array).slice(); // it writes into them
    const copy = { dataId: js.write(values, tensor.shape, tensor.dtype), shape: tensor.shape, dtype: tensor.dtype };
    const result = own({ ...parameters, inputs: { tensor: copy, ...others } as unknown as tf.NamedTensorInfoMap });
    js.disposeData(copy.dataId);
    return result;
  });
}
