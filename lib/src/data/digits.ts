/**
 * Generated digits: what stands in for MNIST where MNIST cannot be had. Every picture is drawn with a pen whose path is a
 * known way to write the digit, bent, slanted, turned, stretched and pressed differently each time.
 *
 * Integer and floating-point arithmetic in JavaScript only, so the same pictures come out on every machine.
 */
import { kind, type Options, whole } from '../core/checks';
import { Random } from '../core/random';
import { expectOptions } from './checks';
import { type Allograph, GLYPHS } from './glyphs';
import { type ByteExamples, CLASS_COUNT, IMAGE_PIXELS, IMAGE_SIDE } from './examples';

/** Pieces into which the curve between two points is cut. */
const PIECES = 5;
/** Control points of the elastic field, each way, over the field of 100. */
const GRID = 4;

/** How much hands differ. Standard deviations, unless it says otherwise. */
export const HAND = {
  /** Each point by itself, in hundredths of the height. */
  wobble: 3.2,
  /** Displacement of each stroke as a whole, in pixels. */
  stray: 0.5,
  /** Displacements of the elastic field's control points, in hundredths of the height. */
  elastic: 13,
  /** Width over height of the field: the mean, and the spread as a factor. */
  aspect: 0.66,
  aspectSpread: 0.17,
  /** Horizontal shift over height; people lean to the right. */
  slant: 0.08,
  slantSpread: 0.24,
  /** Rotation in radians. */
  turn: 0.13,
  /** Height in pixels; MNIST fits its digits into 20. */
  height: 19,
  heightSpread: 1.4,
  /** Position in pixels. */
  shift: 1.0,
  /** Half the width of the pen's line, in pixels: mean, spread, least. */
  pen: 1.2,
  penSpread: 0.35,
  leastPen: 0.55,
  /** Change of the pen's width along the line, as a factor. */
  pressure: 0.18,
  /** Width of the soft edge in pixels: least and most. */
  softLeast: 0.9,
  softMost: 1.7,
  /** Unevenness of the ink: at most this share is missing from a pixel. */
  grain: 0.1,
};

/** Options of `generateDigits`. */
export interface DigitOptions {
  /** Number of training pictures; 60,000 by default. */
  train?: number;
  /** Number of test pictures; 10,000 by default. */
  test?: number;
  /** Names the sequence of pictures; 1 by default. */
  seed?: number;
}

/** Pictures that an array of bytes, and a tensor, can hold. */
const MOST = Math.floor((2 ** 31 - 1) / IMAGE_PIXELS);
const pictures = kind(
  `a whole number from 1 to ${MOST}`,
  (n) => Number.isInteger(n) && (n as number) >= 1 && (n as number) <= MOST,
);

/** Every option of {@link DigitOptions}. */
export const DIGIT_OPTIONS: Options<DigitOptions> = { train: pictures, test: pictures, seed: whole };

/**
 * Draws digits: 28x28 grey, ten classes, every ten in a row holding each class once. Picture `i` depends on the seed and
 * `i` only, so fewer pictures are the first of more.
 *
 * @param options how many, and the seed
 * @returns training and test set, from streams that have nothing in common
 * @throws DataError `argument` when a number is not a whole number of at least 1
 */
export function generateDigits(options: DigitOptions = {}): { train: ByteExamples; test: ByteExamples } {
  expectOptions('generateDigits', options, DIGIT_OPTIONS);
  const { train = 60_000, test = 10_000, seed = 1 } = options;
  const random = new Random(seed, 'digits');
  return { train: drawMany(train, random.child('train')), test: drawMany(test, random.child('test')) };
}

function drawMany(n: number, random: Random): ByteExamples {
  const images = new Uint8Array(n * IMAGE_PIXELS);
  const labels = new Uint8Array(n);
  const canvas = new Float64Array(IMAGE_PIXELS);
  let classes: Int32Array = new Int32Array(0);
  for (let i = 0; i < n; i++) {
    if (i % CLASS_COUNT === 0) classes = random.child(`classes${i}`).permutation(CLASS_COUNT);
    labels[i] = classes[i % CLASS_COUNT];
    draw(labels[i], random.child(i), canvas, images.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS));
  }
  return { images, labels, n };
}

/** Draws one digit of a class into `out`; `canvas` is scratch. */
function draw(label: number, random: Random, canvas: Float64Array, out: Uint8Array): void {
  const ways = GLYPHS[label];
  const choice = random.uniform();
  const way = ways.find(({ upTo }) => choice < upTo) ?? ways[ways.length - 1];
  const points = place(way, random);
  const pen = Math.max(HAND.leastPen, random.normal(HAND.pen, HAND.penSpread));
  const soft = random.uniform(HAND.softLeast, HAND.softMost);
  const radii = Float64Array.from({ length: points.length / 2 }, () =>
    Math.max(HAND.leastPen, pen * (1 + random.normal(0, HAND.pressure))),
  );
  canvas.fill(0);
  for (const stroke of way.strokes) drawStroke(canvas, points, radii, stroke, soft, random);
  for (let i = 0; i < IMAGE_PIXELS; i++) {
    const ink = canvas[i];
    out[i] = ink === 0 ? 0 : Math.round(255 * ink * (1 - HAND.grain * random.uniform()));
  }
}

