/**
 * Fetching a file whose SHA-256 is known.
 *
 * The transfer is undici's, which Node's own fetch is made of: taken directly, because fetch in Node 20 ignores
 * HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Resuming needs no ETag, since the checksum says whether the parts make the
 * right whole, whichever mirror and process each came from; if they do not, the file is fetched again from its first byte.
 */
import { EnvHttpProxyAgent, Agent, type Dispatcher, interceptors, request } from 'undici';
import { type Environment, platform } from '../../platform/port';
import { DataError } from '../errors';
import { type ManifestFile } from '../manifest';
import { type DownloadOptions } from '../source';
import { PartialFile } from './partial';

/** A fetched file. */
export interface Downloaded {
  /** Its bytes, whose SHA-256 is the one wanted. */
  bytes: Uint8Array;
  /** Why it could not be kept on disk, if it could not. */
  problem?: string;
}

/** The mirror did not answer: asking again at once is no use. */
class Unreachable extends Error {}
/** The mirror answered with something that asking again will not change. */
class Refused extends Error {}

/** So many times in a row a mirror may break off without having sent anything. */
const FRUITLESS_ATTEMPTS = 3;
const RETRY_MS = 200;

/** Fetches files, and does not ask a mirror again that failed to answer or broke off time and again. Close it when done. */
export class Downloader {
  private readonly agent: Dispatcher;
  private readonly failing = new Map<string, string>();

  constructor(private readonly options: DownloadOptions = {}) {
    this.agent = makeAgent(options.environment ?? platform().environment);
  }

