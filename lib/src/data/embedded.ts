/** A few pictures of a published set that travel inside a page: IDX files, as text. */
import { type ByteExamples, IMAGE_SIDE } from './examples';
import type { Part, RealName } from './manifest';

/** What travels. */
export interface EmbeddedSet {
  /** Which set they are of. */
  name: RealName;
  /** How many there are: the examples that a `DataSpec` of these numbers and seed 1 takes. */
  train: number;
  test: number;
  /** Who made them, and under which terms they travel. */
  notice: string;
  /** IDX files in gzip, as base64. */
  files: Record<Part, string>;
}

/** Pictures and labels as IDX files: big-endian, unsigned bytes. */
export function idxFiles({ n, images, labels }: ByteExamples): { images: Uint8Array; labels: Uint8Array } {
  return { images: idx([n, IMAGE_SIDE, IMAGE_SIDE], images), labels: idx([n], labels) };
}

function idx(shape: readonly number[], values: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0800 + shape.length);
  shape.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  bytes.set(values, 4 + 4 * shape.length);
  return bytes;
}
