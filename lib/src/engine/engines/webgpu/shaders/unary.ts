/**
 * Operations on one number, as TensorFlow.js's shader computes them wrongly or imprecisely, in WGSL: the body of a function of `a`, which
 * is no NaN; the caller's NaN stays one. The numbers are the package's own (unary_op_util.js of version 4.22.0).
 */
import { FUNCTIONS } from './functions';

const { NAN_WHERE, LOGARITHMS, ANGLES, ARCS } = FUNCTIONS;

const SELU_SCALE = 1.0507009873554805;
const SELU_SCALE_ALPHA = 1.7580993408473766;
const LOG_2 = 0.6931471805599453;

/** By the package's number of the operation. */
const BODIES: Record<number, string> = {
  1: 'return exactAcos(a);',
  2: `if (a < 1.0) { return nanWhere(true, a); } // acosh
      if (a > 1e4) { return exactLog(a) + ${LOG_2}; }
      let t = a - 1.0;
      return exactLog1p(t + sqrt(t * (2.0 + t)));`,
  3: 'return exactAsin(a);',
  4: `let y = abs(a); // asinh
      var r = exactLog(y) + ${LOG_2};
      if (y < 1e4) { r = exactLog1p(y + y * y / (1.0 + sqrt(1.0 + y * y))); }
      return select(r, -r, isNegative(a));`,
  5: 'return exactAtan(a);',
  6: `let y = abs(a); // atanh
      if (y > 1.0) { return nanWhere(true, a); }
      let r = select(0.5 * exactLog1p(2.0 * y / (1.0 - y)), infinity(), y == 1.0);
      return select(r, -r, isNegative(a));`,
  8: 'return exactCos(a);',
  9: 'let e = exp(0.5 * abs(a)); return 0.5 * e * e + 0.5 / e / e; // cosh',
  10: 'if (a >= 0.0) { return a; } return exactExpm1(a); // elu',
  11: `let y = abs(a); // erf: its series near 0, else Abramowitz and Stegun 7.1.26, as every engine here
      let s = y * y;
      var r = 1.1283791670955126 * y * (1.0 - s / 3.0 + s * s / 10.0 - s * s * s / 42.0 + s * s * s * s / 216.0);
      if (y > 0.3) {
        let t = 1.0 / (1.0 + 0.3275911 * y);
        r = 1.0 - ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * exp(-s);
      }
      return select(r, -r, isNegative(a));`,
  12: 'return exp(a);',
  13: 'return exactExpm1(a);',
  19: 'return exactLog(a);',
  20: 'return exactLog1p(a);',
  24: 'return clamp(a, 0.0, 6.0); // relu6',
  28: `if (a == 0.0) { return select(infinity(), -infinity(), isNegative(a)); } // rsqrt
      return nanWhere(a < 0.0, inverseSqrt(a));`,
  29: `if (a >= 0.0) { return ${SELU_SCALE} * a; } return ${SELU_SCALE_ALPHA} * exactExpm1(a); // selu`,
  30: 'return 1.0 / (1.0 + exp(-a)); // sigmoid',
  32: 'return exactSin(a);',
  33: `let y = abs(a); // sinh
      let e = exp(0.5 * y);
      var r = 0.5 * e * e - 0.5 / e / e;
      if (y < 0.5) { let t = exactExpm1(y); r = 0.5 * (t + t / (t + 1.0)); }
      return select(r, -r, isNegative(a));`,
  34: 'if (a > 15.0) { return a + exp(-a); } return exactLog1p(exp(a)); // softplus',
  35: 'return nanWhere(a < 0.0, sqrt(a));',
  38: `let q = quarterTurns(a); // tan
      let s = sineOfRest(q.y);
      let c = cosineOfRest(q.y);
      return nanWhere(isInfinite(a), select(s / c, -c / s, q.x == 1.0 || q.x == 3.0));`,
  39: `let y = abs(a); // tanh
      let t = exactExpm1(min(2.0 * y, 40.0));
      let r = t / (t + 2.0);
      return select(r, -r, isNegative(a));`,
};

/** The functions that a body calls: a device compiles what it is given. */
function functionsFor(body: string): string {
  const logarithms = /exactLog|exactExpm1/.test(body) ? LOGARITHMS : '';
  const angles = /exactSin|exactCos|quarterTurns/.test(body) ? ANGLES : '';
  return logarithms + angles + (/exactA/.test(body) ? ARCS : '');
}

/** Operations that answer with a number also for NaN: isFinite, isInf, isNaN, logicalNot. */
const OF_NAN = new Set([15, 16, 17, 21]);

/**
 * The program's code with a NaN that stays, and with our body where there is one.
 * @param operation the package's number
 */
export function unaryCode(operation: number, code: string): string {
  if (OF_NAN.has(operation)) return code;
  const body = BODIES[operation];
  const own = body
    ? `${functionsFor(body)}\nfn ownUnary(a : f32) -> f32 {\n${body}\n}\n`
    : code.slice(0, code.indexOf('fn main(')).replace('fn unaryOperation(', 'fn ownUnary(');
  return (
    `${NAN_WHERE}${own}\nfn unaryOperation(a : f32) -> f32 { return nanWhere(isnan(a), ownUnary(a)); }\n` +
    code.slice(code.indexOf('fn main('))
  );
}
