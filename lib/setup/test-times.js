/**
 * A reporter for node's test runner, beside the usual one: when all is done, the seconds that the tests of each file took, the
 * longest first, and the files that were ended because they took longer than `BNLAB_TEST_LIMIT` seconds.
 */
'use strict';

const path = require('node:path');
const { watchFiles } = require('./test-limit');

/**
 * @typedef {{ type: string, data?: { nesting?: number, name?: string, file?: string, details?: { duration_ms?: number } } }} TestEvent
 * @param {AsyncIterable<TestEvent>} events
 */
async function* report(events) {
  /** @type {Map<string, number>} */
  const files = new Map();
  const { see, ended } = watchFiles(Number(process.env.BNLAB_TEST_LIMIT));
  for await (const event of events) {
    see(event);
    const { type, data } = event;
    const { file, name, nesting, details } = data ?? {};
    if (file === undefined || nesting !== 0 || (type !== 'test:pass' && type !== 'test:fail')) continue;
    // The process of a file is a test as well, whose time counts waiting for the files before it.
    if (name !== undefined && path.resolve(name) === file) continue;
    files.set(file, (files.get(file) ?? 0) + (details?.duration_ms ?? 0) / 1000);
  }
  const lines = [...files].sort(([, a], [, b]) => b - a);
  yield '\nSeconds per file:\n';
  for (const [file, seconds] of lines) yield `${seconds.toFixed(1).padStart(8)}  ${path.relative('', file)}\n`;
  const late = ended();
  if (late.length > 0) yield `\nEnded, because they were not done:\n${late.map((line) => `${line}\n`).join('')}`;
}

module.exports = report;
