/**
 * What fusion knows of a dispatch: that it computes each element of its result from the operands' elements at the same place (a map), or
 * reduces rows or columns. By TensorFlow.js's shader keys, and by the texts of its shaders, mended or not.
 */
import { binaryCode } from '../../shaders/binary';
import type { Program } from '../../backend';
import { Command, Origin, sizeOf, Value } from '../recording';

/**
 * Where an operand's element stands for element `i` of a result of rows and columns: at `i`, at 0, at its column, or at its row.
 */
export type Place = 'same' | 'scalar' | 'column' | 'row';

/** An operand of a map. */
export interface Operand {
  value: Value;
  place: Place;
}

/** A result whose elements are a function of the operands' elements. */
export interface MapNode {
  kind: 'map';
  command: Command;
  out: Value;
  operands: Operand[];
  /** columns of the result, where an operand is broadcast along rows or columns */
  columns: number | undefined;
  /** WGSL of an expression of the operands, and the functions that it calls */
  expression: (operands: string[]) => string;
  functions: string;
}

/** A reduction of a value of rows and columns, over its rows or its columns. */
export interface ReduceNode {
  kind: 'reduce';
  command: Command;
  out: Value;
  input: Value;
  rows: number;
  columns: number;
  over: 'rows' | 'columns';
  operation: Reduction;
}

export type Reduction = 'sum' | 'mean' | 'max' | 'min';
export type Node = MapNode | ReduceNode;

/** Where an operand of shape `shape` stands in a result; undefined for broadcasts of another kind. */
export function placeOf(shape: readonly number[], result: readonly number[]): Place | undefined {
  const size = sizeOf(shape);
  const padded = [...Array<number>(Math.max(0, result.length - shape.length)).fill(1), ...shape];
  if (size === sizeOf(result)) return 'same';
  if (size === 1) return 'scalar';
  if (padded.length !== result.length) return undefined;
  const own = padded.map((n, i) => n === result[i] && n > 1);
  const [first, last] = [own.indexOf(true), own.lastIndexOf(true)];
  const whole = padded.every((n, i) => i < first || i > last || n === result[i]);
  if (!whole) return undefined;
  if (result.slice(last + 1).every((n) => n === 1)) return 'column';
  return result.slice(0, first).every((n) => n === 1) ? 'row' : undefined;
}

/** Columns of a result of `size` elements that an operand so placed asks for. */
function columnsFor(place: Place, operand: number, size: number): number | undefined {
  if (place === 'column') return operand;
  return place === 'row' ? size / operand : undefined;
}

/** Transposed values, with what they are transposed of: `rows` by `columns`. */
export type Transposed = Map<Value, { of: Value; rows: number; columns: number }>;

/** Takes note of a transposition of a matrix, or of one that is one when its axes are taken together. */
export function noteTransposed({ origin, reads, writes }: Command, transposed: Transposed): void {
  if (!origin) return;
  const { shape } = origin.inputs[0] ?? { shape: [] };
  const key = origin.program.shaderKey;
  const axes = /^transpose_(\d(?:,\d)*)/.exec(key)?.[1].split(',').map(Number);
  const permutation = key.startsWith('transposeShared') ? [1, 0] : axes?.slice(0, shape.length);
  if (!permutation || permutation.length !== shape.length) return;
  const leading = permutation.indexOf(0) === 0 ? 0 : permutation[0];
  if (leading === 0 || !permutation.every((axis, i) => axis === (i + leading) % shape.length)) return;
  transposed.set(writes[0], {
    of: reads[0],
    rows: sizeOf(shape.slice(0, leading)),
    columns: sizeOf(shape.slice(leading)),
  });
}

/** A dispatch as a node, where it is one. */
export function nodeOf(command: Command, transposed: Transposed): Node | undefined {
  const { origin, writes } = command;
  if (!origin || writes.length !== 1 || writes[0].size === 0) return undefined;
  const { shaderKey } = origin.program;
  if (shaderKey.includes('_integers')) return undefined;
  return shaderKey.startsWith('reduce_') ? reduceNode(command, origin, transposed) : mapNode(command, origin);
}

