/** Products of small matrices by this processor's vector registers, as XLA can call them: what set-up compiles from products/. */
import * as os from 'node:os';
import { nativePaths } from './paths';

/** A kind of vector registers. */
export interface Registers {
  name: string;
  /** how many float32 one holds */
  lanes: number;
}

/** What products/products.cc exports. */
export interface ProductsAddon {
  /** those of this processor, widest first */
  kinds: Registers[];
  /** whether products run by these from here on, and XLA can call them */
  use(name: string): boolean;
  /** how often XLA has called a product */
  calls(): number;
  /** c = a b, or c + scale a b */
  product(
    ...given: [
      ...[a: Float32Array, b: Float32Array, c: Float32Array, rows: number, inner: number, columns: number],
      ...[transposeA: boolean, transposeB: boolean, scale?: number],
    ]
  ): void;
}

/** Names the registers to use, 'avx512', 'avx2' or 'neon', or 'xla' for XLA's own products; for tests. */
const VARIABLE = 'BNLAB_PRODUCTS';

let found: { registers: Registers | undefined } | undefined;

/** The addon, or undefined where it was not built or does not load. TensorFlow must have been loaded. */
export function productsAddon(): ProductsAddon | undefined {
  const paths = nativePaths();
  if (!paths) return undefined;
  try {
    const addon = { exports: {} };
    // now, and not at the first call: what TensorFlow's library lacks shows here
    process.dlopen(addon, paths.products, os.constants.dlopen.RTLD_NOW);
    return addon.exports as ProductsAddon;
  } catch {
    return undefined;
  }
}

/**
 * The registers that XLA's products run by, made ready at the first call: the widest, or those that BNLAB_PRODUCTS names.
 *
 * @returns undefined where products are left to XLA
 * @throws RangeError when BNLAB_PRODUCTS names none of this processor's
 */
export function productRegisters(): Registers | undefined {
  found ??= { registers: choose(process.env[VARIABLE]) };
  return found.registers;
}

function choose(wanted: string | undefined): Registers | undefined {
  if (wanted === 'xla') return undefined;
  const addon = productsAddon();
  const kinds = addon?.kinds ?? [];
  const chosen = wanted ? kinds.find(({ name }) => name === wanted) : kinds[0];
  if (wanted && !chosen) {
    const known = ['xla', ...kinds.map(({ name }) => name)].map((name) => `'${name}'`).join(', ');
    throw new RangeError(`${VARIABLE}='${wanted}': this machine has ${known}.`);
  }
  return chosen && addon!.use(chosen.name) ? chosen : undefined;
}
