/** First and second derivatives of the cases, by automatic differentiation and by differences. */
import { ready, tf } from 'bnlab';
import { CASES, type Case, type Input } from './cases';

/** Which of a case's numbers. */
export const ORDERS = ['value', 'first', 'firstChain', 'second', 'secondChain'] as const;

/** Numbers per input, or the message of an error. */
export type Derivative = number[][] | { error: string };

/** Of `sum c y` (alone) or `sum c (y + 0.3 y^2)` of `x + 0.05 x^2` (chain); the second is the Hessian times a direction. */
export interface Derivatives {
  name: string;
  value: Derivative;
  first: Derivative;
  firstChain: Derivative;
  second: Derivative;
  secondChain: Derivative;
}

/** n numbers between 0 and 1, no two nearer than 1 / (2 n), in an order that looks random. */
function spread(n: number, seed: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => hash(i, seed) - hash(j, seed));
  return order.map((at, i) => (at + 0.25 + 0.5 * hash(i, seed + 7)) / n);
}

function hash(i: number, seed: number): number {
  const s = Math.sin((i + 1) * 12.9898 + (seed + 1) * 78.233) * 43758.5453;
  return s - Math.floor(s);
}

/** The values of the inputs, the same on every engine and in float64: rounded to float32. */
export function valuesOf({ shape, range }: Input, seed: number): number[] {
  const n = shape.reduce((a, b) => a * b, 1);
  const between = {
    any: (u: number) => (u < 0.5 ? -1.9 + 3.1 * u : 0.35 + 3.1 * (u - 0.5)),
    positive: (u: number) => 0.35 + 1.5 * u,
    unit: (u: number) => (u < 0.5 ? -0.8 + 1.3 * u : 0.15 + 1.3 * (u - 0.5)),
    aboveOne: (u: number) => 1.3 + 1.5 * u,
  }[range];
  return spread(n, seed).map((u) => Math.fround(between(u)));
}

const weightsOf = (n: number, seed: number) =>
  Array.from({ length: n }, (_, i) => Math.fround(0.4 + hash(i, seed) * 1.2));

export const tensorsOf = (one: Case, values: number[][]) =>
  one.inputs.map(({ shape }, i) => tf.tensor(values[i], shape, 'float32'));

/** The scalar whose derivatives are compared. */
function scalar(one: Case, xs: tf.Tensor[], chain: boolean): tf.Scalar {
  const u = chain ? xs.map((x) => tf.add(x, tf.mul(0.05, tf.mul(x, x)))) : xs;
  const y = one.f(...u).toFloat();
  const c = tf.tensor(weightsOf(y.size, 3), y.shape);
  return tf.sum(tf.mul(c, chain ? tf.add(y, tf.mul(0.3, tf.mul(y, y))) : y));
}

const numbers = (t: tf.Tensor | null | undefined, like: tf.Tensor) =>
  t ? Array.from(t.dataSync()) : new Array<number>(like.size).fill(0);

