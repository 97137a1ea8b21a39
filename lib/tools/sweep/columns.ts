/** Results as columns, for programs that read tables: a row for each run, a column for each number or text of what is kept of it. */
import type { Json } from '../../src/core/json';
import type { Result } from './store';

/** What a column holds; `text` also for what is a list or object of several kinds, as JSON. */
export type ColumnKind = 'whole' | 'number' | 'flag' | 'text' | 'numbers';

/** One column. */
export interface Column {
  /** `at.AXIS`, `answer.NAME` with a point for every object that it lies in, `seconds`, `engine`, `code`. */
  name: string;
  kind: ColumnKind;
  /** A value for each row; null where the run has none. */
  values: Json[];
}

/** The columns of results, in the order in which their names come up. */
export function columnsOf(results: readonly Result[]): Column[] {
  const rows = results.map(({ at, answer, seconds, engine, code }) => flat({ at, answer, seconds, engine, code }));
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  return names.flatMap((name) => {
    const values = rows.map((row) => row.get(name) ?? null);
    // An object that some runs have not, such as where one diverged, is the columns of what is in it.
    if (values.every((value) => value === null) && names.some((other) => other.startsWith(`${name}.`))) return [];
    const kind = kindOf(values);
    return [{ name, kind, values: kind === 'text' ? values.map(textOf) : values }];
  });
}

/** By the path to it, everything in a value that is no object; of an object without names itself. */
function flat(value: Json, path = '', found = new Map<string, Json>()): Map<string, Json> {
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  if (!isObject || (path !== '' && Object.keys(value).length === 0)) return found.set(path, value);
  for (const [name, inner] of Object.entries(value as Record<string, Json>))
    flat(inner, path === '' ? name : `${path}.${name}`, found);
  return found;
}

function kindOf(values: readonly Json[]): ColumnKind {
  const there = values.filter((value) => value !== null);
  if (there.length === 0) return 'text';
  if (there.every((value) => typeof value === 'number')) return there.every(isWhole) ? 'whole' : 'number';
  if (there.every((value) => typeof value === 'boolean')) return 'flag';
  return there.every(isNumbers) ? 'numbers' : 'text';
}

/** As the 32 bits of a table's whole numbers hold it. */
const isWhole = (value: Json): boolean => value === Number(value) && (value | 0) === value && !Object.is(value, -0);

const isNumbers = (value: Json): boolean =>
  Array.isArray(value) && value.every((entry) => entry === null || typeof entry === 'number');

const textOf = (value: Json): Json => (value === null || typeof value === 'string' ? value : JSON.stringify(value));
