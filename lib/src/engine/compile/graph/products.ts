/** Matrix products that XLA calls from the addon's products.cc instead of writing its own. */
import type { Registers } from '../../engines/native/own';
import { Body, Emitter } from './body';
import { unorderedReads } from './in-place';
import { DataType } from './proto';
import type { Trace, TracedOp } from './trace';

/** What is called in an operation's place. */
interface ProductCall {
  target: string;
  inputs: readonly number[];
  output: number;
  /** whether the result takes the place of the third input, base, in base + scale a b or base - scale a b */
  update: boolean;
}

/** Products of our own in a step. */
export interface OwnProducts {
  /** the operations in whose place they are called */
  calls: ReadonlyMap<TracedOp, ProductCall>;
  /** threads of the step, where all are too many */
  threads: 1 | undefined;
}

/**
 * Work of a step, for each float32 that a register holds, up to which it runs on one thread with products of our own. The work is the
 * floating-point operations of its matrix products, and {@link PER_VALUE} for each value that any of its operations gives.
 *
 * Measured on 2 cores with registers of 16 float32, the processor to itself, in several minutes: a step takes 0.5 to 0.8 of the time that it takes
 * with XLA's products on both cores at 36 million, 0.5 to 0.9 at 49, 0.7 to 1.1 at 98, 0.9 to 1.4 at 480; 0.3 to 0.65 of the processor time.
 * Half the lanes take twice as long.
 */
const WORK_PER_LANE = 4e6;

/**
 * Larger steps run on all threads, with products of our own where registers hold this many float32 and the inner axis is at most so long: for a
 * transposed first matrix, whose values then lie apart, and for others.
 *
 * Measured on AMD's processors with 2 cores, many at work beside it: the processor time of a step of 3 or 4 layers is 0.75 to 1.0 of that with XLA's products
 * at widths of 160 to 4096 and batches of 60 to 2048. With longer axes a product alone falls from 210 to 100 and 140 GFLOP/s; XLA's does 175.
 */
const LARGE = { lanes: 16, inner: { transposed: 512, straight: 3072 } };

/** What the paper's step spends on a value outside its products, counted in their floating-point operations. */
const PER_VALUE = 16;

/**
 * The products of a step that are our own: all of one that is small enough for one thread, of others those that are faster so; the rest stays
 * with XLA.
 *
 * A product that only serves to change a variable, w + scale a b or w - scale a b, is one call that reads w and writes over it. It comes
 * after whatever else reads w (see in-place.ts).
 */
export function ownProducts(body: Body, registers: Registers): OwnProducts {
  const { ops, traced } = body;
  const calls = new Map<TracedOp, ProductCall>();
  const products = ops.filter((op) => op.op === 'MatMul');
  const size = (id: number) => traced.info.get(id)!.shape.reduce((a, b) => a * b, 1);
  const values = ops.flatMap(({ outputs }) => outputs).reduce((sum, id) => sum + size(id), 0);
  const work = products.reduce((sum, op) => sum + flopsOf(op, traced), PER_VALUE * values);
  const isSmall = work <= WORK_PER_LANE * registers.lanes && products.every((op) => canBeOwn(op, traced));
  const isFaster = (op: TracedOp) =>
    registers.lanes >= LARGE.lanes && canBeOwn(op, traced) && hasShortInner(op, traced);
  for (const op of isSmall ? products : products.filter(isFaster)) {
    const flag = (name: string) => (op.attributes.find((a) => a.name === name)?.value ? 't' : 'n');
    const target = `${flag('transpose_a')}${flag('transpose_b')}`;
    calls.set(op, { target: `bnlab.product_${target}`, inputs: op.inputs, output: op.outputs[0], update: false });
  }
  traced.changed.forEach(({ value: output }, i) => {
    const found = updateOf(body, i);
    const product = found && calls.get(found.product);
    const reads = unorderedReads(body, i);
    const before = ops.slice(0, found && ops.indexOf(found.sum));
    if (!product || !reads.every((id) => before.some(({ outputs }) => outputs.includes(id)))) return;
    calls.delete(found.product);
    const target = product.target.replace('product', found.sign);
    calls.set(found.sum, {
      target,
      inputs: [...product.inputs, found.base, found.scale, ...reads],
      output,
      update: true,
    });
  });
  return { calls, threads: isSmall ? 1 : undefined };
}

