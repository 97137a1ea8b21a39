/**
 * Running other programs: into a log, with their end guaranteed, or in front of the user.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Interrupted, SetupError, knownCause, noSpace } = require('./errors');
const { spawnGuarded } = require('./guarded');
const { layout } = require('./layout');
const lock = require('./lock');
const { show } = require('./steps');

/** Process groups that run now; a signal to set-up is passed on to them. @type {Set<number>} */
const groups = new Set();
/** @type {NodeJS.Signals | undefined} */
let stopping;
let watching = false;
const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/** From now on a signal ends the running programs first and lets the steps end in order. */
function watchSignals() {
  if (watching) return;
  watching = true;
  for (const signal of signals) {
    process.on(signal, () => {
      // A second Ctrl-C means it: nothing may be left running, and nothing is left half done under a final name.
      const force = stopping !== undefined;
      stopping ??= signal;
      for (const group of groups) signalGroup(group, force ? 'SIGKILL' : 'SIGTERM');
    });
  }
  // npm that is killed outright takes nothing with it: its shell's child is left, and nobody is there who wants its work.
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGHUP');
  }, 500);
  timer.unref();
}

/** @throws Interrupted when the user has asked to stop */
function stopIfAsked() {
  if (stopping) throw new Interrupted(stopping);
}

/** The signal that asked this process to stop, if one did. */
function stopSignal() {
  return stopping;
}

/** Ends the running programs at once: another command is at work in this one's place. */
function endPrograms() {
  for (const group of groups) signalGroup(group, 'SIGKILL');
}

/**
 * @param {number} group
 * @param {NodeJS.Signals} signal
 */
function signalGroup(group, signal) {
  try {
    process.kill(-group, signal);
  } catch {
    // it has ended already
  }
}

/**
 * @typedef {object} RunOptions
 * @property {string} step names the log
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {() => string | undefined} [progress] asked twice a second, for the live line
 * @property {(note: string) => void} [note]
 *
 * @typedef {{ code: number, output: string, log: string }} RunResult
 */

/**
 * Runs a program in a process group of its own; output goes to `.bnlab/log/STEP.log`, and its last part is returned.
 *
 * @param {string} command
 * @param {string[]} rest
 * @param {RunOptions} options
 * @returns {Promise<RunResult>}
 */
async function run(command, rest, { step, cwd = layout.root, env = environment(), progress, note }) {
  stopIfAsked();
  fs.mkdirSync(layout.logs, { recursive: true });
  const log = path.join(layout.logs, `${step}.log`);
  const file = fs.openSync(log, 'a');
  fs.writeSync(
    file,
    `$ ${[command, ...rest].map((word) => (/[\s'"]/.test(word) ? JSON.stringify(word) : word)).join(' ')}\n`,
  );
  const child = spawnGuarded(command, rest, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid: group, stdout, stderr } = child;
  if (group === undefined || !stdout || !stderr) {
    const why = await new Promise((resolve) => child.once('error', (error) => resolve(error.message)));
    fs.closeSync(file);
    throw new SetupError(
      `${command} could not be started (${why})`,
      'See that it is there and may be executed; else look for a limit on processes (ulimit -u).',
    );
  }
  groups.add(group);
  lock.noteChild(group);
  let output = '';
  /** @param {Buffer} chunk */
  const take = (chunk) => {
    output = (output + chunk.toString('utf8')).slice(-200_000);
    // npm goes on for half a minute, warning by warning, before it gives up on a full disk.
    if (noSpace.test(output)) signalGroup(group, 'SIGTERM');
    try {
      fs.writeSync(file, chunk);
    } catch {
      // A full disk must not hide the program's own message, which is still in `output`.
    }
  };
  stdout.on('data', take);
  stderr.on('data', take);
  const timer = progress && note ? setInterval(() => note(show(progress) ?? ''), 500) : undefined;
  try {
    const code = await new Promise((resolve) => {
      child.on('error', () => resolve(127));
      child.on('close', (/** @type {number | null} */ status, /** @type {NodeJS.Signals | null} */ signal) =>
        resolve(status ?? 128 + (signal ? os.constants.signals[signal] : 0)),
      );
    });
    stopIfAsked();
    lock.expectHeld();
    return { code, output, log };
  } finally {
    clearInterval(timer);
    signalGroup(group, 'SIGKILL'); // a grandchild that outlived its parent
    groups.delete(group);
    lock.forgetChild(group);
    fs.closeSync(file);
  }
}

