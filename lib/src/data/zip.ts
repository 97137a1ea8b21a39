/**
 * Zip archives in memory. fflate reads and writes them (it runs in Node and in a browser alike, and needs nothing itself); it looks
 * at no checksum, so what it gives is held against the archive's own directory here.
 */
import { unzipSync, zipSync } from 'fflate';

/** What the directory of an archive says of a file in it. */
interface Entry {
  name: string;
  crc: number;
  size: number;
}

let table: Uint32Array | undefined;

/** The remainder of each byte; made when it is first wanted. */
function crcTable(): Uint32Array {
  return (table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
  }));
}

/** CRC-32 as zip and gzip have it (ISO 3309). */
export function crc32(bytes: Uint8Array): number {
  const remainders = crcTable();
  let crc = ~0;
  for (const byte of bytes) crc = remainders[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

const DIRECTORY = 0x02014b50;
const END = 0x06054b50;
const END_SIZE = 22;
const LONGEST_COMMENT = 0xffff;

/**
 * The directory at the end of an archive.
 * @throws Error that says what is wrong with it
 */
function directoryOf(bytes: Uint8Array): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - END_SIZE;
  const first = Math.max(0, end - LONGEST_COMMENT);
  while (end >= first && view.getUint32(end, true) !== END) end--;
  if (end < first) throw new Error('no directory at its end (another file, or truncated)');
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffffffff) throw new Error('a directory of the 64-bit form, for more than 4 GB');
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== DIRECTORY)
      throw new Error(`entry ${i} of the directory is damaged`);
    const [name, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const text = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name));
    if (view.getUint16(at + 8, true) & 1) throw new Error(`${text} is encrypted`);
    if (entries.some((entry) => entry.name === text)) throw new Error(`two files are called ${text}`);
    entries.push({ name: text, crc: view.getUint32(at + 16, true), size: view.getUint32(at + 24, true) });
    at += 46 + name + extra + comment;
  }
  return entries;
}

/** Deflate makes nothing smaller than a thousandth: what says so is damaged, or made to fill the memory. */
const DENSEST = 1032;

/**
 * The files of an archive, in its order.
 *
 * @param wanted whether to read a file of this name; the others are named without their content
 * @throws Error that says what is wrong with the archive: truncated, encrypted, of a wrong size or checksum
 */
export function unzip(
  bytes: Uint8Array,
  wanted: (name: string) => boolean = () => true,
): { name: string; content?: Uint8Array }[] {
  const entries = directoryOf(bytes);
  const large = entries.find(({ size }) => size > bytes.length * DENSEST);
  if (large) throw new Error(`${large.name} of ${large.size} bytes does not fit into it`);
  const files = unzipSync(bytes, { filter: ({ name }) => wanted(name) });
  return entries.map(({ name, crc, size }) => {
    if (!wanted(name)) return { name };
    const content = Object.hasOwn(files, name) ? files[name] : undefined;
    if (content?.length !== size)
      throw new Error(`${name} has ${content?.length ?? 'no'} bytes, its directory says ${size}`);
    if (crc32(content) !== crc) throw new Error(`the checksum of ${name} is another`);
    return { name, content };
  });
}

/** An archive of these files, stored as they are: weights hardly get smaller. The same files give the same bytes. */
export function zip(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  // The oldest date that zip knows, by its fields: it holds local time.
  return zipSync({ ...files }, { level: 0, mtime: new Date(1980, 0, 1) });
}
