/**
 * Programs of TensorFlow.js's WebGPU backend that compute wrongly, mended on their way to the device: by what they are (their shader key)
 * and by their text. What is mended gets a key of its own.
 */
import type { Program, WebGPUBackend } from '../backend';
import { binaryCode } from './binary';
import { FUNCTIONS } from './functions';
import { integerDivision, isOfIntegers, textOfIntegers, uniformsOfIntegers } from './integers';
import { unaryCode } from './unary';

/** Mends what a backend is given to run. To be called once a backend. */
export function mendPrograms(backend: WebGPUBackend): void {
  const run = backend.runWebGPUProgram.bind(backend);
  const { device } = backend;
  const createShaderModule = device.createShaderModule.bind(device);
  let ofIntegers = false;
  device.createShaderModule = (descriptor) =>
    createShaderModule(ofIntegers ? { ...descriptor, code: textOfIntegers(descriptor.code) } : descriptor);

  backend.runWebGPUProgram = (program, inputs, dtype, uniforms, output) => {
    ofIntegers = isOfIntegers(program, inputs, dtype);
    mend(program, ofIntegers);
    try {
      return run(program, inputs, dtype, ofIntegers ? uniformsOfIntegers(uniforms) : uniforms, output);
    } finally {
      ofIntegers = false;
    }
  };
}

/** Puts our code in the place of a program's own. */
function write(program: Program, rewrite: (code: string) => string, mark = 'mended'): void {
  const own = program.getUserCode.bind(program);
  program.getUserCode = () => rewrite(own());
  program.shaderKey += `_${mark}`;
}

function mend(program: Program, ofIntegers: boolean): void {
  const { shaderKey } = program;
  const [kind, operation] = shaderKey.split('_');
  if (kind === 'cum') {
    // The length of the axis stands in the text, and not in the key.
    program.shaderKey += `_${program.outputShape.at(-1)}`;
  }
  if (ofIntegers) {
    write(program, (code) => integerCode(kind, Number(operation), code), 'integers');
  } else if (kind === 'unary') write(program, (code) => unaryCode(Number(operation), code));
  else if (kind === 'binary') write(program, (code) => binaryCode(Number(operation), code));
  else if (kind === 'softmax') write(program, softmaxCode);
  else if (kind === 'pool2D' || kind === 'pool3D') write(program, poolCode);
  else if (kind === 'unsortedSegmentSum') write(program, segmentCode);
  else if (kind === 'transpose') write(program, transposeCode);
}

function integerCode(kind: string, operation: number, code: string): string {
  if (kind === 'binary') return integerDivision(operation, code);
  if (kind === 'onehot') return oneHotCode(code);
  return kind === 'unsortedSegmentSum' ? segmentCode(code) : code;
}

/** The largest number and the powers of a row with NaN are NaN. */
function softmaxCode(code: string): string {
  return `${FUNCTIONS.NAN_WHERE}
fn exactExp(x : f32) -> f32 { return nanWhere(isnan(x), exp(x)); }
fn exactMax(a : f32, b : f32) -> f32 { return nanWhere(isnan(a) || isnan(b), max(a, b)); }
${code
  .replace(/\bexp\(/g, 'exactExp(')
  .replace(/\bmax\(/g, 'exactMax(')
  .replace('var threadMax = -3.402823e+38f', 'var threadMax = -infinity()')}`;
}

/**
 * The largest of a window is sought from minus infinity upwards, not from -1e20; NaN is none; of equal ones it is the
 * first that gets the gradient, as everywhere else.
 */
function poolCode(code: string): string {
  return `${FUNCTIONS.NAN_WHERE}${code
    .replaceAll('-1.0 / pow(10.0, -20.0)', '-infinity()')
    .replaceAll(
      'resultValue = max(value, resultValue);',
      'if (!isnan(value) && value > resultValue) { resultValue = value; }',
    )
    .replace(
      /let currMaxValue = mix\(value, maxValue, maxValueFound\);\s*if \(value >= currMaxValue\)/g,
      'if (!isnan(value) && (maxValueFound == 0.0 || value > maxValue))',
    )}`;
}

/** What belongs to no segment is left out, and not added to another. */
function segmentCode(code: string): string {
  return code.replace('if (segmentId >= 0)', 'if (segmentId >= 0 && segmentId < uniforms.numSegments)');
}

/** A cast to float32 leaves what it casts where it was, in integers: they are made numbers as they are taken. */
function transposeCode(code: string): string {
  return code.replace(/setOutputAtIndex\(flatIndex, (A\[[^;]*\])\);/, 'setOutputAtIndex(flatIndex, f32($1));');
}

/** Integers cannot be mixed. */
function oneHotCode(code: string): string {
  return code.replace(
    /mix\(uniforms\.offValue, uniforms\.onValue,\s*f32\(([^;]*)\)\)\);/,
    'select(uniforms.offValue, uniforms.onValue, $1));',
  );
}
