/**
 * Checks of what callers give, for every room of the library. Each message says where, what was given, what was wanted. It knows tensors
 * and layers by their look, so that this room imports nothing.
 */

/** What a value must be: the words for it, and the test. */
export interface Wanted {
  /** As in "must be a number". */
  readonly words: string;
  /** Whether the value is that. */
  readonly fits: (value: unknown) => boolean;
  /** Looks at the parts of a value that fits, and throws for one that does not. */
  readonly inside?: (where: string, name: string, value: unknown) => void;
  /** For an option that may not be left out. */
  readonly needed?: boolean;
}

/** What is wanted of an option that may not be left out. */
export interface Needed extends Wanted {
  readonly needed: true;
}

/**
 * Every option of `T`, and what it must be. The type asks for all of them and for no other, so that a new option cannot be forgotten
 * here, nor one that is gone be left.
 */
export type Options<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? Wanted : Needed;
};

/** The same, for an option that may not be left out. */
export const needed = (wanted: Wanted): Needed => ({ ...wanted, needed: true });

/** What a test of the caller's own finds, in words. */
export const kind = (words: string, fits: (value: unknown) => boolean): Wanted => ({ words, fits });

/** Anything: the function looks at it itself, and has better words. */
export const own: Wanted = kind('given', () => true);
export const number: Wanted = kind('a number', (value) => typeof value === 'number' && !Number.isNaN(value));
export const finite: Wanted = kind('a finite number', Number.isFinite);
export const whole: Wanted = kind('a whole number', Number.isSafeInteger);
export const positive: Wanted = kind('a finite number above 0', (v) => Number.isFinite(v) && (v as number) > 0);
export const notNegative: Wanted = kind(
  'a finite number of at least 0',
  (v) => Number.isFinite(v) && (v as number) >= 0,
);
export const counting: Wanted = kind(
  'a whole number of at least 1',
  (v) => Number.isSafeInteger(v) && (v as number) >= 1,
);
export const flag: Wanted = kind('true or false', (value) => typeof value === 'boolean');
export const text: Wanted = kind('a string', (value) => typeof value === 'string');
export const callback: Wanted = kind('a function', (value) => typeof value === 'function');
export const object: Wanted = kind(
  'an object',
  (value) => isObject(value) && !Array.isArray(value) && !isTensor(value),
);
export const list: Wanted = kind('an array', Array.isArray);

/** An array, each entry of which is as wanted. */
export function listOf(entry: Wanted): Wanted {
  return {
    ...list,
    inside: (where, name, value) =>
      // Not forEach, which passes over the holes of an array.
      (value as unknown[]).length > 0 &&
      Array.from(value as unknown[], (v, i) => expectArgument(where, `${name}[${i}]`, v, entry)),
  };
}

/** An object with names of the caller's own, each value of which is as wanted. */
export function recordOf(entry: Wanted): Wanted {
  return {
    ...object,
    inside: (where, name, value) => {
      for (const [key, v] of Object.entries(value as object)) expectArgument(where, `${name}.${key}`, v, entry);
    },
  };
}

/** Numbers in an array or a typed array; NaN and infinity among them are for the function to judge. */
export const numbers: Wanted = {
  words: 'numbers in an array or a typed array',
  fits: isNumberList,
  inside: (where, name, value) => {
    if (ArrayBuffer.isView(value)) return;
    const values = value as ArrayLike<unknown>;
    for (let i = 0; i < values.length; i++) {
      if (typeof values[i] === 'number') continue;
      throw new TypeError(`${where}: ${name}[${i}] must be a number, got ${shown(values[i])}.`);
    }
  },
};

/** Numbers, every one of them finite. */
export const finiteNumbers: Wanted = {
  ...numbers,
  inside: (where, name, value) => {
    numbers.inside!(where, name, value);
    const values = value as ArrayLike<number>;
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) {
        throw new RangeError(`${where}: ${name}[${i}] is ${values[i]}; wanted finite numbers.`);
      }
    }
  },
};

/** Rows of numbers. */
export const rowsOfNumbers: Wanted = { ...listOf(numbers), words: 'an array of rows of numbers' };

/** A tensor that was not disposed, of any type and rank. */
export const tensor: Wanted = {
  words: 'a tensor',
  fits: isTensor,
  inside: (where, name, value) => {
    if (!(value as Tensor).isDisposed) return;
    throw new TypeError(
      `${where}: ${name} (${(value as Tensor).dtype} [${(value as Tensor).shape.join(', ')}]) was disposed before this call. ` +
        'Use it inside the tf.tidy that made it, or tf.keep it.',
    );
  },
};

