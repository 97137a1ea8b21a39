/**
 * The results of a sweep: a file for each run, written whole or not at all, and one file with all of them, which is read in place of so
 * many. The files of the runs are what counts; the other one is made again from them where it lags behind.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Json } from '../../src/core/json';
import { sha256 } from '../../src/platform/node';
import { writeAtomically } from '../../src/platform/node/write';

/** What decides a run's numbers beside its options. */
export interface Made {
  /** Hash of the code. */
  code: string;
  /** What computed, such as `native TensorFlow 2.21.0`. */
  engine: string;
}

/** A run that ended. */
export interface Result extends Made {
  /** Experiment, version and options in one line of JSON. */
  identity: string;
  /** Where in the grid. */
  at: Readonly<Record<string, Json>>;
  /** What the experiment answered. */
  answer: Json;
  /** Wall time. */
  seconds: number;
}

/** A run that failed again and again. */
export interface Failure {
  identity: string;
  at: Readonly<Record<string, Json>>;
  /** The message of the last try. */
  error: string;
  tries: number;
}

/** The name of a run's file. */
export const idOf = (identity: string): string => sha256(identity).slice(0, 20);

/** The results under one folder. */
export class Store {
  private readonly results = new Map<string, Result>();
  private readonly failures = new Map<string, Failure>();
  private readonly all: string;

  /** Reads what is there. @throws Error that names a file that cannot be read */
  constructor(readonly folder: string) {
    this.all = path.join(folder, 'results.ndjson');
    const names = listed(this.runs);
    const lines = fs.existsSync(this.all) ? fs.readFileSync(this.all, 'utf8').split('\n') : [];
    for (const line of lines) {
      const result = parsed(line);
      if (result && names.has(idOf(result.identity))) this.results.set(idOf(result.identity), result);
    }
    const missing = [...names].filter((id) => !this.results.has(id));
    for (const id of missing) this.results.set(id, JSON.parse(fs.readFileSync(this.fileOf(id), 'utf8')) as Result);
    const kept = lines.filter((line) => line !== '').length;
    if (missing.length > 0 || kept !== this.results.size) this.writeAll();
    for (const id of listed(this.failed)) {
      this.failures.set(id, JSON.parse(fs.readFileSync(path.join(this.failed, `${id}.json`), 'utf8')) as Failure);
    }
  }

  /** The result of a run, of whatever code. */
  get(identity: string): Result | undefined {
    return this.results.get(idOf(identity));
  }

  /** Why a run was set aside; undefined when it was not. */
  failure(identity: string): Failure | undefined {
    return this.failures.get(idOf(identity));
  }

  /** Keeps a result. A run that ends twice counts once. */
  put(result: Result): void {
    const id = idOf(result.identity);
    const twice = this.results.has(id);
    const line = JSON.stringify(result);
    writeAtomically(this.fileOf(id), line);
    this.results.set(id, result);
    if (twice) this.writeAll();
    else fs.appendFileSync(this.all, `${line}\n`);
    this.forgive(result.identity);
  }

  /** Sets a run aside, with its error. */
  setAside(failure: Failure): void {
    const id = idOf(failure.identity);
    writeAtomically(path.join(this.failed, `${id}.json`), JSON.stringify(failure, null, 2));
    this.failures.set(id, failure);
  }

  /** Lets a run that was set aside be tried again. */
  forgive(identity: string): void {
    if (!this.failures.delete(idOf(identity))) return;
    fs.rmSync(path.join(this.failed, `${idOf(identity)}.json`), { force: true });
  }

  /** Puts results of other code where none of this sweep is looked for: `stale/CODE/`. */
  putAway(stale: readonly Result[]): void {
    for (const { identity, code } of stale) {
      const id = idOf(identity);
      const folder = path.join(this.folder, 'stale', code);
      fs.mkdirSync(folder, { recursive: true });
      fs.renameSync(this.fileOf(id), path.join(folder, `${id}.json`));
      this.results.delete(id);
    }
    if (stale.length > 0) this.writeAll();
  }

  private get runs(): string {
    return path.join(this.folder, 'runs');
  }

  private get failed(): string {
    return path.join(this.folder, 'failed');
  }

  private fileOf(id: string): string {
    return path.join(this.runs, `${id}.json`);
  }

  private writeAll(): void {
    writeAtomically(this.all, [...this.results.values()].map((result) => `${JSON.stringify(result)}\n`).join(''));
  }
}

/** The names of the JSON files of a folder, without their ending. */
function listed(folder: string): Set<string> {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return new Set(names.filter((name) => /^[0-9a-f]{20}\.json$/.test(name)).map((name) => name.slice(0, 20)));
}

/** A line that was cut off by a kill is no result; its run's file is. */
function parsed(line: string): Result | undefined {
  try {
    return line === '' ? undefined : (JSON.parse(line) as Result);
  } catch {
    return undefined;
  }
}
