import { tf } from '../tf';
import { CompileError } from './guard';
import { Binding, OpAttribute } from './native';
import { Attribute, DataType, GraphNode } from './proto';
import { Source, Trace, TracedOp } from './trace';

/** A graph that runs `steps` steps, and how to feed it and read it. */
export interface LoopGraph {
  nodes: GraphNode[];
  /** placeholders in the order they are fed */
  feeds: Feed[];
  /** variables that are fed: first those that the step changes, then those that it only reads */
  variables: tf.Variable[];
  /** names of the outputs: first the changed variables, then the stacked outputs of the step */
  fetches: string[];
  /** bytes per step of what is fed per step and of what comes back */
  bytesPerStep: number;
}

export type Feed = { node: string } & (
  | { kind: 'steps' }
  | { kind: 'firstStep' }
  | { kind: 'indices' }
  | { kind: 'data'; name: string }
  | { kind: 'schedule'; name: string }
  | { kind: 'random'; draw: number }
  | { kind: 'variable'; index: number }
  | { kind: 'held'; dataId: object }
);

export interface LoopOptions {
  binding: Binding;
  /** names of the inputs that are gathered from data by row, the others being schedules */
  dataNames: ReadonlySet<string>;
  xla: boolean;
}

/** Type attributes that TensorFlow.js leaves to eager execution to infer, and the input that has the type. */
const INFERRED: Record<string, Record<string, number>> = { ExpandDims: { T: 0, Tdim: 1 } };

/** Operations kept out of XLA although it knows them: it clamps indices that are out of range, where TensorFlow complains. */
const NOT_FOR_XLA = new Set(['GatherV2', 'GatherNd', 'ScatterNd', 'TensorScatterUpdate', 'UnsortedSegmentSum']);

/**
 * The traced step as the body of a while loop. TensorFlow's own loop primitives (Enter, Merge, Switch, NextIteration, Exit) rather
 * than a While node with functions: the executor runs them without a function call per step.
 *
 * Loop variables are the step's number within the chunk, the variables that the step changes, and one list per output; data, indices,
 * schedules, random numbers and variables that are only read enter once as constants of the loop. Each step takes its rows:
 * `batch = data[indices[i]]`. Constants made from JavaScript values are Const nodes inside the body, because kernels and XLA
 * want to see shapes and axes as constants.
 */
