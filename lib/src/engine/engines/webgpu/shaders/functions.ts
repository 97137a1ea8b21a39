/**
 * Functions of WGSL that keep NaN, infinities and digits. The shading language lets a compiler assume that there is no NaN, leaves what
 * `log(0)` is to the implementation, and allows `sin` an error of 2^-11; so whether a number is NaN is asked of its bits, and what the
 * language leaves open is computed here. Subnormal numbers count as 0, as the language allows.
 */

/** NaN where it is told so, by bits: a select on numbers might be left out where there is no NaN to be. */
const NAN_WHERE = `
fn nanWhere(isNaN : bool, value : f32) -> f32 {
  return bitcast<f32>(select(bitcast<u32>(value), 0x7fc00000u, isNaN));
}
fn isNegative(x : f32) -> bool { return (bitcast<u32>(x) & 0x80000000u) != 0u; }
fn isInfinite(x : f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }
fn infinity() -> f32 { return uniforms.INFINITY; }
`;

/** Near 0 by series, where 1 + x forgets the digits of x. */
const LOGARITHMS = `
fn exactLog(x : f32) -> f32 {
  if (x == 0.0) { return -infinity(); }
  if (isInfinite(x) && x > 0.0) { return x; }
  return nanWhere(x < 0.0, log(x));
}
fn exactLog1p(x : f32) -> f32 {
  if (abs(x) > 0.3) { return exactLog(1.0 + x); }
  let s = x / (2.0 + x); // log(1 + x) = 2 artanh(s)
  let t = s * s;
  return 2.0 * s * (1.0 + t * (1.0 / 3.0 + t * (0.2 + t * (1.0 / 7.0 + t / 9.0))));
}
fn exactExpm1(x : f32) -> f32 {
  if (abs(x) > 0.5) { return exp(x) - 1.0; }
  return x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0 *
    (1.0 + x / 7.0 * (1.0 + x / 8.0 * (1.0 + x / 9.0))))))));
}
`;

/**
 * Quarter turns in x and what is left of it, in (-pi/4, pi/4], exact for every x: the product of x's 24 bits with as many bits of 2/pi
 * as matter (M. Payne and R. Hanek 1983). Then polynomials (S. Moshier, Cephes).
 */
const ANGLES = `
const TWO_OVER_PI = array<u32, 7>(0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u);
fn wideProduct(a : u32, b : u32) -> vec2<u32> { // high and low half
  let a0 = a & 0xffffu; let a1 = a >> 16u; let b0 = b & 0xffffu; let b1 = b >> 16u;
  let p00 = a0 * b0; let p01 = a0 * b1; let p10 = a1 * b0;
  let middle = (p00 >> 16u) + (p01 & 0xffffu) + (p10 & 0xffffu);
  return vec2<u32>(a1 * b1 + (p01 >> 16u) + (p10 >> 16u) + (middle >> 16u), a * b);
}
fn quarterTurns(x : f32) -> vec2<f32> { // the number of turns modulo 4, and the rest
  if (abs(x) < 0.7853981) { return vec2<f32>(0.0, x); }
  var table = TWO_OVER_PI;
  let bits = bitcast<u32>(x);
  let mantissa = ((bits & 0x007fffffu) << 8u) | 0x80000000u;
  let exponent = ((bits >> 23u) & 0xffu) - 126u;
  let word = exponent >> 5u;
  let shift = exponent & 31u;
  var high = table[word];
  var middle = table[word + 1u];
  var low = table[word + 2u];
  if (shift > 0u) {
    high = (high << shift) | (middle >> (32u - shift));
    middle = (middle << shift) | (low >> (32u - shift));
    low = (low << shift) | (table[word + 3u] >> (32u - shift));
  }
  let lowest = wideProduct(mantissa, low);
  let next = wideProduct(mantissa, middle);
  let below = next.y + lowest.x;
  let carry = select(0u, 1u, below < next.y);
  let above = mantissa * high + next.x + carry; // above:below, 2 bits of turns, 62 of fraction
  var turns = above >> 30u;
  var fraction = bitcast<i32>(above << 2u) >> 2u; // of sign: more than half a turn is one more, less what is missing
  if (fraction < 0) { turns = turns + 1u; }
  let rest = (f32(fraction) * 4294967296.0 + f32(below)) * 3.4061215800304845e-19; // pi/2 * 2^-62
  let count = f32(turns & 3u);
  if (x < 0.0) { return vec2<f32>(f32((4u - (turns & 3u)) & 3u), -rest); }
  return vec2<f32>(count, rest);
}
fn sineOfRest(r : f32) -> f32 {
  let t = r * r;
  return r + r * t * (-1.6666654611e-1 + t * (8.3321608736e-3 - t * 1.9515295891e-4));
}
fn cosineOfRest(r : f32) -> f32 {
  let t = r * r;
  return 1.0 - 0.5 * t + t * t * (4.166664568298827e-2 + t * (-1.388731625493765e-3 + t * 2.443315711809948e-5));
}
fn sineAfter(turns : f32, r : f32) -> f32 {
  if (turns == 0.0) { return sineOfRest(r); }
  if (turns == 1.0) { return cosineOfRest(r); }
  if (turns == 2.0) { return -sineOfRest(r); }
  return -cosineOfRest(r);
}
fn exactSin(x : f32) -> f32 { let q = quarterTurns(x); return nanWhere(isInfinite(x), sineAfter(q.x, q.y)); }
fn exactCos(x : f32) -> f32 {
  let q = quarterTurns(x);
  return nanWhere(isInfinite(x), sineAfter(f32((u32(q.x) + 1u) & 3u), q.y));
}
`;

/** Inverse functions of angles, by Cephes' polynomials. */
const ARCS = `
fn exactAtan(x : f32) -> f32 {
  let y = abs(x);
  var start = 0.0;
  var t = y;
  if (y > 2.414213562) { start = 1.5707963267948966; t = -1.0 / y; }
  else if (y > 0.4142135623) { start = 0.7853981633974483; t = (y - 1.0) / (y + 1.0); }
  let z = t * t;
  let r = start + t + t * z * (-3.33329491539e-1 + z * (1.99777106478e-1 + z * (-1.38776856032e-1 + z * 8.05374449538e-2)));
  return select(r, -r, isNegative(x));
}
fn arcOfSmall(y : f32) -> f32 { // arcsin, from 0 to 1/2
  let z = y * y;
  return y + y * z * (1.6666752422e-1 + z * (7.4953002686e-2 + z * (4.5470025998e-2 + z * (2.4181311049e-2 + z * 4.2163199048e-2))));
}
fn exactAsin(x : f32) -> f32 {
  let y = abs(x);
  if (y > 1.0) { return nanWhere(true, x); }
  var r = arcOfSmall(y);
  if (y > 0.5) { r = 1.5707963267948966 - 2.0 * arcOfSmall(sqrt(0.5 * (1.0 - y))); }
  return select(r, -r, isNegative(x));
}
fn exactAcos(x : f32) -> f32 {
  if (abs(x) <= 0.5) { return 1.5707963267948966 - exactAsin(x); }
  let r = 2.0 * arcOfSmall(sqrt(max(0.5 * (1.0 - abs(x)), 0.0)));
  return nanWhere(abs(x) > 1.0, select(r, 3.141592653589793 - r, x < 0.0));
}
`;

/** In this order each stands after what it uses. */
export const FUNCTIONS = { NAN_WHERE, LOGARITHMS, ANGLES, ARCS };
