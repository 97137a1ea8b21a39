import { expectArgument, expectOptions, object } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext, expectContext } from '../context';
import { expectFloatTensor, NAME_OPTION } from '../checks';
import { Layer } from '../types';
import { Composite } from './composite';

/** Layers one after the other. */
export class Sequential extends Composite {
  /** What it was built from, as plain data, for provenance. */
  readonly config: Readonly<Record<string, unknown>>;

  constructor(name: string, layers: Layer[], config: Record<string, unknown> = {}) {
    super(name, layers);
    if (layers.length === 0) throw new RangeError(`${name}: wanted at least one layer, got none.`);
    expectArgument(name, 'config', config, object);
    this.config = config;
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectFloatTensor(this.name, 'x', x);
    expectContext(this.name, context);
    return tf.tidy(() => this.layers.reduce((h, layer) => layer.apply(h, context), x));
  }
}

/**
 * Layers one after the other, as a network.
 * @example const net = sequential([dense(784, 100, { name: 'layer1' }), activation('relu'), dense(100, 10, { name: 'layer2' })]);
 * @param options.name stands in messages; default `sequential`
 * @throws RangeError when there is no layer, or two layers use one label
 */
export function sequential(layers: Layer[], options: { name?: string } = {}): Sequential {
  expectOptions('sequential', options, NAME_OPTION);
  return new Sequential(options.name ?? 'sequential', layers);
}
