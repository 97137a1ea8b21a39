/**
 * Operations on two numbers, as TensorFlow.js's shader computes them wrongly, or leaves to the implementation where a number is NaN. The
 * numbers of operations are the package's own (binary_op_util.js of version 4.22.0).
 */
import { FUNCTIONS } from './functions';

const PI = 3.141592653589793;

/** The body of a function of `a` and `b`, and its answer where one of them is NaN: that it is NaN, or a number. */
interface Operation {
  body: string;
  ofNaN: 'NaN' | '0.0' | '1.0';
}

const comparison = (body: string): Operation => ({ body: `return select(0.0, 1.0, ${body});`, ofNaN: '0.0' });

const OPERATIONS: Record<number, Operation> = {
  1: {
    ofNaN: 'NaN',
    body: `
    let half = select(0.0, ${PI}, isNegative(b)); // atan2
    let y = abs(a);
    let x = abs(b);
    var r = 0.0;
    if (y == 0.0) { r = half; }
    else if (isInfinite(y) && isInfinite(x)) { r = select(${PI / 4}, ${(3 * PI) / 4}, isNegative(b)); }
    else if (isInfinite(y) || x == 0.0) { r = ${PI / 2}; }
    else if (isInfinite(x)) { r = half; }
    else {
      r = exactAtan(y / x);
      if (b < 0.0) { r = ${PI} - r; }
    }
    return select(r, -r, isNegative(a));`,
  },
  6: comparison('a == b'),
  8: comparison('a > b'),
  9: comparison('a >= b'),
  10: comparison('a < b'),
  11: comparison('a <= b'),
  14: { body: 'return max(a, b);', ofNaN: 'NaN' },
  15: { body: 'return min(a, b);', ofNaN: 'NaN' },
  18: { body: 'return select(0.0, 1.0, a != b);', ofNaN: '1.0' },
  19: {
    ofNaN: 'NaN', // but for a power of 0, which is 1 also of NaN
    body: `
    let x = abs(a);
    let whole = isInfinite(b) || floor(b) == b;
    let odd = whole && abs(b) < 16777216.0 && (i32(abs(b)) & 1) == 1;
    if (a < 0.0 && !whole && !isInfinite(a)) { return nanWhere(true, a); }
    if (b == 1.0) { return a; }
    if (b == 2.0) { return a * a; }
    if (isInfinite(b) && x == 1.0) { return nanWhere(true, a); }
    var r = 0.0;
    if (x == 0.0 || isInfinite(x)) { r = select(0.0, infinity(), (x == 0.0) == (b < 0.0)); }
    else if (isInfinite(b)) { r = select(0.0, infinity(), (x > 1.0) == (b > 0.0)); }
    else if (x == 1.0) { r = 1.0; }
    else { r = pow(x, b); }
    return select(r, -r, odd && isNegative(a));`,
  },
  20: { body: 'return select(a, b * a, a < 0.0); // prelu', ofNaN: 'NaN' },
};

/** With prelu, what is not negative does not ask for b. */
function asksNaN(operation: number): string {
  if (operation === 19) return 'isnan(a) || isnan(b)';
  if (operation === 20) return 'isnan(a) || (isnan(b) && a < 0.0)';
  return 'isnan(a) || isnan(b)';
}

/**
 * The program's code with our operation in it, where there is one.
 * @param operation the package's number
 */
export function binaryCode(operation: number, code: string): string {
  const ours = OPERATIONS[operation];
  if (!ours) return code;
  const vector = code.includes('fn binaryOperation(a : vec4<f32>');
  const start = code.indexOf('fn binaryOperation(');
  const end = code.indexOf('};', start) + 2;
  const of = asksNaN(operation);
  const before = operation === 19 ? 'if (b == 0.0) { return 1.0; }' : '';
  const one = `
fn ownBinary(a : f32, b : f32) -> f32 {
${ours.body}
}
fn oneOperation(a : f32, b : f32) -> f32 {
  ${before}
  ${ours.ofNaN === 'NaN' ? `return nanWhere(${of}, ownBinary(a, b));` : `if (${of}) { return ${ours.ofNaN}; } return ownBinary(a, b);`}
}`;
  const all = vector
    ? 'fn binaryOperation(a : vec4<f32>, b : vec4<f32>) -> vec4<f32> { return vec4<f32>(' +
      ['x', 'y', 'z', 'w'].map((one) => `oneOperation(a.${one}, b.${one})`).join(', ') +
      '); }'
    : 'fn binaryOperation(a : f32, b : f32) -> f32 { return oneOperation(a, b); }';
  return `${code.slice(0, start)}${FUNCTIONS.NAN_WHERE}${operation === 1 ? FUNCTIONS.ARCS : ''}${one}\n${all}\n${code.slice(end)}`;
}
