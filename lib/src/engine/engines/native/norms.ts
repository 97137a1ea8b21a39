/** Batch normalization of images in as few passes over memory as there can be: two operations that set-up compiles from norms/. */
import type { Binding, OpAttribute } from './addon';
import { chooseRegisters, ownAddon } from './own';
import { threadsFrom } from './threads';

/** `tensorflow` leaves batch normalization to TensorFlow's own kernels, 'avx512', 'avx2' and 'neon' choose registers; for tests. */
const CHOICE = { variable: 'BNLAB_NORMS', otherwise: 'tensorflow' };

/** Attributes of BnlabBatchNorm and BnlabBatchNormGrad; `relu`: y goes through a ReLU, and dy has come to it from behind one. */
export function ownNormAttributes(binding: Binding, epsilon: number, relu: boolean): OpAttribute[] {
  return [
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: epsilon },
    { name: 'relu', type: binding.TF_ATTR_BOOL, value: relu },
    { name: 'threads', type: binding.TF_ATTR_INT, value: threadsFrom('TF_NUM_INTRAOP_THREADS') },
  ];
}

/** The addon, or undefined where it was not built or does not load. TensorFlow must have been loaded. */
export const normsAddon = () => ownAddon('norms');

let found: { ready: boolean } | undefined;

/**
 * Whether TensorFlow has the operations; made ready at the first call.
 *
 * @throws RangeError when BNLAB_NORMS names none of this processor's registers
 */
export function hasOwnNorms(): boolean {
  found ??= { ready: chooseRegisters(normsAddon, CHOICE) !== undefined };
  return found.ready;
}
