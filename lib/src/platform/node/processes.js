/**
 * Which process is which: a number alone comes back for another process, and means another one in another container.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');

/**
 * @typedef {object} Identity a process, told from every other one
 * @property {number} pid
 * @property {string} started when it started, in the system's words; empty where the system does not say
 * @property {string} place where its number means anything: one boot of one machine, and one container there
 */

/** @param {string} file */
function textOf(file) {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

/**
 * The fields of /proc/PID/stat after the program's name, which may hold spaces and brackets of its own: the first is the
 * state, the second the parent.
 *
 * @param {number | string} pid
 * @returns {string[]} empty when there is no such process, or no /proc
 */
function statOf(pid) {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/**
 * @param {number} pid
 * @param {string} field
 */
function askPs(pid, field) {
  const { stdout } = spawnSync('ps', ['-o', `${field}=`, '-p', String(pid)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  return (stdout ?? '').trim();
}

/**
 * When a process started: on Linux in clock ticks since the machine did.
 *
 * @param {number} pid
 */
function startOf(pid) {
  return process.platform === 'linux' ? (statOf(pid)[19] ?? '') : askPs(pid, 'lstart');
}

/** @param {number} pid */
function stateOf(pid) {
  return process.platform === 'linux' ? (statOf(pid)[0] ?? '') : askPs(pid, 'state').slice(0, 1);
}

/** @param {number} pid whose process, or whose group when negative */
function exists(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** @type {string | undefined} */
let knownPlace;

/** A container that starts anew, and a machine that boots anew, are other places, whatever their names are. */
function place() {
  if (knownPlace === undefined) {
    const boot = textOf('/proc/sys/kernel/random/boot_id');
    let container = '';
    try {
      container = fs.readlinkSync('/proc/self/ns/pid');
    } catch {
      // not Linux, or hidden
    }
    knownPlace = crypto
      .createHash('sha256')
      .update([boot || os.hostname(), container].join(' '))
      .digest('hex')
      .slice(0, 10);
  }
  return knownPlace;
}

/** @type {Identity | undefined} */
let me;

/** @returns {Identity} of this process */
function self() {
  me ??= { pid: process.pid, started: startOf(process.pid), place: place() };
  return me;
}

/**
 * @param {unknown} given what a file said
 * @returns {given is Identity}
 */
function isIdentity(given) {
  const { pid, started, place } = /** @type {Record<string, unknown>} */ (given ?? {});
  return Number.isSafeInteger(pid) && Number(pid) > 0 && typeof started === 'string' && typeof place === 'string';
}

/**
 * How a process fares. A zombie has ended, though its number is taken until its parent looks.
 *
 * @param {Identity} identity
 * @returns {'running' | 'stopped' | 'gone' | 'unknown'} unknown: its number means nothing here
 */
function fate({ pid, started, place: where }) {
  if (where !== place()) return 'unknown';
  if (!exists(pid)) return 'gone';
  const state = stateOf(pid);
  if (state === 'Z' || state === 'X') return 'gone';
  if (startOf(pid) !== started) return 'gone';
  return state === 'T' ? 'stopped' : 'running';
}

module.exports = { self, place, startOf, statOf, isIdentity, fate, exists };
