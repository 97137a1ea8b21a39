/**
 * The results of a sweep as they lie in its folder: `runs/ID` has a file for each run, in folders by the first two digits of its name, and
 * `results.ndjson` has all of them, a line each, so that a hundred thousand are one file to read. The files are what counts: a run that is in
 * one of them and not among the lines yet is read from its file.
 */
import type { Json } from '../core/json';
import { platform } from '../platform/port';

/** A run that ended, as it is kept. */
export interface KeptResult {
  /** Experiment, version and options in one line of JSON. */
  identity: string;
  /** Where in the grid. */
  at: Record<string, Json>;
  /** What the experiment answered. */
  answer: Json;
  /** Wall time. */
  seconds: number;
  /** Hash of the code that made it. */
  code: string;
  /** What computed, such as `TensorFlow 2.21.0`. */
  engine: string;
}

/** What {@link readKept} found. */
export interface KeptResults {
  /** By the names of the runs' files, in the order in which the runs ended. */
  byId: Map<string, KeptResult>;
  /** Whether the file with all of them says the same; else whoever may write it makes it anew. */
  isIndexed: boolean;
}

/** The file with all results, in a sweep's folder. */
export const INDEX = 'results.ndjson';

/** The name of a run's file, without its ending. */
export const idOf = (identity: string): string => platform().sha256(identity).slice(0, 20);

/** Where a run's file lies in a sweep's folder. */
export const runPath = (id: string): string => `runs/${id.slice(0, 2)}/${id}.json`;

/**
 * Reads the results that are kept in a folder, and writes nothing: a sweep may be at work there.
 *
 * @returns none where nothing is kept
 * @throws Error that names a run's file that cannot be read
 */
export async function readKept(folder: string): Promise<KeptResults> {
  const { files } = platform();
  const index = `${folder}/${INDEX}`;
  // The lines before the names: a run that ends in between has a name and no line, and is read from its file.
  const lines = (await files.exists(index)) ? linesOf(await files.readBytes(index)) : [];
  const names = await runNames(folder);
  const byId = new Map<string, KeptResult>();
  for (const line of lines) {
    const result = resultOf(line);
    const id = result && idOf(result.identity);
    if (id !== undefined && names.has(id)) byId.set(id, result!);
  }
  let isIndexed = byId.size === lines.length;
  for (const id of names) {
    if (byId.has(id)) continue;
    const result = await readRun(`${folder}/${runPath(id)}`);
    if (result) byId.set(id, result);
    isIndexed = false;
  }
  return { byId, isIndexed };
}

/** A run's file; undefined when it was taken away meanwhile. */
async function readRun(file: string): Promise<KeptResult | undefined> {
  const { files } = platform();
  let text: string;
  try {
    text = await files.readText(file);
  } catch (error) {
    if (!(await files.exists(file))) return undefined;
    throw error;
  }
  const result = resultOf(text);
  if (!result) throw new Error(`${file} is no result of a sweep. Take it away, and the run is made again.`);
  return result;
}

/** The names of the runs that have a file. */
async function runNames(folder: string): Promise<Set<string>> {
  const { files } = platform();
  const parts = (await files.list(`${folder}/runs`)).filter((name) => /^[0-9a-f]{2}$/.test(name));
  const names = new Set<string>();
  for (const part of parts.sort()) {
    for (const name of (await files.list(`${folder}/runs/${part}`)).sort()) {
      if (/^[0-9a-f]{20}\.json$/.test(name)) names.add(name.slice(0, 20));
    }
  }
  return names;
}

/** All lines may be more than one text can hold. */
function linesOf(bytes: Uint8Array): string[] {
  const decoder = new TextDecoder();
  const lines: string[] = [];
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(10, start);
    const end = found === -1 ? bytes.length : found;
    if (end > start) lines.push(decoder.decode(bytes.subarray(start, end)));
    start = end + 1;
  }
  return lines;
}

/** A line that was cut off, by a kill or while it is being written, is no result. */
function resultOf(text: string): KeptResult | undefined {
  try {
    const value = JSON.parse(text) as KeptResult | null;
    return typeof value?.identity === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
