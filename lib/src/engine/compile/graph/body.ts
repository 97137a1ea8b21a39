import { FIRST_WHITE, type LevelMeaning } from '../../engines/engine';
import { tf } from '../../tf';
import { CompileError } from '../guard';
import { Binding, OpAttribute } from '../../engines/native/addon';
import { Attribute, DataType } from './proto';
import { withRelu } from './norms';
import { simplify } from './simplify';
import { Constant, Trace, TracedOp } from './trace';

/** Something that a call of the graph is given. */
export type Feed = {
  /** name of its placeholder */
  node: string;
  dtype: number;
  /** its shape, without the axis of the steps; -1 where any size will do */
  shape: number[];
  /** whether it has a first axis with one entry per step */
  perStep: boolean;
} & (
  | { kind: 'steps' }
  | { kind: 'firstStep' }
  | { kind: 'indices' }
  /** `levels`: bytes, which mean numbers */
  | { kind: 'data'; name: string; levels?: LevelMeaning }
  | { kind: 'schedule'; name: string }
  | { kind: 'random'; draw: number }
  | { kind: 'variable'; index: number }
  | { kind: 'held'; dataId: object }
  | { kind: 'constant'; values: Constant['values'] }
);

type FeedKind = Feed extends infer F
  ? F extends Feed
    ? Omit<F, 'node' | 'dtype' | 'shape' | 'perStep'>
    : never
  : never;

/** Names of the inputs that are data, with what their levels mean where they are bytes. */
export type DataInputs = ReadonlyMap<string, LevelMeaning | undefined>;

/** What is needed to write the step into any kind of loop. */
export interface Body {
  traced: Trace;
  ops: TracedOp[];
  feeds: Feed[];
  /** variables that are fed: first those that the step changes, then those that it only reads */
  variables: tf.Variable[];
  /** the feed behind every value that comes from outside and is no constant; 'indices' and 'steps' by name */
  feedOf: Map<number | 'indices' | 'steps', Feed>;
  /** bytes per step of what is fed per step and of what comes back */
  bytesPerStep: number;
}

/** Where nodes of a step go: the body of a loop, in the notation of a graph or of a function. */
export interface Emitter {
  /** Adds a node; gives the notation for its outputs. */
  add(
    name: string,
    op: string,
    inputs: string[],
    attributes: Record<string, Attribute>,
    fromTrace?: boolean,
  ): (output?: number) => string;
  constant(name: string, dtype: number, shape: number[], values: ArrayBufferView): string;
  /** Row number `index` (a scalar) of something fed per step, without its first axis. */
  row(name: string, input: string, feed: Pick<Feed, 'dtype' | 'shape'>, index: string): string;
}

/** Rows of a tensor, by an index or a list of them. */
export function gather(emitter: Emitter, name: string, input: string, dtype: number, rows: string): string {
  const axis = emitter.constant(`${name}/axis`, DataType.int32, [], Int32Array.of(0));
  return emitter.add(name, 'GatherV2', [input, rows, axis], {
    Tparams: { type: dtype },
    Tindices: { type: DataType.int32 },
    Taxis: { type: DataType.int32 },
    batch_dims: { int: 0 },
  })();
}

/** The numbers that a batch of levels means, in the bits that levels.ts gives them; a batch of numbers as it is. */
function meaningOf(emitter: Emitter, { node, levels }: Feed & { kind: 'data' }, batch: string): string {
  const [uint8, float] = [{ type: DataType.uint8 }, { type: DataType.float32 }];
  if (levels === 'grey') {
    const values = emitter.add(`${node}/float`, 'Cast', [batch], { SrcT: uint8, DstT: float })();
    const white = emitter.constant(`${node}/white`, DataType.float32, [], Float32Array.of(255));
    return emitter.add(`${node}/grey`, 'RealDiv', [values, white], { T: float })();
  }
  if (levels === 'binary') {
    const from = emitter.constant(`${node}/from`, DataType.uint8, [], Uint8Array.of(FIRST_WHITE));
    const isWhite = emitter.add(`${node}/is_white`, 'GreaterEqual', [batch, from], { T: uint8 })();
    return emitter.add(`${node}/binary`, 'Cast', [isWhite], { SrcT: { type: DataType.bool }, DstT: float })();
  }
  return batch;
}

/** Type attributes that TensorFlow.js leaves out or has wrong, which eager execution ignores, and the input that has the type. */
const INFERRED: Record<string, Record<string, number>> = { ExpandDims: { T: 0, Tdim: 1 }, Mean: { T: 0 } };

