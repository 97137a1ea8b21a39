/** A traced step in words. */
import type { tf } from '../../tf';
import type { Binding, OpAttribute } from '../../engines/native/addon';
import type { LoopKind } from '../options';
import { Body } from './body';
import { LoopGraph } from './loop';
import { DataType } from './proto';
import { Constant, Source } from './trace';

/** Constants of up to this many values are written out. */
const WRITTEN_OUT = 8;

const LOOPS: Record<LoopKind, string> = {
  xla: 'a loop that XLA compiles as a whole',
  clusters: "a loop of TensorFlow's executor, of which XLA compiles the parts that it can",
  executor: "a loop of TensorFlow's executor",
};

const typeNames = new Map<number, string>(Object.entries(DataType).map(([name, number]) => [number, name]));

const typed = ({ dtype, shape }: { dtype: number; shape: readonly number[] }) =>
  `${typeNames.get(dtype) ?? `type ${dtype}`} [${shape.join(', ')}]`;

const section = (title: string, lines: readonly string[]) =>
  lines.length > 0 ? [`  ${title}`, ...lines.map((line) => `    ${line}`)] : [];

/**
 * A trace, line by line: what goes in, each operation as `name = kernel(inputs, attributes): type [shape]`, what comes out, what is
 * assigned. An operation's name is the one by which TensorFlow's errors call it, without `step/`.
 */
export function listing({ kind, body }: LoopGraph, binding: Binding): string {
  const { traced, ops } = body;
  const names = namesOf(body);
  const name = (id: number) => names.get(id) ?? `value ${id}`;
  const info = (id: number) => traced.info.get(id)!;
  const counts = new Map<string, number>();
  const operations = ops.map(({ op, attributes, inputs, outputs }) => {
    const own = numbered(counts, op);
    outputs.forEach((id, k) => {
      if (!names.has(id)) names.set(id, outputs.length > 1 ? `${own}:${k}` : own);
    });
    const given = [...inputs.map(name), ...attributes.flatMap((attribute) => attributeWords(attribute, binding))];
    return `${own} = ${op}(${given.join(', ')}): ${outputs.map((id) => typed(info(id))).join(', ')}`;
  });
  return [
    `graph: ${LOOPS[kind]}`,
    ...section('inputs', inputsOf(body, names)),
    ...section('operations', operations),
    ...section(
      'outputs',
      traced.outputs.map((output) => `${output.name} = ${name(output.value)}: ${typed(info(output.value))}`),
    ),
    ...section(
      'variables assigned',
      traced.changed.map(({ variable, value }) => `${variableName(variable)} = ${name(value)}: ${typed(info(value))}`),
    ),
  ].join('\n');
}

/** The name of the next operation of a kind, as body.ts writes it. */
function numbered(counts: Map<string, number>, op: string): string {
  const count = counts.get(op) ?? 0;
  counts.set(op, count + 1);
  return `${op}_${count}`;
}

/** Names of the values that no operation of the trace computes. */
function namesOf({ traced }: Body): Map<number, string> {
  const names = new Map<number, string>();
  let held = 0;
  const heldNames = new Map<object, string>();
  const nameOf = (source: Source, shape: readonly number[]): string => {
    switch (source.kind) {
      case 'input':
        return source.name;
      case 'step':
        return 'step';
      case 'random':
        return `random${source.draw}`;
      case 'variable':
        return variableName(source.variable);
      case 'held':
        if (!heldNames.has(source.dataId)) heldNames.set(source.dataId, `outside${held++}`);
        return heldNames.get(source.dataId)!;
      case 'constant':
        return constantWords(source, shape);
    }
  };
  for (const [id, source] of traced.sources) names.set(id, nameOf(source, traced.info.get(id)!.shape));
  return names;
}

/** What is given from outside, once each, in the order in which the step takes it. */
function inputsOf({ traced, ops, feedOf }: Body, names: ReadonlyMap<number, string>): string[] {
  const used = [...ops.flatMap(({ inputs }) => inputs), ...[...traced.outputs, ...traced.changed].map((o) => o.value)];
  const what = (id: number, source: Source): string => {
    switch (source.kind) {
      case 'input':
        return feedOf.get(id)?.kind === 'schedule' ? 'schedule' : 'data';
      case 'step':
        return 'number of the step';
      case 'random': {
        const { kind, parameters } = traced.draws[source.draw];
        return kind === 'bernoulli' ? `bernoulli(${parameters[0]})` : `${kind}(${parameters.join(', ')})`;
      }
      case 'held':
        return source.outside ? 'tensor from outside' : 'constant';
      default:
        return source.kind;
    }
  };
  const lines = used.flatMap((id) => {
    const source = traced.sources.get(id);
    if (!source || source.kind === 'constant') return [];
    return [`${names.get(id)}: ${typed(traced.info.get(id)!)}, ${what(id, source)}`];
  });
  return [...new Set(lines)];
}

function constantWords({ values }: Constant, shape: readonly number[]): string {
  if (values.length > WRITTEN_OUT) return `constant [${shape.join(', ')}]`;
  const numbers = Array.from(values, values instanceof Float32Array ? shortest : String);
  return shape.length === 0 ? numbers[0] : `[${numbers.join(', ')}]`;
}

/** The shortest decimal that is this float32. */
function shortest(value: number): string {
  if (Object.is(value, -0)) return '-0';
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}

/** TensorFlow.js calls a variable without a name by a number, which could be taken for a constant. */
function variableName({ name }: tf.Variable): string {
  return /^\d+$/.test(name) ? `variable${name}` : name;
}

/** Nothing for types, which the shapes say, and for what is switched off. */
function attributeWords({ name, type, value }: OpAttribute, binding: Binding): string[] {
  if (type === binding.TF_ATTR_TYPE || value === false) return [];
  if (value === true) return [name];
  return [`${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`];
}
