/** Node as the library's host. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import { gunzipSync } from 'node:zlib';
import type { Files, Memory, Platform, Processor } from '../port';
import { beginWork, whenCellEnds } from './cell';
import { cacheFolder } from './cache';
import { ownCommit } from './commit';
import { display, inNotebook } from './display';
import { startProgram } from './program';
import { writeAtomically } from './write';

const files: Files = {
  readBytes: (path) => fs.promises.readFile(path),
  readText: (path) => fs.promises.readFile(path, 'utf8'),
  exists: async (path) => fs.existsSync(path),
  list: async (path) => (fs.existsSync(path) ? fs.promises.readdir(path) : []),
  writeAtomically: async (path, content) => writeAtomically(path, content),
};

/** SHA-256 in hexadecimal of the parts, one after the other. */
export function sha256(...parts: readonly (string | ArrayBufferView)[]): string {
  const hash = createHash('sha256');
  for (const part of parts)
    hash.update(typeof part === 'string' ? part : new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.digest('hex');
}

/** Into one buffer of the size that the last four bytes say, so that large data are there once; more would be added to it. */
function gunzip(bytes: Uint8Array): Uint8Array {
  const said =
    bytes.length < 18 ? 0 : new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
  const believable = said <= 1032 * bytes.length ? said : 0; // deflate compresses no more
  return gunzipSync(bytes, { chunkSize: Math.max(believable, 2 ** 14) + 1 });
}

function memory(): Memory {
  const constrained = process.constrainedMemory?.() ?? 0;
  // Without a container the kernel reports its largest number.
  const limit = constrained > 0 && constrained < os.totalmem() ? constrained : os.totalmem();
  return { used: process.memoryUsage.rss(), free: os.freemem(), limit };
}

const processor = (): Processor => ({ model: os.cpus()[0]?.model.trim(), threads: os.availableParallelism() });

/** Node. */
export const nodePlatform: Platform = {
  name: 'node',
  version: process.versions.node,
  session: String(process.pid),
  get environment() {
    return process.env;
  },
  files,
  cacheFolder,
  sha256,
  gunzip,
  memory,
  processor,
  yieldToEvents: () => new Promise((resolve) => setImmediate(resolve)),
  beginWork,
  whenCellEnds,
  startProgram,
  milliseconds: () => performance.now(),
  commit: ownCommit,
  display,
  showsDisplays: inNotebook,
};