/** The axis that a product sums over. */
function innerOf(
  { attributes, inputs: [a] }: TracedOp,
  { info }: Trace,
): { size: number; kind: 'transposed' | 'straight' } {
  const transposed = attributes.some(({ name, value }) => name === 'transpose_a' && value);
  return { size: info.get(a)!.shape[transposed ? 0 : 1], kind: transposed ? 'transposed' : 'straight' };
}

function hasShortInner(op: TracedOp, traced: Trace): boolean {
  const { size, kind } = innerOf(op, traced);
  return size <= LARGE.inner[kind];
}

function flopsOf(op: TracedOp, traced: Trace): number {
  return traced.info.get(op.outputs[0])!.shape.reduce((x, y) => x * y, 2 * innerOf(op, traced).size);
}

function canBeOwn({ inputs, outputs }: TracedOp, { info }: Trace): boolean {
  return [...inputs, ...outputs].every((id) => {
    const { dtype, shape } = info.get(id)!;
    return dtype === DataType.float32 && shape.length === 2 && !shape.includes(0);
  });
}

const SIGNS: Record<string, 'plus' | 'minus'> = { Add: 'plus', AddV2: 'plus', Sub: 'minus' };

/** The parts of a variable's new value, base plus or minus scale product, where the product serves nothing else. */
function updateOf({ ops, traced }: Body, changed: number) {
  const { variable, value } = traced.changed[changed];
  const shapeOf = (id: number) => traced.info.get(id)!.shape;
  const producer = (id: number) => ops.find((op) => op.outputs.includes(id));
  const isAlone = (id: number) =>
    ops.flatMap((op) => op.inputs.filter((input) => input === id)).length === 1 &&
    ![...traced.outputs, ...traced.changed].some((result) => result.value === id);
  /** An operand that `is`, and the other one. */
  const operands = (op: TracedOp, is: (id: number) => boolean) => {
    const [a, b] = op.inputs;
    return is(a) ? [a, b] : is(b) ? [b, a] : undefined;
  };
  const isBase = (id: number) => {
    const source = traced.sources.get(id);
    return source?.kind === 'variable' && source.variable === variable;
  };
  const sum = producer(value);
  const sign = sum && SIGNS[sum.op];
  if (!sign || (sign === 'minus' && !isBase(sum.inputs[0]))) return undefined;
  const sides = operands(sum, isBase);
  const scaled = sides && isAlone(sides[1]) ? producer(sides[1]) : undefined;
  if (!sides || scaled?.op !== 'Mul') return undefined;
  const factors = operands(scaled, (id) => shapeOf(id).length === 0);
  const product = factors && isAlone(factors[1]) ? producer(factors[1]) : undefined;
  if (!factors || product?.op !== 'MatMul' || product.inputs.includes(sides[0])) return undefined;
  if (String(shapeOf(factors[1])) !== String(variable.shape)) return undefined; // one row for all, say
  return { sum, sign, product, base: sides[0], scale: factors[0] };
}

/**
 * Writes a call: a program in StableHLO of one custom call, which is how TensorFlow reaches XLA's typed interface. TensorFlow's
 * own XlaCustomCallV2 knows only the untyped one, and no result that takes the place of an operand.
 */
export function writeProduct(
  emitter: Emitter,
  name: string,
  { target, inputs, output, update }: ProductCall,
  { info }: Trace,
  symbol: (id: number) => string,
): string {
  const type = (id: number) => `tensor<${[...info.get(id)!.shape, 'f32'].join('x')}>`;
  const result = type(output);
  const types = inputs.map(type).join(', ');
  const parameters = inputs.map((id, i) => `%${i}: ${type(id)}`).join(', ');
  const alias = 'output_tuple_indices = [], operand_index = 2, operand_tuple_indices = []';
  const aliases = update ? `, output_operand_aliases = [#stablehlo.output_operand_alias<${alias}>]` : '';
  const call = `stablehlo.custom_call @${target}(${inputs.map((_, i) => `%${i}`).join(', ')}) {api_version = 4 : i32${aliases}}`;
  const float = (count: number) => ({ types: Array<number>(count).fill(DataType.float32) });
  return emitter.add(name, 'XlaCallModule', inputs.map(symbol), {
    version: { int: 9 },
    platforms: { strings: ['CPU'] },
    module: {
      string: `module {
  func.func public @main(${parameters}) -> ${result} {
    %result = ${call} : (${types}) -> ${result}
    return %result : ${result}
  }
}`,
    },
    Tin: float(inputs.length),
    Tout: float(1),
    Sout: { shapes: [info.get(output)!.shape] },
  })();
}
