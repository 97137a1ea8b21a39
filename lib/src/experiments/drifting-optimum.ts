/** What following an optimum that moves costs, by the rate. On plain numbers. */
import {
  counting,
  expectOptions,
  listOf,
  needed,
  notNegative,
  type Options,
  positive,
  shown,
  whole,
} from '../core/checks';
import { Random } from '../core/random';
import { type Definition } from './experiment';

/** A parabola whose optimum moves: what {@link trackingError} takes. */
export interface DriftingOptimum {
  /** s: standard deviation of the gradient's noise, above 0; for a mini-batch, it falls as the root of its size. */
  noise: number;
  /** q: variance of the optimum's move from one step to the next; 0 for one that stays. */
  drift: number;
}

const DRIFTING_OPTIMUM: Options<DriftingOptimum> = { noise: needed(positive), drift: needed(notNegative) };

/**
 * Gradient descent at a constant rate eta on (theta - theta*)^2 / 2, whose gradient is seen with noise of variance s^2, while theta* does a
 * random walk with steps of variance q. The error e = theta - theta* becomes (1 - eta) e - eta s xi - sqrt(q) zeta, so that in the long run
 *
 *     E[e^2] = (eta^2 s^2 + q) / (eta (2 - eta))  =~  eta s^2 / 2 + q / (2 eta):
 *
 * what the noise costs rises with the rate, what the lag costs falls. With a curvature h put h eta for eta and s / h for s.
 *
 * @param eta the rate, in units of one over the curvature: above 0 and below 2
 * @returns E[e^2], in units of theta squared
 * @example trackingError({ noise: 1, drift: 0.01 }, 0.1) // 0.105
 * @throws RangeError for a rate at which the descent does not converge
 */
export function trackingError(problem: DriftingOptimum, eta: number): number {
  expectOptions('trackingError', problem, DRIFTING_OPTIMUM);
  expectRate('trackingError', eta);
  const { noise, drift } = problem;
  return (eta * eta * noise * noise + drift) / (eta * (2 - eta));
}

/**
 * The rate at which {@link trackingError} is least: the positive root of s^2 eta^2 + q eta - q = 0, which is the gain of the stationary
 * Kalman filter for this problem, and sqrt(q) / s where that is small. 0 for an optimum that stays.
 *
 * @example bestTrackingRate({ noise: 1, drift: 0.01 }) // 0.0951
 */
export function bestTrackingRate(problem: DriftingOptimum): number {
  expectOptions('bestTrackingRate', problem, DRIFTING_OPTIMUM);
  const { noise, drift } = problem;
  return (2 * drift) / (drift + Math.sqrt(drift * drift + 4 * noise * noise * drift) || 1);
}

function expectRate(where: string, eta: number): void {
  if (typeof eta === 'number' && eta > 0 && eta < 2) return;
  throw new RangeError(
    `${where}: the rate must be above 0 and below 2, where the descent converges; got ${shown(eta)}.`,
  );
}

/** What {@link trackOptimum} takes. */
export interface TrackOptimumOptions extends DriftingOptimum {
  /** Rates, each above 0 and below 2. */
  rates: readonly number[];
  /** One run each at every rate. */
  seeds: readonly number[];
  /** Steps that count; ten times 1 / eta go before them, from e = 0. */
  steps: number;
}

const TRACK_OPTIONS: Options<TrackOptimumOptions> = {
  ...DRIFTING_OPTIMUM,
  ...{ rates: needed(listOf(positive)), seeds: needed(listOf(whole)), steps: needed(counting) },
};

/**
 * Runs the descent of {@link trackingError} and takes the mean of e^2 over the steps. About eta times `steps` of them are independent.
 *
 * @returns mean e^2, [seeds][rates]
 * @example trackOptimum({ noise: 1, drift: 0.01, rates: [0.03, 0.1, 0.3], seeds: [1], steps: 10000 })
 * @throws RangeError for a rate at which the descent does not converge
 */
export function trackOptimum(options: TrackOptimumOptions): number[][] {
  expectOptions('trackOptimum', options, TRACK_OPTIONS);
  const { noise, drift, rates, seeds, steps } = options;
  rates.forEach((eta) => expectRate('trackOptimum', eta));
  const move = Math.sqrt(drift);
  return seeds.map((seed) =>
    rates.map((eta, i) => {
      const random = new Random(seed, `drifting-optimum/${i}`);
      let [error, sum] = [0, 0];
      for (let t = -Math.ceil(10 / eta); t < steps; t++) {
        error = (1 - eta) * error - eta * noise * random.normal() - move * random.normal();
        if (t >= 0) sum += error * error;
      }
      return sum / steps;
    }),
  );
}

/** {@link TrackOptimumOptions} as data. */
export interface TrackOptimumSpec extends DriftingOptimum {
  /** Each above 0 and below 2. */
  rates: number[];
  /** One run each at every rate. */
  seeds: number[];
  /** Steps that count. */
  steps: number;
}

/** Errors that were measured, those of the closed form, and where it is least. */
export interface TrackedOptimum {
  /** Mean e^2, [seeds][rates]. */
  measured: number[][];
  /** E[e^2], [rates]. */
  expected: number[];
  /** The rate at which the closed form is least. */
  bestRate: number;
}

export const definition: Definition<TrackOptimumSpec, TrackedOptimum> = {
  name: 'drifting-optimum',
  version: 1,
  question: 'How far behind a moving optimum is gradient descent, at which rate?',
  whenAborted: 'throws',
  defaults: { noise: 1, drift: 0.01, rates: [0.01, 0.03, 0.1, 0.3, 1], seeds: [1, 2, 3], steps: 20000 },
  options: TRACK_OPTIONS,
  compute: async ({ noise, drift, ...options }) => ({
    measured: trackOptimum({ noise, drift, ...options }),
    expected: options.rates.map((eta) => trackingError({ noise, drift }, eta)),
    bestRate: bestTrackingRate({ noise, drift }),
  }),
};
