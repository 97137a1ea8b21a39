/**
 * Loaded into the tslab kernel before tslab, by watch.js: messages wait for their turn, and none is dropped.
 *
 * tslab sends without awaiting. ZeroMQ refuses a message while the one before is still on its way ("Socket is busy writing"), as it is
 * after 512 messages without a pause; and a publisher drops what is beyond a thousand messages that its reader has not
 * taken. Here each socket sends one message after the other, in the order they were given, and keeps as many as it must. Seen with
 * tslab 1.0.22 and zeromq 6.
 */
'use strict';

/** @typedef {{ send(...message: unknown[]): Promise<void> }} Sender */
/** @type {Record<string, new (...options: any[]) => Sender>} */
const zeromq = require(require.resolve('zeromq', { paths: [require.resolve('tslab')] }));
/**
 * @typedef {object} Queue
 * @property {Promise<void>} last the message that was given last
 * @property {number} waiting how many have not been handed to ZeroMQ
 */
/** @type {WeakMap<Sender, Queue>} */
const queues = new WeakMap();

for (const kind of ['Publisher', 'Router', 'Reply', 'Dealer']) {
  // A class of its own: ZeroMQ's methods cannot be replaced, nor its sockets given a property.
  zeromq[kind] = class extends zeromq[kind] {
    /** @param {object} [options] */
    constructor(options) {
      super({ sendHighWaterMark: 0, ...options });
      queues.set(this, { last: Promise.resolve(), waiting: 0 });
    }

    /**
     * @override
     * @param {unknown[]} message
     */
    send(...message) {
      const queue = /** @type {Queue} */ (queues.get(this));
      if (queue.waiting === 0) {
        try {
          // At once where it can be: a loop that never pauses is seen to move.
          queue.last = super.send(...message);
          return queue.last;
        } catch (error) {
          if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EBUSY') throw error;
        }
      }
      queue.waiting += 1;
      const now = () => {
        queue.waiting -= 1;
        return super.send(...message);
      };
      queue.last = queue.last.then(now, now);
      return queue.last;
    }
  };
}
