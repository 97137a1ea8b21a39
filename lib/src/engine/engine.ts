import { tf } from './tf';

/** Placeholder-free minimum: native where its addon loads, else plain JavaScript. */
export async function ready(): Promise<void> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  require('@tensorflow/tfjs-node-gpu');
  await tf.ready();
}