/**
 * What the loop must be fed with to run the traced step.
 *
 * @param data the inputs that are gathered from data by row, the others being schedules, with what their levels mean where they are bytes
 */
export function planBody(traced: Trace, binding: Binding, data: DataInputs): Body {
  const ops = withRelu(simplify(traced, binding), traced);
  const feeds: Feed[] = [];
  const feedOf: Body['feedOf'] = new Map();
  const variables: tf.Variable[] = [];
  const known = new Map<unknown, Feed>();
  let bytesPerStep = 0;
  const feed = (key: unknown, node: string, dtype: number, shape: number[], perStep: boolean, kind: FeedKind): Feed => {
    const found = known.get(key);
    if (found) return found;
    const made = { node, dtype, shape, perStep, ...kind } as Feed;
    known.set(key, made);
    feeds.push(made);
    if (perStep) bytesPerStep += bytes(dtype, shape);
    return made;
  };
  const variable = (one: tf.Variable, dtype: number, shape: number[]) => {
    const index = variables.length;
    const made = feed(one, `variable${index}`, dtype, shape, false, { kind: 'variable', index });
    if (made.kind === 'variable' && made.index === index) variables.push(one);
    return made;
  };

  feedOf.set('steps', feed('steps', 'steps', DataType.int32, [], false, { kind: 'steps' }));
  for (const { variable: changed, value } of traced.changed) {
    const { dtype, shape } = traced.info.get(value)!;
    variable(changed, dtype, shape);
  }
  for (const id of usedValues(ops, traced)) {
    const source = traced.sources.get(id);
    if (!source || (source.kind === 'constant' && isOpenToAll(source))) continue;
    const { dtype, shape } = traced.info.get(id)!;
    const n = feeds.length;
    switch (source.kind) {
      case 'constant': {
        const { values } = source;
        feedOf.set(id, feed(id, `constant${n}`, dtype, shape, false, { kind: 'constant', values }));
        break;
      }
      case 'input': {
        const { name } = source;
        if (data.has(name)) {
          const [rows, levels] = [[shape[0]], data.get(name)];
          feedOf.set('indices', feed('indices', 'indices', DataType.int32, rows, true, { kind: 'indices' }));
          feedOf.set(
            id,
            feed(`data ${name}`, `data${n}`, levels ? DataType.uint8 : dtype, [-1, ...shape.slice(1)], false, {
              ...{ kind: 'data', name, levels },
            }),
          );
        } else {
          feedOf.set(id, feed(`schedule ${name}`, `schedule${n}`, dtype, [], true, { kind: 'schedule', name }));
        }
        break;
      }
      case 'step':
        feedOf.set(id, feed('firstStep', 'first_step', DataType.int32, [], false, { kind: 'firstStep' }));
        break;
      case 'random': {
        const { draw } = source;
        // a mask travels as bool: a quarter of the bytes
        const type = traced.draws[draw].kind === 'bernoulli' ? DataType.bool : DataType.float32;
        feedOf.set(id, feed(`random ${draw}`, `random${draw}`, type, shape, true, { kind: 'random', draw }));
        break;
      }
      case 'variable':
        feedOf.set(id, variable(source.variable, dtype, shape));
        break;
      case 'held':
        feedOf.set(
          id,
          feed(source.dataId, `outside${n}`, dtype, shape, false, { kind: 'held', dataId: source.dataId }),
        );
    }
  }
  for (const { value, shape } of traced.outputs) bytesPerStep += bytes(traced.info.get(value)!.dtype, shape);
  return { traced, ops, feeds, variables, feedOf, bytesPerStep };
}

/**
 * Writes one step. Constants made from JavaScript values are constants inside the body, because kernels and XLA want to see shapes
 * and axes as constants.
 *
 * @param now notation of the step's number within the chunk
 * @param given notation of a feed inside the body
 * @param instead writes an operation in another way, given its name in the graph; undefined for those that stay
 * @returns notation of any value of the trace
 */
