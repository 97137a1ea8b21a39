/** Batch normalization of images in as few passes over memory as there can be: two operations that set-up compiles from norms/. */
import * as os from 'node:os';
import type { Binding, OpAttribute } from './addon';
import { nativePaths } from './paths';
import { threadsFrom } from './threads';

/** What norms/norms.cc exports. */
export interface NormsAddon {
  /** the registers of this processor, widest first */
  kinds: string[];
  /** whether the passes run by these from here on, and TensorFlow has the operations */
  use(name: string): boolean;
  /** how often TensorFlow has called */
  calls(): number;
}

/** `tensorflow` leaves batch normalization to TensorFlow's own kernels, 'avx512', 'avx2' and 'neon' choose registers; for tests. */
const VARIABLE = 'BNLAB_NORMS';

/** Attributes of BnlabBatchNorm and BnlabBatchNormGrad; `relu`: y goes through a ReLU, and dy has come to it from behind one. */
export function ownNormAttributes(binding: Binding, epsilon: number, relu: boolean): OpAttribute[] {
  return [
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: epsilon },
    { name: 'relu', type: binding.TF_ATTR_BOOL, value: relu },
    { name: 'threads', type: binding.TF_ATTR_INT, value: threadsFrom('TF_NUM_INTRAOP_THREADS') },
  ];
}

let found: { ready: boolean } | undefined;

/** The addon, or undefined where it was not built or does not load. TensorFlow must have been loaded. */
export function normsAddon(): NormsAddon | undefined {
  const paths = nativePaths();
  if (!paths) return undefined;
  try {
    const addon = { exports: {} };
    process.dlopen(addon, paths.norms, os.constants.dlopen.RTLD_NOW);
    return addon.exports as NormsAddon;
  } catch {
    return undefined;
  }
}

/**
 * Whether TensorFlow has the operations; made ready at the first call.
 *
 * @throws RangeError when BNLAB_NORMS names none of this processor's registers
 */
export function hasOwnNorms(): boolean {
  found ??= { ready: makeReady(process.env[VARIABLE]) };
  return found.ready;
}

function makeReady(wanted: string | undefined): boolean {
  if (wanted === 'tensorflow') return false;
  const addon = normsAddon();
  const kinds = addon?.kinds ?? [];
  if (wanted && !kinds.includes(wanted)) {
    const known = ['tensorflow', ...kinds].map((name) => `'${name}'`).join(', ');
    throw new RangeError(`${VARIABLE}='${wanted}': this machine has ${known}.`);
  }
  const chosen = wanted || kinds[0];
  return chosen !== undefined && addon!.use(chosen);
}
