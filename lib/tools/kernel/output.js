/**
 * Loaded into the tslab kernel before tslab, by watch.js: text that a cell prints is joined before it is sent.
 *
 * tslab sends a message for every write, signed and serialized: a burst of a hundred thousand lines keeps kernel and reader busy for
 * minutes. Here what is written in quick succession becomes one message, in the order of the writes and of the displays between
 * them; a write after a pause goes out at once, so that a loop which prints its progress is seen to move. tslab's own `write` also
 * never calls back, and breaks a character whose bytes arrive in two pieces. Seen with tslab 1.0.22.
 */
'use strict';

const path = require('node:path');
const { StringDecoder } = require('node:string_decoder');

/** @typedef {(name: string, text: string) => void} WriteStream */
/**
 * @typedef {object} Handler
 * @property {(request: unknown, writeStream: WriteStream, writeDisplayData: (...display: unknown[]) => void) => Promise<unknown>} handleExecute
 * @property {(name: string, writeStream: WriteStream) => (...written: any[]) => boolean} createWriteToIopub
 */
/** @type {{ JupyterHandlerImpl: { prototype: Handler } }} */
const jupyter = require(path.join(path.dirname(require.resolve('tslab')), 'jupyter.js'));
const handler = jupyter.JupyterHandlerImpl.prototype;

/** UTF-16 units after which a message goes out, however quick the next write comes. */
const LONGEST = 1 << 16;
/** Milliseconds after a message within which further writes are joined. */
const QUICK = 50;

// A notebook may put others in their place.
const { setImmediate, clearImmediate, performance } = globalThis;

/** @param {WriteStream} send */
function joined(send) {
  let name = '';
  let text = '';
  let sentAt = -Infinity;
  /** @type {NodeJS.Immediate | undefined} */
  let soon;
  const flush = () => {
    if (soon) clearImmediate(soon);
    soon = undefined;
    if (text === '') return;
    const whole = text;
    text = '';
    sentAt = performance.now();
    send(name, whole);
  };
  /** @type {WriteStream} */
  const write = (to, more) => {
    if (to !== name) flush();
    name = to;
    text += more;
    if (text.length >= LONGEST || performance.now() - sentAt >= QUICK) flush();
    else soon ??= setImmediate(flush);
  };
  return { write, flush };
}

const { handleExecute } = handler;
/**
 * @this {Handler}
 * @type {Handler['handleExecute']}
 */
const handleJoined = async function (request, writeStream, writeDisplayData) {
  const stream = joined(writeStream);
  try {
    return await handleExecute.call(this, request, stream.write, (...display) => {
      stream.flush();
      writeDisplayData(...display);
    });
  } finally {
    stream.flush();
  }
};
handler.handleExecute = handleJoined;

/** @type {Handler['createWriteToIopub']} */
const createWriteToIopub = (name, writeStream) => {
  const decoder = new StringDecoder('utf8');
  return (chunk, encoding, callback) => {
    writeStream(name, typeof chunk === 'string' ? chunk : decoder.write(chunk));
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
};
handler.createWriteToIopub = createWriteToIopub;
