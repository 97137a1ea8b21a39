import { Body, Emitter, Feed, writeBody } from './body';
import { LoopGraph } from './loop';
import { writtenInPlace } from './in-place';
import { Binding } from '../../engines/native/addon';
import { OwnProducts, writeProduct } from './products';
import { Attribute, DataType, FunctionDefinition, GraphNode, Parameter } from './proto';
import { DIVISIONS, NOT_FOR_XLA, forXla } from './xla-limits';

/** Bytes that the buffers of a loop may take, and its steps at most. */
const CAPACITY_BYTES = 8 * 2 ** 20;
const CAPACITY_STEPS = 512;

/**
 * Names of the outputs of operations, as TensorFlow's functions need them, for the operations that a loop compiled by XLA may
 * hold; a trailing * is a list. Left out on purpose: convolutions and pooling, which XLA compiles for processors without their fast
 * kernels, and what NOT_FOR_XLA names, but for the GatherV2 by which the loop itself takes the rows of a batch.
 */
const OUTPUTS: Record<string, string> = {
  y:
    'Abs Acos Acosh Asin Asinh Atan Atanh Cast Ceil Cos Cosh Erf Exp Expm1 Floor IsFinite IsInf IsNan Log Log1p LogicalNot Neg ' +
    'OnesLike Reciprocal Round Rsqrt Sigmoid Sign Sin Sinh Sqrt Square Tan Tanh Transpose ZerosLike',
  z:
    'Add AddV2 Atan2 Div DivNoNan Equal FloorDiv FloorMod Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr Maximum ' +
    'Minimum Mul NotEqual Pow RealDiv RightShift SquaredDifference Sub',
  output:
    'All Any ArgMax ArgMin BatchMatMulV2 BroadcastTo ConcatV2 Einsum ExpandDims Fill Identity Max Mean Min MirrorPad OneHot Pack ' +
    'PadV2 Prod Reshape ReverseV2 Select SelectV2 Slice StridedSlice Sum Tile GatherV2 While XlaDot XlaDynamicSlice',
  'output*': 'SplitV Unpack StatelessWhile XlaCallModule',
  product: 'MatMul',
  activations: 'Elu LeakyRelu Relu Relu6 Selu Softplus',
  backprops: 'EluGrad LeakyReluGrad Relu6Grad ReluGrad SeluGrad',
  softmax: 'Softmax',
  sum: 'AddN',
  out: 'Cumprod Cumsum',
};
const NAMES = new Map(
  Object.entries(OUTPUTS).flatMap(([outputs, ops]) => ops.split(' ').map((op) => [op, outputs.split(' ')] as const)),
);

/** Whether every operation of the step may go into a loop that XLA compiles as a whole. */
export function fitsXlaLoop({ ops, traced }: Body): boolean {
  const { info, sources } = traced;
  return ops.every(({ op, inputs }) => {
    if (!NAMES.has(op) || NOT_FOR_XLA.has(op)) return false;
    if (!DIVISIONS.has(op) || info.get(inputs[1])!.dtype !== DataType.int32) return true;
    // TensorFlow complains of a division by the integer 0, XLA gives some number
    const divisor = sources.get(inputs[1]);
    return divisor?.kind === 'constant' && !divisor.values.includes(0);
  });
}

/**
 * The whole loop as one XLA computation: no executor between the steps, nor between the operations of a step. It is what a scan
 * inside a jit is in JAX.
 *
 * XLA wants to know every size, so the steps have a capacity: what is fed per step, and the buffers of the outputs, have that many
 * rows, and a chunk may use fewer.
 *
 * @param products products of our own
 */
