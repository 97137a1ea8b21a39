/** Something to compute whose answer is known: a gradient step, and that NaN stays. */
import { tf } from '../../tf';

/** @throws Error that says what came out wrong */
export async function expectKnownAnswers(): Promise<void> {
  // loss = sum((x w)^2) with x = [[1, 2], [3, 4]], w = [1, 1]: x w = [3, 7], loss = 58, dloss/dw = 2 x'(x w) = [48, 68]
  const wanted = [58, 48, 68];
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const { value, grad } = tf.valueAndGrad((w) => tf.sum(tf.square(tf.matMul(x, w as typeof x))))(tf.ones([2, 1]));
  const got = [...(await value.data()), ...(await grad.data())];
  tf.dispose([x, value, grad]);
  if (got.some((number, i) => !(Math.abs(number - wanted[i]) < 1e-3))) {
    throw new Error(`it computes wrongly: a gradient that is ${wanted.join(', ')} came out as ${got.join(', ')}`);
  }
  const lost: string[] = [];
  for (const name of ['exp', 'log', 'sigmoid', 'softmax', 'relu', 'max'] as const) {
    const y = tf.tidy(() => (tf[name] as (x: tf.Tensor) => tf.Tensor)(tf.tensor1d([NaN, 1])));
    if (!Number.isNaN((await y.data())[0])) lost.push(name);
    y.dispose();
  }
  if (lost.length > 0) throw new Error(`it loses NaN in ${lost.join(', ')}`);
}
