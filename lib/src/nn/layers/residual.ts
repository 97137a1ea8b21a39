import { layer as aLayer, expectOptions } from '../../core/checks';
import { tf } from '../../engine';
import { ApplyContext, expectContext } from '../context';
import { expectFloatTensor, NAME_OPTION } from '../checks';
import { Layer } from '../types';
import { Composite } from './composite';

/** shortcut(x) + branch(x). */
export class Residual extends Composite {
  constructor(
    name: string,
    /** What is added to the shortcut. */
    readonly branch: Layer,
    /** A layer on the way past the branch; null for x itself. */
    readonly shortcut: Layer | null,
  ) {
    super(name, shortcut ? [branch, shortcut] : [branch]);
  }

  apply(x: tf.Tensor, context: ApplyContext): tf.Tensor {
    expectFloatTensor(this.name, 'x', x);
    expectContext(this.name, context);
    return tf.tidy(() => {
      const branch = this.branch.apply(x, context);
      const shortcut = this.shortcut ? this.shortcut.apply(x, context) : x;
      if (!tf.util.arraysEqual(branch.shape, shortcut.shape)) {
        throw new RangeError(
          `${this.name}: the branch gives [${branch.shape.join(', ')}], the shortcut [${shortcut.shape.join(', ')}]. ` +
            'Give a shortcut layer that makes them equal.',
        );
      }
      const sum = tf.add(shortcut, branch);
      context.tap?.(`${this.name}/shortcut`, shortcut);
      context.tap?.(`${this.name}/branch`, branch);
      context.tap?.(`${this.name}/sum`, sum);
      return sum;
    });
  }
}

/**
 * A residual block (He et al. 2016): x + branch(x), or shortcut(x) + branch(x).
 * Taps `NAME/shortcut`, `NAME/branch` and `NAME/sum`.
 * @example residual(sequential([batchNormLayer(64), activation('relu'), dense(64, 64)]), { name: 'block1' })
 * @throws RangeError when applied and the two shapes differ
 */
export function residual(branch: Layer, options: { name?: string; shortcut?: Layer } = {}): Residual {
  expectOptions<typeof options>('residual', options, { ...NAME_OPTION, shortcut: aLayer });
  return new Residual(options.name ?? 'residual', branch, options.shortcut ?? null);
}