function attempt(body: () => number[][]): Derivative {
  const { numTensors } = tf.memory();
  try {
    const result = tf.tidy(body as unknown as () => void) as unknown as number[][];
    const left = tf.memory().numTensors - numTensors;
    return left === 0 ? result : { error: `leaves ${left} tensors behind` };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** The value, and the derivatives alone and in a chain, each tried for itself. */
function derivativesOf(
  one: Case,
  first: (chain: boolean) => Derivative,
  second: (chain: boolean) => Derivative,
): Derivatives {
  const value = attempt(() => {
    const y = one.f(...tensorsOf(one, one.inputs.map(valuesOf)));
    return [Array.from(y.toFloat().dataSync())];
  });
  return {
    name: one.name,
    value,
    first: first(false),
    firstChain: first(true),
    second: second(false),
    secondChain: second(true),
  };
}

/** dF/dx, null where TensorFlow.js sees no way from x to F. */
function gradients(f: () => tf.Tensor, xs: tf.Tensor[]) {
  return tf.engine().gradients(f as () => tf.Scalar, xs, undefined, true).grads;
}

/** The Hessian of {@link scalar} times the direction. */
export function alongDirection(one: Case, xs: tf.Tensor[], chain = true): tf.Tensor[] {
  const slope = () => {
    const grads = gradients(() => scalar(one, xs, chain), xs);
    return tf.addN(
      grads.map((g, i) => (g ? tf.sum(tf.mul(g, tf.tensor(weightsOf(g.size, 20 + i), g.shape))) : tf.scalar(0))),
    );
  };
  const grads = gradients(slope, xs);
  return xs.map((x, i) => grads[i] ?? tf.zeros(x.shape));
}

export function byDifferentiation(one: Case): Derivatives {
  const first = (chain: boolean) =>
    attempt(() => {
      const xs = tensorsOf(one, one.inputs.map(valuesOf));
      const grads = gradients(() => scalar(one, xs, chain), xs);
      return xs.map((x, i) => numbers(grads[i], x));
    });
  const second = (chain: boolean) =>
    attempt(() => {
      const xs = tensorsOf(one, one.inputs.map(valuesOf));
      return alongDirection(one, xs, chain).map((g) => Array.from(g.dataSync()));
    });
  return derivativesOf(one, first, second);
}

/** The same by differences of values alone; meant for an engine that computes in float64. */
export function byDifferences(one: Case): Derivatives {
  const at = one.inputs.map(valuesOf);
  const direction = at.map((values, i) => weightsOf(values.length, 20 + i));
  const values64 = { ...one, f: one.reference ?? one.f };
  const F = (values: number[][], chain: boolean) =>
    tf.tidy(() => scalar(values64, tensorsOf(one, values), chain).dataSync()[0]);
  const moved = (h: number, along: number[][]) => at.map((values, i) => values.map((v, j) => v + h * along[i][j]));
  const derivative = (of: (i: number, j: number) => number): number[][] =>
    at.map((values, i) => values.map((_, j) => of(i, j)));
  const basis = (i: number, j: number) => at.map((values, k) => values.map((_, l) => (k === i && l === j ? 1 : 0)));
  const plus = (a: number[][], s: number, b: number[][]) => a.map((row, i) => row.map((v, j) => v + s * b[i][j]));
  const h = 1e-4;
  const first = (chain: boolean) =>
    attempt(() =>
      derivative((i, j) => {
        const e = basis(i, j);
        const [near, far] = [h, 2 * h].map((s) => F(moved(s, e), chain) - F(moved(-s, e), chain));
        return (8 * near - far) / (12 * h);
      }),
    );
  const second = (chain: boolean) =>
    attempt(() =>
      derivative((i, j) => {
        const e = basis(i, j);
        const [sum, difference] = [plus(e, 1, direction), plus(e, -1, direction)];
        const corner = (along: number[][]) => F(moved(3 * h, along), chain) + F(moved(-3 * h, along), chain);
        return (corner(sum) - corner(difference)) / (4 * 9 * h * h);
      }),
    );
  return derivativesOf(values64, first, second);
}

/** Runs in a process of its own. Writes one JSON line per case, and at last the kernels that the functions ran. */
async function main(what: 'differences' | 'as TensorFlow.js has it' | 'repaired'): Promise<void> {
  console.warn = () => undefined;
  if (what === 'repaired') await ready();
  else await tf.setBackend('cpu');
  const kernels = new Set<string>();
  const engine = tf.engine();
  const { runKernel } = engine;
  engine.runKernel = ((name: string, ...rest: [never, never]) => {
    if (engine.state.gradientDepth > 0) kernels.add(name);
    return runKernel.call(engine, name, ...rest);
  }) as typeof runKernel;
  const evaluate = what === 'differences' ? byDifferences : byDifferentiation;
  for (const one of CASES) process.stdout.write(JSON.stringify(evaluate(one)) + '\n');
  process.stdout.write(JSON.stringify({ kernels: [...kernels] }) + '\n');
}

if (require.main === module) void main(process.argv[2] as Parameters<typeof main>[0]);
