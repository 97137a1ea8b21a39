import { expectOptions, nearest, needed, numbers, type Options, own, shown, text } from '../core/checks';

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

const COMMON = { kind: needed(text), warmUp: own };
const SHAPES: { [K in ScheduleShape['kind']]: Options<Extract<Schedule, { kind: K }>> } = {
  constant: COMMON,
  step: { ...COMMON, every: needed(own), factor: needed(own) },
  exponential: { ...COMMON, every: needed(own), factor: needed(own) },
  cosine: { ...COMMON, final: own },
  table: { ...COMMON, values: needed(numbers) },
};
/** Rates that an array can hold. */
const MOST_STEPS = 2 ** 31 - 1;

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
    throw new RangeError(`learningRate: wanted a number above zero, got ${shown(rate)}.`);
  }
  if (!Number.isInteger(steps) || steps < 1 || steps > MOST_STEPS) {
    throw new RangeError(`steps: wanted a whole number of at least 1 and at most 2^31 - 1, got ${shown(steps)}.`);
  }
  const { kind } = (schedule ?? {}) as Partial<Schedule>;
  if (typeof kind === 'string' && !Object.hasOwn(SHAPES, kind)) {
    const wanted = "'constant', 'step', 'exponential', 'cosine' or 'table'";
    const meant = nearest(kind, Object.keys(SHAPES));
    const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`;
    throw new RangeError(`schedule: kind '${kind as string}' is not known; wanted ${wanted}.${hint}`);
  }
  expectOptions<Schedule>(
    'schedule',
    schedule,
    typeof kind === 'string' ? SHAPES[kind as 'constant'] : SHAPES.constant,
  );
  const { warmUp = 0 } = schedule;
  if (!Number.isInteger(warmUp) || warmUp < 0) {
    throw new RangeError(`schedule: warmUp must be a whole number of steps from 0, got ${shown(warmUp)}.`);
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
      if (!Number.isFinite(every) || !Number.isFinite(factor) || !(every > 0) || !(factor > 0)) {
        throw new RangeError(
          `schedule '${kind}': every and factor must be above zero, got ${shown(every)} and ${shown(factor)}.`,
        );
      }
      return kind === 'step' ? (t) => factor ** Math.floor(t / every) : (t) => factor ** (t / every);
    }
    case 'cosine': {
      const { final = 0 } = schedule;
      if (typeof final !== 'number' || !(final >= 0 && final <= 1))
        throw new RangeError(`schedule 'cosine': final must be in [0, 1], got ${shown(final)}.`);
      return (t) => final + ((1 - final) * (1 + Math.cos((Math.PI * t) / Math.max(1, length)))) / 2;
    }
    case 'table': {
      const { values } = schedule;
      if (values.length < length || !Array.from(values).every((v) => Number.isFinite(v) && v >= 0)) {
        throw new RangeError(
          `schedule 'table': wanted at least ${length} factors, none negative, got ${values.length} values.`,
        );
      }
      return (t) => values[t];
    }
  }
}
