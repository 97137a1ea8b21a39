import { expectArgument, numbers, shown } from '../core/checks';
import { tf } from '../engine';

/**
 * One-hot float32 labels [n, classes].
 *
 * @param labels whole numbers from 0 to classes - 1
 * @example oneHotLabels([2, 0], 3) // [[0, 0, 1], [1, 0, 0]]
 * @throws RangeError for a label that is not a whole number from 0 to classes - 1, naming its row
 */
export function oneHotLabels(labels: ArrayLike<number>, classes: number): tf.Tensor2D {
  if (!Number.isInteger(classes) || classes < 1) {
    throw new RangeError(`oneHotLabels: classes must be a whole number of at least 1, got ${shown(classes)}.`);
  }
  expectArgument('oneHotLabels', 'labels', labels, numbers);
  if (labels.length === 0) throw new RangeError('oneHotLabels: wanted at least one label, got none.');
  const values = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(`oneHotLabels: label ${i} is ${label}; wanted a whole number from 0 to ${classes - 1}.`);
    }
    values[i * classes + label] = 1;
  }
  return tf.tensor2d(values, [labels.length, classes]);
}
