import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { Random } from 'bnlab';

/** The stream as its papers and headers describe it, in integers of any size, cut to 32 bits where they say so. */
function* reference(seed: number, label: string): Generator<bigint> {
  const word = (x: bigint) => x & 0xffffffffn;
  // FNV-1a of the characters' codes.
  let state = 0x811c9dc5n;
  for (const character of `${seed}/${label}`) state = word((state ^ BigInt(character.charCodeAt(0))) * 0x01000193n);
  // splitmix32.
  const next = () => {
    state = word(state + 0x9e3779b9n);
    let z = state;
    z = word((z ^ (z >> 16n)) * 0x21f0aaadn);
    z = word((z ^ (z >> 15n)) * 0x735a2d97n);
    return z ^ (z >> 15n);
  };
  // sfc32, its first twelve numbers thrown away.
  let [a, b, c, counter] = [next(), next(), next(), 1n];
  for (let i = 0; ; i++) {
    const out = word(a + b + counter);
    counter = word(counter + 1n);
    a = b ^ (b >> 9n);
    b = word(c + (c << 3n));
    c = word(word((c << 21n) | (c >> 11n)) + out);
    if (i >= 12) yield out;
  }
}

const first = (random: Random, n: number) => Array.from({ length: n }, () => random.bits() >>> 0);

test('the stream is that of its reference, for every seed and path', () => {
  const labels = fc.array(fc.oneof(fc.stringMatching(/^[a-z]{0,6}$/), fc.nat(1000)), { maxLength: 3 });
  fc.assert(
    fc.property(fc.maxSafeInteger(), labels, (seed, path) => {
      const random = path.reduce<Random>((parent, name) => parent.child(name), new Random(seed));
      const wanted = reference(seed, random.label);
      assert.equal(random.label, path.map((name) => `/${name}`).join(''));
      for (const bits of first(random, 30)) assert.equal(BigInt(bits), wanted.next().value);
    }),
  );
  // The counter and all words wrap around; a long way down they still agree.
  const [long, wanted] = [new Random(-3, 'long'), reference(-3, 'long')];
  for (let i = 0; i < 20_000; i++) assert.equal(BigInt(long.bits() >>> 0), wanted.next().value);
});

test('a few numbers that notebooks have committed results with', () => {
  assert.deepEqual(first(new Random(1), 3), PINNED.bits);
  assert.equal(new Random(1).uniform(), PINNED.uniform);
  assert.equal(new Random(1).normal(), PINNED.normal);
});

test('a child does not disturb its parent, nor depend on how far that has run', () => {
  const [one, other] = [new Random(5), new Random(5)];
  one.child('x').bits();
  assert.equal(one.bits(), other.bits());
  assert.deepEqual(first(one.child('x'), 5), first(new Random(5).child('x'), 5));
  assert.notDeepEqual(first(one.child('x'), 5), first(one.child('y'), 5));
  assert.notDeepEqual(first(new Random(5), 5), first(new Random(6), 5));
});

test('uniform numbers are the upper 24 bits, on the interval asked for', () => {
  const [random, same, plain] = [new Random(2), new Random(2), new Random(2)];
  for (let i = 0; i < 1000; i++) {
    const share = (random.bits() >>> 0) / 2 ** 32;
    const u = plain.uniform();
    assert.equal(u, Math.floor(share * 2 ** 24) / 2 ** 24);
    assert.equal(u, Math.fround(u), 'exact in float32');
    assert.equal(same.uniform(-3, 5), -3 + 8 * u);
  }
});

test('normal numbers are those of the polar method on the same uniform ones', () => {
  const [random, source] = [new Random(3), new Random(3)];
  for (let i = 0; i < 500; i++) {
    let [u, v, s] = [0, 0, 0];
    do {
      [u, v] = [source.uniform(-1, 1), source.uniform(-1, 1)];
      s = u ** 2 + v ** 2;
    } while (s >= 1 || s === 0);
    const radius = Math.sqrt((-2 * Math.log(s)) / s);
    assert.equal(random.normal(), u * radius);
    assert.equal(random.normal(10, 3), 10 + 3 * (v * radius));
  }
});

test('normal numbers have the moments and the tails of the normal distribution', () => {
  const n = 200_000;
  const values = new Random(4).normals(n, 2, 0.5);
  const z = Array.from(values, (value) => (value - 2) / 0.5);
  const moment = (k: number) => z.reduce((sum, value) => sum + value ** k, 0) / n;
  // Within five standard errors, which are sqrt(var z^k / n).
  const within = (value: number, wanted: number, variance: number) =>
    assert.ok(Math.abs(value - wanted) < 5 * Math.sqrt(variance / n), `${value}, wanted ${wanted}`);
  within(moment(1), 0, 1);
  within(moment(2), 1, 2);
  within(moment(3), 0, 15);
  within(moment(4), 3, 96);
  const beyond = z.filter((value) => Math.abs(value) > 1.959964).length / n;
  within(beyond, 0.05, 0.05 * 0.95);
});

