/**
 * A test file that is not done within a limit is ended with all that it started, which is a failure, and the tests that it was in
 * are named.
 *
 * Node's own `--test-timeout` does not do: from Node 24 on it ends a test and goes on to wait for its file, and before that it
 * waits for whatever the file started and left with its output.
 */
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/**
 * @typedef {{ type: string, data?: { nesting?: number, name?: string, file?: string } }} TestEvent
 * @typedef {{ since: number, within: string[], last?: string }} Running within: the names of the tests that have begun, from the
 *   outermost; last: the test that ended last
 * @typedef {{ pid: number, parent: number, command: string }} Process
 */

/** @returns {Process[]} */
function processes() {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
    return lines.flatMap((line) => {
      const [, pid, parent, command] = /^ *(\d+) +(\d+) (.*)$/.exec(line) ?? [];
      return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
    });
  }
  return fs.readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
      // The name in parentheses may hold spaces; the state and the parent's number follow it.
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ pid: Number(pid), parent, command }];
    } catch {
      return []; // it has ended
    }
  });
}

/**
 * Kills the runner's process of a test file and what descends from it.
 *
 * @param {string} file
 */
function end(file) {
  const all = processes();
  const name = path.relative('', file);
  const doomed = all.filter(({ parent, command }) => parent === process.pid && command.trimEnd().endsWith(name));
  for (const { pid } of doomed) doomed.push(...all.filter(({ parent }) => parent === pid));
  for (const { pid } of doomed) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended
    }
  }
}

/**
 * Notes what a file is in, after one more event of it.
 *
 * @param {Running} running
 * @param {TestEvent} event
 */
function follow(running, { type, data: { name = '', nesting = 0 } = {} }) {
  const { within } = running;
  if (type === 'test:dequeue') within.splice(nesting, within.length, name);
  if (type !== 'test:complete') return;
  if (within[nesting] === name) within.splice(nesting);
  running.last = name;
}

/**
 * Where a file was. One that computes without a pause cannot tell of a test that it has begun.
 *
 * @param {Running} running
 */
function place({ within, last }) {
  if (within.length > 0) return `in the test '${within.join(' > ')}'`;
  return last === undefined ? 'before the end of its first test' : `after the test '${last}'`;
}

/**
 * Watches the files that a runner runs in this process's children.
 *
 * @param {number} seconds
 * @returns {{ see: (event: TestEvent) => void, ended: () => string[] }} see: to be called for every event; ended: stops watching
 *   and returns a line for each file that was ended
 */
function watchFiles(seconds) {
  /** @type {Map<string, Running>} */
  const files = new Map();
  /**
   * Those that were ended. The runner passes on what a file says when those before it are done, so that where it was may be known only
   * once it is gone.
   *
   * @type {Map<string, Running>}
   */
  const over = new Map();
  /** @param {string} file */
  const said = (file) => `${path.relative('', file)}: not done after ${seconds} s, ended`;
  const timer = setInterval(() => {
    for (const [file, running] of files) {
      if ((Date.now() - running.since) / 1000 < seconds) continue;
      files.delete(file);
      over.set(file, running);
      process.stderr.write(`${said(file)}\n`);
      end(file);
    }
  }, 500);
  /** @param {TestEvent} event */
  const see = (event) => {
    const { type, data: { file, name = '', nesting } = {} } = event;
    if (file === undefined) return;
    const whole = nesting === 0 && path.resolve(name) === file;
    if (!whole) {
      const running = files.get(file) ?? over.get(file);
      if (running) follow(running, event);
    } else if (type === 'test:dequeue') files.set(file, { since: Date.now(), within: [] });
    else if (type === 'test:complete') files.delete(file);
  };
  const ended = () => {
    clearInterval(timer);
    return [...over].map(([file, running]) => `${said(file)} ${place(running)}`);
  };
  return { see, ended };
}

module.exports = { watchFiles };
