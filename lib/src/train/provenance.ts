import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import * as path from 'node:path';

const git = (...parameters: string[]) =>
  execFileSync('git', parameters, {
    cwd: path.resolve(__dirname, '..', '..', '..'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

let known: string | null | undefined;

/** Revision of the checkout this library runs from, `-dirty` when library sources differ from it; null where git cannot say. */
export function commit(): string | null {
  if (known !== undefined) return known;
  try {
    // The library's folder only: a notebook being edited, or executed, does not change what the library computes.
    known = git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain', '--', '.') ? '-dirty' : '');
  } catch {
    known = null;
  }
  return known;
}

/** First 16 hexadecimal digits of the SHA-256 of some numbers' bytes, one array after the other. */
export function digest(...arrays: (Int32Array | Float32Array | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const values of arrays) hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return hash.digest('hex').slice(0, 16);
}

/** The profile the notebooks run under; null when BNLAB_PROFILE is not set. */
export function profileName(): string | null {
  return process.env.BNLAB_PROFILE || null;
}
