/**
 * The optimizers, written so that the learning rate is a tensor: `tf.train` bakes it into the trace as a number,
 * and a schedule could not reach it. A test holds them to `tf.train` at constant rates.
 */
import { expectOptions, flag, needed, type Options, own, shown } from '../core/checks';
import { tf } from '../engine';

/** An optimizer's name, or its name with settings other than the defaults. */
export type OptimizerName = 'sgd' | 'momentum' | 'adagrad' | 'adam';

/** Every optimizer. */
export const OPTIMIZERS: readonly OptimizerName[] = ['sgd', 'momentum', 'adagrad', 'adam'];

/** Plain JSON description of an optimizer. */
export type OptimizerSettings =
  | { kind: 'sgd' }
  /** v = momentum v + g, w = w - rate v; with `nesterov` w = w - rate (g + momentum v). Default momentum 0.9. */
  | { kind: 'momentum'; momentum?: number; nesterov?: boolean }
  /** Duchi et al. 2011: G = G + g^2 from 0, w = w - rate g / (sqrt(G) + epsilon). Default 1e-10, as in PyTorch. */
  | { kind: 'adagrad'; epsilon?: number }
  /** Kingma & Ba 2015; defaults 0.9, 0.999, 1e-8 (added to the root, as there). */
  | { kind: 'adam'; beta1?: number; beta2?: number; epsilon?: number };

/**
 * Weight decay. `'l2'` adds rate * w to the gradient (a penalty rate / 2 |w|^2), before momentum or Adam see it.
 * `'decoupled'` takes learningRate * rate * w from the weights beside the step (Loshchilov & Hutter 2019). For plain SGD the two
 * are the same. A bare number means `'l2'`.
 */
export interface WeightDecay {
  /** Into the gradient, or beside the step. */
  kind: 'l2' | 'decoupled';
  /** 0 or above; 0 is none. */
  rate: number;
  /** `'weights'` (default): variables of rank 2 and more, so no bias, gamma or beta. `'all'`: every trainable variable. */
  on?: 'weights' | 'all';
}

/** The scalars of one step. Adam's bias corrections are inputs too: in float64 on our side, they do not round. */
export interface StepScalars {
  learningRate: tf.Tensor;
  firstCorrection?: tf.Tensor;
  secondCorrection?: tf.Tensor;
}

/** The values of one slot: a velocity, or a moment. */
export interface SlotValues {
  shape: number[];
  values: Float32Array;
}

const SLOTS: Record<OptimizerName, readonly string[]> = {
  sgd: [],
  momentum: ['velocity'],
  adagrad: ['sum of squares'],
  adam: ['first moment', 'second moment'],
};

/** Update rule with its slots (momentum, Adam's moments), kept by variable. */
export class Optimizer {
  private readonly count: number;
  private readonly slots = new Map<number, tf.Variable[]>();

  constructor(
    variables: readonly tf.Variable[],
    readonly settings: Required<OptimizerSettings>,
    readonly weightDecay: Required<WeightDecay> | null,
  ) {
    this.count = SLOTS[this.settings.kind].length;
    for (const variable of variables) this.slotsOf(variable);
  }

  /** Of a variable, all zero the first time: a layer may be thawed after the optimizer was made. */
  private slotsOf(variable: tf.Variable): tf.Variable[] {
    let slots = this.slots.get(variable.id);
    if (!slots) {
      const make = () => tf.tidy(() => tf.variable(tf.zeros(variable.shape), false));
      slots = Array.from({ length: this.count }, make);
      this.slots.set(variable.id, slots);
    }
    return slots;
  }

  /** Per-step inputs beside the learning rate: Adam's bias corrections 1 / (1 - beta^t), t counting from 1. */
  schedules(from: number, to: number): Record<string, Float32Array> {
    const { settings } = this;
    if (settings.kind !== 'adam') return {};
    const corrections = (beta: number) =>
      Float32Array.from({ length: to - from }, (_, i) => 1 / (1 - beta ** (from + i + 1)));
    return { firstCorrection: corrections(settings.beta1), secondCorrection: corrections(settings.beta2) };
  }

