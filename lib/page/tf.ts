/**
 * The part of TensorFlow.js that the library uses, in the place of the whole package: operations, gradients and the JavaScript backend,
 * without layers, data, converter and WebGL, which would be half of the page.
 */
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import { version_core } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';

export * from '@tensorflow/tfjs-core';

/** All packages of TensorFlow.js have one version. */
export const version = { tfjs: version_core };
