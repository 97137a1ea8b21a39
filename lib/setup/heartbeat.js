/**
 * The thread that keeps a lock fresh (lock.js starts it): the main one may compute for long, and a lock that gives no
 * sign is taken for a dead one's. It says when the lock is another's.
 */
'use strict';

const { parentPort, workerData } = require('node:worker_threads');
const { touch } = require('./lock-file');

/** @type {{ file: string, token: string, every: number }} */
const { file, token, every } = workerData;
const timer = setInterval(() => {
  if (touch(file, token)) return;
  clearInterval(timer);
  parentPort?.postMessage('lost');
}, every);
