/**
 * Loaded into the tslab kernel before tslab, by kernel-watch.js: messages wait for their turn.
 *
 * tslab sends without awaiting, and ZeroMQ refuses a message while the one before is still on its way ("Socket is busy writing"), which
 * on a busy machine loses an output and fails the cell. Here each socket sends one message after the other, in the order they
 * were given. Seen with tslab 1.0.22 and zeromq 6.
 */
'use strict';

/** @typedef {{ send(...message: unknown[]): Promise<void> }} Sender */
/** @type {Record<string, new (...options: any[]) => Sender>} */
const zeromq = require(require.resolve('zeromq', { paths: [require.resolve('tslab')] }));
/** @type {WeakMap<Sender, Promise<void>>} */
const lastOf = new WeakMap();

for (const kind of ['Publisher', 'Router', 'Reply', 'Dealer']) {
  // A class of its own: ZeroMQ's methods cannot be replaced, nor its sockets given a property.
  zeromq[kind] = class extends zeromq[kind] {
    /**
     * @override
     * @param {unknown[]} message
     */
    send(...message) {
      const now = () => super.send(...message);
      const sent = (lastOf.get(this) ?? Promise.resolve()).then(now, now);
      lastOf.set(this, sent);
      return sent;
    }
  };
}
