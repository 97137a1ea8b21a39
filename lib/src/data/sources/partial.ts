/** A download in progress: its bytes in memory, and on disk as long as the disk takes them. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { flush, isAbandoned, ownMark } from '../../platform/node/write';
import { platform } from '../../platform/port';
import { type ManifestFile } from '../manifest';

/** Another machine's process is taken for dead when it has not written for this long; a live one gives up sooner. */
const ABANDONED_MS = 60_000;

/**
 * The beginning of a file. What it holds is written along to a file of its own beside the final one, so that two processes
 * never write to the same file, and a later process can take over what an interrupted one left: taking over is a rename,
 * which only one can win. No lock is held, so none can be left behind.
 *
 * When the disk refuses (full, read-only, no permission), it says so in `problem`, takes its file away, and goes on in
 * memory: the sets are small.
 */
export class PartialFile {
  /** How many bytes there are. */
  length = 0;
  /** Why the file is not on disk, if it is not. */
  problem: string | undefined;

  private readonly content: Uint8Array;
  private path: string | undefined;
  private handle: number | undefined;

  /**
   * @param folder where the file shall lie, made if need be
   * @param file what the file shall be
   */
  constructor(
    private readonly folder: string,
    private readonly file: ManifestFile,
  ) {
    this.content = new Uint8Array(file.bytes);
    this.onDisk(() => {
      fs.mkdirSync(folder, { recursive: true });
      this.path = join(folder, `${file.name}.${ownMark()}.part`);
      for (const path of this.leftovers()) {
        try {
          fs.renameSync(path, this.path);
        } catch {
          continue; // Another process was quicker.
        }
        const left = fs.readFileSync(this.path);
        if (left.length > file.bytes) fs.truncateSync(this.path);
        else this.content.set(left);
        this.length = left.length > file.bytes ? 0 : left.length;
        break;
      }
      this.handle = fs.openSync(this.path, 'a');
    });
  }

  /** All bytes, when there are as many as there should be and they are the right ones. */
  verified(): Uint8Array | undefined {
    return this.length === this.file.bytes && this.checksum() === this.file.sha256 ? this.content : undefined;
  }

  /** SHA-256 of the bytes there are. */
  checksum(): string {
    return platform().sha256(this.content.subarray(0, this.length));
  }

  /** Adds bytes. There must be room: `length + chunk.length <= file.bytes`. */
  append(chunk: Uint8Array): void {
    this.content.set(chunk, this.length);
    this.length += chunk.length;
    this.onDisk(() => fs.writeFileSync(this.handle!, chunk));
  }

  /** Forgets all bytes. */
  reset(): void {
    this.length = 0;
    this.onDisk(() => fs.ftruncateSync(this.handle!));
  }

  /** Gives the whole file its final name, in one step: who looks there sees all of it or nothing. */
  finish(): void {
    this.onDisk(() => {
      flush(this.handle!);
      this.close();
      fs.renameSync(this.path!, join(this.folder, this.file.name));
      this.path = undefined;
      for (const path of this.leftovers()) fs.rmSync(path, { force: true });
    });
  }

  /** Stops, and leaves what there is for the next process to take over. */
  release(): void {
    this.onDisk(() => {
      this.close();
      if (this.length > 0) fs.renameSync(this.path!, join(this.folder, `${this.file.name}.part`));
      else fs.rmSync(this.path!);
      this.path = undefined;
    });
  }

  /** Partial files of this name whose process is gone, largest first. */
  private leftovers(): string[] {
    const size = (path: string) => fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    return fs
      .readdirSync(this.folder)
      .filter((entry) => entry.startsWith(`${this.file.name}.`) && entry.endsWith('.part'))
      .filter((entry) => {
        const mark = entry.slice(this.file.name.length + 1, -'.part'.length);
        return entry === `${this.file.name}.part` || isAbandoned(mark, join(this.folder, entry), ABANDONED_MS);
      })
      .map((entry) => join(this.folder, entry))
      .sort((a, b) => size(b) - size(a));
  }

  private close(): void {
    if (this.handle !== undefined) fs.closeSync(this.handle);
    this.handle = undefined;
  }

  /** Does something on disk, unless the disk has refused before; if it refuses now, frees what was taken. */
  private onDisk(act: () => void): void {
    if (this.problem !== undefined) return;
    try {
      act();
    } catch (error) {
      this.problem = storageProblem(error as NodeJS.ErrnoException);
      try {
        this.close();
        if (this.path) fs.rmSync(this.path, { force: true });
      } catch {
        // The same disk refuses again; what stays is a partial file that a later process takes over.
      }
    }
  }
}

function storageProblem(error: NodeJS.ErrnoException): string {
  const words: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    EROFS: 'the file system is read-only',
    EACCES: 'no permission to write',
    EPERM: 'no permission to write',
  };
  return words[error.code ?? ''] ?? error.message;
}
