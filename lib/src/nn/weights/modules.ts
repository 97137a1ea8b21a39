/** Which module of another framework's file belongs to which layer. */
import { expectArgument, kind, listOf, numbers, object, recordOf, text, type Wanted } from '../../core/checks';
import type { Framework } from './frameworks';
import type { Part } from './parts';

/** An array of a file: by shape and values, with what the file says they are. */
export interface NamedArray {
  /** Its sizes. */
  shape: number[];
  /** Row by row, the last axis fastest. */
  values: ArrayLike<number>;
  /** As the file names it, such as `F32`. */
  type: string;
}

const counts = listOf(kind('a whole number of at least 0', (v) => Number.isSafeInteger(v) && (v as number) >= 0));
const namedArray: Wanted = {
  words: 'an array as readSafetensors or readNpz gives it, { shape, values, type }',
  fits: object.fits,
  inside: (where, name, value) => {
    const { shape, values, type } = value as NamedArray;
    expectArgument(where, `${name}.shape`, shape, counts);
    expectArgument(where, `${name}.values`, values, numbers);
    expectArgument(where, `${name}.type`, type, text);
    const length = shape.reduce((product, size) => product * size, 1);
    if (values.length === length) return;
    throw new RangeError(`${where}: ${name} has ${values.length} values; wanted ${length} for [${shape.join(', ')}].`);
  },
};

/** Arrays by name. */
export const namedArrays = recordOf(namedArray);

/** The weights of one module, by the framework's name of each. */
export interface Module {
  readonly name: string;
  readonly kind: Part['kind'];
  readonly weights: Readonly<Record<string, NamedArray>>;
}

/**
 * The modules of a file.
 *
 * @throws RangeError for one that is no dense layer, no convolution and no normalization
 */
export function modulesOf(where: string, arrays: Readonly<Record<string, NamedArray>>, framework: Framework): Module[] {
  const found = new Map<string, Record<string, NamedArray>>();
  for (const [name, array] of Object.entries(arrays)) {
    const cut = name.lastIndexOf(framework.separator);
    const weight = name.slice(cut + 1);
    if (framework.ignored.includes(weight)) continue;
    const owner = cut < 0 ? '' : name.slice(0, cut);
    found.set(owner, { ...found.get(owner), [weight]: array });
  }
  return [...found].map(([name, weights]) => {
    const rank = weights[framework.linear.weights]?.shape.length;
    const isNorm = framework.norm.movingMean in weights;
    const isAffine = Object.entries(weights).every(
      ([weight, { shape }]) =>
        shape.length === 1 && (weight === framework.norm.gamma || weight === framework.norm.beta),
    );
    const kind = isNorm ? 'norm' : isAffine ? 'affine' : rank === 2 ? 'dense' : rank === 4 ? 'convolution' : undefined;
    if (kind) return { name, kind, weights };
    const held = Object.entries(weights).map(([weight, { shape }]) => `${weight} [${shape.join(', ')}]`);
    throw new RangeError(
      `${where}: module '${name}' holds ${held.slice(0, 4).join(', ')}${held.length > 4 ? ' ...' : ''}: no dense layer, no convolution and no normalization ` +
        `(${framework.norm.gamma} and ${framework.norm.beta} of one axis; ${framework.norm.movingMean} and ${framework.norm.movingVariance} where it is one of batches).`,
    );
  });
}

/** What two modules that can be taken for each other have in common. */
function sizeOfModule({ kind, weights }: Module, framework: Framework): string {
  if (kind === 'norm') return `norm ${weights[framework.norm.movingMean].shape.join()}`;
  if (kind === 'affine') return `affine ${Object.values(weights)[0].shape.join()}`;
  const order = kind === 'dense' ? framework.dense : framework.convolution;
  const { shape } = weights[framework.linear.weights];
  return `${kind} ${order.map((axis) => shape[axis]).join()}`;
}

