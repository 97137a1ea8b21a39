import { DataInputs, planBody } from './body';
import { executorLoop } from './executor-loop';
import { LoopGraph } from './loop';
import { Binding } from '../../engines/native/addon';
import { Trace } from './trace';
import { tf } from '../../tf';
import { productRegisters } from '../../engines/native/products';
import { ownProducts } from './products';
import { fitsXlaLoop, xlaLoop } from './xla-loop';

/** The graphs that can run the traced step, best first: when TensorFlow refuses one, the next is to be tried. */
export function loopGraphs(
  traced: Trace,
  { binding, data, xla }: { binding: Binding; data: DataInputs; xla: boolean },
): (() => LoopGraph)[] {
  const body = planBody(traced, binding, data);
  if (!xla) return [() => executorLoop(body, binding, false)];
  const clusters = () => executorLoop(body, binding, true);
  if (!fitsXlaLoop(body)) return [clusters];
  const whole = () => xlaLoop(body, binding, castWraps());
  const registers = binding.isUsingGpuDevice() ? undefined : productRegisters();
  const products = registers && ownProducts(body, registers);
  if (!products?.calls.size) return [whole, clusters];
  return [() => xlaLoop(body, binding, castWraps(), products), whole, clusters];
}

let wraps: boolean | undefined;

/** Whether a float32 out of the range of int32 becomes -2^31 on this machine (x86), rather than the nearest int32 (ARM, GPUs). */
function castWraps(): boolean {
  wraps ??= tf.tidy(() => tf.cast(tf.scalar(3e9), 'int32').dataSync()[0] === -(2 ** 31));
  return wraps;
}
