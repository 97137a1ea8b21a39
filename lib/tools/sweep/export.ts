/** The results of a sweep in a file that pandas, R and spreadsheets read: CSV (RFC 4180) or Parquet. */
import { stringify } from 'csv-stringify/sync';
import type { SchemaElement } from 'hyparquet-writer';
import { writeAtomically } from '../../src/platform/node/write';
import { type Column, columnsOf, type ColumnKind } from './columns';
import type { Result } from './store';

/** A form of table. */
export type TableForm = 'csv' | 'parquet';

/**
 * Writes results, a row each: whole or not at all.
 *
 * @throws Error that says what to do, where there is nothing to write, the file cannot be written, or this Node has no way to Parquet
 */
export function writeTable(file: string, form: TableForm, results: readonly Result[]): void {
  if (results.length === 0)
    throw new Error('There are no results yet. The same command without `--csv` or `--parquet` makes them.');
  const columns = columnsOf(results);
  writeAtomically(file, form === 'csv' ? csvOf(columns, results.length) : parquetOf(columns));
}

function csvOf(columns: readonly Column[], rows: number): string {
  const written = columns.map(({ kind, values }) =>
    kind === 'numbers' ? values.map((value) => value && JSON.stringify(value)) : values,
  );
  const lines = Array.from({ length: rows }, (_, row) => written.map((values) => values[row]));
  const header = columns.map(({ name }) => name);
  const cast = { boolean: (value: boolean) => String(value) };
  return stringify([header, ...lines], { record_delimiter: 'windows', cast });
}

/** What Parquet calls a value of a kind. */
const TYPES = {
  whole: { type: 'INT32' },
  number: { type: 'DOUBLE' },
  flag: { type: 'BOOLEAN' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
} as const satisfies Record<Exclude<ColumnKind, 'numbers'>, object>;

function parquetOf(columns: readonly Column[]): Uint8Array {
  const { parquetWriteBuffer } = parquetWriter();
  const elements = columns.flatMap(({ name, kind }): SchemaElement[] => {
    const optional = { name, repetition_type: 'OPTIONAL' } as const;
    if (kind !== 'numbers') return [{ ...optional, ...TYPES[kind] }];
    return [
      { ...optional, num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'OPTIONAL', type: 'DOUBLE' },
    ];
  });
  const schema = [{ name: 'root', num_children: columns.length }, ...elements];
  const columnData = columns.map(({ name, values }) => ({ name, data: values }));
  return new Uint8Array(parquetWriteBuffer({ schema, columnData }));
}

/** The package is a module of the newer kind, which a Node before 20.19 does not load from here. */
function parquetWriter(): typeof import('hyparquet-writer') {
  try {
    return require('hyparquet-writer') as typeof import('hyparquet-writer');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_REQUIRE_ESM') throw error;
    throw new Error(
      `Node ${process.versions.node} cannot load what writes Parquet: use Node 20.19 or later, or \`--csv FILE\`.`,
      { cause: error },
    );
  }
}
