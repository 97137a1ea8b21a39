/** A folder of files that may take so many bytes: what was not used for longest goes first. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeAtomically } from './write';

/** Several processes can use it at once: what another one has taken away is made again. Names are paths in it, without the ending. */
export class BoundedFolder {
  /**
   * @param ending of its files, such as `.svg`; others are none of its business
   * @param limit bytes that may stay
   */
  constructor(
    private readonly folder: string,
    private readonly ending: string,
    private readonly limit: number,
  ) {}

  /** What is kept under a name, which counts as used from here on; undefined where nothing is. @throws the system's error */
  read(name: string): Buffer | undefined {
    const file = this.file(name);
    let content: Buffer;
    try {
      content = fs.readFileSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const now = new Date();
    try {
      fs.utimesSync(file, now, now);
    } catch {
      // another user's
    }
    return content;
  }

  /** Keeps it, whole or not at all. @throws the system's error */
  write(name: string, content: string | Uint8Array): void {
    writeAtomically(this.file(name), content);
  }

  /** Takes it away, and with the last of a folder within this one that folder. */
  forget(name: string): void {
    const file = this.file(name);
    try {
      fs.rmSync(file, { force: true });
      if (path.dirname(file) !== path.resolve(this.folder)) fs.rmdirSync(path.dirname(file));
    } catch {
      // another user's, or not the last
    }
  }

  /** Takes away what is too much, but nothing that is still wanted. */
  prune(isWanted: (name: string) => boolean = () => false): void {
    let bytes = 0;
    for (const { name, size } of this.newestFirst())
      if ((bytes += size) > this.limit && !isWanted(name)) this.forget(name);
  }

  private newestFirst(): { name: string; size: number }[] {
    if (!fs.existsSync(this.folder)) return [];
    const files = fs.readdirSync(this.folder, { recursive: true, encoding: 'utf8' }).flatMap((file) => {
      if (!file.endsWith(this.ending)) return [];
      const found = fs.statSync(path.join(this.folder, file), { throwIfNoEntry: false }); // it may be gone by now
      return found ? [{ name: file.slice(0, -this.ending.length), size: found.size, used: found.mtimeMs }] : [];
    });
    return files.sort((a, b) => b.used - a.used);
  }

  private file(name: string): string {
    return path.resolve(this.folder, `${name}${this.ending}`);
  }
}
