/** Pictures with their labels: from arrays of any type and size, checked. */
import { counting, flag, having, listOf, oneOf, type Options, own, shown, text, whole } from '../core/checks';
import { type DataArray, type Elements, kindOf, permuted } from './arrays';
import { dataArray, expectArgument, expectArguments, expectOptions } from './checks';
import { DataError } from './errors';

/** Width and height of MNIST's pictures: 28 pixels. */
export const IMAGE_SIDE = 28;
/** Pixels of one of MNIST's pictures: 784, the length of a row of `x`. */
export const IMAGE_PIXELS = IMAGE_SIDE * IMAGE_SIDE;
/** Classes of MNIST. */
export const CLASS_COUNT = 10;

/**
 * Pictures and their labels. Picture `i` is `images.subarray(p * i, p * (i + 1))` with `p` the product of `shape`: row by
 * row, the channels of a pixel side by side, 0 = background.
 */
export interface Examples {
  /** Levels 0..255 of each pixel (bytes), or numbers that `toTensors` takes as they are (float32): n times p of them. */
  images: Uint8Array | Float32Array;
  /** Class of each picture, a whole number from 0 to classCount - 1; `n` of them. */
  labels: Uint8Array | Int32Array;
  /** Number of examples. */
  n: number;
  /** Height, width and channels of one picture, or the number of features of what is no picture; [28, 28, 1] unless said. */
  shape?: readonly number[];
  /** Number of classes; 10 unless said. */
  classCount?: number;
}

/** Examples of bytes: grey levels or colours, at most 256 classes. */
export interface ByteExamples extends Examples {
  /** Levels 0..255 of each pixel. */
  images: Uint8Array;
  /** Class of each picture. */
  labels: Uint8Array;
}

/** How arrays become examples. */
export interface ExamplesOptions {
  /** Number of classes; 10 unless said. A label outside is an error. */
  classCount?: number;
  /** What the first class is called in the labels: 0 unless said, 1 in EMNIST's letters (1..26). */
  firstLabel?: number;
  /** Whether the pictures lie in the file column by column, as EMNIST's do: they are put upright. */
  transposed?: boolean;
  /** In arrays of rank 4, where the channels are: [n, height, width, channels] or [n, channels, height, width]. */
  channels?: 'first' | 'last';
  /** The value that means full ink, 1 in `x`: 255 for bytes, 65535 for 16 bits. See {@link examplesFrom}. */
  white?: number;
}

/** Every option of {@link ExamplesOptions}. */
export const EXAMPLES_OPTIONS: Options<ExamplesOptions> = {
  ...{ classCount: counting, firstLabel: whole, transposed: flag, channels: oneOf(['first', 'last']) },
  white: own,
};

const SHAPED = having<Examples>('examples, such as data.train', {
  shape: listOf(counting),
});

/**
 * Height, width and channels of pictures, as `convNet` and `imageGrid` take them.
 *
 * @throws DataError `argument` for rows of features, which are no pictures, and for what are no examples
 * @example convNet({ image: imageShape(data.train), classes: data.classCount, norm: 'batch', seed: 1 })
 */
export function imageShape(examples: Pick<Examples, 'shape'>): [number, number, number] {
  expectArgument('imageShape', 'examples', examples, SHAPED);
  const { shape = [IMAGE_SIDE, IMAGE_SIDE, 1] } = examples;
  const [height, width, channels] = shape;
  if (shape.length === 3) return [height, width, channels];
  const given = `imageShape: examples of shape [${shape.join(', ')}]`;
  throw new DataError(
    'argument',
    `${given}; wanted pictures, [height, width, channels]. Reshape the array before it is saved.`,
  );
}

/**
 * Numbers that stand for one example: the product of its shape.
 *
 * @throws DataError `argument` for what are no examples
 */
export function sizeOf(examples: Pick<Examples, 'shape'>): number {
  expectArgument('sizeOf', 'examples', examples, SHAPED);
  const { shape = [IMAGE_SIDE, IMAGE_SIDE, 1] } = examples;
  return shape.reduce((product, length) => product * length, 1);
}

/**
 * Holds examples against what they say of themselves.
 *
 * @returns pixels of one picture, and number of classes
 * @throws DataError `argument` when counts do not fit together, or a label is no class
 */
