/** Pictures that were drawn once, in files by what they show. */
import { BoundedFolder } from '../../src/platform/node/bounded';

/** Bytes: the pictures of all notebooks as they are today and as they were some times before. */
const LIMIT = 64 * 2 ** 20;

/** A folder of pictures. Several reports can use it at once: what another one has taken away is drawn again. */
export class KeptPictures {
  private readonly asked = new Set<string>();
  private readonly kept: BoundedFolder;

  /** @param limit bytes that may stay */
  constructor(folder: string, limit = LIMIT) {
    this.kept = new BoundedFolder(folder, '.svg', limit);
  }

  /** The picture of this name; nothing when there is none. */
  read(name: string): string | undefined {
    const svg = this.kept.read(name)?.toString();
    if (svg !== undefined) this.asked.add(name);
    return svg;
  }

  write(name: string, svg: string): void {
    this.asked.add(name);
    this.kept.write(name, svg);
  }

  /** Takes away what is too much; never what was read or written here. */
  prune(): void {
    this.kept.prune((name) => this.asked.has(name));
  }
}
