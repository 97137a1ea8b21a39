/** Pictures of another domain than that of training: the same digits turned, in noise, or with their contrast taken away and reversed. */
import { expectArgument, expectArguments, finite, notNegative, oneOf } from '../core/checks';
import { Random } from '../core/random';
import { tf } from '../engine';

/** How pictures change. */
export const PICTURE_CHANGES = ['rotated', 'noisy', 'inverted'] as const;
/** One of {@link PICTURE_CHANGES}. */
export type PictureChange = (typeof PICTURE_CHANGES)[number];

/** Degrees at strength 1. */
const FULL_TURN = 60;

/**
 * Grey pictures, changed, [n, side * side] as they came:
 *
 * - `rotated`: about their middle by 60 degrees times the strength, counterclockwise, between pixels by bilinear interpolation, with 0 from outside;
 * - `noisy`: x + s z, z standard normal for every pixel, the same z at every strength;
 * - `inverted`: (1 - 2 s) x + s: contrast fades up to 1/2, where all pictures are one grey, and returns reversed up to 1.
 *
 * @param x pictures [n, side * side], from 0 to 1
 * @param strength 0 leaves them as they are
 * @param seed of the noise
 * @example const turned = changedPictures(x, 'rotated', 0.5); // by 30 degrees
 * @throws RangeError for another change, a strength below 0, or pictures that are not square; TypeError for what is no tensor
 */
export function changedPictures(x: tf.Tensor, change: PictureChange, strength: number, seed = 0): tf.Tensor2D {
  const where = 'changedPictures';
  expectArguments(where, { change: [change, oneOf(PICTURE_CHANGES)], strength: [strength, notNegative] });
  expectArgument(where, 'seed', seed, finite);
  const side = Math.sqrt(sizeOf(where, x));
  if (!Number.isInteger(side)) {
    throw new RangeError(`${where}: x is [${x.shape.join(', ')}]; wanted [n, side * side], square grey pictures.`);
  }
  return tf.tidy(() => {
    if (change === 'inverted') return tf.add(tf.mul(x, 1 - 2 * strength), strength) as tf.Tensor2D;
    if (change === 'rotated') return tf.matMul(x as tf.Tensor2D, tf.tensor2d(turn(side, FULL_TURN * strength), [side * side, side * side])); // prettier-ignore
    const noise = new Random(seed, 'noise').normals(x.size);
    return tf.add(x, tf.mul(tf.tensor(noise, x.shape), strength)) as tf.Tensor2D;
  });
}

function sizeOf(where: string, x: tf.Tensor): number {
  if (!(x instanceof tf.Tensor)) throw new TypeError(`${where}: x must be a tensor [n, side * side].`);
  return x.rank === 2 ? x.shape[1]! : NaN;
}

/** R with x R the turned picture: column (i, j) holds the shares of the four pixels around where (i, j) came from. */
function turn(side: number, degrees: number): Float32Array {
  const [middle, angle] = [(side - 1) / 2, (degrees * Math.PI) / 180];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const out = new Float32Array(side ** 4);
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      const [down, right] = [i - middle, j - middle];
      const from = [cos * down + sin * right + middle, cos * right - sin * down + middle];
      const [top, left] = from.map((at) => Math.floor(at + 1e-9));
      for (const row of [top, top + 1]) {
        for (const column of [left, left + 1]) {
          const share = (1 - Math.abs(from[0] - row)) * (1 - Math.abs(from[1] - column));
          if (share <= 1e-9 || row < 0 || column < 0 || row >= side || column >= side) continue;
          out[(row * side + column) * side * side + i * side + j] = share;
        }
      }
    }
  }
  return out;
}
