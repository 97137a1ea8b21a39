/** Pictures that were drawn once, in files by what they show: bounded, what was not asked for longest goes first. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeAtomically } from '../notebook';

/** Bytes: the pictures of all notebooks as they are today and as they were some times before. */
const LIMIT = 64 * 2 ** 20;

/** A folder of pictures. Several reports can use it at once: what another one has taken away is drawn again. */
export class KeptPictures {
  private readonly asked = new Set<string>();

  /** @param limit bytes that may stay */
  constructor(
    private readonly folder: string,
    private readonly limit = LIMIT,
  ) {}

  /** The picture of this name; nothing when there is none. */
  read(name: string): string | undefined {
    const file = this.file(name);
    try {
      const svg = fs.readFileSync(file, 'utf8');
      this.asked.add(file);
      const at = new Date();
      fs.utimesSync(file, at, at);
      return svg;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  write(name: string, svg: string): void {
    const file = this.file(name);
    this.asked.add(file);
    writeAtomically(file, svg);
  }

  /** Takes away what is too much; never what was read or written here. */
  prune(): void {
    let bytes = 0;
    for (const { file, size } of this.newestFirst()) {
      bytes += size;
      if (bytes > this.limit && !this.asked.has(file)) fs.rmSync(file, { force: true });
    }
  }

  private newestFirst(): { file: string; size: number }[] {
    const names = fs.existsSync(this.folder) ? fs.readdirSync(this.folder) : [];
    const files = names.flatMap((name) => {
      const file = path.join(this.folder, name);
      const found = name.endsWith('.svg') ? fs.statSync(file, { throwIfNoEntry: false }) : undefined;
      return found ? [{ file, size: found.size, used: found.mtimeMs }] : [];
    });
    return files.sort((a, b) => b.used - a.used);
  }

  private file(name: string): string {
    return path.join(this.folder, `${name}.svg`);
  }
}