test('whole numbers are the bits modulo the bound, those left over drawn again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.integer(), (below, seed) => {
      const [random, source] = [new Random(seed), new Random(seed)];
      for (let i = 0; i < 10; i++) {
        let x: number;
        do x = source.bits() >>> 0;
        while (x >= Math.floor(2 ** 32 / below) * below);
        assert.equal(random.integer(below), x % below);
      }
    }),
  );
  for (const below of [0, -1, 2.5, 2 ** 32 + 1, NaN, Infinity]) {
    assert.throws(() => new Random(1).integer(below), /Random\.integer: wanted a whole number from 1 to 2\^32, got/);
  }
});

/** A stream of given bits, for places that a real one comes by once in years. */
class Scripted extends Random {
  constructor(private readonly script: number[]) {
    super(1);
  }

  override bits(): number {
    // The constructor of the stream throws its first numbers away.
    if (this.script === undefined) return 0;
    assert.ok(this.script.length > 0, 'asked for more numbers than it needs');
    return this.script.shift()! | 0;
  }
}

test('a whole number: the last multiple of the bound that fits into 32 bits is drawn again, the number before it is taken', () => {
  const limit = 2 ** 32 - (2 ** 32 % 1000);
  assert.equal(new Scripted([limit, 5]).integer(1000), 5);
  assert.equal(new Scripted([limit - 1]).integer(1000), 999);
  assert.equal(new Scripted([2 ** 32 - 1, 7]).integer(3), 1, '2^32 - 1 is a multiple of 3');
  assert.equal(new Scripted([2 ** 32 - 1]).integer(2 ** 31), 2 ** 31 - 1);
  assert.equal(new Scripted([2 ** 32 - 1]).integer(2 ** 32), 2 ** 32 - 1);
});

test('a normal number: a point in the middle or on the circle is drawn again', () => {
  const [middle, left, half] = [2 ** 31, 0, 2 ** 31 + 2 ** 30]; // 0, -1 and 1/2 of the interval from -1 to 1
  const value = new Scripted([half, middle]).normal();
  assert.equal(value, 0.5 * Math.sqrt((-2 * Math.log(0.25)) / 0.25));
  assert.equal(new Scripted([middle, middle, half, middle]).normal(), value);
  assert.equal(new Scripted([left, middle, half, middle]).normal(), value);
});

test('no more numbers are drawn than are needed, so that what follows stays the same', () => {
  const after = (use: (random: Random) => unknown, reference: (random: Random) => unknown) => {
    const [random, other] = [new Random(9), new Random(9)];
    use(random);
    reference(other);
    assert.equal(random.bits(), other.bits());
  };
  after((r) => r.permutation(5), (r) => [5, 4, 3, 2].map((n) => r.integer(n))); // prettier-ignore
  after((r) => r.uniforms(4), (r) => take(r, 4, (one) => one.uniform())); // prettier-ignore
  after((r) => r.normals(3), (r) => take(r, 3, (one) => one.normal())); // prettier-ignore
  after((r) => r.normals(4), (r) => take(r, 4, (one) => one.normal())); // prettier-ignore
  // The second number of a pair is kept for the next call.
  const [random, other] = [new Random(9), new Random(9)];
  random.normals(3);
  take(other, 3, (one) => one.normal());
  assert.equal(random.normal(), other.normal());
});

test('permutations: every order is as likely as another', () => {
  const random = new Random(6);
  const counts = new Map<string, number>();
  const n = 24_000;
  for (let i = 0; i < n; i++) {
    const order = random.permutation(4).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - n / 24) ** 2 / (n / 24), 0);
  assert.ok(chi2 < 60, `chi-squared ${chi2} of 23 degrees of freedom`);
  assert.deepEqual(
    [...new Random(7).permutation(50)].sort((a, b) => a - b),
    [...Array(50).keys()],
  );
  assert.deepEqual([...new Random(7).permutation(0)], []);
});

test('many at once are the same as one after the other', () => {
  assert.deepEqual(new Random(8).uniforms(9, 2, 3), Float32Array.from(take(new Random(8), 9, (r) => r.uniform(2, 3))));
  assert.deepEqual(new Random(8).uniforms(9), Float32Array.from(take(new Random(8), 9, (r) => r.uniform())));
  assert.deepEqual(new Random(8).normals(9, 2, 3), Float32Array.from(take(new Random(8), 9, (r) => r.normal(2, 3))));
  assert.deepEqual(new Random(8).normals(9), Float32Array.from(take(new Random(8), 9, (r) => r.normal())));
});

const take = (random: Random, n: number, draw: (random: Random) => number) =>
  Array.from({ length: n }, () => draw(random));

test('a seed that is no whole number is refused', () => {
  for (const seed of [0.5, NaN, Infinity, 2 ** 53, '1' as unknown as number]) {
    assert.throws(() => new Random(seed), /Random: seed must be an integer, got/);
  }
});

const PINNED = { bits: [3467447118, 276858728, 1170688855], uniform: 0.807327926158905, normal: -0.6279180215749691 };