/** A layer or network. */
export const layer: Wanted = kind('a layer or network, such as mlp(...) makes', isLayer);
/** A network: a layer made of layers. */
export const network: Wanted = kind(
  'a network, such as mlp(...) makes',
  (value) => isLayer(value) && Array.isArray((value as { layers?: unknown }).layers),
);
/** A stream of random numbers. */
export const random: Wanted = kind(
  'a Random, such as new Random(1)',
  (value) => isObject(value) && typeof (value as { permutation?: unknown }).permutation === 'function',
);

/** What stops a run: the signal of an AbortController. */
export const abortSignal: Wanted = kind(
  'an AbortSignal',
  (value) => typeof (value as AbortSignal | null)?.aborted === 'boolean',
);

/** One of these strings. */
export function oneOf(names: readonly string[]): Wanted {
  return kind(`one of ${names.join(', ')}`, (value) => typeof value === 'string' && names.includes(value));
}

/** The first of these that fits. */
export function either(...wanted: Wanted[]): Wanted {
  return {
    words: wanted.map(({ words }) => words).join(', or '),
    fits: (value) => wanted.some(({ fits }) => fits(value)),
    inside: (where, name, value) => wanted.find(({ fits }) => fits(value))!.inside?.(where, name, value),
  };
}

/** As wanted, or null. */
export const orNull = (wanted: Wanted): Wanted =>
  either(
    wanted,
    kind('null', (value) => value === null),
  );

/** An object of these options and no others. */
export function optionsOf<T>(options: Options<T>): Wanted {
  return {
    words: 'an object of options',
    fits: isPlain,
    inside: (where, name, value) => expectOptions(`${where}: ${name}`, value, options),
  };
}

/** An object that has at least these entries, each as wanted; it may have others. */
export function having<T>(words: string, entries: { readonly [K in keyof T]?: Wanted }): Wanted {
  return {
    words,
    fits: (value) => isObject(value) && !Array.isArray(value) && !isTensor(value) && !isResult(value),
    inside: (where, name, value) => {
      for (const [key, entry] of Object.entries(entries) as [string, Wanted][]) {
        const given = (value as Record<string, unknown>)[key];
        if (given !== undefined || entry.needed) expectArgument(where, `${name}.${key}`, given, entry);
      }
    },
  };
}

/** How a result of each kind is made. */
const MAKERS = { history: 'trainNetwork()', comparison: 'compare()', snapshot: 'onSnapshot' } as const;

/** A result of this library, told by its `kind`, with these entries at least. */
export function resultOf<T>(name: keyof typeof MAKERS, entries: { readonly [K in keyof T]?: Wanted }): Wanted {
  return {
    ...having<T>(`a ${name}, as ${MAKERS[name]} gives it`, entries),
    fits: (value) => isResult(value) && value.kind === name,
  };
}

/**
 * Throws unless a value is as wanted.
 * @param where the function's name, first in the message
 * @param name the argument's name
 * @throws TypeError that says what was given and what was wanted
 */
export function expectArgument(where: string, name: string, value: unknown, wanted: Wanted): void {
  if (!wanted.fits(value)) {
    const hint = isTensor(value) && /number/.test(wanted.words) ? ' Read a tensor with dataSync().' : '';
    const right = { number: /\bnumber\b/, string: /one of/ }[typeof value as 'number'];
    const Problem = right?.test(wanted.words) ? RangeError : TypeError;
    throw new Problem(`${where}: ${name} must be ${wanted.words}, got ${shown(value)}.${hint}`);
  }
  wanted.inside?.(where, name, value);
}

/** {@link expectArgument} of several: by name, the value and what it must be. */
export function expectArguments(where: string, given: Record<string, readonly [value: unknown, wanted: Wanted]>): void {
  for (const name in given) expectArgument(where, name, given[name][0], given[name][1]);
}

/**
 * Throws unless `given` is an object that holds options of these names only, each as wanted, and all that are needed. An option that is
 * `undefined` counts as left out.
 * @param where the function's name, first in the message
 * @param passed names that are not looked at, because one object of options is handed to several functions, and another takes them
 * @throws TypeError when it is no plain object; RangeError for a name that is not known, with the one that was meant
 */
