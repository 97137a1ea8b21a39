/**
 * A deep network with one unit per layer and no nonlinearity, y = x w_1 w_2 ... w_l (Goodfellow et al. 2016, section 8.7.1): the
 * smallest network in which an update to one layer depends on all the others. In float64, on plain numbers.
 */
import {
  expectArgument,
  expectOptions,
  finite,
  flag,
  listOf,
  needed,
  numbers,
  type Options,
  own,
} from '../core/checks';
import { batchNorm64, batchNormGradient64 } from '../nn';
import { type Definition } from './experiment';

/**
 * dy/dw_i = x times the product of the other weights, for each i.
 *
 * @param w l weights
 * @param x the input; default 1
 * @example chainGradient([2, 3, 5]) // [15, 10, 6]
 * @throws RangeError when w is empty or a number is not finite
 */
export function chainGradient(w: readonly number[], x = 1): number[] {
  expectChain('chainGradient', w, [x]);
  return w.map((_, i) => w.reduce((product, v, j) => (j === i ? product : product * v), x));
}

/** What {@link chainOrders} takes. */
export interface ChainStepOptions {
  /** w_1 to w_l. */
  w: readonly number[];
  /** Step size of the gradient descent step on y. */
  epsilon: number;
  /** Input; default 1. */
  x?: number;
}

const CHAIN_STEP_OPTIONS: Options<ChainStepOptions> = { w: needed(own), epsilon: needed(own), x: own };

/**
 * What one gradient descent step on y makes of y, by order in epsilon:
 *
 *     x (w_1 - epsilon g_1) ... (w_l - epsilon g_l) = sum_k terms[k],   terms[k] proportional to epsilon^k,   g = dy/dw
 *
 * terms[0] = y, terms[1] = -epsilon g.g (what the gradient promises), terms[2] the sum of epsilon^2 g_i g_j prod w over the pairs.
 * With g_i = y / w_i, terms[k] = (-epsilon)^k y^(k+1) e_k(1/w_1^2, ..., 1/w_l^2), e_k the elementary symmetric polynomial; for equal
 * weights w and x = 1, terms[k] = w^l binomial(l, k) (-epsilon w^(l-2))^k.
 *
 * @returns terms 0 to l, whose sum is y after the step
 * @throws RangeError when w is empty or a number is not finite
 * @example chainOrders({ w: [2, 3], epsilon: 0.1 }) // 6, -1.3, 0.06: sum (2 - 0.3)(3 - 0.2)
 */
export function chainOrders(options: ChainStepOptions): number[] {
  expectOptions('chainOrders', options, CHAIN_STEP_OPTIONS);
  const { w, epsilon, x = 1 } = options;
  expectChain('chainOrders', w, [epsilon, x]);
  const gradient = chainGradient(w, x);
  let terms = [x];
  w.forEach((v, i) => {
    const grown = [...terms.map((term) => term * v), 0];
    terms.forEach((term, k) => (grown[k + 1] -= term * epsilon * gradient[i]));
    terms = grown;
  });
  return terms;
}

/** What {@link chainOnBatch} takes. */
export interface ChainOnBatchOptions {
  /** w_1 to w_l. */
  w: readonly number[];
  /** Inputs of a batch, m numbers. */
  x: readonly number[];
  /** Batch-normalize every hidden value, with epsilon 0 and without gamma and beta. Default false. */
  normalized?: boolean;
}

const CHAIN_ON_BATCH_OPTIONS: Options<ChainOnBatchOptions> = { w: needed(own), x: needed(numbers), normalized: flag };

/**
 * The chain on a batch, with or without batch normalization of h_1 to h_(l-1): h_i = BN(w_i h_(i-1)), y = w_l h_(l-1). The cost
 * is the mean of x_j y_j: for inputs of mean 0 and variance 1, w_1 ... w_l without normalization, and w_l times the signs of the
 * others with it.
 *
 * @returns the cost and its derivatives with respect to w_1 to w_l, through the statistics
 * @throws RangeError when w is empty, x has fewer than two values, or a number is not finite
 * @example chainOnBatch({ w: [2, -3], x: [-1, 1], normalized: true }) // cost -3, gradient [0, 1]
 */
export function chainOnBatch(options: ChainOnBatchOptions): { cost: number; gradient: number[] } {
  expectOptions('chainOnBatch', options, CHAIN_ON_BATCH_OPTIONS);
  const { w, x, normalized = false } = options;
  expectChain('chainOnBatch', w, x);
  if (x.length < 2) throw new RangeError(`chainOnBatch: x has ${x.length} values; wanted at least two.`);
  const last = w.length - 1;
  const inputs: number[][] = []; // of layer i, [m]
  const products: number[][] = []; // w_i h, [m]
  let h = [...x];
  w.forEach((v, i) => {
    inputs.push(h);
    products.push(h.map((value) => value * v));
    h = normalized && i < last ? column(batchNorm64(rows(products[i]), { epsilon: 0 }).y) : products[i];
  });
  const cost = h.reduce((sum, y, j) => sum + x[j] * y, 0) / x.length;
  const gradient: number[] = [];
  let dh = x.map((value) => value / x.length);
  for (let i = last; i >= 0; i--) {
    const dp = normalized && i < last ? through(dh, products[i]) : dh;
    gradient[i] = dp.reduce((sum, d, j) => sum + d * inputs[i][j], 0);
    dh = dp.map((d) => d * w[i]);
  }
  return { cost, gradient };
}

const rows = (values: readonly number[]) => values.map((value) => [value]);
const column = (values: readonly (readonly number[])[]) => values.map(([value]) => value);
const through = (dy: number[], x: number[]) => column(batchNormGradient64(rows(dy), rows(x), { epsilon: 0 }).dx);

function expectChain(where: string, w: readonly number[], others: readonly number[]): void {
  expectArgument(where, 'w', w, numbers);
  expectArgument(where, 'x and epsilon', others, numbers);
  if (w.length === 0) throw new RangeError(`${where}: w is empty; wanted one weight per layer.`);
  const bad = [...w, ...others].find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new RangeError(`${where}: wanted finite numbers, got ${bad}.`);
}

export const definition: Definition<{ w: number[]; epsilon: number; x: number }, { terms: number[] }> = {
  name: 'chain-orders',
  version: 1,
  question:
    'How much of what a gradient step does is of higher order in the step, by the number and size of the layers?',
  whenAborted: 'throws',
  defaults: { w: Array.from({ length: 12 }, () => 1.1), epsilon: 0.1, x: 1 },
  options: { w: needed(listOf(finite)), epsilon: needed(finite), x: needed(finite) },
  compute: async (options) => ({ terms: chainOrders(options) }),
};
