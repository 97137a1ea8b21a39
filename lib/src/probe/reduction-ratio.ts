/** How much of the decrease that a gradient predicts a step along it makes. */
import { expectOptions, needed, numbers } from '../core/checks';
import { gradientNorms, LOSS_LOOK_OPTIONS, lossAlongGradient, type LossLookOptions } from './gradients';

/** What {@link reductionRatio} found, entry by entry of `predicted`. */
export interface ReductionRatio {
  /** Decreases of the loss that the gradient predicts to first order, as given. */
  predicted: number[];
  /** The step sizes for which it predicts them: predicted / |g|^2. */
  stepSizes: number[];
  /** (l(W) - l(W - s g)) / predicted: 1 is all of it, 0 nothing, below 0 the loss rose. */
  ratio: number[];
  /** l(W). */
  start: number;
  /** |g|. */
  gradientNorm: number;
}

/**
 * The reduction ratio of a gradient step, actual over predicted decrease, as trust-region methods use it (Conn, Gould & Toint 2000):
 *
 *     (l(W) - l(W - s g)) / (s |g|^2).
 *
 * As s goes to 0 it goes to 1 for the gradient of l, by Taylor; what is missing at a finite s is the higher orders' doing. For
 * anything else that stands in for the gradient, such as one that takes statistics for constants, it goes to the part of g that
 * points along the true gradient: (true gradient . g) / |g|^2 (section 2: "reduces the effect of the gradient step").
 *
 * @param options.predicted decreases, in the loss's units, above zero. Below about 1e-3 of the loss, float32 rounding shows.
 * @example reductionRatio({ network, x, y, training: true, predicted: [0.01, 0.1] }).ratio
 * @throws RangeError for a predicted decrease that is not above zero, and what `gradientNorms` refuses
 */
export function reductionRatio(options: LossLookOptions & { predicted: readonly number[] }): ReductionRatio {
  expectOptions<typeof options>('reductionRatio', options, { ...LOSS_LOOK_OPTIONS, predicted: needed(numbers) });
  const { predicted, ...look } = options;
  const bad = Array.from(predicted).find((decrease) => !(decrease > 0 && Number.isFinite(decrease)));
  if (bad !== undefined || predicted.length === 0) {
    throw new RangeError(`reductionRatio: predicted must be decreases above zero, got ${bad ?? 'none'}.`);
  }
  const norm = Math.hypot(...Object.values(gradientNorms(look).weights));
  const stepSizes = predicted.map((decrease) => decrease / norm ** 2);
  const { loss, start, gradientNorm } = lossAlongGradient({ ...look, stepSizes });
  const ratio = loss.map((there, i) => (start - there) / predicted[i]);
  return { predicted: [...predicted], stepSizes, ratio, start, gradientNorm };
}
