/**
 * Loaded into the tslab kernel before tslab, by watch.js: the kernel says busy as long as a cell, or what a cell has begun, is at work;
 * and it takes Jupyter's interrupt message.
 *
 * A frontend shows the status that it heard last. tslab says idle after each request, be it one of a queue or the look-up of a name
 * while a cell runs. Here each such idle is followed by a busy until nothing is at work. Seen with tslab 1.0.22.
 */
'use strict';

const path = require('node:path');
const { isWorking, onRest, stop } = require('./stop');

/**
 * @typedef {object} Message
 * @property {{ msg_type: string }} header
 * @property {object} content
 * @property {() => Message} createReply
 * @property {(key: string, socket: unknown) => void} signAndSend
 */
/**
 * @typedef {object} Server
 * @property {{ key: string }} connInfo
 * @property {(status: 'busy' | 'idle', parent: Message) => void} publishStatus
 * @property {(socket: unknown, ...parts: Buffer[]) => Promise<void>} handleShellMessage
 */
/** @type {{ ZmqServer: { prototype: Server } }} */
const { ZmqServer } = require(path.join(path.dirname(require.resolve('tslab')), 'jupyter.js'));
const { publishStatus, handleShellMessage } = ZmqServer.prototype;

/** Requests to run a cell that have not been answered, in their order. @type {Set<Message>} */
const asked = new Set();
/** Says that all is at rest. @type {(() => void) | undefined} */
let sayIdle;

/**
 * @this {Server}
 * @type {Server['publishStatus']}
 */
const publishTrueStatus = function (status, parent) {
  Messages ??= /** @type {any} */ (parent.constructor);
  if (parent.header.msg_type === 'execute_request') asked[status === 'busy' ? 'add' : 'delete'](parent);
  publishStatus.call(this, status, parent);
  const [next] = asked;
  if (status !== 'idle' || !(next || isWorking())) return;
  publishStatus.call(this, 'busy', next ?? parent);
  sayIdle = () => publishStatus.call(this, 'idle', parent);
};
ZmqServer.prototype.publishStatus = publishTrueStatus;

onRest(() => {
  if (asked.size === 0) sayIdle?.();
  sayIdle = undefined;
});

/** tslab's messages; it does not export their class. @type {{ fromRaw(key: string, parts: Buffer[]): Message } | undefined} */
let Messages;

/**
 * @this {Server}
 * @type {Server['handleShellMessage']}
 */
const handleInterrupt = async function (socket, ...parts) {
  if (!Messages || !parts.some((part) => part.includes('"interrupt_request"')))
    return handleShellMessage.call(this, socket, ...parts);
  const message = Messages.fromRaw(this.connInfo.key, parts);
  if (message.header.msg_type !== 'interrupt_request') return handleShellMessage.call(this, socket, ...parts);
  this.publishStatus('busy', message);
  stop();
  const reply = message.createReply();
  reply.header.msg_type = 'interrupt_reply';
  reply.content = { status: 'ok' };
  reply.signAndSend(this.connInfo.key, socket);
  this.publishStatus('idle', message);
};
ZmqServer.prototype.handleShellMessage = handleInterrupt;