  /**
   * One step for these variables, each with the gradient in its place; one that the loss does not reach has none and stays as it is.
   */
  apply(
    variables: readonly tf.Variable[],
    gradients: readonly (tf.Tensor | null | undefined)[],
    scalars: StepScalars,
  ): void {
    variables.forEach((variable, i) => {
      const found = gradients[i];
      if (!found) return;
      const decay = this.weightDecay;
      const decays = decay && (decay.on === 'all' || variable.rank >= 2) ? decay : null;
      const gradient = decays?.kind === 'l2' ? tf.add(found, tf.mul(variable, decays.rate)) : found;
      const change = tf.mul(this.direction(gradient, this.slotsOf(variable), scalars), scalars.learningRate);
      const start =
        decays?.kind === 'decoupled'
          ? tf.mul(variable, tf.sub(1, tf.mul(scalars.learningRate, decays.rate)))
          : variable;
      variable.assign(tf.sub(start, change));
    });
  }

  /** Its slots. */
  get variables(): tf.Variable[] {
    return [...this.slots.values()].flat();
  }

  /** The slots' values, by the label of their variable. */
  values(named: Readonly<Record<string, tf.Variable>>): Record<string, SlotValues[]> {
    const out: Record<string, SlotValues[]> = {};
    for (const [label, variable] of Object.entries(named)) {
      const slots = this.slots.get(variable.id);
      if (!slots || slots.length === 0) continue;
      out[label] = slots.map((slot) => ({
        shape: [...slot.shape],
        values: Float32Array.from(slot.dataSync() as Float32Array),
      }));
    }
    return out;
  }

  /**
   * What puts the values of slots back, once all are known to fit; slots without values go to zero, as those of a variable that had not
   * been trained.
   * @throws RangeError for a label, a number of slots, a shape or a value that does not fit; nothing is changed by that
   */
  prepare(
    where: string,
    named: Readonly<Record<string, tf.Variable>>,
    given: Record<string, SlotValues[]>,
  ): () => void {
    const names = SLOTS[this.settings.kind];
    const known = (label: string) => (Object.hasOwn(named, label) ? named[label] : undefined);
    for (const [label, slots] of Object.entries(given)) {
      const variable = known(label);
      if (!variable)
        throw new RangeError(`${where}: the optimizer's state is of '${label}', which this network lacks.`);
      if (slots.length !== names.length) {
        throw new RangeError(
          `${where}: ${label} has ${slots.length} arrays of the optimizer's state; '${this.settings.kind}' has ${names.length}.`,
        );
      }
      slots.forEach((slot, i) => expectSlot(`${where}: ${names[i]} of ${label}`, variable, slot, names[i]));
    }
    return () => {
      this.reset();
      for (const [label, slots] of Object.entries(given)) {
        const mine = this.slotsOf(named[label]);
        slots.forEach(({ values }, i) => tf.tidy(() => mine[i].assign(tf.tensor(values, mine[i].shape))));
      }
    };
  }

  /** Slots back to zero, as before the first step. */
  reset(): void {
    for (const slot of this.variables) tf.tidy(() => slot.assign(tf.zeros(slot.shape)));
  }

  dispose(): void {
    for (const slot of this.variables) slot.dispose();
  }

  private direction(gradient: tf.Tensor, slots: tf.Variable[], scalars: StepScalars): tf.Tensor {
    const { settings } = this;
    if (settings.kind === 'momentum') {
      const velocity = tf.add(tf.mul(slots[0], settings.momentum), gradient);
      slots[0].assign(velocity);
      return settings.nesterov ? tf.add(gradient, tf.mul(velocity, settings.momentum)) : velocity;
    }
    if (settings.kind === 'adagrad') {
      const sum = tf.add(slots[0], tf.square(gradient));
      slots[0].assign(sum);
      return tf.div(gradient, tf.add(tf.sqrt(sum), settings.epsilon));
    }
    if (settings.kind === 'adam') {
      const first = tf.add(tf.mul(slots[0], settings.beta1), tf.mul(gradient, 1 - settings.beta1));
      const second = tf.add(tf.mul(slots[1], settings.beta2), tf.mul(tf.square(gradient), 1 - settings.beta2));
      slots[0].assign(first);
      slots[1].assign(second);
      const root = tf.sqrt(tf.mul(second, scalars.secondCorrection!));
      return tf.div(tf.mul(first, scalars.firstCorrection!), tf.add(root, settings.epsilon));
    }
    return gradient;
  }
}