export function checkExamples(where: string, examples: Examples): { pixels: number; classCount: number } {
  const { images, labels, n, shape, classCount = CLASS_COUNT } = examples ?? {};
  const fail = (given: string, wanted: string, advice: string): never => {
    throw new DataError('argument', `${where}: ${given}; wanted ${wanted}. ${advice}`);
  };
  const made = 'loadDataset, readDataset, examplesFrom, subset and examplesAt make examples.';
  const kinds = [kindOf(images), kindOf(labels)];
  if (!/^(Uint8|Float32)Array,(Uint8|Int32)Array$/.test(kinds.join()) || !Number.isInteger(n)) {
    const wanted = '{ images: Uint8Array or Float32Array, labels: Uint8Array or Int32Array, n: a whole number }';
    fail(`images: ${kinds[0]}, labels: ${kinds[1]}, n: ${shown(n)}`, wanted, made);
  }
  if (shape !== undefined && (!Array.isArray(shape) || shape.length === 0 || !shape.every(counting.fits))) {
    fail(
      `shape ${Array.isArray(shape) ? `[${shape.map((length) => shown(length)).join(', ')}]` : shown(shape)}`,
      'whole numbers of at least 1, such as [32, 32, 3]',
      made,
    );
  }
  const pixels = sizeOf(examples);
  if (images.length !== n * pixels) {
    const one = shape
      ? `shape [${shape.join(', ')}]`
      : 'the shape [28, 28, 1], which they have unless they say another';
    const each = n > 0 && images.length % n === 0 ? ` (${images.length / n} each)` : '';
    fail(
      `${images.length} values for ${n} pictures${each}`,
      `${n} * ${pixels} for ${one}`,
      'Give the examples their shape: { images, labels, n, shape: [height, width, channels] }.',
    );
  }
  if (labels.length !== n) fail(`${labels.length} labels for ${n} pictures`, 'as many of each', made);
  if (!Number.isInteger(classCount) || classCount < 1) {
    fail(`classCount is ${shown(classCount)}`, 'a whole number of at least 1', made);
  }
  const wrong = labels.findIndex((label: number) => !(label >= 0 && label < classCount));
  if (wrong >= 0) {
    fail(
      `label ${labels[wrong]} at position ${wrong}`,
      `0 to ${classCount - 1}`,
      'Give the examples their number of classes: { images, labels, n, classCount }.',
    );
  }
  return { pixels, classCount };
}

/**
 * Makes examples of an array of pictures and an array of labels.
 *
 * Pixels: whole numbers from 0 to 255 with one above 1 among them are levels of grey or colour, whatever type the file has;
 * they stay bytes, and `x` is level / 255. Floating-point numbers of any other kind, truth values, and whole numbers 0 and 1
 * are taken as they are. With `white`, `x` is value / white. Whole numbers outside 0..255 need it.
 *
 * @param images array [n, height, width], [n, height, width, channels], or [n, features]
 * @param labels array [n] or [n, 1] of whole numbers from `firstLabel` on
 * @param options number of classes, first label, orientation, full ink
 * @param name what to call them in an error
 * @returns examples; bytes share memory with the array where nothing had to be moved
 * @throws DataError `format` when the two do not belong together, a label is no class, or a pixel is no finite number; `argument`
 *   for what are no arrays, and for settings that make no sense
 *
 * @example examplesFrom(readNpy(await readFile('x.npy')), readNpy(await readFile('y.npy')), { classCount: 26 })
 */
export function examplesFrom(
  images: DataArray,
  labels: DataArray,
  options: ExamplesOptions = {},
  name = 'examples',
): Examples {
  expectArguments('examplesFrom', { images: [images, dataArray], labels: [labels, dataArray], name: [name, text] });
  expectOptions('examplesFrom', options, EXAMPLES_OPTIONS);
  return pairUp(images, labels, options, name, pixelsOf([images], options.white, name));
}

/** As {@link examplesFrom}, with pixels as `pixelsOf` settled them, for sets whose parts must be taken alike. */
export function pairUp(
  images: DataArray,
  labels: DataArray,
  options: ExamplesOptions,
  name: string,
  pixels: (values: Elements) => Uint8Array | Float32Array,
): Examples {
  const { classCount = CLASS_COUNT } = options;
  const fail = (
    given: string,
    wanted: string,
    advice = 'Check that the two belong together and are not exchanged.',
  ) => {
    throw new DataError('format', `${name}${given}; wanted ${wanted}. ${advice}`);
  };
  const { shape } = images;
  if (shape.length < 2 || shape.length > 4 || shape.some((length) => length === 0)) {
    fail(
      ` images: shape [${shape.join(', ')}]`,
      '[n, height, width], [n, height, width, channels] or [n, features], none of them 0',
    );
  }
  const [n] = shape;
  if (labels.shape.length !== 1 && !(labels.shape.length === 2 && labels.shape[1] === 1)) {
    const hot = labels.shape.length === 2 && labels.shape[0] === n;
    fail(
      ` labels: shape [${labels.shape.join(', ')}]`,
      '[n]',
      hot ? 'If they are one-hot, save the numbers of the classes instead (argmax over the last axis).' : undefined,
    );
  }
  if (labels.shape[0] !== n) fail(`: ${n} images but ${labels.shape[0]} labels`, 'as many of each');
  const classes = classesOf(labels.values, options, classCount, name);
  const { values, one } = upright(pixels(images.values), shape, options, name);
  return { images: values, labels: classes, n, shape: one, classCount };
}

