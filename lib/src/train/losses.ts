import { finiteOrNull, type Divergence, type History } from './history';

/** At most so many points of the training loss go into a history. */
const LOSS_POINTS = 1000;

/** Where the means over windows stood between two steps. */
export interface LossesSoFar {
  /** Steps of a window. */
  window: number;
  /** Where the full windows end. */
  steps: number[];
  /** Their means; null where one is not finite. */
  values: (number | null)[];
  /** Sum over the window that is not full. */
  sum: number;
  /** How many are in it. */
  count: number;
  /** Losses in all. */
  seen: number;
}

/** Means of the training loss over windows, and the watch for divergence. */
export class LossWindows {
  private readonly window: number;
  private readonly steps: number[];
  private readonly values: (number | null)[];
  private sum: number;
  private count: number;
  private seen: number;

  /** @param before where an earlier part of the run stood; its window stays */
  constructor(steps: number, before?: LossesSoFar) {
    this.window = before?.window ?? Math.ceil(steps / LOSS_POINTS);
    this.steps = [...(before?.steps ?? [])];
    this.values = [...(before?.values ?? [])];
    ({ sum: this.sum, count: this.count, seen: this.seen } = before ?? { sum: 0, count: 0, seen: 0 });
  }

  soFar(): LossesSoFar {
    const { window, steps, values, sum, count, seen } = this;
    return { window, steps, values, sum, count, seen };
  }

  /** Takes losses in; returns where they left the bounds, if they did. What comes after that point is not recorded. */
  add(losses: Float32Array, bound: number): Divergence | null {
    for (const loss of losses) {
      if (!(Math.abs(loss) <= bound) || !Number.isFinite(loss)) {
        const reason = Number.isNaN(loss)
          ? 'loss is NaN'
          : Number.isFinite(loss)
            ? `loss above the bound of ${bound}`
            : 'loss is infinite';
        return { step: this.seen, loss: finiteOrNull(loss), reason };
      }
      this.seen++;
      this.sum += loss;
      if (++this.count === this.window) this.flush();
    }
    return null;
  }

  finish(): History['losses'] {
    if (this.count > 0) this.flush();
    return { window: this.window, steps: this.steps, values: this.values };
  }

  private flush(): void {
    this.steps.push(this.seen);
    this.values.push(finiteOrNull(this.sum / this.count));
    this.sum = 0;
    this.count = 0;
  }
}
