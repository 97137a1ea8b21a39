/** Products of matrices by this processor's vector registers, as XLA can call them: what set-up compiles from products/. */
import { chooseRegisters, ownAddon, type OwnAddon, type Registers } from './own';

/** What products/products.cc exports. */
export interface ProductsAddon extends OwnAddon {
  /** c = a b, or c + scale a b */
  product(
    ...given: [
      ...[a: Float32Array, b: Float32Array, c: Float32Array, rows: number, inner: number, columns: number],
      ...[transposeA: boolean, transposeB: boolean, scale?: number],
    ]
  ): void;
}

/** `xla` leaves products to XLA, 'avx512', 'avx2' and 'neon' choose registers; for tests. */
const CHOICE = { variable: 'BNLAB_PRODUCTS', otherwise: 'xla' };

/** The addon, or undefined where it was not built or does not load. TensorFlow must have been loaded. */
export const productsAddon = () => ownAddon<ProductsAddon>('products');

let found: { registers: Registers | undefined } | undefined;

/**
 * The registers that XLA's products run by, made ready at the first call: the widest, or those that BNLAB_PRODUCTS names.
 *
 * @returns undefined where products are left to XLA
 * @throws RangeError when BNLAB_PRODUCTS names none of this processor's
 */
export function productRegisters(): Registers | undefined {
  found ??= { registers: chooseRegisters(productsAddon, CHOICE) };
  return found.registers;
}
