/** What the addons of our own have in common (registers/choice.h): work by this processor's vector registers, handed to TensorFlow or XLA. */
import * as os from 'node:os';
import { nativePaths } from './paths';

/** A kind of vector registers. */
export interface Registers {
  name: string;
  /** how many float32 one holds */
  lanes: number;
}

export interface OwnAddon {
  /** those of this processor, widest first */
  kinds: Registers[];
  /** whether the addon works by these from here on, and TensorFlow or XLA can call it */
  use(name: string): boolean;
  /** how often it has been called by them */
  calls(): number;
}

/** The addon, or undefined where it was not built or does not load. TensorFlow must have been loaded. */
export function ownAddon<Addon extends OwnAddon>(which: 'norms' | 'products'): Addon | undefined {
  const paths = nativePaths();
  if (!paths) return undefined;
  try {
    const addon = { exports: {} };
    // now, and not at the first call: what TensorFlow's library lacks shows here
    process.dlopen(addon, paths[which], os.constants.dlopen.RTLD_NOW);
    return addon.exports as Addon;
  } catch {
    return undefined;
  }
}

/**
 * Has an addon work by the widest registers, or by those that a variable of the environment names.
 *
 * @param variable names a kind of registers, or, by the word `otherwise`, those who do the work without the addon
 * @returns the registers; undefined where the work is left to others
 * @throws RangeError when the variable names none of this processor's registers
 */
export function chooseRegisters(
  addon: () => OwnAddon | undefined,
  { variable, otherwise }: { variable: string; otherwise: string },
): Registers | undefined {
  const wanted = process.env[variable];
  if (wanted === otherwise) return undefined;
  const found = addon();
  const kinds = found?.kinds ?? [];
  const chosen = wanted ? kinds.find(({ name }) => name === wanted) : kinds[0];
  if (wanted && !chosen) {
    const known = [otherwise, ...kinds.map(({ name }) => name)].map((name) => `'${name}'`).join(', ');
    throw new RangeError(`${variable}='${wanted}': this machine has ${known}.`);
  }
  return chosen && found!.use(chosen.name) ? chosen : undefined;
}
