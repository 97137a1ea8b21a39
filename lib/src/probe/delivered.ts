/** How much of the decrease that a gradient promises a step along it delivers. */
import { expectOptions, needed, numbers } from '../core/checks';
import { gradientNorms, LOSS_LOOK_OPTIONS, lossAlongGradient, type LossLookOptions } from './gradients';

/** What {@link delivered} found, entry by entry of `promised`. */
export interface Delivered {
  /** Decreases of the loss that the gradient promises to first order, as given. */
  promised: number[];
  /** The step sizes that promise them: promised / |g|^2. */
  stepSizes: number[];
  /** (l(W) - l(W - s g)) / promised: 1 is all of it, 0 nothing, below 0 the loss rose. */
  share: number[];
  /** l(W). */
  start: number;
  /** |g|. */
  gradientNorm: number;
}

/**
 * The share of the promised decrease that a gradient step delivers: (l(W) - l(W - s g)) / (s |g|^2).
 *
 * As s goes to 0 it goes to 1 for the gradient of l, by Taylor; what is missing at a finite s is the higher orders' doing. For
 * anything else that stands in for the gradient, such as one that takes statistics for constants, it goes to the part of g that
 * points along the true gradient: (true gradient . g) / |g|^2 (section 2: "reduces the effect of the gradient step").
 *
 * @param options.promised decreases, in the loss's units, above zero. Below about 1e-3 of the loss, float32 rounding shows.
 * @example delivered({ network, x, y, training: true, promised: [0.01, 0.1] }).share
 * @throws RangeError for a promise that is not above zero, and what `gradientNorms` refuses
 */
export function delivered(options: LossLookOptions & { promised: readonly number[] }): Delivered {
  expectOptions<typeof options>('delivered', options, { ...LOSS_LOOK_OPTIONS, promised: needed(numbers) });
  const { promised, ...look } = options;
  const bad = Array.from(promised).find((decrease) => !(decrease > 0 && Number.isFinite(decrease)));
  if (bad !== undefined || promised.length === 0) {
    throw new RangeError(`delivered: promised must be decreases above zero, got ${bad ?? 'none'}.`);
  }
  const norm = Math.hypot(...Object.values(gradientNorms(look).weights));
  const stepSizes = promised.map((decrease) => decrease / norm ** 2);
  const { loss, start, gradientNorm } = lossAlongGradient({ ...look, stepSizes });
  const share = loss.map((there, i) => (start - there) / promised[i]);
  return { promised: [...promised], stepSizes, share, start, gradientNorm };
}
