/**
 * One command at a time on one target: a lock file that names its holder, whose heart beats in it. A second command waits
 * and says so.
 *
 * A holder whose end can be seen from here is succeeded at once. One that cannot be seen (another machine, a container
 * that is no more) and a file that cannot be read are taken for dead when they have given no sign for a while; waiting
 * is counted by this process's own looks, so no clock has to be right. Whoever was taken for dead and was not (stopped,
 * say, and continued) finds the lock another's, and ends without writing further.
 */
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { fate, self, startOf } = require('../src/platform/node/processes');
const { ownMark, sweep, writeAtomically, writeFlushed } = require('../src/platform/node/write');
const { look } = require('./lock-file');

/** @typedef {import('./lock-file').Holder} Holder */

/** Milliseconds: between two beats, and between two looks. */
const beatEvery = 1000;
const lookEvery = 200;
/** Milliseconds that a successor waits to see whether another one was as quick. */
const settle = 400;
/** How often a successor looks whether what ran for the dead one has ended (guard.js sees to that), before it ends it. */
const patience = 25;

/** Locks that this process holds. @type {Set<Lock>} */
const held = new Set();

/** The lock that this process held is another's. */
class LockLost extends Error {
  /** @param {string} file */
  constructor(file) {
    super(
      `this command gave no sign for a while (it was stopped, or its machine was), another command took its place ` +
        `(${file}), and it must not write beside that one`,
    );
    this.name = 'LockLost';
  }
}

class Lock {
  /**
   * @param {string} file
   * @param {Holder} holder
   */
  constructor(file, holder) {
    this.file = file;
    this.holder = holder;
    this.lost = false;
    /** Called when the lock turns out to be another's. @type {() => void} */
    this.onLost = () => {};
    this.worker = new Worker(path.join(__dirname, 'heartbeat.js'), {
      workerData: { file, token: holder.token, every: beatEvery },
      execArgv: [],
    });
    this.worker.on('message', () => this.lose());
    this.worker.on('error', () => {}); // without a heart the lock holds as long as this process can be seen
    this.worker.unref();
    held.add(this);
  }

  lose() {
    if (!held.has(this) || this.lost) return;
    this.lost = true;
    this.onLost();
  }

  /** @throws LockLost */
  expectHeld() {
    const { there, holder } = look(this.file);
    if (!there || (holder && holder.token !== this.holder.token)) this.lose();
    if (this.lost) throw new LockLost(this.file);
  }

  release() {
    if (!held.delete(this)) return;
    void this.worker.terminate();
    if (look(this.file).holder?.token === this.holder.token) fs.rmSync(this.file, { force: true });
  }

  /** @param {number} group */
  noteChild(group) {
    this.holder.children.push({ group, started: startOf(group) });
    this.save();
  }

  /** @param {number} group */
  forgetChild(group) {
    this.holder.children = this.holder.children.filter((other) => other.group !== group);
    this.save();
  }

  save() {
    if (look(this.file).holder?.token !== this.holder.token) return;
    try {
      writeAtomically(this.file, serialize(this.holder));
    } catch {
      // On a full disk the lock keeps an older list; guard.js ends the children all the same.
    }
  }
}

process.on('exit', () => {
  for (const lock of held) lock.release();
});

/** @param {Holder} holder */
function serialize(holder) {
  return JSON.stringify(holder) + '\n';
}

/**
 * Takes a lock, waiting for as long as another living command holds it.
 *
 * @param {string} file
 * @param {object} options
 * @param {string} options.command what the user typed, for whoever waits for us
 * @param {(message: string) => void} options.waiting
 * @param {() => void} options.stopIfAsked throws when the user no longer wants it
 * @param {number} [options.deadAfter] milliseconds without a sign until a holder that cannot be seen counts as dead
 * @returns {Promise<Lock>}
 */
