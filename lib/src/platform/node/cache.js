/** Where large things are kept for a user. Plain JavaScript: set-up asks before anything is compiled. */
'use strict';

const os = require('node:os');
const path = require('node:path');

/**
 * The per-user folder for what is large and the same in every clone: `$BNLAB_CACHE`, `$XDG_CACHE_HOME/bnlab`, else the
 * system's place for caches (`~/.cache` on Linux, `~/Library/Caches` on macOS).
 *
 * @param {Readonly<Record<string, string | undefined>>} [environment]
 * @returns {string}
 */
function cacheFolder(environment = process.env) {
  if (environment.BNLAB_CACHE) return path.resolve(environment.BNLAB_CACHE);
  const named = environment.XDG_CACHE_HOME;
  // The XDG base directory specification: a relative path there is invalid and to be ignored.
  if (named && path.isAbsolute(named)) return path.join(named, 'bnlab');
  if (process.platform === 'darwin') return path.join(os.homedir(), 'Library', 'Caches', 'bnlab');
  return path.join(os.homedir(), '.cache', 'bnlab');
}

module.exports = { cacheFolder };
