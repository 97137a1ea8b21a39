/** How PyTorch, Keras and TensorFlow.js name and lay out the weights of the layers that this library has too. */

/** A framework whose weights can be read and written. */
export interface Framework {
  /** Between the name of a module and that of its weight. */
  readonly separator: '.' | '/';
  /** A dense layer or a convolution: this library's name of a variable, and the framework's. */
  readonly linear: Readonly<Record<'weights' | 'bias', string>>;
  /** Batch normalization; gamma and beta are called so in layer, group and instance normalization too. */
  readonly norm: Readonly<Record<'gamma' | 'beta' | 'movingMean' | 'movingVariance', string>>;
  /** Axis k of this library's weights is axis `order[k]` of the framework's: [inputs, outputs] of a dense layer. */
  readonly dense: readonly number[];
  /**
   * The same for [height, width, inputs, outputs] of a convolution, and for [height, width, outputs, inputs] of a transposed one, which
   * every framework keeps as the convolution that it transposes.
   */
  readonly convolution: readonly number[];
  /** Whether images are [channels, height, width], so that flattening orders their values by channel first. */
  readonly channelsFirst: boolean;
  /** Weights of a module that say nothing of its function. */
  readonly ignored: readonly string[];
}

const KERAS: Framework = {
  separator: '/',
  linear: { weights: 'kernel', bias: 'bias' },
  norm: { gamma: 'gamma', beta: 'beta', movingMean: 'moving_mean', movingVariance: 'moving_variance' },
  dense: [0, 1],
  convolution: [0, 1, 2, 3],
  channelsFirst: false,
  ignored: [],
};

/** Frameworks by name. A new one is a row. */
export const FRAMEWORKS = {
  pytorch: {
    separator: '.',
    linear: { weights: 'weight', bias: 'bias' },
    norm: { gamma: 'weight', beta: 'bias', movingMean: 'running_mean', movingVariance: 'running_var' },
    dense: [1, 0], // from [out, in]
    convolution: [2, 3, 1, 0], // from [out, in, height, width]; of a transposed one [in, out, height, width]
    channelsFirst: true,
    ignored: ['num_batches_tracked', 'total_ops', 'total_params'], // the last two are left by thop, which counts in buffers
  },
  keras: KERAS,
  tfjs: KERAS,
} satisfies Record<string, Framework>;

/** One of {@link FRAMEWORKS}. */
export type FrameworkName = keyof typeof FRAMEWORKS;