export function writeBody(
  body: Body,
  binding: Binding,
  emitter: Emitter,
  now: string,
  given: (feed: Feed) => string,
  instead?: (op: TracedOp, name: string, symbol: (id: number) => string) => string | undefined,
): (id: number) => string {
  const { traced, ops, feedOf } = body;
  const symbol = new Map<number, string>();
  const indices = feedOf.get('indices');
  const rows = indices && emitter.row('rows', given(indices), indices, now);
  const entered = new Map<Feed, string>();
  const enter = (feed: Feed): string => {
    switch (feed.kind) {
      case 'data':
        return meaningOf(emitter, feed, gather(emitter, `${feed.node}/batch`, given(feed), feed.dtype, rows!));
      case 'schedule':
        return emitter.row(`${feed.node}/now`, given(feed), feed, now);
      case 'firstStep':
        return emitter.add('step_number', 'AddV2', [given(feed), now], { T: { type: DataType.int32 } })();
      case 'random': {
        const value = emitter.row(`${feed.node}/now`, given(feed), feed, now);
        if (feed.dtype === DataType.float32) return value;
        const types = { SrcT: { type: feed.dtype }, DstT: { type: DataType.float32 } };
        return emitter.add(`${feed.node}/float`, 'Cast', [value], types)();
      }
      default:
        return given(feed);
    }
  };
  let constants = 0;
  for (const id of usedValues(ops, traced)) {
    const source = traced.sources.get(id);
    if (source?.kind === 'constant' && !feedOf.has(id)) {
      const { dtype, shape } = traced.info.get(id)!;
      symbol.set(id, emitter.constant(`written${constants++}`, dtype, shape, source.values));
      continue;
    }
    const feed = feedOf.get(id);
    if (!feed) continue;
    if (!entered.has(feed)) entered.set(feed, enter(feed));
    symbol.set(id, entered.get(feed)!);
  }

  const counts = new Map<string, number>();
  for (const traceOp of ops) {
    const { op, attributes, inputs, outputs } = traceOp;
    const count = counts.get(op) ?? 0;
    counts.set(op, count + 1);
    const name = `step/${op}_${count}`;
    const other = instead?.(traceOp, name, (id) => symbol.get(id)!);
    if (other !== undefined) {
      symbol.set(outputs[0], other);
      continue;
    }
    const converted: Record<string, Attribute> = {};
    for (const attribute of attributes) converted[attribute.name] = convert(op, attribute, binding);
    for (const [attribute, input] of Object.entries(INFERRED[op] ?? {})) {
      converted[attribute] = { type: traced.info.get(inputs[input])!.dtype };
    }
    const operands = inputs.map((id) => symbol.get(id)!);
    const output = emitter.add(name, op, operands, converted, true);
    outputs.forEach((id, k) => {
      if (!symbol.has(id)) symbol.set(id, output(k));
    });
  }
  return (id) => symbol.get(id)!;
}

/**
 * Whether a compiler may see a constant's values. Those with NaN or infinity are fed instead: where LLVM knows of a NaN beforehand it
 * computes exp(x + NaN), as XLA writes exp, to any number that is cheap.
 */
function isOpenToAll({ values }: Constant): boolean {
  return !(values instanceof Float32Array) || values.every(Number.isFinite);
}

/** Bytes of one tensor. */
export function bytes(dtype: number, shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1) * (dtype === DataType.bool ? 1 : 4);
}

/** Values that reach an output or a changed variable, sources included. */
function usedValues(ops: readonly TracedOp[], traced: Trace): Set<number> {
  const used = new Set<number>(traced.outputs.map(({ value }) => value));
  for (const { value } of traced.changed) used.add(value);
  for (const op of ops) for (const id of op.inputs) used.add(id);
  return used;
}

function convert(op: string, { name, type, value }: OpAttribute, binding: Binding): Attribute {
  switch (type) {
    case binding.TF_ATTR_TYPE:
      if (typeof value === 'number') return { type: value };
      break;
    case binding.TF_ATTR_BOOL:
      if (typeof value === 'boolean') return { bool: value };
      if (Array.isArray(value)) return { bools: value };
      break;
    case binding.TF_ATTR_INT:
      if (typeof value === 'number') return { int: value };
      if (Array.isArray(value)) return { ints: value };
      break;
    case binding.TF_ATTR_FLOAT:
      if (typeof value === 'number') return { float: value };
      if (Array.isArray(value)) return { floats: value };
      break;
    case binding.TF_ATTR_STRING:
      if (typeof value === 'string') return { string: value };
      break;
    case binding.TF_ATTR_SHAPE:
      if (Array.isArray(value)) return { shape: value };
      break;
  }
  throw new CompileError(
    `TensorFlow's ${op} has the attribute '${name}' = ${JSON.stringify(value)} of a kind (${type}) that compile cannot write ` +
      "into a graph. Run this step with { mode: 'eager' }, or express it without this operation.",
  );
}
