/**
 * What the library wants of the host that it runs in. A room asks `platform()` and knows neither Node nor a browser; the
 * entry that was imported says which it is: index.ts sets Node's, browser.ts the browser's.
 */

/** Environment variables by name, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** MIME type -> content, several forms of one thing. `text/plain` is what a script prints, and the last resort. */
export type Bundle = { 'text/plain': string } & Record<string, unknown>;

/** One thing to show, in all its forms. */
export interface Display {
  /** MIME type -> content. */
  bundle: Bundle;
  /** Stored with the output in the notebook, for the tools that read it. */
  metadata: Record<string, unknown>;
  /** Names its place, so that a later display can take it. */
  id?: string;
  /** Take the place of what was shown under `id`; false for a place of its own. */
  update: boolean;
}

/** Files by path. */
export interface Files {
  /**
   * All bytes of a file.
   * @throws the host's error when it cannot be read
   */
  readBytes(path: string): Promise<Uint8Array>;
  /**
   * A file as text, from UTF-8.
   * @throws the host's error when it cannot be read
   */
  readText(path: string): Promise<string>;
  /** Whether a file or folder of this path is there. */
  exists(path: string): Promise<boolean>;
  /**
   * The names in a folder; none where there is no such folder.
   * @throws the host's error when it cannot be read
   */
  list(path: string): Promise<string[]>;
  /**
   * Writes a file whole or not at all: whoever looks at the path sees what was there before, or all of the new content.
   * Folders are made.
   * @throws the host's error when it cannot be written; then the file is as before
   */
  writeAtomically(path: string, content: string | Uint8Array): Promise<void>;
}

/** Memory in bytes; what a host does not tell is undefined. */
export interface Memory {
  /** Taken by this process (Node: resident) or page (the JavaScript heap). */
  used: number | undefined;
  /** Free on the machine. */
  free: number | undefined;
  /** What this process or page may use: the machine's, or a container's or browser's limit. */
  limit: number | undefined;
}

/** What computes when no GPU does. */
export interface Processor {
  /** As its maker names it; undefined where the host does not tell. */
  model: string | undefined;
  /** Threads that may run at once. */
  threads: number;
}

/** Numbers that may be many. */
export type Numbers = Uint8Array | Int32Array | Float32Array;

/**
 * A process of this project, as one that runs beside it sees it. Messages are structured clones; large arrays come beside them, and
 * are there once on either side.
 */
export interface Companion {
  /** Its number on this machine. */
  readonly id: number;
  /**
   * Says something to it. Nothing is heard of it where it has ended.
   * @throws Error for what cannot be cloned, such as a function; then nothing was sent
   */
  send(message: unknown, arrays?: readonly Numbers[]): void;
  /** Hears all that it says, in order, and that it has ended, with what is wrong with that, if anything is. Called once. */
  listen(heard: (message: unknown, arrays: Numbers[]) => void, ended: (wrong?: string) => void): void;
  /** Nothing is asked of it for now: it does not keep this process from ending, and is ended after a minute of it. */
  rest(isResting: boolean): void;
  /** Ends it at once. */
  end(): void;
}

/** Long work that has been announced to the host. */
export interface Work {
  /** Aborted when it is to end. */
  readonly signal: AbortSignal;
  /** It is over. `reached` says how far it came, where it was told to end. */
  end(reached: string | null): void;
}

/** The host. */
export interface Platform {
  /** Which it is. */
  readonly name: 'node' | 'browser';
  /** Version of Node, without the v, or of the browser, with its name: `20.19.0`, `Chrome/147.0`. */
  readonly version: string;
  /** Tells this process or page from others that run at the same time. */
  readonly session: string;
  /** The environment variables, as they are at this moment; in a browser those that the page gave, none unless it did. */
  readonly environment: Environment;
  /** Files. A browser has none: each method throws a {@link PlatformError} there. */
  readonly files: Files;

  /**
   * The folder in which large things are kept for this user, between runs and for all checkouts.
   * @param environment other variables than the process's
   * @throws PlatformError in a browser
   */
  cacheFolder(environment?: Environment): string;

  /** SHA-256, in 64 hexadecimal digits, of the parts one after the other: texts as UTF-8, arrays as their bytes. */
  sha256(...parts: readonly (string | ArrayBufferView)[]): string;

  /**
   * What gzip holds.
   * @throws Error when it is damaged or cut off
   */
  gunzip(bytes: Uint8Array): Uint8Array;

  /** Memory at this moment. */
  memory(): Memory;

  /** The processor. */
  processor(): Processor;

  /** Lets everything run that waits for its turn (timers, messages, drawing), then goes on. */
  yieldToEvents(): Promise<void>;

  /**
   * Announces long work, which whoever sits before the host may end; null where nobody can ask for it. Its signal is aborted already
   * when it was begun by what they have stopped. `stoppable` uses it.
   */
  beginWork(): Work | null;

  /**
   * Calls `listener` once when the notebook's cell that is running has ended; never where no such end is told.
   * @param listener told whether the reader stopped the cell
   */
  whenCellEnds(listener: (stopped: boolean) => void): void;

  /**
   * Starts a program of this project beside this process; null in a browser. It is told when this process is gone, and then ends.
   * @param name its file among the tools
   * @param environment variables beside this process's
   */
  startProgram(name: string, environment?: Environment): Companion | null;

  /** Milliseconds of a clock that only goes forward; its zero means nothing. */
  milliseconds(): number;

  /**
   * The commit that the code is of: ten digits, `+` when what may compute was changed since; null where nobody can say. In a
   * browser what the page gave.
   */
  commit(): string | null;

  /** Shows one thing: in a notebook its display, in a script the text, in a browser what the page does with it. */
  display(display: Display): void;

  /** Whether displays reach a reader who sees more than text. */
  showsDisplays(): boolean;
}

/** The host lacks what was asked of it, or there is no host yet. */
export class PlatformError extends Error {
  /** `PlatformError`, in messages and to tell errors apart. */
  override readonly name = 'PlatformError';
}

let current: Platform | undefined;

/**
 * The host.
 *
 * @throws PlatformError when no entry of the library was loaded
 */
export function platform(): Platform {
  if (current) return current;
  throw new PlatformError(
    "No platform is set: a file of bnlab was loaded by itself. Import 'bnlab' (in a browser its entry " +
      "'bnlab/dist/src/browser') before it, or call setPlatform().",
  );
}

/** Says what the host is. The entries call it; a test or a worker may set one of its own. */
export function setPlatform(host: Platform): void {
  current = host;
}

/**
 * Bytes of memory taken by this process or page.
 *
 * @throws PlatformError where the host does not tell
 */
export function usedMemory(): number {
  const { used } = platform().memory();
  if (used !== undefined) return used;
  throw new PlatformError(
    'This browser does not tell how much memory is used. Leave budget.bytes out, or give seconds.',
  );
}
