/**
 * Loaded into the tslab kernel before tslab, by watch.js: a cell that fails or is stopped says why, as Jupyter's error, once.
 *
 * tslab prints the error to stderr with the whole stack, most of it its own, and answers without the error's name and text. Here
 * an `error` message says what happened, and the answer repeats it as Jupyter wants it. Seen with tslab 1.0.22.
 */
'use strict';

const path = require('node:path');
const { setImmediate } = require('node:timers');
const { format, inspect } = require('node:util');
const { cellNow, cellOf } = require('./stop');

/**
 * @typedef {object} Message
 * @property {{ msg_type: string }} header
 * @property {object} content
 * @property {() => Message} createReply
 * @property {(key: string, socket: unknown) => void} signAndSend
 */
/** @typedef {{ connInfo: { key: string }, iopub: unknown, handleExecute(socket: unknown, message: Message): Promise<void> }} Server */
/** @typedef {{ status: string, execution_count?: number }} Answer */
/** @typedef {{ handleExecute(request: object, ...writers: unknown[]): Promise<Answer> }} Handler */
/** @type {{ ZmqServer: { prototype: Server }, JupyterHandlerImpl: { prototype: Handler } }} */
const { ZmqServer, JupyterHandlerImpl } = require(path.join(path.dirname(require.resolve('tslab')), 'jupyter.js'));

/** Lines of a stack that belong to the kernel or to Node, not to what a reader wrote or called. */
const KERNEL = /^\s+at .*(?:[\\/]tslab[\\/]dist[\\/]|[\\/]tools[\\/]kernel[\\/]|node:|evalmachine|<anonymous>\)?$)/;
/** Frames that are shown: enough to find the place. */
const FRAMES = 6;

/** @param {unknown} error what was thrown, for a reader */
function textOf(error) {
  let frames = 0;
  return (typeof error === 'string' ? error : shown(error))
    .split('\n')
    .filter((line) => !KERNEL.test(line) && !(/^\s+at /.test(line) && ++frames > FRAMES))
    .join('\n');
}

/** @param {unknown} error */
function shown(error) {
  try {
    return inspect(error, { colors: false });
  } catch (problem) {
    return `what was thrown cannot be printed: ${problem}`;
  }
}

/** @typedef {{ ename: string, evalue: string, traceback: string[] }} Fault */
/**
 * @param {string} ename
 * @param {string} text
 * @returns {Fault}
 */
const fault = (ename, text) => ({ ename, evalue: text.split('\n')[0] ?? '', traceback: text.split('\n') });

/**
 * @param {unknown[]} said as tslab's console.error was given it: an error, or a pattern with what stands in it
 * @returns {Fault}
 */
function faultOf(said) {
  const [error, ...rest] = said;
  if (rest.length > 0) return fault('TypeScript', format(...said));
  const text = textOf(error);
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: text };
  return { ...fault(name, text), evalue: message };
}

/** What a failed cell says, as one error. @param {import('./stop').Cell} cell @returns {Fault | undefined} */
function faultOfCell(cell) {
  const faults = cell.faults.filter(([error]) => !isInterrupt(error)).map(faultOf);
  if (cell.stoppedAt === undefined && faults.length === cell.faults.length) {
    const [first] = faults;
    return first && { ...first, traceback: faults.flatMap(({ traceback }) => traceback) };
  }
  const lines = cell.reached.length > 0 ? cell.reached : ['stopped'];
  const after = faults.filter(({ ename }) => ename !== 'StoppedError');
  const more = after.flatMap(({ traceback }) => ['What came after it failed:', ...traceback]);
  return { ename: 'Stopped', evalue: lines.join('; '), traceback: [...lines, ...more] };
}

/** Whether it is the error with which tslab, or Node for it, leaves a cell. @param {unknown} error */
function isInterrupt(error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error ?? {});
  return code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED' || message === 'Interrupted asynchronously';
}

/** By the request's content. @type {WeakMap<object, (fault: Fault) => void>} */
const senders = new WeakMap();

const { handleExecute: handleMessage } = ZmqServer.prototype;
/**
 * @this {Server}
 * @type {Server['handleExecute']}
 */
const handleWithErrors = function (socket, message) {
  senders.set(message.content, (content) => {
    const reply = message.createReply();
    reply.header.msg_type = 'error';
    reply.content = content;
    reply.signAndSend(this.connInfo.key, this.iopub);
  });
  return handleMessage.call(this, socket, message);
};
ZmqServer.prototype.handleExecute = handleWithErrors;

const { handleExecute } = JupyterHandlerImpl.prototype;
/**
 * @this {Handler}
 * @type {Handler['handleExecute']}
 */
const handleNamed = async function (request, ...writers) {
  const answer = await handleExecute.call(this, request, ...writers);
  // Jupyter's word for a cell that was not run because one before it failed.
  if (answer.status === 'abort') return { ...answer, status: 'aborted' };
  const cell = cellOf.get(request);
  const content = answer.status === 'error' && cell ? faultOfCell(cell) : undefined;
  if (!content) return answer;
  senders.get(request)?.(content);
  return { ...answer, ...content };
};
JupyterHandlerImpl.prototype.handleExecute = handleNamed;

/** Replaces tslab's listener of an event, which is the last, by one that prints no more than a reader needs. */
for (const [event, what] of /** @type {const} */ ([
  ['uncaughtException', 'An exception outside of any cell, in a timer or a callback'],
  ['unhandledRejection', 'A promise that nobody awaited was rejected'],
])) {
  // tslab has added its own when this runs.
  setImmediate(() => {
    const theirs = process
      .listeners(/** @type {'uncaughtException'} */ (event))
      .filter((listener) => /console\.error\("Un/.test(String(listener)));
    for (const listener of theirs) process.removeListener(event, listener);
    if (theirs.length === 0) return;
    process.on(event, (/** @type {unknown} */ reason) => {
      if (reason instanceof Error && reason.name === 'StoppedError' && cellNow()?.stoppedAt !== undefined) return;
      process.stderr.write(`${what}: ${textOf(reason)}\n`);
    });
  });
}
