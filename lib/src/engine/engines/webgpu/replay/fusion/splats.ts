/** Values all of whose elements are one number, known beforehand: constants, what is filled, and what is computed of such. */
import type { Command, Value } from '../recording';

const { fround } = Math;

/** By TensorFlow.js's numbers of operations. */
const BINARY: Record<string, (a: number, b: number) => number> = {
  '0': (a, b) => a + b,
  '4': (a, b) => a / b,
  '17': (a, b) => a * b,
  '22': (a, b) => a - b,
};
const UNARY: Record<string, (a: number) => number> = { '22': (a) => -a, '36': (a) => a * a };

/** Splats that are known by now. */
export class Splats {
  private readonly known = new Map<Value, number>();

  /** The number, or undefined. */
  of(value: Value): number | undefined {
    if (!this.known.has(value)) {
      const { source } = value;
      if (source.kind !== 'constant' || source.values.length === 0) return undefined;
      const [first] = source.values;
      if (!source.values.every((one: number) => Object.is(one, first))) return undefined;
      this.known.set(value, first);
    }
    return this.known.get(value);
  }

  /** Takes note of what a dispatch makes, where that is a splat. */
  note({ origin, reads, writes }: Command): void {
    if (!origin || writes.length !== 1 || origin.output.dtype !== 'float32') return;
    const [kind, operation] = origin.program.shaderKey.split('_');
    if (kind === 'fill') return void this.known.set(writes[0], fround(origin.uniforms[0].data[0]));
    const numbers = reads.map((value) => this.of(value));
    if (numbers.some((number) => number === undefined)) return;
    const [a, b] = numbers as number[];
    if (kind === 'binary' && BINARY[operation]) this.known.set(writes[0], fround(BINARY[operation](a, b)));
    if (kind === 'unary' && UNARY[operation]) this.known.set(writes[0], fround(UNARY[operation](a)));
  }
}
