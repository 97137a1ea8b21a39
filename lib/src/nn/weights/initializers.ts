/** Where training starts. The paper starts from "small random Gaussian values" and does not say how small; so every
 * initializer here states its scale, and comparisons sweep it.
 */
import { Matrix, QrDecomposition } from 'ml-matrix';
import { expectArgument, list, shown, random as stream } from '../../core/checks';
import { Random } from '../../core/random';
import { expectCount, expectOneOf, expectSize } from '../checks';

/** Weights for a shape whose last axis is the output: [in, out] or [height, width, in, out]. */
export interface Initializer {
  /** As in {@link INITIALIZERS}, or `gaussian`. */
  readonly name: string;
  /** The scale in words, for a table or a legend. */
  readonly scale: string;
  /** The standard deviation of one weight (for `orthogonal`, of the entries of the whole matrix). */
  standardDeviation(shape: readonly number[]): number;
  /** The values, row-major. The same stream and shape give the same values on every engine. */
  make(shape: readonly number[], random: Random): Float32Array;
}

/**
 * Inputs and outputs that one weight tensor connects: [in, out], or [height, width, in, out] where each pixel counts.
 * @throws RangeError for another rank
 */
export function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  expectArgument('fans', 'shape', shape, list);
  if (shape.length !== 2 && shape.length !== 4) {
    throw new RangeError(`fans: weights have shape [in, out] or [height, width, in, out], got [${shape.join(', ')}].`);
  }
  expectSize('fans', 'weights', shape);
  const [inputs, outputs] = shape.slice(-2);
  const receptive = shape.length === 4 ? shape[0] * shape[1] : 1;
  return { fanIn: inputs * receptive, fanOut: outputs * receptive };
}

function count(shape: readonly number[]): number {
  expectArgument('initializer', 'shape', shape, list);
  return expectSize('initializer', 'weights', shape);
}

/** Throws unless there is a stream of random numbers to draw from. */
const expectStream = (given: Random) => expectArgument('initializer', 'random', given, stream);

/** Throws unless `value` is an initializer, and not only the name of one. */
export function expectInitializer(where: string, value: Initializer): void {
  if (typeof value?.make === 'function') return;
  const given = typeof value === 'string' ? JSON.stringify(value) : shown(value);
  const hint = typeof value === 'string' ? `initializer('${value as string}')` : "initializer('he') or gaussian(0.1)";
  throw new TypeError(`${where}: initializer must be an Initializer, got ${given}. Pass ${hint}.`);
}

function normal(scale: string, deviation: (shape: readonly number[]) => number): Omit<Initializer, 'name'> {
  return {
    scale,
    standardDeviation: deviation,
    make(shape, random) {
      expectStream(random);
      return random.normals(count(shape), 0, deviation(shape));
    },
  };
}

/**
 * Gaussian weights with one standard deviation whatever the layer's width: the paper's "small random Gaussian values"
 * (section 4.1).
 * @param standardDeviation at least 0
 * @throws RangeError for a negative number, NaN or infinity
 */
export function gaussian(standardDeviation: number): Initializer {
  if (!Number.isFinite(standardDeviation) || standardDeviation < 0) {
    throw new RangeError(
      `gaussian: the standard deviation must be a number, at least 0, got ${shown(standardDeviation)}.`,
    );
  }
  return { name: 'gaussian', ...normal(`std ${standardDeviation}`, () => standardDeviation) };
}

/**
 * An initializer by name:
 *
 * | name | scale | source |
 * |---|---|---|
 * | `lecun` | normal, variance 1/fanIn | LeCun et al. 1998, Efficient BackProp, 4.6 |
 * | `glorot` | normal, variance 2/(fanIn + fanOut) | Glorot & Bengio 2010, (12) |
 * | `glorotUniform` | uniform on +-sqrt(6/(fanIn + fanOut)), same variance | Glorot & Bengio 2010, (16) |
 * | `he` | normal, variance 2/fanIn | He et al. 2015, (10) |
 * | `orthogonal` | orthonormal rows or columns (whichever are fewer) | Saxe et al. 2014 |
 * | `zeros` | 0 | |
 * | `identity` | 1 on the diagonal; rank 2 only | |
 *
 * @throws RangeError for another name
 */
export function initializer(name: InitializerName): Initializer {
  expectOneOf('initializer', 'name', name, INITIALIZERS);
  return { name, ...TABLE[name] };
}

function glorotDeviation(shape: readonly number[]): number {
  const { fanIn, fanOut } = fans(shape);
  return Math.sqrt(2 / (fanIn + fanOut));
}

function asMatrix(shape: readonly number[]): { rows: number; columns: number } {
  count(shape);
  const columns = shape[shape.length - 1];
  expectCount('orthogonal', 'outputs', columns);
  return { rows: count(shape) / columns, columns };
}

/** Q of a Gaussian matrix, with the signs of R's diagonal moved into it, is uniform over orthonormal frames (Mezzadri 2007). */
function orthogonal(shape: readonly number[], random: Random): Float32Array {
  expectStream(random);
  const { rows, columns } = asMatrix(shape);
  const tall = Math.max(rows, columns);
  const narrow = Math.min(rows, columns);
  const values = Array.from({ length: tall }, () => Array.from({ length: narrow }, () => random.normal()));
  const qr = new QrDecomposition(new Matrix(values));
  const q = qr.orthogonalMatrix;
  const r = qr.upperTriangularMatrix;
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < tall; i++) {
    for (let j = 0; j < narrow; j++) {
      const value = q.get(i, j) * (r.get(j, j) < 0 ? -1 : 1);
      out[rows >= columns ? i * columns + j : j * columns + i] = value;
    }
  }
  return out;
}

function identity(shape: readonly number[]): Float32Array {
  count(shape);
  if (shape.length !== 2) {
    throw new RangeError(`identity: wanted weights of shape [in, out], got [${shape.join(', ')}].`);
  }
  const [rows, columns] = shape;
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < Math.min(rows, columns); i++) out[i * columns + i] = 1;
  return out;
}

/** Without their names. A new initializer is a row. */
const TABLE = {
  lecun: normal('variance 1/fanIn', (shape) => Math.sqrt(1 / fans(shape).fanIn)),
  glorot: normal('variance 2/(fanIn + fanOut)', glorotDeviation),
  glorotUniform: {
    scale: 'uniform, variance 2/(fanIn + fanOut)',
    standardDeviation: glorotDeviation,
    make(shape, random) {
      expectStream(random);
      const limit = Math.sqrt(3) * glorotDeviation(shape);
      return random.uniforms(count(shape), -limit, limit);
    },
  },
  he: normal('variance 2/fanIn', (shape) => Math.sqrt(2 / fans(shape).fanIn)),
  orthogonal: {
    scale: 'singular values 1',
    standardDeviation(shape) {
      const { rows, columns } = asMatrix(shape);
      return 1 / Math.sqrt(Math.max(rows, columns));
    },
    make: orthogonal,
  },
  zeros: { scale: '0', standardDeviation: () => 0, make: (shape) => new Float32Array(count(shape)) },
  identity: {
    scale: '1 on the diagonal',
    standardDeviation: (shape) => (count(shape), Math.sqrt(1 / Math.max(...shape))),
    make: identity,
  },
} satisfies Record<string, Omit<Initializer, 'name'>>;

/** One of {@link INITIALIZERS}. */
export type InitializerName = keyof typeof TABLE;
/** Names that `initializer(name)` knows. */
export const INITIALIZERS = Object.keys(TABLE) as InitializerName[];
