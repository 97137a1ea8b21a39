/**
 * Starting programs that do not outlive this command, however it ends: guard.js sees to what this process cannot.
 */
'use strict';

const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const path = require('node:path');
const { killMarked, variable } = require('./marked');

/** What all that this process starts bears. */
const own = crypto.randomBytes(6).toString('hex');
let count = 0;

/** @type {import('node:child_process').ChildProcess | undefined} */
let guard;
/** What the guard has been told of and still runs. @type {Map<number, string>} */
const running = new Map();

function standGuard() {
  if (guard) return;
  const started = spawn(process.execPath, [path.join(__dirname, 'guard.js'), own], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  guard = started;
  started.stdin.on('error', () => {});
  /** @type {import('node:net').Socket} */ (started.stdin).unref();
  started.unref();
  for (const line of running.values()) started.stdin.write(line);
  const replace = () => {
    if (guard !== started) return;
    guard = undefined;
    if (running.size > 0) standGuard();
  };
  started.on('exit', replace);
  started.on('error', () => {}); // no process can be had: the command itself will say so
}

/**
 * An environment for what another library starts (Playwright, a browser): it does not outlive this command either.
 *
 * @param {NodeJS.ProcessEnv} [given]
 * @returns {{ env: NodeJS.ProcessEnv, end: () => void }} end: kills what was started with it, on Linux
 */
function guardedEnvironment(given = process.env) {
  standGuard();
  count += 1;
  const mark = `${own}.${count}`;
  const outer = (given[variable] ?? '').split(' ').filter(Boolean);
  return { env: { ...given, [variable]: [...outer, own, mark].join(' ') }, end: () => killMarked(mark) };
}

/**
 * As node:child_process's spawn.
 *
 * @param {string} command
 * @param {string[]} rest
 * @param {import('node:child_process').SpawnOptions} options
 * @param {object} [how]
 * @param {boolean} [how.ask] it can end in order, and is asked to before it is killed
 * @param {boolean} [how.alone] it alone: what it starts may outlive it (a web browser that JupyterLab opens)
 */
function spawnGuarded(command, rest, options, { ask = false, alone = false } = {}) {
  const { env, end } = guardedEnvironment(options.env);
  if (alone) delete env[variable];
  const child = spawn(command, rest, { ...options, env });
  const pid = child.pid;
  if (pid !== undefined) {
    const line = `start ${pid} ${options.detached ? 'group' : 'single'} ${ask ? 'ask' : 'kill'}\n`;
    running.set(pid, line);
    guard?.stdin?.write(line);
    child.once('exit', () => {
      running.delete(pid);
      guard?.stdin?.write(`end ${pid}\n`);
      if (!alone) end(); // what it started and did not wait for
    });
  }
  return child;
}

module.exports = { spawnGuarded, guardedEnvironment };
