/**
 * How the learning rate changes over the steps, as a factor on the base rate: one schedule serves every rate of a sweep,
 * and as plain JSON it goes into the history.
 */
export type Schedule = ScheduleShape & {
  /** Linear warm-up: at step t (from 0) of the first `warmUp` steps the factor is (t + 1) / warmUp. The shape starts after. */
  warmUp?: number;
};

/** The shape after warm-up; t counts from its end. */
export type ScheduleShape =
  | { kind: 'constant' }
  /** factor^floor(t / every) */
  | { kind: 'step'; every: number; factor: number }
  /** factor^(t / every): the same decay without its stairs */
  | { kind: 'exponential'; every: number; factor: number }
  /** From 1 to `final` (default 0) along half a cosine: final + (1 - final) (1 + cos(pi t / T)) / 2, T the steps left */
  | { kind: 'cosine'; final?: number }
  /** One factor per step, as given; at least as many as there are steps */
  | { kind: 'table'; values: number[] };

/**
 * The learning rate of every step: base rate times the schedule's factor.
 *
 * @param rate base rate, above zero
 * @param steps how many
 * @param schedule default constant
 * @returns one float32 per step; what the compiled step takes as an input
 * @example scheduleRates(0.1, 3, { kind: 'step', every: 1, factor: 0.5 }) // Float32Array [0.1, 0.05, 0.025]
 * @throws RangeError for a rate, steps, or schedule that makes no sense, naming it
 */
export function scheduleRates(rate: number, steps: number, schedule: Schedule = { kind: 'constant' }): Float32Array {
  if (!(Number.isFinite(rate) && rate > 0)) {
    throw new RangeError(`learningRate: wanted a number above zero, got ${rate}.`);
  }
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`steps: wanted a whole number of at least 1, got ${steps}.`);
  }
  const { warmUp = 0 } = schedule;
  if (!Number.isInteger(warmUp) || warmUp < 0) {
    throw new RangeError(`schedule: warmUp must be a whole number of steps from 0, got ${warmUp}.`);
  }
  const shape = shapeOf(schedule, steps - warmUp);
  return Float32Array.from({ length: steps }, (_, t) => rate * (t < warmUp ? (t + 1) / warmUp : shape(t - warmUp)));
}

function shapeOf(schedule: Schedule, length: number): (t: number) => number {
  switch (schedule.kind) {
    case 'constant':
      return () => 1;
    case 'step':
    case 'exponential': {
      const { kind, every, factor } = schedule;
      if (!(every > 0) || !(factor > 0) || !Number.isFinite(every * factor)) {
        throw new RangeError(`schedule '${kind}': every and factor must be above zero, got ${every} and ${factor}.`);
      }
      return kind === 'step' ? (t) => factor ** Math.floor(t / every) : (t) => factor ** (t / every);
    }
    case 'cosine': {
      const { final = 0 } = schedule;
      if (!(final >= 0 && final <= 1))
        throw new RangeError(`schedule 'cosine': final must be in [0, 1], got ${final}.`);
      return (t) => final + ((1 - final) * (1 + Math.cos((Math.PI * t) / Math.max(1, length)))) / 2;
    }
    case 'table': {
      const { values } = schedule;
      if (values.length < length || !values.every((v) => Number.isFinite(v) && v >= 0)) {
        throw new RangeError(
          `schedule 'table': wanted at least ${length} factors, none negative, got ${values.length} values.`,
        );
      }
      return (t) => values[t];
    }
    default:
      throw new RangeError(
        `schedule: kind '${String((schedule as { kind: unknown }).kind)}' is not known; wanted 'constant', 'step', ` +
          "'exponential', 'cosine' or 'table'.",
      );
  }
}
