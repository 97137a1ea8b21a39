/** How far the distribution of what a nonlinearity receives moves in training, beside how far it jumps between mini-batches. */
import { expectOptions, listOf, needed, type Options, text } from '../core/checks';
import { tf } from '../engine';
import { captureActivations } from './activations';
import { distributionDrift } from './shift';
import { made } from './made';
import type { Probe, Values } from './types';

/** What {@link inputDriftProbe} takes. */
export interface InputDriftOptions {
  /** Taps whose values are compared, such as `layer3/preActivation`. */
  taps: string[];
}

const INPUT_DRIFT_OPTIONS: Options<InputDriftOptions> = { taps: needed(listOf(text)) };

/** What {@link inputDriftProbe} finds; each a mean over the units of all taps, in the units of the values. */
export interface InputDrift {
  /** Wasserstein-1 distance between the test set's values at this evaluation point and at the one before; null at the first. */
  drift: number | null;
  /** The part of it that the means' change accounts for: mean |change of the mean|. Null at the first. */
  mean: number | null;
  /** Wasserstein-1 distance between two mini-batches, of the training's size, in the same network. */
  jitter: number;
}

/**
 * Follows what nonlinearities receive through training, in training mode: with batch normalization the values are normalized by the
 * statistics of the rows they are computed with. Wasserstein distances see every change of a distribution, its mean and its width included, and
 * are in the units of the values: for a sigmoid, distances on its own axis. A shift by c counts c, a width s that becomes s' in a
 * normal distribution |s' - s| sqrt(2/pi).
 *
 * The drift compares the whole test set, which does not change, so that the sampling of mini-batches is not in it; the jitter, two neighbouring
 * mini-batches of the test set at one moment, says how large that sampling is.
 *
 * @returns a probe that reports {@link InputDrift}
 * @example compare({ ..., probes: { drift: inputDriftProbe({ taps: ['layer3/preActivation'] }) } })
 */
export function inputDriftProbe(options: InputDriftOptions): Probe<InputDrift> {
  expectOptions('inputDriftProbe', options, INPUT_DRIFT_OPTIONS);
  const { taps } = options;
  return made('inputDriftProbe', options, {
    measure: ({ network, test, batch, memory }) => {
      const look = (x: tf.Tensor) => captureActivations({ network, x, training: true, taps });
      const size = Math.min(batch.x.shape[0], Math.floor(test.x.shape[0] / 2));
      const part = (i: number) => {
        const rows = tf.slice(test.x, i * size, size);
        try {
          return look(rows);
        } finally {
          rows.dispose();
        }
      };
      const now = look(test.x);
      const earlier = memory.inputs as Record<string, Values> | undefined;
      memory.inputs = now;
      const moved = earlier && between(taps, earlier, now);
      return { drift: moved?.drift ?? null, mean: moved?.mean ?? null, jitter: between(taps, part(0), part(1)).drift };
    },
  });
}

function between(taps: string[], before: Record<string, Values>, after: Record<string, Values>) {
  const each = taps.map((tap) => distributionDrift(before[tap], after[tap]));
  const over = (get: (drift: (typeof each)[number]) => number) =>
    each.reduce((sum, drift) => sum + get(drift) / taps.length, 0);
  return { drift: over(({ wasserstein }) => wasserstein), mean: over(({ mean }) => mean) };
}
