import type { tf } from '../tf';
import type { RunnerOf } from '../compile/runner';
import type { EngineCard, EngineName, PassedOver } from '../card';

/** Name of the kernel that `registerFusedBatchNorm` registers: x, gamma, beta in, and epsilon; y, mean, unbiased variance out, and more. */
export const FUSED_BATCH_NORM = 'BnlabFusedBatchNorm';

/** What a level of a picture means: `'grey'`: level / 255; `'binary'`: 1 where that is at least 0.5, else 0. */
export type LevelMeaning = 'grey' | 'binary';

/** From this level on a pixel is 1 where the meaning is `'binary'`. */
export const FIRST_WHITE = 128;

/** What an engine says of itself once it computes: its part of the engine card. */
export type Particulars = Pick<EngineCard, 'device' | 'tensorflow' | 'gpu' | 'threads'>;

/** How an attempt to load an engine ended. */
export type Outcome =
  | { loaded: true; card: Particulars }
  | { loaded: false; /** none: nothing that a card need say */ passedOver?: PassedOver };

/**
 * One way to compute. A new one is a file or a folder here and a place in the list of `node.ts`: nothing outside
 * asks for an engine's name to decide what to do.
 */
export interface Engine {
  /** what `BNLAB_ENGINE` and a card call it */
  readonly name: EngineName;
  /** TensorFlow.js's name of the backend that computes */
  readonly backend: string;
  /** the one that records and plays what `compile` runs, where that is another */
  readonly stepsOn?: string;

  /** Whether there is something that could be loaded, where that is not for certain. Asked often, so it looks and does not try. */
  readonly isOffered?: () => boolean;

  /**
   * Finds it, checks it, makes it TensorFlow.js's backend and mends its kernels. The kernels in plain JavaScript, from which others
   * borrow, have been mended by then.
   */
  load(): Promise<Outcome>;

  /**
   * Gradients for which its own kernels are right and fast. The others are put together from other operations, by `gradients/` and
   * `nn/convolution.ts`.
   */
  readonly gradientKernels: {
    /** average pooling with padding `same`: divides by the number of values inside of the image */
    averagePoolSame: boolean;
    /** `resizeBilinear` */
    resizeBilinear: boolean;
    /** a convolution's weights */
    convolutionFilter: boolean;
  };

  /** What `compile` runs steps with; where it has none, they are called one by one. */
  readonly runnerOf?: RunnerOf;

  /**
   * Below which work of a step (parameters times examples) several runs side by side take hardly longer than one; nothing where they are
   * made one after the other anyway.
   */
  readonly idleBelow?: () => number;

  /** Registers batch normalization's training kernels, see fused.ts; where there are none, there is no such function. */
  readonly registerFusedBatchNorm?: () => void;

  /** Keeps levels of pictures as bytes, see levels.ts; undefined where it does not. */
  readonly keepLevels?: (levels: Uint8Array, shape: number[], meaning: LevelMeaning) => tf.Tensor | undefined;
}
