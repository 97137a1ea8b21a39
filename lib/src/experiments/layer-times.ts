/** What a training step of one layer costs with each normalization, all of them compiled on the same engine. */
import {
  counting,
  expectOptions,
  listOf,
  needed,
  notNegative,
  oneOf,
  type Options,
  optionsOf,
  positive,
  text,
} from '../core/checks';
import { Random } from '../core/random';
import { compile, type CompiledStep, tf } from '../engine';
import { batchNorm, whiten } from '../nn';
import { type Definition } from './experiment';

/** One layer to time. */
export interface TimedLayer {
  /** For the answer. */
  name: string;
  /** What follows W u: nothing, batch normalization, or whitening by Newton-Schulz. */
  norm: 'none' | 'batch' | 'newton-schulz';
  /** Of Newton-Schulz. Default 5. */
  iterations?: number;
}

/** What {@link layerTimes} takes. */
export interface LayerTimesOptions {
  /** m, examples in a mini-batch. */
  m: number;
  /** Widths d of the layer, which has as many inputs. */
  sizes: readonly number[];
  /** What to time. */
  layers: readonly TimedLayer[];
  /** Regularizes the covariance where m <= d. Default 1e-3. */
  epsilon?: number;
  /** Samples of each layer and size. Default 5. */
  repeats?: number;
  /** A sample is as many steps as last so many milliseconds, and at least one. Default 20. */
  sampleMilliseconds?: number;
}

/** Times of one layer at one size. */
export interface LayerTime {
  /** Of the layer. */
  name: string;
  /** Width. */
  d: number;
  /** Per training step, one number per sample. */
  milliseconds: number[];
}

const TIMED_LAYER = optionsOf<TimedLayer>({
  ...{ name: needed(text), norm: needed(oneOf(['none', 'batch', 'newton-schulz'])), iterations: counting },
});
const LAYER_TIMES_OPTIONS: Options<LayerTimesOptions> = {
  ...{ m: needed(counting), sizes: needed(listOf(counting)), layers: needed(listOf(TIMED_LAYER)) },
  ...{ epsilon: notNegative, repeats: counting, sampleMilliseconds: positive },
};

/**
 * Milliseconds of a training step of a layer x = W u of d inputs and d units, followed by a normalization: forward, the gradients of W and
 * of u, and the update of W. Every layer is compiled by the same engine (`compile`), and its steps run inside one call, so that no side pays
 * for JavaScript. Samples are taken in turn, in the other direction each time, so that a slow moment of the machine strikes all.
 *
 * @returns one entry per layer and size
 * @example
 * await layerTimes({ m: 60, sizes: [100], layers: [{ name: 'W u', norm: 'none' }, { name: 'BN', norm: 'batch' }] });
 * @throws RangeError for no sizes or layers, or a number out of range
 */
export async function layerTimes(options: LayerTimesOptions): Promise<LayerTime[]> {
  expectOptions('layerTimes', options, LAYER_TIMES_OPTIONS);
  const { m, sizes, layers, epsilon = 1e-3, repeats = 5, sampleMilliseconds = 20 } = options;
  if (sizes.length === 0 || layers.length === 0) {
    throw new RangeError(`layerTimes: wanted sizes and layers, got ${sizes.length} and ${layers.length}.`);
  }
  const tasks = layers.flatMap((layer) => sizes.map((d) => new TimedStep(layer, { m, d, epsilon })));
  try {
    const steps: number[] = [];
    for (const task of tasks) {
      await task.milliseconds(1); // traces and compiles
      steps.push(Math.max(1, Math.ceil(sampleMilliseconds / Math.max(await task.milliseconds(8), 1e-3))));
    }
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (let k = 0; k < tasks.length; k++) {
        const i = repeat % 2 === 0 ? k : tasks.length - 1 - k;
        tasks[i].times.push(await tasks[i].milliseconds(steps[i]));
      }
    }
    return tasks.map(({ layer, d, times }) => ({ name: layer.name, d, milliseconds: times }));
  } finally {
    tasks.forEach((task) => task.dispose());
  }
}

/** A compiled training step of one layer, and what it runs on. */
class TimedStep {
  readonly times: number[] = [];
  readonly d: number;
  private readonly weights: tf.Variable;
  private readonly u: tf.Tensor;
  private readonly dy: tf.Tensor;
  private readonly step: CompiledStep;

  constructor(
    readonly layer: TimedLayer,
    { m, d, epsilon }: { m: number; d: number; epsilon: number },
  ) {
    const random = new Random(0, 'layer');
    const normals = (rows: number, scale = 1) =>
      tf.tensor2d(
        random.normals(rows * d).map((v) => scale * v),
        [rows, d],
      );
    this.d = d;
    this.u = normals(m);
    this.dy = normals(m);
    const start = normals(d, 1 / Math.sqrt(d));
    this.weights = tf.variable(start);
    start.dispose();
    const normalized = (x: tf.Tensor) => {
      if (layer.norm === 'none') return x;
      if (layer.norm === 'batch') return batchNorm(x, null, null, { check: false, epsilon }).y;
      return whiten(x, { method: 'newton-schulz', iterations: layer.iterations, epsilon, check: false }).y;
    };
    const gradients = tf.grads((w: tf.Tensor, u: tf.Tensor, dy: tf.Tensor) =>
      tf.sum(tf.mul(normalized(tf.matMul(u, w)), dy)),
    );
    this.step = compile(({ u, dy }) => {
      const [dw, du] = gradients([this.weights, u, dy]);
      this.weights.assign(tf.sub(this.weights, tf.mul(dw, 1e-6)) as tf.Tensor2D); // each step depends on the last
      return { du: tf.sum(tf.square(du)) };
    });
  }

  /** Of a step, over so many steps in one call. */
  async milliseconds(steps: number): Promise<number> {
    const m = this.u.shape[0];
    const batches = Int32Array.from({ length: steps * m }, (_, i) => i % m);
    const began = performance.now();
    const { outputs } = await this.step.run({ data: { u: this.u, dy: this.dy }, batches, batchSize: m });
    outputs.du.dataSync();
    const ended = performance.now();
    tf.dispose(outputs);
    return (ended - began) / steps;
  }

  dispose(): void {
    this.step.dispose();
    tf.dispose([this.weights, this.u, this.dy]);
  }
}

/** {@link LayerTimesOptions} as data. */
export interface LayerTimesSpec extends Required<Omit<LayerTimesOptions, 'sizes' | 'layers'>> {
  /** Widths of the layer. */
  sizes: number[];
  /** What to time. */
  layers: TimedLayer[];
}

export const definition: Definition<LayerTimesSpec, { times: LayerTime[] }> = {
  name: 'layer-times',
  version: 2,
  question: 'How long does a training step of a layer take with each normalization, compiled, on this machine?',
  whenAborted: 'throws',
  defaults: {
    ...{ m: 60, sizes: [100], epsilon: 1e-3, repeats: 5, sampleMilliseconds: 20 },
    layers: [
      { name: 'W u', norm: 'none' },
      { name: 'BN', norm: 'batch' },
      { name: 'whitening', norm: 'newton-schulz', iterations: 5 },
    ],
  },
  options: {
    ...{ m: needed(counting), sizes: needed(listOf(counting)), layers: needed(listOf(TIMED_LAYER)) },
    ...{ epsilon: needed(notNegative), repeats: needed(counting), sampleMilliseconds: needed(positive) },
  },
  compute: async (options) => ({ times: await layerTimes(options) }),
};