/** The points of an allograph as this hand writes it here, in pixels. */
function place(way: Allograph, random: Random): Float64Array {
  const field = Float64Array.from({ length: 2 * GRID * GRID }, () => random.normal(0, HAND.elastic));
  const width = HAND.aspect * Math.max(0.6, 1 + random.normal(0, HAND.aspectSpread));
  const slant = random.normal(HAND.slant, HAND.slantSpread);
  // cos and sin of a small angle from its half tangent: exact rotation without trigonometric functions.
  const half = random.normal(0, HAND.turn) / 2;
  const cos = (1 - half * half) / (1 + half * half);
  const sin = (2 * half) / (1 + half * half);
  const points = new Float64Array(way.points.length);
  let left = Infinity;
  let right = -Infinity;
  let top = Infinity;
  let bottom = -Infinity;
  for (let i = 0; i < points.length; i += 2) {
    const x0 = way.points[i];
    const y0 = way.points[i + 1];
    const [dx, dy] = bend(field, x0, y0);
    const y = y0 + dy + random.normal(0, HAND.wobble) - 50;
    const x = (x0 + dx + random.normal(0, HAND.wobble) - 50) * width - slant * y;
    points[i] = cos * x - sin * y;
    points[i + 1] = sin * x + cos * y;
    left = Math.min(left, points[i]);
    right = Math.max(right, points[i]);
    top = Math.min(top, points[i + 1]);
    bottom = Math.max(bottom, points[i + 1]);
  }
  const scale = random.normal(HAND.height, HAND.heightSpread) / Math.max(right - left, bottom - top, 1);
  const centreX = IMAGE_SIDE / 2 + random.normal(0, HAND.shift);
  const centreY = IMAGE_SIDE / 2 + random.normal(0, HAND.shift);
  for (let i = 0; i < points.length; i += 2) {
    points[i] = centreX + scale * (points[i] - (left + right) / 2);
    points[i + 1] = centreY + scale * (points[i + 1] - (top + bottom) / 2);
  }
  return points;
}

/** Displacement of the elastic field at a point: cubic B-spline over the grid, so neighbours move together. */
function bend(field: Float64Array, x: number, y: number): [number, number] {
  // One span of a cubic B-spline takes four control points: the whole field of 100 is one smooth patch.
  const wx = spline(x / 100);
  const wy = spline(y / 100);
  let dx = 0;
  let dy = 0;
  for (let row = 0; row < GRID; row++) {
    for (let column = 0; column < GRID; column++) {
      const weight = wy[row] * wx[column];
      const at = 2 * (row * GRID + column);
      dx += weight * field[at];
      dy += weight * field[at + 1];
    }
  }
  return [dx, dy];
}

/** Weights of the four control points of a uniform cubic B-spline at `t` in [0, 1]. */
function spline(t: number): [number, number, number, number] {
  const u = 1 - t;
  return [
    (u * u * u) / 6,
    (3 * t * t * t - 6 * t * t + 4) / 6,
    (-3 * t * t * t + 3 * t * t + 3 * t + 1) / 6,
    (t * t * t) / 6,
  ];
}

/** Draws the smooth curve (Catmull-Rom) through the points of a stroke, its width running from point to point. */
function drawStroke(
  canvas: Float64Array,
  points: Float64Array,
  radii: Float64Array,
  stroke: number[],
  soft: number,
  random: Random,
): void {
  const strayX = random.normal(0, HAND.stray);
  const strayY = random.normal(0, HAND.stray);
  const last = stroke.length - 1;
  for (let i = 0; i < last; i++) {
    const [p0, p1, p2, p3] = [stroke[Math.max(0, i - 1)], stroke[i], stroke[i + 1], stroke[Math.min(last, i + 2)]];
    if (p1 === p2) continue; // A corner: the point stands twice.
    let x = points[2 * p1] + strayX;
    let y = points[2 * p1 + 1] + strayY;
    let r = radii[p1];
    for (let piece = 1; piece <= PIECES; piece++) {
      const t = piece / PIECES;
      const nextX = catmullRom(points[2 * p0], points[2 * p1], points[2 * p2], points[2 * p3], t) + strayX;
      const nextY =
        catmullRom(points[2 * p0 + 1], points[2 * p1 + 1], points[2 * p2 + 1], points[2 * p3 + 1], t) + strayY;
      const nextR = radii[p1] + (radii[p2] - radii[p1]) * t;
      drawPiece(canvas, x, y, r, nextX, nextY, nextR, soft);
      x = nextX;
      y = nextY;
      r = nextR;
    }
  }
}

function catmullRom(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/** Inks the pixels near a straight piece of line, full inside and fading over `soft` pixels at its edge. */
function drawPiece(
  canvas: Float64Array,
  x0: number,
  y0: number,
  r0: number,
  x1: number,
  y1: number,
  r1: number,
  soft: number,
): void {
  const reach = Math.max(r0, r1) + soft / 2;
  const left = Math.max(0, Math.ceil(Math.min(x0, x1) - reach - 0.5));
  const right = Math.min(IMAGE_SIDE - 1, Math.floor(Math.max(x0, x1) + reach - 0.5));
  const top = Math.max(0, Math.ceil(Math.min(y0, y1) - reach - 0.5));
  const bottom = Math.min(IMAGE_SIDE - 1, Math.floor(Math.max(y0, y1) + reach - 0.5));
  const dx = x1 - x0;
  const dy = y1 - y0;
  const squared = dx * dx + dy * dy;
  for (let row = top; row <= bottom; row++) {
    const py = row + 0.5 - y0;
    for (let column = left; column <= right; column++) {
      const px = column + 0.5 - x0;
      const along = squared === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / squared));
      const ex = px - along * dx;
      const ey = py - along * dy;
      const inside = (r0 + (r1 - r0) * along - Math.sqrt(ex * ex + ey * ey)) / soft + 0.5;
      if (inside <= 0) continue;
      const ink = inside >= 1 ? 1 : inside * inside * (3 - 2 * inside);
      const at = row * IMAGE_SIDE + column;
      if (ink > canvas[at]) canvas[at] = ink;
    }
  }
}
