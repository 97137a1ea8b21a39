/**
 * Loaded into the tslab kernel before tslab, by watch.js: Stop ends what a cell has begun, and keeps what it has.
 *
 * tslab leaves an interrupted cell at once: what the cell awaits goes on unseen, its result is lost, and the cell's names are not
 * defined. Here the library announces work (lib/src/platform/stoppable.ts). An interrupt aborts all work under way, whichever cell
 * began it; the cell goes on with what the work returns, and ends as failed, so that the cells behind it in the queue are not run. What
 * a stopped cell begins later is aborted from the start. A cell that does not end soon after its work, and one that has none, is left
 * as tslab does; what it then waits for by a timer does not come, and its loops get no further turn. Seen with tslab 1.0.22.
 */
'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');
const path = require('node:path');
const timers = require('node:timers');
const promised = require('node:timers/promises');
const { promisify } = require('node:util');
const vm = require('node:vm');
const { MAY_AWAIT, NAME, withPauses } = require('./pauses');

/**
 * @typedef {object} Cell
 * @property {number} [stoppedAt] when Stop was pressed while it, or what it has begun, was at work
 * @property {boolean} [isLeft] whether it was left before its code came to its end
 * @property {Set<AbortController>} work
 * @property {string[]} reached how far its work came
 * @property {unknown[][]} faults what tslab said of it
 * @property {((stopped: boolean) => void)[]} ending told of its end
 */
/** @typedef {{ execution_count?: number }} Count */
/**
 * @typedef {object} Handler
 * @property {(request: unknown, ...writers: unknown[]) => Promise<unknown>} handleExecuteImpl
 */
/** @typedef {{ execute(source: string): Promise<boolean>, interrupt(): void }} Executor */
/** @typedef {{ convert(earlier: string, source: string): { declOutput?: string } }} Converter */

const dist = path.dirname(require.resolve('tslab'));
/** @type {{ JupyterHandlerImpl: { prototype: Handler } }} */
const { JupyterHandlerImpl } = require(path.join(dist, 'jupyter.js'));
/** @type {{ createExecutor(root: string, converters: object, console: object): Executor }} */
const executor = require(path.join(dist, 'executor.js'));
/** @type {{ createConverter(...options: unknown[]): Converter }} */
const converter = require(path.join(dist, 'converter.js'));

/** Milliseconds that a stopped cell has for the rest of its code, once its work is over. */
const GRACE = 1000;
/** Milliseconds after which Stop, pressed again, leaves a cell whose work has not ended. */
const PATIENCE = 2000;
/** Milliseconds after which a loop lets the event loop run: a reader does not notice them. */
const TURN = 50;
// A notebook may put others in their place.
const { setTimeout, setImmediate, clearInterval, performance, AbortController, DOMException } = globalThis;

/** @type {AsyncLocalStorage<Cell>} */
const cells = new AsyncLocalStorage();
/** Of all cells. @type {Map<AbortController, Cell>} */
const working = new Map();
/** @type {Set<() => void>} */
const listeners = new Set();
/** The cell that runs. @type {Cell | undefined} */
let running;
/** Leaves the running cell. @type {() => void} */
let leave = () => {};

/** Whether anything that a cell has begun is at work. */
const isWorking = () => working.size > 0;

/** @param {() => void} listener told when the last work is over */
const onRest = (listener) => void listeners.add(listener);

/** The cell that the running code belongs to, also after its end. */
const cellNow = () => cells.getStore();

/** What the reader's Stop does. */
function stop() {
  const again = running?.stoppedAt !== undefined && performance.now() - running.stoppedAt > PATIENCE;
  for (const [control, cell] of working) {
    cell.stoppedAt ??= performance.now();
    control.abort(new DOMException('Stop was pressed.', 'AbortError'));
  }
  if (!running) return;
  running.stoppedAt ??= performance.now();
  if (again || running.work.size === 0) leaveCell(running);
}

/** @param {Cell} cell the one that runs */
function leaveCell(cell) {
  // Work that goes on needs its timers, to come to its end.
  cell.isLeft = cell.work.size === 0;
  leave();
}

/** @param {Cell} cell */
function leaveSoon(cell) {
  setTimeout(() => {
    if (running === cell && cell.work.size === 0) leaveCell(cell);
  }, GRACE).unref();
}

/** Takes an announcement: see `Platform.beginWork`. */
function beginWork() {
  const cell = cells.getStore();
  const control = new AbortController();
  if (!cell) return { signal: control.signal, end() {} };
  if (cell.stoppedAt !== undefined) control.abort(new DOMException('Stop was pressed.', 'AbortError'));
  if (cell.isLeft) return { signal: control.signal, end() {} };
  cell.work.add(control);
  working.set(control, cell);
  return {
    signal: control.signal,
    /** @param {string | null} reached */
    end(reached) {
      if (!working.delete(control)) return;
      cell.work.delete(control);
      if (reached !== null) cell.reached.push(reached);
      if (cell.stoppedAt !== undefined && cell.work.size === 0) leaveSoon(cell);
      if (working.size === 0) for (const listener of listeners) listener();
    },
  };
}

/** @param {(stopped: boolean) => void} listener see `Platform.whenCellEnds` */
const whenCellEnds = (listener) => void cells.getStore()?.ending.push(listener);

Object.defineProperty(globalThis, Symbol.for('bnlab.kernel'), { value: { beginWork, whenCellEnds } });

/**
 * What a promise gives while the cell that asked for it has not been left; afterwards it gives nothing.
 *
 * @template {any[]} A
 * @template T
 * @param {(...given: A) => Promise<T>} plain
 * @returns {(...given: A) => Promise<T>}
 */
