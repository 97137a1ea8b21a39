/** Smaller pictures, for studies of many short runs. */
import { counting } from '../core/checks';
import { alike } from './arrays';
import { expectArgument } from './checks';
import { DataError } from './errors';
import { checkExamples, type Examples, imageShape } from './examples';

/**
 * The same examples with pictures `factor` times smaller in height and width: each new pixel is the mean of the factor x factor pixels
 * that it stands for, of bytes rounded to a whole level. Labels are copied.
 *
 * @param examples pictures of any number of channels, whose sides the factor divides
 * @example const small = { ...data, train: shrinkImages(data.train, 2), test: shrinkImages(data.test, 2) }; // 14 x 14
 * @throws DataError `argument` for rows of features, or a factor that does not divide height and width
 */
export function shrinkImages<E extends Examples>(examples: E, factor: number): E {
  checkExamples('shrinkImages', examples);
  expectArgument('shrinkImages', 'factor', factor, counting);
  const [height, width, channels] = imageShape(examples);
  if (height % factor !== 0 || width % factor !== 0) {
    const given = `shrinkImages: a factor of ${factor} for pictures of ${height} x ${width}`;
    throw new DataError('argument', `${given}; wanted one that divides both sides.`);
  }
  const { n, images } = examples;
  const [rows, columns] = [height / factor, width / factor];
  const sums = new Float32Array(n * rows * columns * channels);
  for (let i = 0; i < images.length; i++) {
    const channel = i % channels;
    const column = Math.floor(i / channels) % width;
    const row = Math.floor(i / (channels * width)); // of all pictures, one above the other
    const at = (Math.floor(row / factor) * columns + Math.floor(column / factor)) * channels + channel;
    sums[at] += images[i];
  }
  const small = alike(images, sums.length);
  const whole = small instanceof Uint8Array;
  for (let i = 0; i < sums.length; i++) {
    const mean = sums[i] / (factor * factor);
    small[i] = whole ? Math.round(mean) : mean;
  }
  return { ...examples, images: small, labels: examples.labels.slice(), shape: [rows, columns, channels] };
}
