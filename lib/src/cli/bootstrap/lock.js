/**
 * One set-up at a time in one project: a lock file that names its holder. A second set-up waits and says so; the lock
 * of a process that is gone is taken over.
 */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const { setTimeout: sleep } = require('node:timers/promises');
const { codeOf, isAlive, readJson, remove, temporaryName, writeAtomically } = require('./files');
const { layout } = require('./layout');

/**
 * @typedef {object} Holder
 * @property {number} pid
 * @property {string} started tells two processes with the same number apart
 * @property {string} host
 * @property {string} command
 * @property {number} since milliseconds since 1970
 * @property {number[]} children process groups that run for it
 */

/** @type {Holder | undefined} */
let held;

/**
 * When a process started, in clock ticks since the machine did, where the system says; a number can come back.
 *
 * @param {number} pid
 */
function startOf(pid) {
  try {
    // The second field is the program's name in brackets, which may hold spaces and brackets of its own.
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** @param {Holder} holder */
function isGone(holder) {
  if (holder.host !== os.hostname()) return false;
  return !isAlive(holder.pid) || startOf(holder.pid) !== holder.started;
}

/**
 * Milliseconds since a file was written; 0 when it is not there.
 *
 * @param {string} file
 */
function ageOf(file) {
  return Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

/** @param {Holder} holder */
function serialize(holder) {
  return JSON.stringify(holder) + '\n';
}

/**
 * Takes the lock, waiting for as long as another living set-up holds it.
 *
 * @param {{ command: string, waiting: (message: string) => void, stopIfAsked: () => void }} options
 */
async function acquire({ command, waiting, stopIfAsked }) {
  fs.mkdirSync(layout.state, { recursive: true });
  /** @type {Holder} */
  const mine = {
    pid: process.pid,
    started: startOf(process.pid),
    host: os.hostname(),
    command,
    since: Date.now(),
    children: [],
  };
  let told = '';
  for (;;) {
    stopIfAsked();
    if (tryTake(mine)) {
      held = mine;
      return;
    }
    /** @type {Holder | undefined} */
    const holder = readJson(layout.lock);
    if (!holder && ageOf(layout.lock) > 10_000) {
      remove(layout.lock); // its writer was killed in the middle, on a file system without hard links
      continue;
    }
    if (holder && isGone(holder)) {
      await takeOver(holder);
      continue;
    }
    if (holder && told !== `${holder.host} ${holder.pid}`) {
      told = `${holder.host} ${holder.pid}`;
      const seconds = Math.max(0, Math.round((Date.now() - holder.since) / 1000));
      const where =
        holder.host === os.hostname() ? '' : ` on ${holder.host}; if that one is gone, delete ${layout.lock}`;
      waiting(
        `Another set-up (\`${holder.command}\`, process ${holder.pid}${where}) has been at work here for ${seconds} s; waiting for it to finish.`,
      );
    }
    await sleep(200);
  }
}

/**
 * The lock appears with its content or not at all: a file is written aside and linked to the lock's name.
 *
 * @param {Holder} mine
 */
function tryTake(mine) {
  const temporary = `${temporaryName(layout.state)}.lock`;
  fs.writeFileSync(temporary, serialize(mine));
  try {
    fs.linkSync(temporary, layout.lock);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (codeOf(error) !== 'EPERM' && codeOf(error) !== 'ENOTSUP') throw error;
    // A file system without hard links: an exclusive write is the next best.
    try {
      fs.writeFileSync(layout.lock, serialize(mine), { flag: 'wx' });
      return true;
    } catch (second) {
      if (codeOf(second) === 'EEXIST') return false;
      throw second;
    }
  } finally {
    remove(temporary);
  }
}

/**
 * Removes a dead holder's lock, once what still runs for it has ended (guard.js sees to that). Several waiters may try:
 * the rename has one winner, and a winner who finds that it moved a living lock puts it back.
 *
 * @param {Holder} holder
 */
async function takeOver(holder) {
  for (let tries = 0; holder.children.some((group) => isAlive(-group)); tries += 1) {
    if (tries > 25) {
      for (const group of holder.children) {
        try {
          process.kill(-group, 'SIGKILL');
        } catch {
          // ended meanwhile
        }
      }
    }
    if (tries > 50) break;
    await sleep(100);
  }
  const moved = `${temporaryName(layout.state)}.stale`;
  try {
    fs.renameSync(layout.lock, moved);
  } catch {
    return;
  }
  const found = readJson(moved);
  if (found && !isGone(found)) {
    try {
      fs.linkSync(moved, layout.lock);
    } catch {
      // a third one has the lock already
    }
  }
  remove(moved);
}

function release() {
  if (!held) return;
  const found = readJson(layout.lock);
  if (found?.pid === held.pid && found?.started === held.started) remove(layout.lock);
  held = undefined;
}

/** @param {number} group */
function noteChild(group) {
  if (!held) return;
  held.children.push(group);
  save();
}

/** @param {number} group */
function forgetChild(group) {
  if (!held) return;
  held.children = held.children.filter((other) => other !== group);
  save();
}

function save() {
  if (!held) return;
  try {
    writeAtomically(layout.lock, serialize(held));
  } catch {
    // On a full disk the lock keeps an older list; guard.js ends the children all the same.
  }
}

module.exports = { acquire, release, noteChild, forgetChild };
