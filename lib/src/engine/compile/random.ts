import { tf } from '../tf';
import { Random } from '../../core/random';

/** What a step drew: everything needed to draw the numbers of another step. */
export interface Draw {
  kind: 'uniform' | 'normal' | 'bernoulli';
  shape: number[];
  /** number of elements */
  size: number;
  /** uniform: low and high; normal: mean and standard deviation; bernoulli: probability of 1 and 0 */
  parameters: [number, number];
}

/**
 * Random tensors inside a step that {@link compile} runs. Draw number `j` of step number `s` is the stream
 * `Random(seed, 'step/s/j')`: it differs from step to step and from draw to draw, repeats with the seed, and is the same on
 * every engine and in every mode, because the numbers are made by the library's own generator and not by the engine.
 *
 * Cost: about 10 ns a number on the host, outside the graph.
 *
 * A step gets one as `context.random`. Outside a step, make one: `new StepRandom(new Random(1))`.
 */
export class StepRandom {
  private draws = 0;

  /**
   * @param stream the stream this step draws from
   * @param onDraw told of every draw with the tensor it gave; how `compile` learns what to draw for the other steps
   */
  constructor(
    private readonly stream: Random,
    private readonly onDraw?: (draw: Draw, tensor: tf.Tensor) => void,
  ) {}

  /** Uniform on [low, high), float32. */
  uniform<S extends tf.Tensor = tf.Tensor>(shape: number[], low = 0, high = 1): S {
    return this.draw('uniform', shape, [low, high]) as S;
  }

  /** Normal, float32. */
  normal<S extends tf.Tensor = tf.Tensor>(shape: number[], mean = 0, standardDeviation = 1): S {
    return this.draw('normal', shape, [mean, standardDeviation]) as S;
  }

  /** 1 with probability `keep`, otherwise 0, float32. */
  bernoulli<S extends tf.Tensor = tf.Tensor>(keep: number, shape: number[]): S {
    if (!(keep >= 0 && keep <= 1)) {
      throw new RangeError(`StepRandom.bernoulli: keep is a probability, wanted 0 to 1, got ${keep}.`);
    }
    return this.draw('bernoulli', shape, [keep, 0]) as S;
  }

  /**
   * Inverted dropout: every element is dropped with probability `rate`, and those kept are divided by 1 - rate, so that the
   * expected value is unchanged. Replaces `tf.dropout`.
   *
   * Source: Srivastava et al. 2014, section 10 ("inverted dropout").
   */
  dropout<S extends tf.Tensor>(x: S, rate: number): S {
    if (!(rate >= 0 && rate < 1)) {
      throw new RangeError(`StepRandom.dropout: rate is the share dropped, wanted 0 up to but not 1, got ${rate}.`);
    }
    if (rate === 0) return x.clone() as S;
    return tf.tidy(() => x.mul(this.bernoulli(1 - rate, x.shape)).div(1 - rate)) as S;
  }

  private draw(kind: Draw['kind'], shape: number[], parameters: [number, number]): tf.Tensor {
    if (!Array.isArray(shape) || shape.some((n) => !Number.isInteger(n) || n < 0)) {
      throw new RangeError(`StepRandom.${kind}: wanted a shape such as [60, 100], got ${JSON.stringify(shape)}.`);
    }
    const draw: Draw = { kind, shape: [...shape], size: shape.reduce((a, b) => a * b, 1), parameters };
    const values = numbers(draw, this.stream.child(this.draws++));
    const tensor =
      values instanceof Uint8Array
        ? tf.tidy(() => tf.tensor(values, draw.shape, 'bool').cast('float32'))
        : tf.tensor(values, draw.shape, 'float32');
    this.onDraw?.(draw, tensor);
    return tensor;
  }
}

/** The stream of step number `step` under `seed`. */
export function stepStream(seed: number, step: number): Random {
  return new Random(seed, `step/${step}`);
}

/** The numbers of draw number `j` for `steps` steps from `first` on, one step after the other. */
export function drawMany(draw: Draw, j: number, seed: number, first: number, steps: number): Float32Array | Uint8Array {
  const all = draw.kind === 'bernoulli' ? new Uint8Array(steps * draw.size) : new Float32Array(steps * draw.size);
  for (let s = 0; s < steps; s++) all.set(numbers(draw, stepStream(seed, first + s).child(j)), s * draw.size);
  return all;
}

function numbers({ kind, size, parameters: [a, b] }: Draw, random: Random): Float32Array | Uint8Array {
  if (kind === 'uniform') return random.uniforms(size, a, b);
  if (kind === 'normal') return random.normals(size, a, b);
  const keep = new Uint8Array(size);
  for (let i = 0; i < size; i++) keep[i] = random.uniform() < a ? 1 : 0;
  return keep;
}
