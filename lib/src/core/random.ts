import { expectArgument, finite, notNegative, shown, text, whole } from './checks';

/**
 * The library's seeded generator. One stream of 32-bit integers per seed, the same on every engine, operating system
 * and Node version, because it is integer arithmetic in JavaScript and asks no engine for anything.
 *
 * Generator: sfc32 (C. Doty-Humphrey, PractRand 0.94), seeded through splitmix32 steps of an FNV-1a hash of the
 * label, so that `new Random(1)` and `new Random(2)` are unrelated and `child('weights')` does not disturb its parent.
 */
export class Random {
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 1;
  private spareNormal: number | undefined;

  /**
   * @param seed integer that names the stream
   * @param label optional path below the seed, as `child` makes it
   * @throws RangeError when `seed` is not a safe integer
   */
  constructor(
    readonly seed: number,
    readonly label = '',
  ) {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(`Random: seed must be an integer, got ${shown(seed)}. Pass a whole number such as 1.`);
    }
    expectArgument('Random', 'label', label, text);
    let state = hash(`${seed}/${label}`);
    const next = () => {
      state = (state + 0x9e3779b9) | 0;
      let z = state ^ (state >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z ^= z >>> 15;
      z = Math.imul(z, 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.a = next();
    this.b = next();
    this.c = next();
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** An independent stream named below this one; the same name gives the same stream, however far this one has run. */
  child(name: string | number): Random {
    if (typeof name !== 'number') expectArgument('Random.child', 'name', name, text);
    return new Random(this.seed, `${this.label}/${name}`);
  }

  /** The next 32 random bits, as a signed integer. */
  bits(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + t) | 0;
    return t;
  }

  /** Uniform on [low, high), in steps of 2^-24 of the width: exact in float32 when the interval is [0, 1). */
  uniform(low = 0, high = 1): number {
    expectEnds('Random.uniform', low, high);
    return low + (high - low) * this.unit();
  }

  /** Normal with the given mean and standard deviation (Marsaglia's polar method). */
  normal(mean = 0, standardDeviation = 1): number {
    expectMoments('Random.normal', mean, standardDeviation);
    return this.gaussian(mean, standardDeviation);
  }

  /** A whole number, uniform on 0 .. below - 1, without modulo bias. */
  integer(below: number): number {
    if (!Number.isInteger(below) || below < 1 || below > 0x1_0000_0000) {
      throw new RangeError(`Random.integer: wanted a whole number from 1 to 2^32, got ${shown(below)}.`);
    }
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % below);
    let x: number;
    do x = this.bits() >>> 0;
    while (x >= limit);
    return x % below;
  }

  /** A random order of 0 .. n - 1 (Fisher-Yates). */
  permutation(n: number): Int32Array {
    expectLength('Random.permutation', n);
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = order[i];
      order[i] = order[j];
      order[j] = held;
    }
    return order;
  }

  /** `n` uniform numbers on [low, high) as float32. */
  uniforms(n: number, low = 0, high = 1): Float32Array {
    expectLength('Random.uniforms', n);
    expectEnds('Random.uniforms', low, high);
    const out = new Float32Array(n);
    for (let i = 0; i < n; i++) out[i] = low + (high - low) * this.unit();
    return out;
  }

  /** `n` normal numbers as float32. */
  normals(n: number, mean = 0, standardDeviation = 1): Float32Array {
    expectLength('Random.normals', n);
    expectMoments('Random.normals', mean, standardDeviation);
    const out = new Float32Array(n);
    for (let i = 0; i < n; i++) out[i] = this.gaussian(mean, standardDeviation);
    return out;
  }

  /** Uniform on [0, 1), in steps of 2^-24. */
  private unit(): number {
    return (this.bits() >>> 8) / 16777216;
  }

  private gaussian(mean: number, standardDeviation: number): number {
    if (this.spareNormal !== undefined) {
      const spare = this.spareNormal;
      this.spareNormal = undefined;
      return mean + standardDeviation * spare;
    }
    let u: number, v: number, s: number;
    do {
      u = -1 + 2 * this.unit();
      v = -1 + 2 * this.unit();
      s = u * u + v * v;
    } while (s >= 1 || s === 0);
    const factor = Math.sqrt((-2 * Math.log(s)) / s);
    this.spareNormal = v * factor;
    return mean + standardDeviation * u * factor;
  }
}

function expectLength(where: string, n: number): void {
  expectArgument(where, 'n', n, whole);
  if (n < 0 || n > 0x7fff_ffff) throw new RangeError(`${where}: n must be from 0 to 2^31 - 1, got ${n}.`);
}

function expectEnds(where: string, low: number, high: number): void {
  if (Number.isFinite(low) && Number.isFinite(high)) return;
  expectArgument(where, 'low', low, finite);
  expectArgument(where, 'high', high, finite);
}

function expectMoments(where: string, mean: number, standardDeviation: number): void {
  if (Number.isFinite(mean) && Number.isFinite(standardDeviation) && standardDeviation >= 0) return;
  expectArgument(where, 'mean', mean, finite);
  expectArgument(where, 'standardDeviation', standardDeviation, notNegative);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i);
    h = Math.imul(h, 0x01000193);
  }
  return h | 0;
}
