/**
 * A reporter for node's test runner, beside the usual one: when all is done, the seconds that each file took, the longest
 * first.
 */
'use strict';

const path = require('node:path');
const { performance } = require('node:perf_hooks');

/**
 * @typedef {{ type: string, data?: { name?: string, file?: string, details?: { duration_ms?: number } } }} TestEvent
 * @param {AsyncIterable<TestEvent>} events
 */
async function* report(events) {
  /** @type {Map<string, { began: number, seconds: number }>} */
  const files = new Map();
  for await (const { type, data } of events) {
    const { file, name, details } = data ?? {};
    if (file === undefined) continue;
    const now = performance.now();
    const entry = files.get(file) ?? { began: now, seconds: 0 };
    files.set(file, entry);
    const whole = name !== undefined && path.resolve(name) === file;
    if (whole && type === 'test:dequeue') entry.began = now;
    // A file's process is a test of its own, which ends last.
    if (type === 'test:complete')
      entry.seconds = (whole && details?.duration_ms !== undefined ? details.duration_ms : now - entry.began) / 1000;
  }
  const lines = [...files].sort(([, a], [, b]) => b.seconds - a.seconds);
  yield '\nSeconds per file:\n';
  for (const [file, { seconds }] of lines) yield `${seconds.toFixed(1).padStart(8)}  ${path.relative('', file)}\n`;
}

module.exports = report;