export function xlaLoop(body: Body, binding: Binding, castWraps: boolean, products?: OwnProducts): LoopGraph {
  const { traced, feeds, feedOf } = body;
  const capacity = Math.max(1, Math.min(CAPACITY_STEPS, Math.floor(CAPACITY_BYTES / Math.max(1, body.bytesPerStep))));

  // The loop's variables, all of them function arguments: number, feeds, buffers.
  const parameter = (name: string, dtype: number): Parameter => ({ name, dtype });
  const feedParameters = feeds.map(({ node, dtype }) => parameter(node, dtype));
  const buffers = traced.outputs.map(({ value, shape }, k) => ({
    ...parameter(`buffer${k}`, traced.info.get(value)!.dtype),
    shape,
  }));
  const all = [
    parameter('i', DataType.int32),
    ...feedParameters,
    ...buffers.map(({ name, dtype }) => parameter(name, dtype)),
  ];
  const types = all.map(({ dtype }) => dtype);
  const steps = feedOf.get('steps')!.node;
  const states = traced.changed.map((_, i) => feeds.find((f) => f.kind === 'variable' && f.index === i)!);

  const condition = new FunctionWriter('more_steps', all);
  const more = condition.add('more', 'Less', ['i', steps], { T: { type: DataType.int32 } })();
  const conditionFunction = condition.finish([parameter('result', DataType.bool)], [more]);

  const one = new FunctionWriter('one_step', all);
  const symbol = writeBody(
    body,
    binding,
    forXla(one, castWraps),
    'i',
    (feed: Feed) => feed.node,
    (op, name, symbol) => {
      const call = products?.calls.get(op);
      return call && writeProduct(one, name, call, traced, symbol);
    },
  );
  const updated = [...(products?.calls ?? [])].flatMap(([{ outputs }, { update }]) => (update ? outputs : []));
  const next = new Map(all.map(({ name }) => [name, name]));
  next.set('i', one.add('plus', 'AddV2', ['i', one.scalar('one', 1)], { T: { type: DataType.int32 } })());
  writtenInPlace(body, one, symbol, new Set(updated)).forEach((value, i) => next.set(states[i].node, value));
  traced.outputs.forEach(({ value, shape }, k) => {
    const { name, dtype } = buffers[k];
    const rowShape = one.constant(`${name}/shape`, DataType.int32, [shape.length + 1], Int32Array.from([1, ...shape]));
    const reshape = { T: { type: dtype }, Tshape: { type: DataType.int32 } };
    const row = one.add(`${name}/row`, 'Reshape', [symbol(value), rowShape], reshape)();
    const zero = one.scalar(`${name}/zero`, 0);
    const begin = one.add(`${name}/begin`, 'Pack', ['i', ...shape.map(() => zero)], {
      N: { int: shape.length + 1 },
      T: { type: DataType.int32 },
      axis: { int: 0 },
    })();
    const update = { T: { type: dtype }, Tindices: { type: DataType.int32 } };
    next.set(name, one.add(`${name}/update`, 'XlaDynamicUpdateSlice', [name, row, begin], update)());
  });
  const returned = all.map(({ name, dtype }) => parameter(`next_${name}`, dtype));
  const bodyFunction = one.finish(
    returned,
    all.map(({ name }) => next.get(name)!),
  );

  const whole = new FunctionWriter('steps', feedParameters);
  const start = whole.scalar('start', 0);
  const empty = buffers.map(({ name, dtype, shape }) => {
    const size = whole.constant(
      `${name}/size`,
      DataType.int32,
      [shape.length + 1],
      Int32Array.from([capacity, ...shape]),
    );
    const zero = whole.constant(
      `${name}/zero`,
      dtype,
      [],
      dtype === DataType.bool ? Uint8Array.of(0) : Int32Array.of(0),
    );
    return whole.add(`${name}/empty`, 'Fill', [size, zero], {
      T: { type: dtype },
      index_type: { type: DataType.int32 },
    })();
  });
  const loop = whole.add('loop', 'StatelessWhile', [start, ...feedParameters.map(({ name }) => name), ...empty], {
    T: { types },
    cond: { func: 'more_steps' },
    body: { func: 'one_step' },
  });
  const position = (name: string) => all.findIndex((p) => p.name === name);
  const results = [
    ...states.map(({ node, dtype }) => parameter(node, dtype)),
    ...buffers.map(({ name, dtype }) => parameter(name, dtype)),
  ];
  const wholeFunction = whole.finish(
    results.map(({ name, dtype }) => parameter(`result_${name}`, dtype)),
    results.map(({ name }) => loop(position(name))),
  );

  const nodes: GraphNode[] = feeds.map(({ node, dtype, shape, perStep }) => ({
    name: node,
    op: 'Placeholder',
    inputs: [],
    attributes: { dtype: { type: dtype }, shape: { shape: perStep ? [capacity, ...shape] : shape } },
  }));
  nodes.push({
    name: 'launch',
    op: 'StatefulPartitionedCall',
    inputs: feeds.map(({ node }) => node),
    attributes: {
      Tin: { types: feedParameters.map(({ dtype }) => dtype) },
      Tout: { types: results.map(({ dtype }) => dtype) },
      f: { func: 'steps' },
      _XlaMustCompile: { bool: true },
    },
  });
  const fetches = states.map((_, k) => `launch:${k}`);
  if (buffers.length > 0) {
    const constant = (name: string, value: number): GraphNode => ({
      name,
      op: 'Const',
      inputs: [],
      attributes: {
        dtype: { type: DataType.int32 },
        value: { tensor: { dtype: DataType.int32, shape: [1], values: Int32Array.of(value) } },
      },
    });
    nodes.push(constant('begin', 0), constant('stride', 1), {
      name: 'end',
      op: 'Pack',
      inputs: [steps],
      attributes: { N: { int: 1 }, T: { type: DataType.int32 }, axis: { int: 0 } },
    });
  }
  buffers.forEach(({ dtype }, k) => {
    nodes.push({
      name: `output${k}`,
      op: 'StridedSlice',
      inputs: [`launch:${states.length + k}`, 'begin', 'end', 'stride'],
      attributes: { T: { type: dtype }, Index: { type: DataType.int32 } },
    });
    fetches.push(`output${k}:0`);
  });
  return {
    kind: 'xla',
    nodes,
    functions: [conditionFunction, bodyFunction, { ...wholeFunction, mustCompile: true }],
    body,
    fetches,
    capacity,
    threads: products?.threads,
  };
}

