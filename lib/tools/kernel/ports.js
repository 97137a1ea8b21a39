/**
 * Loaded into the tslab kernel before tslab, by watch.js: a kernel that cannot listen where Jupyter asked it to ends, and Jupyter
 * starts another.
 *
 * Jupyter lets go of the ports that it has chosen before the kernel takes them, so two kernels that start at the same moment may be given the
 * same one. tslab says that the address is in use and stays: whoever asked for the kernel waits for ever. And the kernel that did
 * get the port receives what the other's client sends, whose signature is not its own. Seen with tslab 1.0.22.
 */
'use strict';

const path = require('node:path');

/** The exit code of a kernel that another start, with other ports, will mend: EX_TEMPFAIL of sysexits.h. */
const PORT_TAKEN = 75;

/**
 * @typedef {object} Server
 * @property {() => Promise<void>} init
 * @property {(socket: unknown, ...parts: Buffer[]) => Promise<void>} handleShellMessage
 */
/** @type {{ ZmqServer: { prototype: Server } }} */
const { ZmqServer } = require(path.join(path.dirname(require.resolve('tslab')), 'jupyter.js'));
const { init, handleShellMessage } = ZmqServer.prototype;

/**
 * @this {Server}
 * @type {Server['init']}
 */
const initOrEnd = async function () {
  try {
    await init.call(this);
  } catch (error) {
    const { code, address, message } = /** @type {NodeJS.ErrnoException & { address?: string }} */ (error);
    const isTaken = code === 'EADDRINUSE';
    process.stderr.write(`The kernel cannot start: ${isTaken ? `${address} was taken by another program` : message}\n`);
    process.exit(isTaken ? PORT_TAKEN : 1);
  }
};
ZmqServer.prototype.init = initOrEnd;

/**
 * @this {Server}
 * @type {Server['handleShellMessage']}
 */
const handleOwn = async function (socket, ...parts) {
  try {
    await handleShellMessage.call(this, socket, ...parts);
  } catch (error) {
    // Jupyter wants messages that are not signed with the kernel's key to be ignored.
    if (!/^invalid hmac /.test(/** @type {Error} */ (error).message)) throw error;
  }
};
ZmqServer.prototype.handleShellMessage = handleOwn;
