/**
 * Runs inside the kernel's process, before tslab (`node --require`), when the runner executes a notebook.
 *
 * tslab calls a cell "ok" when a promise that nobody awaits rejects, or when a timer throws. This module writes each such
 * fault to a file that the runner reads after every cell, with the number of the cell that *started* the work: an
 * AsyncLocalStorage is entered with each cell, so a timer set in the third cell that throws during the fifth is reported
 * against the third, and what it prints belongs to the third. It also counts what every cell sends, for the runner to compare
 * with what arrived, and ends the kernel of a notebook that sends more than a notebook can hold.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { inspect } from 'node:util';
import './watch';
import './ahead';

/** One line of the file that the kernel writes and the runner reads. */
export interface KernelNote {
  kind: 'unhandledRejection' | 'uncaughtException' | 'exit' | 'too much output' | 'still at work' | 'end';
  /** Which executed code cell started it, counted from 1; null when it cannot be told. */
  execution: number | null;
  message: string;
  /** For `exit`: the exit code. */
  code?: number;
  /** For `end`: what the library says of itself, where the notebook loaded it. */
  engine?: unknown;
  /** For `end`: what each executed cell sent. */
  sent?: Sent[];
}

/** Text in UTF-16 units, and displays. */
interface Sent {
  text: number;
  displays: number;
}

type WriteStream = (name: string, text: string) => void;
interface Display {
  data?: unknown;
  transient?: { display_id?: string };
}
type WriteDisplay = (display: Display, update?: boolean) => void;
interface Handler {
  handleExecute(request: unknown, stream: WriteStream, display: WriteDisplay): Promise<unknown>;
  handleExecuteImpl(request: unknown, stream: WriteStream, display: WriteDisplay): Promise<unknown>;
  createWriteToIopub(name: string, stream: WriteStream): (...written: unknown[]) => boolean;
}

/** Units of text and JSON that a notebook's outputs may hold, and that may be sent while displays are drawn over and over. */
const MOST = { kept: 20e6, sent: 500e6 } as const;

const notesFile = process.env.BNLAB_KERNEL_NOTES;
if (notesFile) install(notesFile);

function install(file: string): void {
  const cells = new AsyncLocalStorage<number>();
  let executions = 0;
  let isEnding = false;

  const note = (entry: KernelNote) => fs.appendFileSync(file, JSON.stringify(entry) + '\n');
  const current = () => cells.getStore() ?? (executions || null);
  const report = (kind: KernelNote['kind']) => (reason: unknown) =>
    note({ kind, execution: cells.getStore() ?? null, message: describe(reason) });
  // Added beside tslab's own listeners, which keep the process alive and print the error into the running cell.
  process.on('uncaughtException', report('uncaughtException'));
  process.on('unhandledRejection', report('unhandledRejection'));
  const onExit = (code: number) => {
    const message = `the kernel's process was ended by process.exit(${code})`;
    if (!isEnding) note({ kind: 'exit', execution: current(), message, code });
  };
  process.on('exit', onExit);

  const sent = sendingByCell(
    () => ++executions,
    cells,
    (message) => {
      isEnding = true;
      note({ kind: 'too much output', execution: current(), message });
      process.exit(1);
    },
  );

  const startedBy = rememberTimers(() => cells.getStore());
  const plainTimeout = globalThis.setTimeout;
  const { hrtime } = process;
  Object.defineProperty(globalThis, 'bnlabKernel', {
    enumerable: false,
    value: {
      /**
       * Lets what the cells left behind come to its end: waits until nothing that would keep a script alive is pending, at
       * most `limit` milliseconds; then writes what still is, or the closing note.
       */
      async settle(limit: number): Promise<void> {
        await cells.exit(async () => {
          const started = hrtime.bigint();
          const since = () => Number(hrtime.bigint() - started) / 1e6;
          // Unreferenced, so that it does not count itself; the kernel's sockets keep the process alive.
          const pause = (ms: number) => new Promise<void>((resolve) => plainTimeout(resolve, ms).unref());
          do await pause(20);
          while (atWork().length > 0 && since() < limit);
          const left = atWork();
          if (left.length > 0) {
            const message = `${[...new Set(left)].join(' and ')} was still pending ${Math.round(since() / 1000)} s after the last cell had ended: await it in its cell, or clear it`;
            note({ kind: 'still at work', execution: startedBy(), message });
          }
          isEnding = true;
          note({ kind: 'end', execution: null, message: '', engine: engineCard(), sent });
        });
      },
    },
  });

  // The runner's process may be killed outright; a kernel must not outlive it.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid === parent) return;
    process.removeListener('exit', onExit);
    process.exit(0);
  }, 1000).unref();
}

/**
 * Gives each cell a number, and what is written or displayed by the work that a cell started to that cell, whenever it comes.
 *
 * @returns what each cell has sent, in their order; it grows
 */
