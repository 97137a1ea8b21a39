/** What a notebook file holds, in nbformat 4, and what this project keeps in it. */
import { type Profile } from '../../src/platform/profile';
import * as path from 'node:path';

/** One output of a code cell, in nbformat 4. */
export interface Output {
  output_type: 'stream' | 'display_data' | 'execute_result' | 'error';
  name?: string;
  text?: string;
  data?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  execution_count?: number | null;
  ename?: string;
  evalue?: string;
  traceback?: string[];
}

/** One cell; `source` is always one string here, whatever the file holds. */
export interface Cell {
  id?: string;
  cell_type: 'code' | 'markdown' | 'raw';
  source: string;
  metadata: Record<string, unknown>;
  /** Pictures pasted into a text: file name to MIME type to base64. */
  attachments?: Record<string, Record<string, string | string[]>>;
  outputs?: Output[];
  execution_count?: number | null;
}

/** What `metadata.bnlab.provenance` of an executed notebook says. */
export interface Provenance {
  /** Where the code that made the outputs is found, see `codeCommit`; `+` when there were uncommitted changes to it. */
  commit: string | null;
  profile: Profile;
  /** What, besides the sources, decides what is computed: the engine and the data set asked for, or whether MNIST was there. */
  settings: string;
  /** Which engine computed, in the engine card's words. */
  engine: Record<string, unknown> | null;
  /** Data sets that the notebook's outputs name. */
  data: string[];
  seeds: number[];
  /** Wall time, two digits; a rerun of the same sources keeps the figure it finds, see `steadyMinutes`. */
  minutes: number;
  /** Over the three below. */
  hash: string;
  notebook: string;
  /** Over the code and the files that the cells' imports reach. */
  library: string;
  /** Of the packages that compute below it. */
  versions: Record<string, string>;
  /** Four characters for each declaration and file reached, sorted: a stale notebook can then say what changed. */
  reached: string;
  /** Digests of the files beside the notebook that its cells import, by their path from there; absent where it imports none. */
  beside?: Record<string, string>;
}

/** What this project keeps in a notebook's metadata under `bnlab`. */
export interface NotebookSettings {
  /** Seconds of wall time that the notebook may take, by profile. */
  budget?: Partial<Record<Profile, number>>;
  /** True for a notebook that measures time: it runs with no other beside it. */
  alone?: boolean;
  /** Written by the runner, see provenance.ts. */
  provenance?: Provenance;
}

export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown> & { bnlab?: NotebookSettings };
  nbformat: number;
  nbformat_minor: number;
}

/** The display types this project gives a meaning to. */
export const MIME = {
  plotly: 'application/vnd.plotly.v1+json',
  svg: 'image/svg+xml',
} as const;

/** A notebook's name: its file without folder and ending. */
export function nameOf(file: string): string {
  return path.basename(file, '.ipynb');
}

/** True for a display type whose value is JSON and not text. */
export function isJson(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json');
}

/** Every output with display data, with its cell. */
export function* displays(
  notebook: Notebook,
): Generator<{ cell: Cell; index: number; output: Output; data: Record<string, unknown> }> {
  for (const [index, cell] of notebook.cells.entries()) {
    for (const output of cell.outputs ?? []) if (output.data) yield { cell, index, output, data: output.data };
  }
}
