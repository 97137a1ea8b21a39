/** What stands around an image before a window runs over it. */
import { shown } from '../../core/checks';
import { tf } from '../../engine';

/** TensorFlow's two kinds, or so many pixels on every side, as PyTorch has it. */
export type Padding = 'same' | 'valid' | number;

/** Throws unless it is one of the kinds, or a whole number from 0. */
export function expectPadding(where: string, pad: Padding): void {
  if (pad === 'same' || pad === 'valid' || (Number.isSafeInteger(pad) && (pad as number) >= 0)) return;
  const given = typeof pad === 'string' ? `'${String(pad)}'` : shown(pad);
  throw new RangeError(`${where}: pad must be 'same', 'valid' or a whole number of pixels from 0, got ${given}.`);
}

/** The image with the pixels of a number around it, and what is left to be done for the window: nothing. */
export function withPadding(x: tf.Tensor, pad: Padding, value: number): { x: tf.Tensor; pad: 'same' | 'valid' } {
  if (typeof pad !== 'number') return { x, pad };
  if (pad === 0) return { x, pad: 'valid' };
  const none = [0, 0] as [number, number];
  const sides = [pad, pad] as [number, number];
  return { x: tf.pad(x, [none, sides, sides, none], value), pad: 'valid' };
}
