/**
 * Ends what a command left running when the command itself is gone: `node guard.js MARK`.
 *
 * A command that is killed outright (SIGKILL, a closed container) cannot end its children, and those would write into the
 * same folders as the next command. This process stands beside it, in a session of its own, and holds a pipe to it, over
 * which it is told what runs. When the pipe closes, it asks those to end that can do so in order, waits for them, and
 * kills whatever is left.
 */
'use strict';

const { performance } = require('node:perf_hooks');
const readline = require('node:readline');
const { setTimeout: sleep } = require('node:timers/promises');
const { exists } = require('../src/platform/node/processes');
const { killMarked } = require('./marked');

/** Milliseconds that a command has to end in order. */
const grace = 6000;

const [mark = ''] = process.argv.slice(2);
if (mark === '') throw new Error('guard.js wants a mark');

/** What runs, by its number: whether it leads a process group, and whether it is asked first. @type {Map<number, { group: boolean, ask: boolean }>} */
const running = new Map();
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => {});

readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [what, pid, group, ask] = line.split(' ');
    if (what === 'start') running.set(Number(pid), { group: group === 'group', ask: ask === 'ask' });
    else running.delete(Number(pid));
  })
  .on('close', () => void end());
process.stdin.on('error', () => {});

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}

async function end() {
  const asked = [...running].filter(([, { ask }]) => ask).map(([pid]) => pid);
  for (const [pid, { group, ask }] of running) {
    if (ask) {
      send(pid, 'SIGTERM');
      send(pid, 'SIGCONT');
    } else send(group ? -pid : pid, 'SIGKILL');
  }
  const until = performance.now() + grace;
  while (asked.some((pid) => exists(pid)) && performance.now() < until) await sleep(50);
  for (const [pid, { group }] of running) send(group ? -pid : pid, 'SIGKILL');
  killMarked(mark);
  process.exit(0);
}