function reduceNode(command: Command, origin: Origin, transposed: Transposed): ReduceNode | undefined {
  const operation = origin.program.shaderKey.split('_')[1];
  if (!['sum', 'mean', 'max', 'min'].includes(operation) || origin.output.dtype !== 'float32') return undefined;
  const [given] = command.reads;
  const length = origin.uniforms[0].data[0];
  const kept = given.size / length;
  const common = { kind: 'reduce', command, out: command.writes[0], operation: operation as Reduction } as const;
  const source = transposed.get(given);
  if (source && source.columns === kept && source.rows === length && kept > 1) {
    return { ...common, input: source.of, rows: source.rows, columns: source.columns, over: 'rows' };
  }
  return { ...common, input: given, rows: kept, columns: length, over: 'columns' };
}

function mapNode(command: Command, origin: Origin): MapNode | undefined {
  const what = functionOf(origin);
  if (!what) return undefined;
  const out = command.writes[0];
  const operands: Operand[] = [];
  let columns: number | undefined;
  for (const [i, value] of command.reads.entries()) {
    const { shape } = origin.inputs[i];
    const isCondition = origin.program.shaderKey.startsWith('select') && i === 0;
    const place = isCondition ? conditionPlace(shape, origin.output.shape) : placeOf(shape, origin.output.shape);
    if (!place) return undefined;
    const asked = columnsFor(place, value.size, out.size);
    if (asked !== undefined && columns !== undefined && asked !== columns) return undefined;
    columns ??= asked;
    operands.push({ value, place });
  }
  return { kind: 'map', command, out, operands, columns, ...what };
}

/** A condition of rank 1 chooses rows. */
function conditionPlace(shape: readonly number[], result: readonly number[]): Place | undefined {
  if (sizeOf(shape) === sizeOf(result)) return 'same';
  return shape.length === 1 && shape[0] === result[0] ? 'row' : undefined;
}

type Function = Pick<MapNode, 'expression' | 'functions'>;

/** Constructor of a program of two operands. */
type BinaryConstructor = new (operation: number, a: number[], b: number[]) => Program;

function functionOf({ program, uniforms }: Origin): Function | undefined {
  const [kind, number] = program.shaderKey.split('_');
  const operation = Number(number);
  if (kind === 'unary') {
    const code = program.getUserCode();
    const text = withLiterals(code.slice(0, code.indexOf('fn main(')), program.uniforms, uniforms);
    return text === undefined ? undefined : { functions: text, expression: ([a]) => `unaryOperation(${a})` };
  }
  if (kind === 'binary') {
    const Scalar = program.constructor as BinaryConstructor;
    const code = binaryCode(operation, new Scalar(operation, [2], [2]).getUserCode());
    return {
      functions: code.slice(0, code.indexOf('fn main(')),
      expression: ([a, b]) => `binaryOperation(${a}, ${b})`,
    };
  }
  if (kind === 'select') return { functions: '', expression: ([c, a, b]) => `select(${b}, ${a}, ${c} >= 1.0)` };
  if (kind === 'addN') return { functions: '', expression: (all) => all.join(' + ') };
  if (kind === 'clip') {
    const [low, high] = uniforms.map(({ data }) => literal(data[0]));
    const functions = `fn clip(a : f32) -> f32 { if (isnan(a)) { return a; } return clamp(a, ${low}, ${high}); }`;
    return { functions, expression: ([a]) => `clip(${a})` };
  }
  return undefined;
}

/** A program's text with its own uniforms as numbers; undefined where their names are not told. */
function withLiterals(text: string, names: string | undefined, uniforms: Origin['uniforms']): string | undefined {
  const own = [...(names ?? '').matchAll(/(\w+)\s*:/g)].map(([, name]) => name);
  if (own.length !== uniforms.length) return uniforms.length === 0 ? text : undefined;
  return own.reduce((done, name, i) => done.replaceAll(`uniforms.${name}`, literal(uniforms[i].data[0])), text);
}

/** A number of type float32 in WGSL, to the last bit. NaN and infinities are no constants of the language. */
export function literal(value: number): string {
  if (Number.isNaN(value)) return 'uniforms.NAN';
  if (!Number.isFinite(value)) return value > 0 ? 'uniforms.INFINITY' : '-uniforms.INFINITY';
  const [bits] = new Uint32Array(Float32Array.of(value).buffer);
  return `bitcast<f32>(0x${bits.toString(16)}u)`;
}