const promiseUntilLeft =
  (plain) =>
  (...given) => {
    const cell = cells.getStore();
    const promise = plain(...given);
    if (!cell) return promise;
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => cell.isLeft || resolve(value),
        (/** @type {Error} */ error) => cell.isLeft || reject(error),
      );
    });
  };

for (const name of /** @type {const} */ (['setTimeout', 'setInterval', 'setImmediate'])) {
  const plain = /** @type {(callback: unknown, ...rest: unknown[]) => unknown} */ (globalThis[name]);
  const untilLeft = (/** @type {unknown} */ callback, /** @type {unknown[]} */ ...rest) => {
    const cell = cells.getStore();
    if (!cell || typeof callback !== 'function') return plain(callback, ...rest);
    const timer = plain(
      (/** @type {unknown[]} */ ...given) => {
        if (!cell.isLeft) callback(...given);
        else if (name === 'setInterval') clearInterval(/** @type {NodeJS.Timeout} */ (timer));
      },
      ...rest,
    );
    return timer;
  };
  // `util.promisify(setTimeout)` must go on giving a promise form.
  const { [promisify.custom]: _, ...own } = /** @type {any} */ (Object.getOwnPropertyDescriptors(plain));
  Object.defineProperties(untilLeft, own);
  if (name !== 'setInterval') {
    const inPromise = promiseUntilLeft(/** @type {any} */ (promised[name]));
    Object.defineProperty(untilLeft, promisify.custom, { value: inPromise, configurable: true });
    Object.assign(promised, { [name]: inPromise });
  }
  for (const holder of [globalThis, timers])
    Object.defineProperty(holder, name, { value: untilLeft, configurable: true, writable: true, enumerable: true });
}
promised.scheduler.wait = promiseUntilLeft(promised.scheduler.wait.bind(promised.scheduler));
promised.scheduler.yield = promiseUntilLeft(promised.scheduler.yield.bind(promised.scheduler));
const { setInterval: everySoOften } = promised;
Object.assign(promised, {
  /** @param {Parameters<typeof everySoOften>} given */
  setInterval: (...given) => {
    const rounds = everySoOften(...given);
    rounds.next = promiseUntilLeft(rounds.next.bind(rounds));
    return rounds;
  },
});

/** When a cell last let the event loop run. */
let turnedAt = 0;
const turn = {
  isDue: () => performance.now() - turnedAt > TURN || cells.getStore()?.isLeft === true,
  /** Does not come back in a cell that was left. */
  take: promiseUntilLeft(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    turnedAt = performance.now();
  }),
  after: promiseUntilLeft(async (/** @type {unknown} */ value) => {
    const given = await value;
    if (turn.isDue()) await turn.take();
    return given;
  }),
};
Object.defineProperty(globalThis, NAME, { value: turn });

const { handleExecuteImpl } = JupyterHandlerImpl.prototype;
/**
 * @this {Handler}
 * @type {Handler['handleExecuteImpl']}
 */
const handleStoppable = async function (request, ...writers) {
  /** @type {Cell} */
  const cell = { work: new Set(), reached: [], faults: [], ending: [] };
  running = cell;
  cellOf.set(/** @type {object} */ (request), cell);
  try {
    const count = await cells.run(cell, () => handleExecuteImpl.call(this, request, ...writers));
    // tslab takes what is thrown for the number of a cell that failed, and gives up those that wait.
    if (cell.stoppedAt !== undefined) throw count;
    return count;
  } catch (error) {
    if (cell.stoppedAt !== undefined) keepNames();
    throw error;
  } finally {
    running = undefined;
    for (const listener of cell.ending.splice(0)) listener(cell.stoppedAt !== undefined);
  }
};
JupyterHandlerImpl.prototype.handleExecuteImpl = handleStoppable;

/** @type {WeakMap<object, Cell>} */
const cellOf = new WeakMap();

const { createExecutor } = executor;
executor.createExecutor = (root, converters, console) => {
  const said = { ...console, error: (/** @type {unknown[]} */ ...given) => void cells.getStore()?.faults.push(given) };
  const made = createExecutor(root, converters, said);
  leave = made.interrupt.bind(made);
  made.interrupt = stop;
  return made;
};

// An interrupt that comes as a guarded script ends is lost (findings/node-lost-interrupt.sh), and a cell that awaits would go on. It is run
// unguarded: its interrupt waits for the next turn of the event loop. One without await is guarded, so that a long loop can be left.
// Nor does Node write the line of the compiled cell, or of a library, before an error's name.
const { runInThisContext } = vm;
vm.runInThisContext = (code, options) => {
  if (typeof options !== 'object' || !options.breakOnSigint) return runInThisContext(code, options);
  const breakOnSigint = !code.startsWith(MAY_AWAIT);
  return runInThisContext(withPauses(code), { ...options, breakOnSigint, displayErrors: false });
};

// tslab forgets what a cell that failed has declared. Of a stopped one it is kept: what was trained has a name.
const names = {
  given: '',
  declared: '',
  kept: /** @type {{ after: string, declared: string } | undefined} */ (undefined),
};
function keepNames() {
  names.kept = { after: names.given, declared: names.declared };
}
const { createConverter } = converter;
converter.createConverter = (...options) => {
  const made = createConverter(...options);
  const convert = made.convert.bind(made);
  made.convert = (earlier, source) => {
    const { kept } = names;
    const known = kept && kept.after === earlier ? kept.declared : earlier;
    const converted = convert(known, source);
    names.given = earlier;
    names.declared = converted.declOutput ?? known;
    return converted;
  };
  return made;
};

module.exports = { stop, isWorking, onRest, cellNow, cellOf };