  /**
   * Fetches one file from the first mirror that gives it whole.
   *
   * @param file its name, size and checksum
   * @param mirrors addresses that end in a slash
   * @param folder where to keep it; beginnings left there by interrupted attempts are continued
   * @throws DataError `network` when no mirror gives the file, with each mirror's reason; `checksum` when at least one
   *   gave a whole file and it was another one; `stopped` when the signal said so
   */
  async fetch(file: ManifestFile, mirrors: string[], folder: string): Promise<Downloaded> {
    const partial = new PartialFile(folder, file);
    const reasons: string[] = [];
    let wrong = false;
    for (const mirror of mirrors) {
      let reason = this.failing.get(mirror);
      let startedAnew = false;
      for (let fruitless = 0; reason === undefined && fruitless < FRUITLESS_ATTEMPTS;) {
        const before = partial.length;
        try {
          if (before < file.bytes) await this.receive(new URL(file.name, mirror), file, partial);
          const bytes = partial.verified();
          if (bytes) {
            partial.finish();
            return { bytes, problem: partial.problem };
          }
          const given = `${partial.length} bytes with sha256 ${partial.checksum()}`;
          partial.reset();
          // Of several pieces it is not known which one was wrong: this mirror gets one clean try.
          if (before > 0 && !startedAnew) {
            startedAnew = true;
            continue;
          }
          wrong = true;
          reason = `sent ${given}`;
        } catch (error) {
          if (this.options.signal?.aborted) {
            partial.release();
            throw new DataError('stopped', `${file.name}: stopped. Run again to continue where it stopped.`, error);
          }
          const words = (error as Error).message;
          fruitless = partial.length > before ? 0 : fruitless + 1;
          if (error instanceof Refused) reason = words;
          else if (error instanceof Unreachable || fruitless === FRUITLESS_ATTEMPTS) {
            reason = words;
            this.failing.set(mirror, words);
          } else await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (1 + fruitless)));
        }
      }
      reasons.push(`${new URL(mirror).host}: ${reason}`);
    }
    partial.release();
    const wanted = wrong ? ` (wanted: ${file.bytes} bytes with sha256 ${file.sha256})` : '';
    const message = `${file.name}: ${reasons.join('; ')}${wanted}.`;
    throw new DataError(wrong ? 'checksum' : 'network', message);
  }

  /** Ends all connections. */
  close(): Promise<void> {
    return this.agent.destroy();
  }

  /** Receives what is missing of a file, all of it or until the mirror breaks off (an Error). */
  private async receive(url: URL, file: ManifestFile, partial: PartialFile): Promise<void> {
    const { answerMs = 4_000, stallMs = 15_000, signal, onProgress } = this.options;
    const stop = new AbortController();
    const stopped = () => stop.abort();
    if (signal?.aborted) stop.abort();
    signal?.addEventListener('abort', stopped);
    // One clock for name look-up, proxy, connection, encryption and answer: offline, any of them can be the one that hangs.
    let clock = setTimeout(stopped, answerMs);
    let answered = false;
    try {
      const range = partial.length > 0 ? { range: `bytes=${partial.length}-` } : {};
      const { statusCode, headers, body } = await request(url, {
        dispatcher: this.agent,
        signal: stop.signal,
        headersTimeout: 0,
        bodyTimeout: 0,
        // The checksum is that of the file as stored, so no coding on top of it.
        headers: { 'accept-encoding': 'identity', ...range },
      });
      answered = true;
      clearTimeout(clock);
      clock = setTimeout(stopped, stallMs);
      body.on('error', () => undefined); // Given up on below, when the answer is of no use.
      if (statusCode === 416) partial.reset();
      if (statusCode === 200 && partial.length > 0) partial.reset();
      if (statusCode === 206 && headers['content-range'] !== wantedRange(partial.length, file.bytes)) {
        const given = String(headers['content-range']);
        partial.reset();
        body.destroy();
        throw new Error(`answered with the range ${given}`);
      }
      if (statusCode !== 200 && statusCode !== 206) {
        body.destroy();
        const words = `answered with HTTP status ${statusCode}`;
        throw statusCode === 416 || statusCode >= 500 ? new Error(words) : new Refused(words);
      }
      const announced = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
      if (announced !== undefined && announced !== file.bytes - partial.length) {
        body.destroy();
        throw new Refused(`offered ${announced} bytes of ${String(headers['content-type'] ?? 'unknown type')}`);
      }
      const report = () =>
        onProgress?.({ file: file.name, received: partial.length, total: file.bytes, host: url.host });
      report();
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        clearTimeout(clock);
        if (partial.length + chunk.length > file.bytes) {
          partial.reset();
          throw new Refused('sent more bytes than the file has');
        }
        partial.append(chunk);
        report();
        clock = setTimeout(stopped, stallMs);
      }
      if (partial.length < file.bytes) throw new Error(`ended after ${partial.length} bytes`);
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (stop.signal.aborted) {
        if (!answered) throw new Unreachable(`did not answer within ${answerMs / 1000} s`);
        throw new Error(`sent nothing for ${stallMs / 1000} s after ${partial.length} bytes`, { cause: error });
      }
      const words = describe(error as NodeJS.ErrnoException);
      throw answered ? new Error(words) : new Unreachable(words);
    } finally {
      clearTimeout(clock);
      signal?.removeEventListener('abort', stopped);
    }
  }
}

function wantedRange(from: number, total: number): string {
  return `bytes ${from}-${total - 1}/${total}`;
}

function makeAgent(environment: Environment): Dispatcher {
  const httpProxy = environment.http_proxy ?? environment.HTTP_PROXY ?? '';
  const httpsProxy = environment.https_proxy ?? environment.HTTPS_PROXY ?? '';
  const noProxy = environment.no_proxy ?? environment.NO_PROXY ?? '';
  if (!httpProxy && !httpsProxy) return new Agent().compose(interceptors.redirect({ maxRedirections: 5 }));
  // Undici announces on stderr that this class may still change; the version is pinned, and a reader can do nothing with it.
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    const agent = new EnvHttpProxyAgent({ httpProxy, httpsProxy, noProxy });
    return agent.compose(interceptors.redirect({ maxRedirections: 5 }));
  } finally {
    process.emitWarning = emitWarning;
  }
}

function describe(error: NodeJS.ErrnoException & { errors?: Error[] }): string {
  const words: Record<string, string> = {
    ENOTFOUND: 'host name not found',
    EAI_AGAIN: 'host name could not be looked up',
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection reset',
    ENETUNREACH: 'network unreachable',
    EHOSTUNREACH: 'host unreachable',
    ETIMEDOUT: 'connection timed out',
    UND_ERR_SOCKET: 'connection closed before the end',
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'connection closed before the end',
  };
  return words[error.code ?? ''] ?? (error.message || error.errors?.[0]?.message || String(error));
}