/** The classes, counted from 0. */
function classesOf(
  values: Elements,
  { firstLabel = 0 }: ExamplesOptions,
  classCount: number,
  name: string,
): Uint8Array | Int32Array {
  const last = firstLabel + classCount - 1;
  const wrong = values.findIndex((label) => !Number.isInteger(label) || label < firstLabel || label > last);
  if (wrong >= 0) {
    const given = `label ${values[wrong]} at position ${wrong}`;
    const fix =
      'Check that the two files belong together and are not exchanged. More classes are said with classes (readDataset) or ' +
      'classCount, and labels that do not count from 0 with firstLabel.';
    throw new DataError('format', `${name} labels: ${given}; wanted whole numbers ${firstLabel} to ${last}. ${fix}`);
  }
  if (values instanceof Uint8Array && firstLabel === 0) return values;
  const out = new (classCount <= 256 ? Uint8Array : Int32Array)(values.length);
  for (let i = 0; i < out.length; i++) out[i] = values[i] - firstLabel;
  return out;
}

/** Pictures row by row with the channels last, and the shape of one. */
function upright(
  values: Uint8Array | Float32Array,
  shape: readonly number[],
  { transposed = false, channels }: ExamplesOptions,
  name: string,
): { values: Uint8Array | Float32Array; one: number[] } {
  if (shape.length === 2) {
    if (!transposed) return { values, one: [shape[1]] };
    throw new DataError('format', `${name} images: shape [${shape.join(', ')}] and transposed; wanted pictures.`);
  }
  let order = [0, 1, 2, 3];
  if (shape.length === 3) shape = [...shape, 1];
  else if (channels === 'first') order = [0, 2, 3, 1];
  else if (channels === undefined && shape[3] > 4) {
    const given = `shape [${shape.join(', ')}], which has ${shape[3]} channels where they stand last`;
    const fix = "Say where they stand: channels: 'first' for [n, channels, height, width], channels: 'last'.";
    throw new DataError('format', `${name} images: ${given}; wanted at most 4. ${fix}`);
  }
  if (transposed) order = [0, order[2], order[1], order[3]];
  const one = order.slice(1).map((axis) => shape[axis]);
  return { values: order.join() === '0,1,2,3' ? values : permuted(values, shape, order), one };
}

/**
 * How the pixels of some arrays become levels or numbers: settled once for all of them, so that a training and a test set
 * cannot be taken differently.
 */
export function pixelsOf(
  arrays: readonly DataArray[],
  white: number | undefined,
  name: string,
): (values: Elements) => Uint8Array | Float32Array {
  const fail = (given: string, wanted: string, advice: string): never => {
    throw new DataError('format', `${name} images: ${given}; wanted ${wanted}. ${advice}`);
  };
  if (white !== undefined && !(Number.isFinite(white) && white > 0)) {
    throw new DataError(
      'argument',
      `${name}: white is ${shown(white)}; wanted the value of full ink, a number above 0.`,
    );
  }
  let [low, high, whole] = [Infinity, -Infinity, true];
  for (const { values } of arrays) {
    if (kindOf(values) === 'Uint8Array') {
      // Nothing to look for but whether they are more than 0 and 1.
      low = Math.min(low, 0);
      high = Math.max(high, white === 255 || values.some((value) => value > 1) ? 255 : 1);
      continue;
    }
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (!Number.isFinite(value)) {
        fail(
          `value ${value} at position ${i}`,
          'finite numbers',
          'Find out where it comes from before anything is trained.',
        );
      }
      if (value < low) low = value;
      if (value > high) high = value;
      whole &&= Number.isInteger(value);
    }
  }
  const bytes = whole && low >= 0 && high <= 255;
  if (bytes && (white === 255 || (white === undefined && high > 1))) {
    return (values) => (values instanceof Uint8Array ? values : Uint8Array.from(values as ArrayLike<number>));
  }
  if (white !== undefined) return (values) => Float32Array.from(values as ArrayLike<number>, (value) => value / white);
  const integers = arrays.every(({ type }) => !type.startsWith('float'));
  if (integers && !bytes) {
    fail(
      `whole numbers from ${low} to ${high}`,
      '0 to 255',
      'Say which value is full ink, such as white: 65535, or save the numbers that x shall hold as floating point.',
    );
  }
  return (values) => Float32Array.from(values as ArrayLike<number>);
}