export function loopGraph(traced: Trace, { binding, dataNames, xla }: LoopOptions): LoopGraph {
  const live = simplify(traced, binding);
  const nodes: GraphNode[] = [];
  const feeds: Feed[] = [];
  const add = (name: string, op: string, inputs: string[], attributes: Record<string, Attribute> = {}): string => {
    nodes.push({ name, op, inputs, attributes });
    return name;
  };
  const constant = (name: string, dtype: number, shape: number[], values: ArrayBufferView, inside?: string) =>
    add(name, 'Const', inside ? [`^${inside}`] : [], {
      dtype: { type: dtype },
      value: { tensor: { dtype, shape, bytes: bytesOf(values) } },
    });
  const scalar = (name: string, value: number, inside?: string) =>
    constant(name, DataType.int32, [], Int32Array.of(value), inside);
  const feed = (node: string, dtype: number, shape: number[], rest: DistributiveOmit<Feed, 'node'>): string => {
    add(node, 'Placeholder', [], { dtype: { type: dtype }, shape: { shape } });
    feeds.push({ node, ...rest } as Feed);
    return node;
  };
  const enter = (name: string, input: string, dtype: number, isConstant: boolean) =>
    add(name, 'Enter', [input], {
      T: { type: dtype },
      frame_name: { string: 'steps' },
      is_constant: { bool: isConstant },
      parallel_iterations: { int: 1 },
    });
  let bytesPerStep = 0;

  // The loop's variables: { name, dtype, initial value }, and the value for the next step, known when the body is written.
  const loop: { name: string; dtype: number; next?: string }[] = [];
  const loopVariable = (name: string, dtype: number, initial: string) => {
    enter(`${name}/enter`, initial, dtype, false);
    add(`${name}/merge`, 'Merge', [`${name}/enter`, `${name}/next`], { T: { type: dtype }, N: { int: 2 } });
    add(`${name}/switch`, 'Switch', [`${name}/merge`, 'continue'], { T: { type: dtype } });
    add(`${name}/now`, 'Identity', [`${name}/switch:1`], { T: { type: dtype } });
    add(`${name}/exit`, 'Exit', [`${name}/switch`], { T: { type: dtype } });
    const variable: { name: string; dtype: number; next?: string } = { name, dtype };
    loop.push(variable);
    return variable;
  };

  feed('steps', DataType.int32, [], { kind: 'steps' });
  enter('steps/in', 'steps', DataType.int32, true);
  const index = loopVariable('i', DataType.int32, scalar('zero', 0));
  add('more', 'Less', ['i/merge', 'steps/in'], { T: { type: DataType.int32 } });
  add('continue', 'LoopCond', ['more']);
  const now = 'i/now';
  index.next = add('i/plus', 'AddV2', [now, scalar('one', 1, now)], { T: { type: DataType.int32 } });
  scalar('axis', 0, now);
  const row = (name: string, input: string, dtype: number, rows: string) =>
    add(name, 'GatherV2', [input, rows, 'axis'], {
      Tparams: { type: dtype },
      Tindices: { type: DataType.int32 },
      Taxis: { type: DataType.int32 },
      batch_dims: { int: 0 },
    });

  // Where every value is found inside the body.
  const symbol = new Map<number, string>();
  const used = usedValues(live, traced);
  const variables = new Map<tf.Variable, { value: string; state?: { name: string; dtype: number; next?: string } }>();

  traced.changed.forEach(({ variable, value }, i) => {
    const { dtype, shape } = traced.info.get(value)!;
    const initial = feed(`variable${i}`, dtype, shape, { kind: 'variable', index: i });
    const state = loopVariable(`state${i}`, dtype, initial);
    variables.set(variable, { value: `${state.name}/now`, state });
  });

  const dataRows = new Map<string, string>();
  let indicesReady = false;
  const batch = (name: string, dtype: number, shape: number[]): string => {
    const known = dataRows.get(name);
    if (known) return known;
    const n = dataRows.size;
    if (dataNames.has(name)) {
      if (!indicesReady) {
        indicesReady = true;
        feed('indices', DataType.int32, [-1, shape[0]], { kind: 'indices' });
        row('rows', enter('indices/in', 'indices', DataType.int32, true), DataType.int32, now);
        bytesPerStep += 4 * shape[0];
      }
      feed(`data${n}`, dtype, [-1, ...shape.slice(1)], { kind: 'data', name });
      row(`batch${n}`, enter(`data${n}/in`, `data${n}`, dtype, true), dtype, 'rows');
    } else {
      feed(`data${n}`, dtype, [-1], { kind: 'schedule', name });
      row(`batch${n}`, enter(`data${n}/in`, `data${n}`, dtype, true), dtype, now);
      bytesPerStep += 4;
    }
    dataRows.set(name, `batch${n}`);
    return `batch${n}`;
  };

  const drawn = new Map<number, string>();
  const heldEntries = new Map<object, string>();
  const fed = traced.changed.map(({ variable }) => variable);
  let constants = 0;
  let stepReady = false;
  const resolve = (id: number, source: Source): string => {
    const { dtype, shape } = traced.info.get(id)!;
    switch (source.kind) {
      case 'input':
        return batch(source.name, dtype, shape);
      case 'step':
        if (!stepReady) {
          stepReady = true;
          feed('firstStep', DataType.int32, [], { kind: 'firstStep' });
          enter('firstStep/in', 'firstStep', DataType.int32, true);
          add('stepNumber', 'AddV2', ['firstStep/in', now], { T: { type: DataType.int32 } });
        }
        return 'stepNumber';
      case 'random': {
        const j = source.draw;
        const draw = traced.draws[j];
        let value = drawn.get(j);
        if (value === undefined) {
          // a mask travels as bool: a quarter of the bytes
          const type = draw.kind === 'bernoulli' ? DataType.bool : DataType.float32;
          feed(`random${j}`, type, [-1, ...draw.shape], { kind: 'random', draw: j });
          value = row(`draw${j}`, enter(`random${j}/in`, `random${j}`, type, true), type, now);
          if (type === DataType.bool) {
            value = add(`draw${j}/float`, 'Cast', [value], { SrcT: { type }, DstT: { type: DataType.float32 } });
          }
          drawn.set(j, value);
          bytesPerStep += draw.size * (type === DataType.bool ? 1 : 4);
        }
        return value;
      }
      case 'variable': {
        let found = variables.get(source.variable);
        if (!found) {
          const n = fed.push(source.variable) - 1;
          feed(`variable${n}`, dtype, shape, { kind: 'variable', index: n });
          found = { value: enter(`variable${n}/in`, `variable${n}`, dtype, true) };
          variables.set(source.variable, found);
        }
        return found.value;
      }
      case 'held': {
        let value = heldEntries.get(source.dataId);
        if (value === undefined) {
          const n = heldEntries.size;
          feed(`outside${n}`, dtype, shape, { kind: 'held', dataId: source.dataId });
          value = enter(`outside${n}/in`, `outside${n}`, dtype, true);
          heldEntries.set(source.dataId, value);
        }
        return value;
      }
      case 'constant':
        return constant(`constant${constants++}`, dtype, shape, source.values, now);
    }
  };
  for (const id of used) {
    const source = traced.sources.get(id);
    if (source) symbol.set(id, resolve(id, source));
  }

  const counts = new Map<string, number>();
  for (const { op, attributes, inputs, outputs } of live) {
    if (outputs.every((id) => symbol.has(id))) continue;
    const count = counts.get(op) ?? 0;
    counts.set(op, count + 1);
    const name = `step/${op}_${count}`;
    const converted: Record<string, Attribute> = {};
    for (const attribute of attributes) converted[attribute.name] = convert(op, attribute, binding);
    for (const [attribute, input] of Object.entries(INFERRED[op] ?? {})) {
      converted[attribute] ??= { type: traced.info.get(inputs[input])!.dtype };
    }
    if (xla && !NOT_FOR_XLA.has(op)) converted._XlaCompile = { bool: true };
    add(
      name,
      op,
      inputs.map((id) => symbol.get(id)!),
      converted,
    );
    outputs.forEach((id, k) => {
      if (!symbol.has(id)) symbol.set(id, k === 0 ? name : `${name}:${k}`);
    });
  }
  traced.changed.forEach(({ variable, value }) => {
    variables.get(variable)!.state!.next = symbol.get(value)!;
  });

  const fetches = traced.changed.map((_, i) => `state${i}/exit:0`);
  traced.outputs.forEach(({ value, shape }, k) => {
    const { dtype } = traced.info.get(value)!;
    const elements = constant(`output${k}/shape`, DataType.int32, [shape.length], Int32Array.from(shape));
    const empty = add(`output${k}/empty`, 'TensorListReserve', [elements, 'steps'], {
      element_dtype: { type: dtype },
      shape_type: { type: DataType.int32 },
    });
    const list = loopVariable(`output${k}/list`, DataType.variant, empty);
    list.next = add(`output${k}/set`, 'TensorListSetItem', [`output${k}/list/now`, now, symbol.get(value)!], {
      element_dtype: { type: dtype },
    });
    add(`output${k}/stack`, 'TensorListStack', [`output${k}/list/exit`, elements], {
      element_dtype: { type: dtype },
      num_elements: { int: -1 },
    });
    fetches.push(`output${k}/stack:0`);
    bytesPerStep += shape.reduce((a, b) => a * b, 1) * (dtype === DataType.bool ? 1 : 4);
  });
  for (const { name, dtype, next } of loop) add(`${name}/next`, 'NextIteration', [next!], { T: { type: dtype } });

  return { nodes, feeds, variables: fed, fetches, bytesPerStep };
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Values that reach an output or a changed variable, sources included. */
function usedValues(ops: readonly TracedOp[], traced: Trace): Set<number> {
  const used = new Set<number>(traced.outputs.map(({ value }) => value));
  for (const { value } of traced.changed) used.add(value);
  for (const op of ops) for (const id of op.inputs) used.add(id);
  return used;
}

/** The operations among `ops` that reach an output or a changed variable. */
function liveOps(ops: readonly TracedOp[], traced: Trace): TracedOp[] {
  const needed = new Set<number>(traced.outputs.map(({ value }) => value));
  for (const { value } of traced.changed) needed.add(value);
  const live: TracedOp[] = [];
  for (let i = ops.length - 1; i >= 0; i--) {
    const op = ops[i];
    if (!op.outputs.some((id) => needed.has(id) && !traced.sources.has(id))) continue;
    live.push(op);
    for (const id of op.inputs) needed.add(id);
  }
  return live.reverse();
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

/**
 * Takes out what TensorFlow.js adds and a graph does not need: casts to the type a tensor has already, reshapes to the shape
 * it has already, and the detour of a matrix product over a batch of one. Values keep their bits. Changes `traced` where a
 * value turns out to be another one.
 */
function simplify(traced: Trace, binding: Binding): TracedOp[] {
  const { info, sources } = traced;
  const same = new Map<number, number>();
  const root = (id: number) => same.get(id) ?? id;
  const reshapeOf = new Map<number, number>();
  const ops: TracedOp[] = [];
  let fresh = -1;
  const shapeOf = (id: number) => info.get(id)!.shape;
  const reshape = (from: number, to: number, type: unknown) => {
    const target = fresh--;
    sources.set(target, { kind: 'constant', values: Int32Array.from(shapeOf(to)) });
    info.set(target, { shape: [shapeOf(to).length], dtype: binding.TF_INT32 });
    const attributes = [
      { name: 'T', type: binding.TF_ATTR_TYPE, value: type },
      { name: 'Tshape', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 },
    ];
    ops.push({ op: 'Reshape', attributes, inputs: [from, target], outputs: [to] });
    reshapeOf.set(to, from);
  };
  /** A matrix with the numbers of a batch of one matrix, if there is one. */
  const matrix = (id: number): number | undefined => {
    const shape = shapeOf(id);
    const from = reshapeOf.get(id);
    if (shape.length !== 3 || shape[0] !== 1 || from === undefined) return undefined;
    return sameShape(shapeOf(from), shape.slice(1)) ? from : undefined;
  };

  for (const original of liveOps(traced.ops, traced)) {
    const { op, attributes, outputs } = original;
    const inputs = original.inputs.map(root);
    const value = (name: string) => attributes.find((a) => a.name === name)?.value;
    const [out] = outputs;
    if (!sources.has(out)) {
      if (op === 'Cast' && value('SrcT') === value('DstT')) {
        same.set(out, inputs[0]);
        continue;
      }
      if (op === 'Reshape') {
        const from = reshapeOf.get(inputs[0]) ?? inputs[0];
        if (sameShape(shapeOf(from), shapeOf(out))) same.set(out, from);
        else reshape(from, out, value('T'));
        continue;
      }
      if (op === 'BatchMatMulV2') {
        const [a, b] = inputs.map(matrix);
        if (a !== undefined && b !== undefined) {
          const product = fresh--;
          info.set(product, { shape: shapeOf(out).slice(1), dtype: info.get(out)!.dtype });
          ops.push({
            op: 'MatMul',
            attributes: [
              { name: 'T', type: binding.TF_ATTR_TYPE, value: value('T') },
              { name: 'transpose_a', type: binding.TF_ATTR_BOOL, value: value('adj_x') ?? false },
              { name: 'transpose_b', type: binding.TF_ATTR_BOOL, value: value('adj_y') ?? false },
            ],
            inputs: [a, b],
            outputs: [product],
          });
          reshape(product, out, value('T'));
          continue;
        }
      }
    }
    ops.push({ op, attributes, inputs, outputs });
  }
  for (const output of traced.outputs) output.value = root(output.value);
  for (const change of traced.changed) change.value = root(change.value);
  return liveOps(ops, traced);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}
