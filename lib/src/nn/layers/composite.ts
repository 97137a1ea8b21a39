/** Layers made of layers. */
import { layer as aLayer, expectArgument, object, shown, text } from '../../core/checks';
import { tf } from '../../engine';
import { watchState } from '../../engine/compile/watch';
import { copyShared, loadStateDictInto, stateDictOf } from '../weights/state';
import { ApplyContext } from '../context';
import { Layer, Network, StateDict, StoredStateDict } from '../types';

/** Layers that are applied as one, with the variables of all of them. */
export abstract class Composite implements Network {
  readonly named: Readonly<Record<string, tf.Variable>>;

  /** @throws RangeError when two of the layers use one label; TypeError for what is no layer */
  constructor(
    /** Stands in messages, and before the labels of its own taps. */
    readonly name: string,
    /** The layers inside, from input to output. */
    readonly layers: Layer[],
  ) {
    expectArgument('A network', 'name', name, text);
    if (!Array.isArray(layers)) throw new TypeError(`${name}: layers must be a list of layers, got ${shown(layers)}.`);
    const named: Record<string, tf.Variable> = {};
    for (const [i, layer] of layers.entries()) {
      if (typeof layer?.apply !== 'function') {
        throw new TypeError(`${name}: layer ${i} must be a layer, such as dense(3, 2), got ${shown(layer)}.`);
      }
      expectArgument(name, `layer ${i}, '${layer.name}': its variables, named,`, layer.named, object);
      for (const [label, variable] of Object.entries(layer.named)) {
        if (label in named) {
          throw new RangeError(`${name}: two layers have a variable '${label}'. Give each layer a name of its own.`);
        }
        named[label] = variable;
      }
    }
    this.named = named;
    watchState(this);
  }

  get variables(): tf.Variable[] {
    return Object.values(this.named);
  }

  get trainable(): tf.Variable[] {
    return this.layers.flatMap((layer) => layer.trainable);
  }

  abstract apply(x: tf.Tensor, context: ApplyContext): tf.Tensor;

  dispose(): void {
    for (const layer of this.layers) layer.dispose();
  }

  copyFrom(other: Network): string[] {
    expectArgument(`${this.name}.copyFrom`, 'other', other, aLayer);
    expectArgument(`${this.name}.copyFrom`, `the variables of ${other.name}, named,`, other.named, object);
    return copyShared(`${this.name}.copyFrom`, this.named, other);
  }

  stateDict(): StateDict {
    return stateDictOf(`${this.name}.stateDict`, this.named);
  }

  loadStateDict(state: StateDict | StoredStateDict): void {
    loadStateDictInto(`${this.name}.loadStateDict`, this.named, state);
  }
}

/** Every layer inside a layer, itself included, from the outside in and from input to output. */
export function allLayers(layer: Layer): Layer[] {
  expectArgument('allLayers', 'layer', layer, aLayer);
  const inner = (layer as Partial<{ layers: Layer[] }>).layers ?? [];
  return [layer, ...inner.flatMap(allLayers)];
}