export function expectOptions<T>(
  where: string,
  given: unknown,
  options: Options<T>,
  passed: readonly string[] = [],
): asserts given is T {
  const names = Object.keys(options);
  if (!isPlain(given) || isResult(given)) {
    const example = names.length === 0 ? '{}' : `{ ${names[0]}: ... }`;
    throw new TypeError(`${where}: the options must be an object such as ${example}, got ${shown(given)}.`);
  }
  for (const name of Object.keys(given)) {
    if (!Object.prototype.hasOwnProperty.call(options, name) && !passed.includes(name))
      throw unknownName(where, 'option', name, names);
  }
  for (const name of names) {
    const wanted = options[name as keyof T] as Wanted;
    const value = (given as Record<string, unknown>)[name];
    if (value !== undefined || wanted.needed) expectArgument(where, name, value, wanted);
  }
}

/** The same options but for these. */
export function without<T, K extends keyof T>(options: Options<T>, names: readonly K[]): Options<Omit<T, K>> {
  const kept = Object.entries(options).filter(([name]) => !(names as readonly string[]).includes(name));
  return Object.fromEntries(kept) as unknown as Options<Omit<T, K>>;
}

/** The options, checked by {@link expectOptions}: for a constructor, which hands them to its base class first. */
export function checkedOptions<T>(where: string, given: T, options: Options<T>): T {
  expectOptions(where, given, options);
  return given;
}

/** The error for a name that is none of those known, with the one that was likely meant. */
export function unknownName(where: string, what: string, given: string, known: readonly string[]): RangeError {
  const meant = nearest(given, known);
  const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`;
  return new RangeError(`${where}: no ${what} '${given}'.${hint} Known: ${known.join(', ') || 'none'}.`);
}

/** The known name that a misspelt one is nearest to; undefined when none is near. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const plain = (name: string) => name.toLowerCase().replace(/[_\- ]/g, '');
  const allowed = Math.max(2, Math.floor(given.length / 3));
  const ranked = known
    .map((name) => ({ name, distance: editDistance(plain(given), plain(name)) }))
    .filter(({ name, distance }) => distance <= allowed && distance < Math.max(plain(name).length, 2))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.name;
}

/** Insertions, deletions, replacements and exchanges of neighbours from a to b (Damerau 1964, each letter touched once). */
function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array<number>(b.length).fill(0)]);
  for (let j = 1; j <= b.length; j++) rows[0][j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.length][b.length];
}

/**
 * A value as messages name it.
 * @param quote around strings
 */
export function shown(value: unknown, quote = "'"): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return quote + (value.length > 40 ? `${value.slice(0, 40)}...` : value) + quote;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    const short = value.length <= 6 && Array.from(value, (v) => typeof v === 'number').every(Boolean);
    return short ? `[${value.join(',')}]` : `an array of ${value.length}`;
  }
  if (isTensor(value)) {
    return `a tensor, ${value.dtype} [${value.shape.join(', ')}]${value.isDisposed ? ', that was disposed' : ''}`;
  }
  if (isResult(value)) return `a ${value.kind}`;
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  if (value instanceof Promise) return 'a promise (await it first)';
  if (isLayer(value)) return `a layer ('${String(value.name)}')`;
  const keys = Object.keys(value);
  if (!isPlain(value)) return `a ${(value as object).constructor?.name || 'object'}`;
  return keys.length === 0 ? 'an empty object' : `an object with ${keys.slice(0, 4).join(', ')}`;
}

interface Tensor {
  dtype: string;
  shape: number[];
  isDisposed: boolean;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether a value looks like a tensor. */
export function isTensor(value: unknown): value is Tensor {
  const given = value as Partial<Tensor & { dataSync: unknown }> | null | undefined;
  return typeof given === 'object' && typeof given?.dataSync === 'function' && Array.isArray(given.shape);
}

function isLayer(value: unknown): value is { name: unknown } {
  return isObject(value) && typeof (value as { apply?: unknown }).apply === 'function';
}

function isResult(value: unknown): value is { kind: string } {
  const { kind: name } = (value ?? {}) as { kind?: unknown };
  return typeof name === 'string' && Object.hasOwn(MAKERS, name);
}

/** An object literal, also one of another realm, such as a notebook's cells may have. */
function isPlain(value: unknown): value is object {
  if (!isObject(value) || Array.isArray(value) || Object.prototype.toString.call(value) !== '[object Object]')
    return false;
  const parent: unknown = Object.getPrototypeOf(value);
  return parent === null || Object.getPrototypeOf(parent) === null;
}

function isNumberList(value: unknown): boolean {
  if (Array.isArray(value)) return true;
  if (ArrayBuffer.isView(value)) return !(value instanceof DataView) && !/^Big/.test(value.constructor.name);
  return isObject(value) && !isTensor(value) && Number.isSafeInteger((value as { length?: unknown }).length);
}