function expectSlot(where: string, variable: tf.Variable, { shape, values }: SlotValues, kind: string): void {
  if (!tf.util.arraysEqual(variable.shape, shape) || values.length !== variable.size) {
    throw new RangeError(
      `${where} is [${shape.join(', ')}] with ${values.length} values; wanted [${variable.shape.join(', ')}].`,
    );
  }
  const ofSquares = kind === 'second moment' || kind === 'sum of squares';
  const bad = values.findIndex((value) => !Number.isFinite(value) || (ofSquares && value < 0));
  if (bad < 0) return;
  const of = kind === 'second moment' ? 'mean' : 'sum';
  const wanted = ofSquares ? `a ${of} of squares, finite and not negative` : 'a finite number';
  throw new RangeError(`${where}: value ${bad} is ${values[bad]}; wanted ${wanted}.`);
}

const SETTINGS: { [K in OptimizerName]: Options<Extract<OptimizerSettings, { kind: K }>> } = {
  sgd: { kind: needed(own) },
  momentum: { kind: needed(own), momentum: own, nesterov: flag },
  adagrad: { kind: needed(own), epsilon: own },
  adam: { kind: needed(own), beta1: own, beta2: own, epsilon: own },
};

/** With every setting, checked. Default `'sgd'`. */
export function resolveOptimizer(given: OptimizerName | OptimizerSettings = 'sgd'): Required<OptimizerSettings> {
  const settings: OptimizerSettings = typeof given === 'string' ? { kind: given } : given;
  const within = (name: string, value: number) => {
    if (typeof value === 'number' && value >= 0 && value < 1) return value;
    throw new RangeError(`optimizer '${settings.kind}': ${name} must be in [0, 1), got ${shown(value)}.`);
  };
  const aboveZero = (epsilon: number) => {
    if (Number.isFinite(epsilon) && epsilon > 0) return epsilon;
    throw new RangeError(`optimizer '${settings.kind}': epsilon must be above zero, got ${shown(epsilon)}.`);
  };
  const { kind } = (settings ?? {}) as Partial<OptimizerSettings>;
  const known = typeof kind === 'string' && Object.hasOwn(SETTINGS, kind) ? SETTINGS[kind] : undefined;
  if (known) expectOptions(`optimizer '${kind}'`, settings, known as Options<OptimizerSettings>);
  else if (kind === undefined) expectOptions<OptimizerSettings>('optimizer', settings, SETTINGS.sgd);
  switch (settings.kind) {
    case 'sgd':
      return { kind: 'sgd' };
    case 'momentum': {
      const { momentum = 0.9, nesterov = false } = settings;
      return { kind: 'momentum', momentum: within('momentum', momentum), nesterov };
    }
    case 'adagrad':
      return { kind: 'adagrad', epsilon: aboveZero(settings.epsilon ?? 1e-10) };
    case 'adam': {
      const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = settings;
      const betas = { beta1: within('beta1', beta1), beta2: within('beta2', beta2) };
      return { kind: 'adam', ...betas, epsilon: aboveZero(epsilon) };
    }
    default: {
      const { kind } = settings as { kind: unknown };
      throw new RangeError(`optimizer: ${shown(kind)} is not known; wanted 'sgd', 'momentum', 'adagrad' or 'adam'.`);
    }
  }
}

const WEIGHT_DECAY: Options<WeightDecay> = { kind: needed(own), rate: needed(own), on: own };

/** The same of weight decay; null for none, as in a history. */
export function resolveWeightDecay(decay: number | WeightDecay | null | undefined): Required<WeightDecay> | null {
  if (decay === undefined || decay === null) return null;
  const given: WeightDecay = typeof decay === 'number' ? { kind: 'l2', rate: decay } : decay;
  expectOptions('weightDecay', given, WEIGHT_DECAY);
  const { kind, rate, on = 'weights' } = given;
  if (!(Number.isFinite(rate) && rate >= 0)) {
    throw new RangeError(`weightDecay: rate must be zero or above, got ${shown(rate)}.`);
  }
  if ((kind !== 'l2' && kind !== 'decoupled') || (on !== 'weights' && on !== 'all')) {
    throw new RangeError(
      `weightDecay: kind ${shown(kind)} on ${shown(on)}; wanted kind 'l2' or 'decoupled', on 'weights' or 'all'.`,
    );
  }
  return rate === 0 ? null : { kind, rate, on };
}
