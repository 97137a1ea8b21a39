/**
 * Runs one program and ends it when whoever asked is gone: `node guard.js COMMAND ARGUMENT...`.
 *
 * A set-up that is killed outright (SIGKILL, a closed container) cannot end its children; an npm or pip that runs on
 * would write into the same folders as the next set-up. This process leads the child's process group and holds a pipe
 * to the set-up; when the pipe closes, it kills the group, itself included.
 */
'use strict';

const { spawn } = require('node:child_process');
const os = require('node:os');

const [command, ...rest] = process.argv.slice(2);
if (command === undefined) throw new Error('guard.js wants a command to run');

const child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit'] });
child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(127);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal ? os.constants.signals[signal] : 0)));

const end = () => process.kill(-process.pid, 'SIGKILL');
process.stdin.on('end', end);
process.stdin.on('error', end);
process.stdin.resume();
// A polite stop reaches the whole group; this process waits for the child's own end.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => {});
