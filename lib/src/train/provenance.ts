import { platform } from '../platform/port';

/** First 16 hexadecimal digits of the SHA-256 of some numbers' bytes, one array after the other. */
export function digest(...arrays: (Int32Array | Float32Array | Uint8Array)[]): string {
  return platform()
    .sha256(...arrays)
    .slice(0, 16);
}
