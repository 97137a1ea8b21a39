/**
 * Integers. TensorFlow.js's shaders compute on float32 whatever the type, so that a whole number beyond 2^24 is rounded. Where a program
 * takes integers and gives integers, its text is made one of integers.
 */
import { tf } from '../../../tf';
import type { Program, Uniform } from '../backend';

/** Programs whose text means the same on integers; operations by the package's number. */
const OF_INTEGERS = [
  /^binary_(?:0|6|7|8|9|10|11|14|15|16|17|18|21|22)_/,
  /^unary_(?:0|7|14|18|22|23|24|27|31|36)$/,
  /^reduce_(?:sum|prod|max|min)/,
  /^(?:cum_|slice|stridedSlice|tile|pad|mirrorPad|reverse|select|gather|concat|broadcastArgs|spaceToBatchND|fill|addN|onehot|depthToSpace|transpose|scatter|unsortedSegmentSum|matMul)/,
];

/** Whether a program is to be made one of integers. */
export function isOfIntegers({ shaderKey }: Program, inputs: readonly tf.TensorInfo[], output: tf.DataType): boolean {
  if (output !== 'int32' && output !== 'bool') return false;
  return (
    inputs.every(({ dtype }) => dtype === 'int32' || dtype === 'bool') && OF_INTEGERS.some((key) => key.test(shaderKey))
  );
}

/** Division rounds down, and what remains has the divisor's sign. */
const DIVISIONS: Record<number, string> = {
  7: 'let q = a / b; return select(q, q - 1, a % b != 0 && ((a < 0) != (b < 0)));',
  16: 'let r = a % b; return select(r, r + b, r != 0 && ((r < 0) != (b < 0)));',
};

/** The code of a division of integers, one by one. */
export function integerDivision(operation: number, code: string): string {
  const body = DIVISIONS[operation];
  if (!body) return code;
  const vector = code.includes('fn binaryOperation(a : vec4<f32>');
  const start = code.indexOf('fn binaryOperation(');
  const end = code.indexOf('};', start) + 2;
  const all = vector
    ? 'fn binaryOperation(a : vec4<i32>, b : vec4<i32>) -> vec4<i32> { return vec4<i32>(' +
      ['x', 'y', 'z', 'w'].map((one) => `oneOperation(a.${one}, b.${one})`).join(', ') +
      '); }'
    : 'fn binaryOperation(a : i32, b : i32) -> i32 { return oneOperation(a, b); }';
  return `${code.slice(0, start)}fn oneOperation(a : i32, b : i32) -> i32 { ${body} }\n${all}\n${code.slice(end)}`;
}

/** A shader's whole text, with integers for numbers. */
export function textOfIntegers(text: string): string {
  return text
    .replace('i32(pow(2.0, uniforms.index))', '(1i << u32(uniforms.index))')
    .replace('return (floatToUint & 0x7fffffffu) > 0x7f800000u;', 'return false;')
    .replace('return (floatToUint & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);', 'return vec4<bool>(false);')
    .replace(/\b(?:round|floor|ceil)\(/g, '(')
    .replace(/\bf32\b/g, 'i32')
    .replace(/\b(\d+)\.0*(?![\w.])/g, '$1');
}

/** The values that the program defines, as integers. */
export function uniformsOfIntegers(uniforms: Uniform[] | undefined): Uniform[] | undefined {
  return uniforms?.map(({ type, data }) => ({ type: type === 'float32' ? 'int32' : type, data }));
}
