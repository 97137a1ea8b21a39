/** The ReLU behind a batch normalization of images, in the same passes over memory: see ../../engines/native/norms. */
import type { OpAttribute } from '../../engines/native/addon';
import { liveOps } from './simplify';
import type { Trace, TracedOp } from './trace';

/**
 * The operations of a step, those among them that only serve a ReLU behind BnlabBatchNorm taken into it: the Relu where it alone reads y,
 * and, before BnlabBatchNormGrad, the choice by which the gradient passes the Relu. The values keep their bits.
 */
export function withRelu(ops: readonly TracedOp[], traced: Trace): TracedOp[] {
  const uses = new Uses(ops, traced);
  const instead = new Map<TracedOp, TracedOp | undefined>();
  for (const op of ops) {
    if (op.op !== 'BnlabBatchNorm') continue;
    const [y, ...statistics] = op.outputs;
    const relu = uses.readers(y).find((reader) => reader.op === 'Relu');
    if (!relu) continue;
    const [active] = relu.outputs;
    if (uses.readers(y).length === 1 && !uses.isResult(y)) {
      instead.set(relu, undefined);
      instead.set(op, { ...op, attributes: through(op), outputs: [active, ...statistics] });
    }
    for (const gradient of uses.readers(op.inputs[0])) {
      const [dy, ...kept] = gradient.inputs;
      // with the same mean, so that y is the same there
      if (gradient.op !== 'BnlabBatchNormGrad' || kept[3] !== statistics[0]) continue;
      const behind = uses.gradientBehind(dy, active);
      if (behind === undefined) continue;
      instead.set(gradient, { ...gradient, attributes: through(gradient), inputs: [behind, ...kept] });
    }
  }
  if (instead.size === 0) return [...ops];
  return liveOps(
    ops.flatMap((op) => (instead.has(op) ? (instead.get(op) ?? []) : op)),
    traced,
  );
}

function through({ attributes }: TracedOp): OpAttribute[] {
  return attributes.map((attribute) => (attribute.name === 'relu' ? { ...attribute, value: true } : attribute));
}

/** Who makes the values of a step, and who reads them. */
class Uses {
  private readonly readersOf = new Map<number, TracedOp[]>();
  private readonly makers = new Map<number, TracedOp>();
  private readonly results: ReadonlySet<number>;

  constructor(
    ops: readonly TracedOp[],
    private readonly traced: Trace,
  ) {
    this.results = new Set([...traced.outputs, ...traced.changed].map(({ value }) => value));
    for (const op of ops) {
      for (const id of op.inputs) this.readersOf.set(id, [...this.readers(id), op]);
      for (const id of op.outputs) this.makers.set(id, op);
    }
  }

  readers(id: number): readonly TracedOp[] {
    return this.readersOf.get(id) ?? [];
  }

  isResult(id: number): boolean {
    return this.results.has(id);
  }

  /** The gradient g of y = relu(z), where dz is select(y > 0, g, y): 0, or NaN, where y is not above 0. */
  gradientBehind(dz: number, y: number): number | undefined {
    const { sources, info } = this.traced;
    const select = this.makers.get(dz);
    if (select?.op !== 'Select' || select.inputs[2] !== y) return undefined;
    const greater = this.makers.get(select.inputs[0]);
    if (greater?.op !== 'Greater' || greater.inputs[0] !== y) return undefined;
    const zero = sources.get(greater.inputs[1]);
    const isZero = zero?.kind === 'constant' && zero.values.length === 1 && zero.values[0] === 0;
    const [, g] = select.inputs;
    return isZero && String(info.get(g)!.shape) === String(info.get(y)!.shape) ? g : undefined;
  }
}