/** Writes a function of a graph: nodes in the notation `node:output:index`. */
class FunctionWriter implements Emitter {
  private readonly nodes: GraphNode[] = [];

  constructor(
    private readonly name: string,
    private readonly parameters: Parameter[],
  ) {}

  add(name: string, op: string, inputs: string[], attributes: Record<string, Attribute>): (output?: number) => string {
    this.nodes.push({ name, op, inputs, attributes });
    const names = NAMES.get(op) ?? ['output'];
    return (output = 0) =>
      names[0].endsWith('*') ? `${name}:${names[0].slice(0, -1)}:${output}` : `${name}:${names[output]}:0`;
  }

  constant(name: string, dtype: number, shape: number[], values: ArrayBufferView): string {
    return this.add(name, 'Const', [], { dtype: { type: dtype }, value: { tensor: { dtype, shape, values } } })();
  }

  row(name: string, input: string, { dtype, shape }: Pick<Feed, 'dtype' | 'shape'>, index: string): string {
    const int = { type: DataType.int32 };
    const ints = (what: string, values: number[]) =>
      this.constant(`${name}/${what}`, DataType.int32, [values.length], Int32Array.from(values));
    const zero = this.scalar(`${name}/zero`, 0);
    const pack = { N: { int: shape.length + 1 }, T: int, axis: { int: 0 } };
    const begin = this.add(`${name}/begin`, 'Pack', [index, ...shape.map(() => zero)], pack)();
    const types = { T: { type: dtype }, Tindices: int };
    const row = this.add(`${name}/row`, 'XlaDynamicSlice', [input, begin, ints('size', [1, ...shape])], types)();
    return this.add(name, 'Reshape', [row, ints('shape', shape)], { T: { type: dtype }, Tshape: int })();
  }

  scalar(name: string, value: number): string {
    return this.constant(name, DataType.int32, [], Int32Array.of(value));
  }

  finish(results: Parameter[], values: string[]): FunctionDefinition {
    const { name, parameters, nodes } = this;
    return { name, parameters, nodes, results: results.map((result, i) => ({ ...result, value: values[i] })) };
  }
}
