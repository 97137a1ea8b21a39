/**
 * TensorFlow.js's gradients, repaired: gradients.md says which, and the rules where a derivative does not exist.
 */
import { tf } from '../tf';
import { arrays } from './arrays';
import { convolutions } from './convolutions';
import { elementwise } from './elementwise';
import { images } from './images';
import { repairLosses } from './losses';
import { pools } from './pools';
import { repairTape } from './tape';

export { differentiatedAgain } from './tape';

let repaired = false;

/** Repairs every gradient of TensorFlow.js that is wrong, or missing where a second derivative needs it. Calls after the first do nothing. */
export function repairGradients(): void {
  if (repaired) return;
  repaired = true;
  repairTape();
  repairLosses();
  for (const rule of [...elementwise(), ...arrays(), ...convolutions(), ...pools(), ...images()]) {
    if (tf.getGradient(rule.kernelName)) tf.unregisterGradient(rule.kernelName); // registered twice, it would warn
    tf.registerGradient(rule as unknown as tf.GradConfig);
  }
}