function sendingByCell(
  nextCell: () => number,
  cells: AsyncLocalStorage<number>,
  tooMuch: (message: string) => void,
): Sent[] {
  const { JupyterHandlerImpl } = require(path.join(path.dirname(require.resolve('tslab')), 'jupyter.js')) as {
    JupyterHandlerImpl: { prototype: Handler };
  };
  const handler = JupyterHandlerImpl.prototype;
  const { handleExecute, handleExecuteImpl, createWriteToIopub } = handler;
  const sent: Sent[] = [];
  const writers = new Map<string, (...written: unknown[]) => boolean>();
  const displays = new Map<number, WriteDisplay>();
  const sizes = new Map<string, number>(); // of displays that may be updated
  const total = { kept: 0, sent: 0 };
  const add = (units: number, replaced = 0) => {
    total.kept += units - replaced;
    total.sent += units;
    if (total.kept > MOST.kept)
      tooMuch(`the notebook's outputs pass ${MOST.kept / 1e6} MB: print less, or write to a file`);
    if (total.sent > MOST.sent)
      tooMuch(`displays were updated with ${MOST.sent / 1e6} MB in all: update them less often`);
  };

  handler.handleExecute = function (request, stream, display) {
    const mine: Sent = { text: 0, displays: 0 };
    sent.push(mine);
    return handleExecute.call(
      this,
      request,
      (name, text) => {
        mine.text += text.length;
        add(text.length);
        stream(name, text);
      },
      (data, update) => {
        display(data, update); // first: it refuses what is no JSON
        const id = data?.transient?.display_id;
        const size = JSON.stringify(data).length;
        add(size, id === undefined ? 0 : sizes.get(id));
        if (id !== undefined) sizes.set(id, size);
        if (!update) mine.displays += 1;
      },
    );
  };
  handler.handleExecuteImpl = function (request, stream, display) {
    const cell = nextCell();
    displays.set(cell, display);
    const byCell: WriteDisplay = (...given) => (displays.get(cells.getStore() ?? cell) ?? display)(...given);
    return cells.run(cell, () => handleExecuteImpl.call(this, request, stream, byCell));
  };
  handler.createWriteToIopub = function (name, stream) {
    const mine = createWriteToIopub.call(this, name, stream);
    const cell = cells.getStore();
    writers.set(`${name} ${cell}`, mine);
    return (...written) => (writers.get(`${name} ${cells.getStore() ?? cell}`) ?? mine)(...written);
  };
  return sent;
}

/** What keeps a script alive and may yet fail: kinds of resource by Node's name, in words. */
const AT_WORK: Record<string, string> = {
  Timeout: 'a timer',
  Immediate: 'a callback of setImmediate',
  ProcessWrap: 'a child process',
  FSReqCallback: 'an operation on a file',
  FSReqPromise: 'an operation on a file',
  TCPConnectWrap: 'a connection',
  GetAddrInfoReqWrap: 'a look-up of an address',
};

function atWork(): string[] {
  return process.getActiveResourcesInfo().flatMap((name) => AT_WORK[name] ?? []);
}

/**
 * Remembers which cell set which of the global timers.
 *
 * @returns asks for the first cell, one of whose timers is pending; null when none is known
 */
function rememberTimers(cellNow: () => number | undefined): () => number | null {
  const timers = new Map<NodeJS.Timeout, number>();
  for (const name of ['setTimeout', 'setInterval'] as const) {
    const plain = globalThis[name] as (callback: () => void, ...rest: unknown[]) => NodeJS.Timeout;
    const remembered = (callback: (...args: unknown[]) => void, ...rest: unknown[]) => {
      const cell = cellNow();
      if (cell === undefined || typeof callback !== 'function') return plain(callback, ...rest);
      const timer: NodeJS.Timeout = plain(
        (...args: unknown[]) => {
          if (name === 'setTimeout') timers.delete(timer);
          callback(...args);
        },
        ...rest,
      );
      timers.set(timer, cell);
      return timer;
    };
    // `util.promisify(setTimeout)` must go on giving the promise form.
    globalThis[name] = Object.defineProperties(remembered, Object.getOwnPropertyDescriptors(plain)) as never;
  }
  for (const name of ['clearTimeout', 'clearInterval'] as const) {
    const plain = globalThis[name];
    globalThis[name] = ((timer: NodeJS.Timeout) => {
      timers.delete(timer);
      plain(timer);
    }) as typeof clearTimeout;
  }
  return () => {
    const pending = [...timers].filter(([timer]) => timer.hasRef()).map(([, cell]) => cell);
    return pending.length ? Math.min(...pending) : null;
  };
}

function describe(reason: unknown): string {
  try {
    if (reason instanceof Error) return String(reason.stack ?? `${reason.name}: ${reason.message}`);
    return inspect(reason, { depth: 3, colors: false });
  } catch (error) {
    return `something that cannot be printed: ${String(error)}`;
  }
}

/** The library's own account of the engine; undefined when the notebook never loaded it. */
function engineCard(): unknown {
  const main = path.join(__dirname, '..', '..', 'src', 'index.js');
  const loaded = require.cache[main]?.exports as { engineCard?: () => unknown } | undefined;
  try {
    return loaded?.engineCard?.();
  } catch {
    return undefined; // loaded, but ready() was never awaited: there is no engine to speak of
  }
}
