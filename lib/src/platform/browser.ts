/** A browser's page or worker as the library's host. */
import { sha256 as hash } from '@noble/hashes/sha2';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils';
import { ungzip } from 'pako';
import { type Display, type Environment, type Files, type Memory, type Platform, PlatformError } from './port';

/** What a page may say of itself. */
export interface BrowserOptions {
  /** What `platform().environment` holds, such as `{ BNLAB_PROFILE: 'full' }`; nothing unless given. */
  environment?: Environment;
  /** What shows a display; unless given, its text goes to the console. */
  display?: (display: Display) => void;
  /** The commit that the page was built from. */
  commit?: string;
}

/** Globals of a browser, of which Node's types know nothing. Those of no standard may be absent. */
interface BrowserGlobals {
  navigator: { userAgent: string; hardwareConcurrency?: number; deviceMemory?: number };
  performance: { memory?: { usedJSHeapSize: number; jsHeapSizeLimit: number } };
  MessageChannel: new () => {
    port1: { onmessage: () => void; close(): void };
    port2: { postMessage(message: unknown): void };
  };
}

const host = globalThis as unknown as BrowserGlobals;

function absent(what: string, instead: string): never {
  throw new PlatformError(`A browser has no ${what}. ${instead}`);
}

const noFile = async (path: string): Promise<never> =>
  absent(`files, so ${path} cannot be read`, 'Fetch it, and hand its bytes or text to what reads it.');

const files: Files = {
  readBytes: noFile,
  readText: noFile,
  exists: async () => false,
  list: async () => [],
  writeAtomically: async (path) =>
    absent(`files, so ${path} cannot be written`, 'Keep JSON.stringify() of it, in IndexedDB or as a download.'),
};

function sha256(...parts: readonly (string | ArrayBufferView)[]): string {
  const state = hash.create();
  for (const part of parts)
    state.update(
      typeof part === 'string' ? utf8ToBytes(part) : new Uint8Array(part.buffer, part.byteOffset, part.byteLength),
    );
  return bytesToHex(state.digest());
}

/** The version of the browser in its own words: the last product that its user agent names, or Chrome where it is that. */
function version(agent: string): string {
  return /\b(?:Firefox|Edg|Chrome|HeadlessChrome)\/[\d.]+/.exec(agent)?.[0] ?? agent.split(' ').at(-1) ?? agent;
}

function memory(): Memory {
  const heap = host.performance.memory; // Chromium alone has it
  return { used: heap?.usedJSHeapSize, free: undefined, limit: heap?.jsHeapSizeLimit };
}

/** A message to oneself: unlike a timer of 0 ms it is not made to wait 4 ms when it comes from another. */
function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new host.MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** A browser, as `setPlatform` takes it. */
export function browserPlatform(options: BrowserOptions = {}): Platform {
  const { environment = {}, display, commit = null } = options;
  return {
    name: 'browser',
    version: version(host.navigator.userAgent),
    session: Math.random().toString(36).slice(2, 10),
    environment,
    files,
    cacheFolder: () => absent('folder of its own', 'Leave keeping to the page.'),
    sha256,
    gunzip: (bytes) => ungzip(bytes),
    memory,
    processor: () => ({ model: undefined, threads: host.navigator.hardwareConcurrency ?? 1 }),
    yieldToEvents,
    beginWork: () => null,
    whenCellEnds: () => undefined,
    startProgram: () => null,
    milliseconds: () => performance.now(),
    commit: () => commit,
    display: display ?? (({ bundle, update }) => void (update || console.log(bundle['text/plain'].trimEnd()))),
    showsDisplays: () => display !== undefined,
  };
}
