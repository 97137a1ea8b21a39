import { expectOptions } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext, expectContext } from '../context';
import { expectFloatTensor, expectOneOf, NAME_OPTION } from '../checks';
import { BaseLayer } from './base';

/** Names that `activation(name)` and the networks know. */
export const ACTIVATIONS = ['sigmoid', 'tanh', 'relu', 'identity'] as const;

/** One of {@link ACTIVATIONS}. */
export type ActivationName = (typeof ACTIVATIONS)[number];

const FUNCTIONS: Record<ActivationName, { f: (x: tf.Tensor) => tf.Tensor; derivative: (x: tf.Tensor) => tf.Tensor }> = {
  sigmoid: {
    f: (x) => tf.sigmoid(x),
    derivative: (x) => tf.tidy(() => tf.mul(tf.sigmoid(x), tf.sigmoid(tf.neg(x)))),
  },
  tanh: {
    f: (x) => tf.tanh(x),
    // 1 - tanh^2 as a product of sigmoids: no cancellation where tanh is close to 1.
    derivative: (x) => tf.tidy(() => tf.mul(4, tf.mul(tf.sigmoid(tf.mul(2, x)), tf.sigmoid(tf.mul(-2, x))))),
  },
  relu: { f: (x) => tf.relu(x), derivative: (x) => tf.step(x) },
  identity: { f: (x) => tf.clone(x), derivative: (x) => tf.onesLike(x) },
};

/**
 * The elementwise nonlinearity g of the paper's z = g(W u + b), by name.
 * @throws RangeError for another name; the function: TypeError when x is not a live float32 tensor
 */
export function activationFunction(name: ActivationName): (x: tf.Tensor) => tf.Tensor {
  expectOneOf('activationFunction', 'name', name, ACTIVATIONS);
  return (x) => {
    expectFloatTensor(name, 'x', x);
    return FUNCTIONS[name].f(x);
  };
}

/**
 * The derivative g'(x), elementwise: sigmoid (1 - sigmoid), 1 - tanh^2, the step at 0 (whose value at 0 is 0), 1.
 * @throws RangeError for another name; the function: TypeError when x is not a live float32 tensor
 */
export function activationDerivative(name: ActivationName): (x: tf.Tensor) => tf.Tensor {
  expectOneOf('activationDerivative', 'name', name, ACTIVATIONS);
  return (x) => {
    expectFloatTensor(`${name}'`, 'x', x);
    return FUNCTIONS[name].derivative(x);
  };
}

/** The layer that `activation` makes. */
export class ActivationLayer extends BaseLayer {
  constructor(
    /** Which nonlinearity. */
    readonly kind: ActivationName,
    name: string,
  ) {
    super(name);
    expectOneOf(name, 'kind', kind, ACTIVATIONS);
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectFloatTensor(this.name, 'x', x);
    expectContext(this.name, context);
    context.tap?.(`${this.name}/preActivation`, x);
    const z = FUNCTIONS[this.kind].f(x);
    context.tap?.(`${this.name}/activation`, z);
    return z;
  }
}

/**
 * An elementwise nonlinearity as a layer. Taps `NAME/preActivation` and `NAME/activation`.
 * @example activation('sigmoid', { name: 'layer1' })
 * @param options.name default the kind, such as `sigmoid`; where taps of several are looked at, each wants its own
 * @throws RangeError for a name that is not known
 */
export function activation(kind: ActivationName, options: { name?: string } = {}): ActivationLayer {
  expectOptions('activation', options, NAME_OPTION);
  expectOneOf(options.name ?? 'activation', 'kind', kind, ACTIVATIONS);
  return new ActivationLayer(kind, options.name ?? kind);
}