function sizeOfPart({ kind, layer }: Part): string {
  if (kind === 'affine') return `affine ${layer.variables[0].shape.join()}`;
  return kind === 'norm'
    ? `norm ${layer.named[`${layer.name}/movingMean`].shape.join()}`
    : `${kind} ${layer.named[`${layer.name}/weights`].shape.join()}`;
}

/** `dense_2` and `dense`, `layer1.0.conv2`: a name as its words and its numbers; a name that ends in none is the first, 0. */
function numbered(name: string): { words: string; numbers: number[] } {
  const whole = /\d$/.test(name) ? name : `${name}_0`;
  return { words: whole.replace(/\d+/g, '#'), numbers: (whole.match(/\d+/g) ?? []).map(Number) };
}

/** In the order of their numbers; null where their names differ in more than numbers, so that they have no order. */
function inOrder(modules: readonly Module[]): Module[] | null {
  const names = modules.map((one) => ({ one, ...numbered(one.name) }));
  if (names.some(({ words }) => words !== names[0].words)) return null;
  names.sort((a, b) => a.numbers.map((n, i) => n - b.numbers[i]).find((difference) => difference !== 0) ?? 0);
  return names.map(({ one }) => one);
}

/**
 * The module of every part: by their names in order where `order` gives them, else by kind and size, and among those of one size by
 * the numbers in their names.
 *
 * @throws RangeError when a part or a module is left over, or their names do not tell which is which
 */
export function matched(
  where: string,
  parts: readonly Part[],
  modules: readonly Module[],
  framework: Framework,
  order?: readonly string[],
): Module[] {
  const list = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ') || 'none';
  const layers = parts.map(({ layer, kind }) => `${layer.name} (${kind})`).join(', ');
  if (order) {
    if (order.length !== parts.length || new Set(order).size !== order.length) {
      throw new RangeError(
        `${where}: modules must name ${parts.length}, one for each of ${layers}; got ${list(order)}.`,
      );
    }
    const named = order.map((name) => modules.find((one) => one.name === name));
    const absent = order.filter((_, i) => !named[i]);
    const extra = modules.filter(({ name }) => !order.includes(name)).map(({ name }) => name);
    if (absent.length || extra.length) {
      throw new RangeError(
        `${where}: modules names ${list(absent)}, which the file lacks; the file also has ${list(extra)}.`,
      );
    }
    return named as Module[];
  }
  const bySize = new Map<string, Module[]>();
  for (const one of modules) {
    const size = sizeOfModule(one, framework);
    bySize.set(size, [...(bySize.get(size) ?? []), one]);
  }
  const wanted = new Map<string, Part[]>();
  for (const part of parts) wanted.set(sizeOfPart(part), [...(wanted.get(sizeOfPart(part)) ?? []), part]);
  const sizes = [...new Set([...wanted.keys(), ...bySize.keys()])];
  const uneven = sizes.filter((size) => wanted.get(size)?.length !== bySize.get(size)?.length);
  if (uneven.length > 0) {
    const written = (size: string) => size.replace(/ (.*)/, ' [$1]');
    const inNetwork = uneven.flatMap((size) =>
      (wanted.get(size) ?? []).map((part) => `${part.layer.name} (${written(size)})`),
    );
    const inFile = uneven.flatMap((size) => (bySize.get(size) ?? []).map((one) => `'${one.name}' (${written(size)})`));
    throw new RangeError(
      `${where}: of sizes that do not match, the network has ${inNetwork.join(', ') || 'none'}, the file has ` +
        `${inFile.join(', ') || 'none'}. The network must have the layers of the one that was saved.`,
    );
  }
  const of = new Map<Part, Module>();
  for (const size of sizes) {
    const [mine, theirs] = [wanted.get(size)!, bySize.get(size)!];
    const ordered = theirs.length === 1 ? theirs : inOrder(theirs);
    if (!ordered) {
      throw new RangeError(
        `${where}: ${list(theirs.map(({ name }) => name))} are of one size, and their names do not tell which comes first. ` +
          `Give modules: the file's names in the order of ${layers}.`,
      );
    }
    mine.forEach((part, i) => of.set(part, ordered[i]));
  }
  return parts.map((part) => of.get(part)!);
}