/**
 * As `run`, but a failure is an error that names the usual cause where it is one.
 *
 * @param {string} command
 * @param {string[]} rest
 * @param {RunOptions & { what: string, fix: string }} options what failed and the fix when the cause is not a usual one
 * @returns {Promise<RunResult>}
 */
async function runOrFail(command, rest, options) {
  const result = await run(command, rest, options);
  if (result.code === 0) return result;
  const cause = knownCause(result.output, layout.root);
  throw new SetupError(cause ? `${options.what}: ${cause.what}` : options.what, cause ? cause.fix : options.fix, {
    detail: lastLines(result.output),
    log: result.log,
    diskFull: cause?.diskFull,
  });
}

/**
 * @param {string} text
 * @param {number} [count]
 */
function lastLines(text, count = 8) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-count).join('\n');
}

/**
 * A quick question to a program; never waits longer than `timeout`.
 *
 * @param {string} command
 * @param {string[]} rest
 * @param {{ timeout?: number, env?: NodeJS.ProcessEnv, cwd?: string }} [options]
 * @returns {{ ok: boolean, output: string, missing: boolean, signal: NodeJS.Signals | null }}
 */
function ask(command, rest, { timeout = 20_000, env = environment(), cwd } = {}) {
  const result = spawnSync(command, rest, { encoding: 'utf8', timeout, env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    ok: result.status === 0,
    output: `${result.stdout ?? ''}${result.stderr ?? ''}`.trim(),
    missing: result.error !== undefined && 'code' in result.error && result.error.code === 'ENOENT',
    signal: result.signal,
  };
}

/**
 * Runs a program in front of the user, who may type to it and stop it.
 *
 * @param {string} command
 * @param {string[]} rest
 * @param {object} [options]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {boolean} [options.alone] what it starts may outlive it
 * @returns {Promise<number>} its exit code
 */
function runInFront(command, rest, { env = environment(), alone = false } = {}) {
  watchSignals();
  stopIfAsked();
  const child = spawnGuarded(command, rest, { cwd: layout.root, env, stdio: 'inherit' }, { ask: true, alone });
  // Ctrl-C reaches the child from the terminal, too. JupyterLab takes a second one for a yes to its question; our own
  // commands take two at once for one.
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    if (!(alone && signal === 'SIGINT' && process.stdin.isTTY)) child.kill(signal);
  };
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of signals) process.off(name, pass);
      resolve(code ?? 128 + (signal ? os.constants.signals[signal] : 0));
    });
  });
}

/**
 * The environment for other programs: ours, less what `npm run` adds for the script it runs (`npm run setup --gpu`
 * without the separating `--` sets npm_config_gpu, of which an inner npm would complain).
 *
 * @param {NodeJS.ProcessEnv} [more]
 * @returns {NodeJS.ProcessEnv}
 */
function environment(more = {}) {
  const env = { ...process.env };
  for (const name of [
    'npm_config_gpu',
    'npm_config_webgpu',
    'npm_config_cpu',
    'npm_config_rebuild',
    'npm_config_json',
    'npm_config_prefix',
  ])
    delete env[name];
  // A virtual environment that happens to be active must not leak into ours.
  for (const name of ['PYTHONHOME', 'PYTHONPATH', 'VIRTUAL_ENV']) delete env[name];
  return { ...env, ...more };
}

module.exports = {
  watchSignals,
  stopIfAsked,
  stopSignal,
  endPrograms,
  run,
  runOrFail,
  runInFront,
  ask,
  environment,
  lastLines,
};