async function acquire(file, { command, waiting, stopIfAsked, deadAfter = 20_000 }) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  sweep(path.dirname(file), { prefix: `.${path.basename(file)}.tmp-` });
  /** @type {Holder} */
  const mine = {
    ...self(),
    token: crypto.randomBytes(8).toString('hex'),
    host: os.hostname(),
    command,
    since: Date.now(),
    children: [],
  };
  const seen = { sign: '', quiet: 0, at: performance.now() };
  let told = '';
  for (;;) {
    stopIfAsked();
    if (tryTake(file, mine)) return new Lock(file, mine);
    const { there, holder, sign } = look(file);
    const now = performance.now();
    // This process may have been stopped between two looks: the time in between then says nothing about the holder.
    seen.quiet = sign === seen.sign ? seen.quiet + Math.min(now - seen.at, 2 * lookEvery) : 0;
    seen.sign = sign;
    seen.at = now;
    const how = holder ? fate(holder) : 'unknown';
    if (there && (how === 'gone' || (how === 'unknown' && seen.quiet >= deadAfter))) {
      if (holder && how === 'gone') await endChildren(holder);
      if (await succeed(file, sign, mine)) return new Lock(file, mine);
      continue;
    }
    const words = there ? whyWaiting(file, holder, how, deadAfter) : '';
    const about = `${holder?.token} ${how}`;
    if (words && told !== about) waiting(words);
    told = about;
    await sleep(lookEvery);
  }
}

/**
 * @param {string} file
 * @param {Holder | undefined} holder
 * @param {ReturnType<typeof fate>} how
 * @param {number} deadAfter
 */
function whyWaiting(file, holder, how, deadAfter) {
  const limit = `${deadAfter / 1000} s`;
  if (!holder) return `${file} is a lock that cannot be read; it is taken away if nothing changes it for ${limit}.`;
  const seconds = Math.max(0, Math.round((Date.now() - holder.since) / 1000));
  const who = `Another command (\`${holder.command}\`, process ${holder.pid}${how === 'unknown' ? ` on ${holder.host}` : ''})`;
  const what = `${who} has been at work here for ${seconds} s; waiting for it to finish.`;
  if (how === 'unknown') return `${what} If it gives no sign for ${limit}, this one goes on.`;
  if (how === 'stopped')
    return `${what} It is stopped: \`kill -CONT ${holder.pid}\` (or \`fg\` in its terminal) lets it go on, \`kill -KILL ${holder.pid}\` ends it.`;
  return what;
}

/**
 * The lock appears with its content or not at all: a file is written aside and linked to the lock's name.
 *
 * @param {string} file
 * @param {Holder} mine
 */
function tryTake(file, mine) {
  if (look(file).there) return false;
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.tmp-${ownMark()}`);
  try {
    writeFlushed(temporary, serialize(mine));
    fs.linkSync(temporary, file);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    // A file system without hard links: an exclusive write is the next best.
    try {
      writeFlushed(file, serialize(mine));
      return true;
    } catch (second) {
      if (codeOf(second) === 'EEXIST') return false;
      throw second;
    }
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/**
 * What still runs for a dead holder here would write beside its successor.
 *
 * @param {Holder} holder
 */
async function endChildren(holder) {
  const running = () =>
    holder.children.filter(({ group, started }) => {
      const how = fate({ pid: group, started, place: holder.place });
      return how === 'running' || how === 'stopped';
    });
  for (let tries = 0; running().length > 0 && tries < 2 * patience; tries += 1) {
    if (tries >= patience) {
      for (const { group } of running()) {
        try {
          process.kill(-group, 'SIGKILL');
        } catch {
          // ended meanwhile
        }
      }
    }
    await sleep(100);
  }
}

/**
 * Puts this process's lock in the place of a dead one's. Of several that try, the last has it, and each looks again.
 *
 * @param {string} file
 * @param {string} sign what the dead one's lock looked like
 * @param {Holder} mine
 */
async function succeed(file, sign, mine) {
  if (look(file).sign !== sign) return false;
  try {
    writeAtomically(file, serialize(mine));
  } catch (error) {
    if (codeOf(error) !== 'EISDIR' && codeOf(error) !== 'ENOTEMPTY') throw error;
    fs.rmSync(file, { recursive: true, force: true });
    return false;
  }
  await sleep(settle);
  return look(file).holder?.token === mine.token;
}

/** @param {number} group */
function noteChild(group) {
  for (const lock of held) lock.noteChild(group);
}

/** @param {number} group */
function forgetChild(group) {
  for (const lock of held) lock.forgetChild(group);
}

/** @throws LockLost when a lock of this process is another's: to be asked before anything gets its final name */
function expectHeld() {
  for (const lock of held) lock.expectHeld();
}

module.exports = { acquire, noteChild, forgetChild, expectHeld, Lock, LockLost };
