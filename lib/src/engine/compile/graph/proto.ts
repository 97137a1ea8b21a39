/**
 * The few protocol-buffer messages a TensorFlow SavedModel is made of, written byte by byte.
 *
 * Field numbers are those of TensorFlow's own .proto files (graph.proto, node_def.proto, attr_value.proto, tensor.proto,
 * tensor_shape.proto, versions.proto, meta_graph.proto, saved_model.proto, config.proto, rewriter_config.proto); the numbers of a protocol buffer never change
 * meaning. Writing them here costs a page and keeps the graph independent of what TensorFlow.js happens to bundle.
 */

/** TensorFlow's DataType enum (types.proto): the types a TensorFlow.js tensor can have, the handle of a list, and bit patterns. */
export const DataType = {
  float32: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  variant: 21,
  uint32: 22,
} as const;

/** A growing byte string with protobuf's two encodings: varint and length-delimited. */
class Message {
  private bytes = Buffer.allocUnsafe(256);
  private length = 0;

  private room(extra: number): void {
    if (this.length + extra <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.length + extra));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  /** Seven bits per byte, least significant first; a negative int64 is its two's complement, always ten bytes. */
  private varint(value: number): void {
    this.room(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      this.bytes[this.length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
  }

  int(field: number, value: number): this {
    this.varint(field << 3);
    this.varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.varint((field << 3) | 5);
    this.room(4);
    this.length = this.bytes.writeFloatLE(value, this.length);
    return this;
  }

  data(field: number, value: Uint8Array | string): this {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    this.varint((field << 3) | 2);
    this.varint(bytes.length);
    this.room(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  message(field: number, value: Message): this {
    return this.data(field, value.finish());
  }

  finish(): Buffer {
    return this.bytes.subarray(0, this.length);
  }
}

/** The value of one attribute of a node, as far as TensorFlow.js's kernels use them. */
export type Attribute =
  | { type: number }
  | { bool: boolean }
  | { int: number }
  | { float: number }
  | { string: string }
  | { shape: readonly number[] }
  | { ints: readonly number[] }
  | { floats: readonly number[] }
  | { bools: readonly boolean[] }
  | { types: readonly number[] }
  | { strings: readonly string[] }
  | { shapes: readonly (readonly number[])[] }
  | { func: string }
  | { tensor: { dtype: number; shape: readonly number[]; values: ArrayBufferView } };

/** One node of a graph: `op` applied to `inputs` ('name', 'name:1' for a second output, '^name' for order only). */
export interface GraphNode {
  name: string;
  op: string;
  inputs: string[];
  attributes: Record<string, Attribute>;
}

/** An argument or a result of a function. */
export interface Parameter {
  name: string;
  dtype: number;
}

/** A function that nodes of the graph refer to by name; its nodes write inputs as 'argument' or 'node:output:index'. */
export interface FunctionDefinition {
  name: string;
  parameters: Parameter[];
  nodes: GraphNode[];
  results: (Parameter & { value: string })[];
  /** whether XLA compiles it as a whole when it is called */
  mustCompile?: boolean;
}

/** A SavedModel with one graph, no variables, no signature and the tag 'serve'. */
export function savedModel(nodes: readonly GraphNode[], functions: readonly FunctionDefinition[] = []): Buffer {
  const graph = new Message();
  for (const node of nodes) graph.message(1, nodeDef(node));
  if (functions.length > 0) {
    const library = new Message();
    for (const one of functions) library.message(1, functionDef(one));
    graph.message(2, library);
  }
  graph.message(4, new Message().int(1, GRAPH_PRODUCER));
  const information = new Message().data(4, 'serve');
  const metaGraph = new Message().message(1, information).message(2, graph);
  return new Message().int(1, 1).message(2, metaGraph).finish();
}

/** The threads of a session. */
export interface SessionThreads {
  /** of each operation; as many as TensorFlow has otherwise */
  threads?: number;
  /** whether the thread that calls runs the operations, one after the other; a pool of threads otherwise */
  inCaller?: boolean;
}

/**
 * A session's ConfigProto in which TensorFlow's graph optimizer leaves arithmetic alone: by its rules, those of real numbers,
 * neighbouring constants are joined, x / c becomes x * (1 / c), x * 0 becomes 0.
 *
 * On a processor the optimizer is off as a whole; on a GPU it still chooses layouts, on which the speed of convolutions hangs.
 *
 * @param settings.gpu whether it runs on one
 */
export function sessionConfig({ gpu, threads, inCaller }: SessionThreads & { gpu: boolean }): Buffer {
  const rewriting = new Message();
  if (gpu) {
    const OFF = 2;
    const [constantFolding, arithmetic, loops, shapes, remapping] = [3, 7, 9, 13, 14];
    for (const optimizer of [constantFolding, arithmetic, loops, shapes, remapping]) rewriting.int(optimizer, OFF);
  } else {
    const disableAll = 19;
    rewriting.int(disableAll, 1);
  }
  const [graphOptions, rewriteOptions] = [10, 10];
  const config = new Message().message(graphOptions, new Message().message(rewriteOptions, rewriting));
  const [intraOpThreads, interOpThreads] = [2, 5];
  if (threads !== undefined) config.int(intraOpThreads, threads);
  if (inCaller) config.int(interOpThreads, -1);
  return config.finish();
}

/** GraphDef version that TensorFlow 2.11 wrote: old enough for any later TensorFlow, new enough for all ops used here. */
const GRAPH_PRODUCER = 1286;

function functionDef({ name, parameters, nodes, results, mustCompile }: FunctionDefinition): Message {
  const signature = new Message().data(1, name);
  for (const one of parameters) signature.message(2, new Message().data(1, one.name).int(3, one.dtype));
  for (const one of results) signature.message(3, new Message().data(1, one.name).int(3, one.dtype));
  const message = new Message().message(1, signature);
  for (const node of nodes) message.message(3, nodeDef(node));
  for (const one of results) message.message(4, new Message().data(1, one.name).data(2, one.value));
  const must = attributeValue({ bool: true });
  if (mustCompile) message.message(5, new Message().data(1, '_XlaMustCompile').message(2, must));
  return message;
}

function nodeDef(node: GraphNode): Message {
  const message = new Message().data(1, node.name).data(2, node.op);
  for (const input of node.inputs) message.data(3, input);
  for (const [name, value] of Object.entries(node.attributes)) {
    message.message(5, new Message().data(1, name).message(2, attributeValue(value)));
  }
  return message;
}

function attributeValue(value: Attribute): Message {
  const message = new Message();
  if ('type' in value) return message.int(6, value.type);
  if ('bool' in value) return message.int(5, value.bool ? 1 : 0);
  if ('int' in value) return message.int(3, value.int);
  if ('float' in value) return message.float(4, value.float);
  if ('string' in value) return message.data(2, value.string);
  if ('shape' in value) return message.message(7, shape(value.shape));
  if ('func' in value) return message.message(10, new Message().data(1, value.func));
  if ('tensor' in value) {
    const { dtype, shape: dimensions, values } = value.tensor;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return message.message(8, new Message().int(1, dtype).message(2, shape(dimensions)).data(4, bytes));
  }
  const list = new Message();
  if ('ints' in value) for (const element of value.ints) list.int(3, element);
  else if ('floats' in value) for (const element of value.floats) list.float(4, element);
  else if ('types' in value) for (const element of value.types) list.int(6, element);
  else if ('strings' in value) for (const element of value.strings) list.data(2, element);
  else if ('shapes' in value) for (const element of value.shapes) list.message(7, shape(element));
  else for (const element of value.bools) list.int(5, element ? 1 : 0);
  return message.message(1, list);
}

function shape(dimensions: readonly number[]): Message {
  const message = new Message();
  for (const size of dimensions) message.message(2, new Message().int(1, size));
  return message;
}
