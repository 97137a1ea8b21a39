/** The results of a sweep on the disk. To look at them, they are read; to add to them, the folder is opened, by whoever holds its lock. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Json } from '../../src/core/json';
import { idOf, INDEX, type KeptResult, readKept, runPath } from '../../src/experiments/kept-results';
import '../../src/platform/node/set';
import { writeAllAtomically, writeAtomically } from '../../src/platform/node/write';

export { idOf };

/** A run that ended. */
export type Result = KeptResult;

/** A run that failed again and again. */
export interface Failure {
  identity: string;
  at: Readonly<Record<string, Json>>;
  /** The message of the last try. */
  error: string;
  tries: number;
}

/** A result could not be written: no fault of the run. */
export class CannotKeep extends Error {}

/** What there is of a sweep: nothing is written. */
export class Results {
  protected constructor(
    readonly folder: string,
    protected readonly results: Map<string, Result>,
    protected readonly failures: Map<string, Failure>,
  ) {}

  /** Reads a folder, also while a sweep is at work in it. @throws Error that names a file that cannot be read */
  static async read(folder: string): Promise<Results> {
    return new Results(folder, (await readKept(folder)).byId, readFailures(folder));
  }

  /** The result of a run, of whatever code. */
  get(identity: string): Result | undefined {
    return this.results.get(idOf(identity));
  }

  /** Why a run was set aside; undefined when it was not. */
  failure(identity: string): Failure | undefined {
    return this.failures.get(idOf(identity));
  }
}

/** The results under one folder, and the one way of adding to them. */
export class Store extends Results {
  /**
   * Opens a folder to write; the caller holds its lock. What a kill has left behind is put right.
   * @throws Error that names a file that cannot be read or written
   */
  static async open(folder: string): Promise<Store> {
    const { byId, isIndexed } = await readKept(folder);
    const store = new Store(folder, byId, readFailures(folder));
    if (!isIndexed) await store.writeIndex();
    return store;
  }

  /** Keeps results. A run that ends twice counts once. @throws CannotKeep where the disk does not take them; then none is lost that was there */
  async put(...results: readonly Result[]): Promise<void> {
    const made = results.map((result) => ({ result, id: idOf(result.identity), content: JSON.stringify(result) }));
    await this.keeping(() =>
      writeAllAtomically(made.map(({ id, content }) => ({ file: path.join(this.folder, runPath(id)), content }))),
    );
    const twice = made.some(({ id }) => this.results.has(id));
    for (const { id, result } of made) this.results.set(id, result);
    if (twice) await this.writeIndex();
    else {
      const lines = made.map(({ content }) => `${content}\n`).join('');
      await this.keeping(() => fs.appendFileSync(path.join(this.folder, INDEX), lines));
    }
    for (const { identity } of results) this.forgive(identity);
  }

  /** Sets a run aside, with its error. */
  async setAside(failure: Failure): Promise<void> {
    const id = idOf(failure.identity);
    await this.keeping(() => writeAtomically(failurePath(this.folder, id), JSON.stringify(failure, null, 2)));
    this.failures.set(id, failure);
  }

  /**
   * Says of what is there where in the grid it is now: another grid may have other axes and other names for the same run, which is not made
   * again for that.
   *
   * @param places by identity; what is of none of these runs stays as it is
   * @throws CannotKeep where the disk does not take them
   */
  async move(places: ReadonlyMap<string, Result['at']>): Promise<void> {
    const moved = <T extends Pick<Result, 'identity' | 'at'>>(kept: Iterable<T>): T[] =>
      [...kept].flatMap((one) => {
        const at = places.get(one.identity);
        // The order of the axes counts: it is that of a table's columns.
        return at === undefined || JSON.stringify(at) === JSON.stringify(one.at) ? [] : [{ ...one, at }];
      });
    const results = moved(this.results.values());
    if (results.length > 0) await this.put(...results);
    for (const failure of moved(this.failures.values())) await this.setAside(failure);
  }

  /** Lets a run that was set aside be tried again. */
  forgive(identity: string): void {
    if (!this.failures.delete(idOf(identity))) return;
    fs.rmSync(failurePath(this.folder, idOf(identity)), { force: true });
  }

  /** Puts results of other code where none of this sweep is looked for: `stale/CODE/`. */
  async putAway(stale: readonly Result[]): Promise<void> {
    for (const { identity, code } of stale) {
      const id = idOf(identity);
      const folder = path.join(this.folder, 'stale', code);
      fs.mkdirSync(folder, { recursive: true });
      fs.renameSync(path.join(this.folder, runPath(id)), path.join(folder, `${id}.json`));
      this.results.delete(id);
    }
    if (stale.length > 0) await this.writeIndex();
  }

  private writeIndex(): Promise<void> {
    const lines = [...this.results.values()].map((result) => Buffer.from(`${JSON.stringify(result)}\n`));
    return this.keeping(() => writeAtomically(path.join(this.folder, INDEX), Buffer.concat(lines)));
  }

  private async keeping(write: () => void | Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw new CannotKeep(
        `A result cannot be kept in ${this.folder} (${(error as Error).message}). What was kept before is whole. ` +
          'Make room or give permission there, then run the same command again: it goes on.',
        { cause: error },
      );
    }
  }
}

const failurePath = (folder: string, id: string): string => path.join(folder, 'failed', `${id}.json`);

function readFailures(folder: string): Map<string, Failure> {
  const failed = path.join(folder, 'failed');
  const names = fs.existsSync(failed) ? fs.readdirSync(failed) : [];
  const found = new Map<string, Failure>();
  for (const name of names.filter((one) => /^[0-9a-f]{20}\.json$/.test(one))) {
    try {
      found.set(name.slice(0, 20), JSON.parse(fs.readFileSync(path.join(failed, name), 'utf8')) as Failure);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // forgiven meanwhile
    }
  }
  return found;
}
