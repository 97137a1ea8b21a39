/**
 * TensorFlow.js, as every room of this library and every notebook imports it: one copy, one set of types.
 * Which backend computes is decided in `engine`, never by importing another package.
 */
import * as tf from '@tensorflow/tfjs';

export { tf };
