/** Pictures of 256 levels as float32 tensors, which need not take four bytes a pixel. */
import { FIRST_WHITE, type LevelMeaning } from './engines/engine';
import { engineInUse } from './engines/registry';
import { tf } from './tf';

/** From this many levels on an engine is asked to keep them as they are: below, four bytes for each do not matter. */
const LARGE = 2 ** 22;

/**
 * Levels as a float32 tensor of their meanings. For whoever uses it it is a tensor as any other; on a processor's native engine large ones
 * stay bytes, and become numbers where they are used: rows by `gather` and `slice`, batches inside of a compiled step.
 *
 * @param levels read now, and not afterwards
 * @param shape of as many elements
 */
export function tensorOfLevels(levels: Uint8Array, shape: number[], meaning: LevelMeaning): tf.Tensor {
  const kept = levels.length < LARGE ? undefined : engineInUse().keepLevels?.(levels, shape, meaning);
  return kept ?? tf.tensor(valuesOf(levels, meaning), shape, 'float32');
}

/** One look-up per pixel: what each of the levels means is computed once. */
function valuesOf(levels: Uint8Array, meaning: LevelMeaning): Float32Array {
  const value = Float32Array.from({ length: 256 }, (_, level) =>
    meaning === 'grey' ? level / 255 : +(level >= FIRST_WHITE),
  );
  const x = new Float32Array(levels.length);
  for (let i = 0; i < x.length; i++) x[i] = value[levels[i]];
  return x;
}
