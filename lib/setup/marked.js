/**
 * Processes found again by a mark in their environment, which they inherit however they were started: a Jupyter kernel
 * has a session of its own, and whose parent was killed has another parent.
 */
'use strict';

const fs = require('node:fs');

/** The environment variable that holds the marks, the outermost first. */
const variable = 'BNLAB_GUARD';

/**
 * Linux only; elsewhere none is found, and what a command started is ended by its number.
 *
 * @param {string} mark
 * @returns {number[]}
 */
function marked(mark) {
  /** @type {string[]} */
  let names;
  try {
    names = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return names.map(Number).filter((pid) => {
    if (pid === process.pid) return false;
    try {
      const entry = fs
        .readFileSync(`/proc/${pid}/environ`, 'latin1')
        .split('\0')
        .find((text) => text.startsWith(`${variable}=`));
      return (
        entry !== undefined &&
        entry
          .slice(variable.length + 1)
          .split(' ')
          .includes(mark)
      );
    } catch {
      return false; // it ended meanwhile, or is another user's
    }
  });
}

/**
 * Kills every process that bears a mark. One that is just being started is found at the next look.
 *
 * @param {string} mark
 */
function killMarked(mark) {
  for (let looks = 0; looks < 20; looks += 1) {
    const found = marked(mark);
    if (found.length === 0) return;
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it ended meanwhile
      }
    }
  }
}

module.exports = { variable, marked, killMarked };
