#!/usr/bin/env node
/**
 * What every `npm run` of this repository starts. It is plain JavaScript on Node's own modules, because on a fresh
 * clone nothing else is there yet.
 *
 * This file alone must parse and run on any Node, however old, so that a wrong Node is told what is wanted instead of
 * failing on syntax: hence `var`, no template literals, and everything else behind `require`.
 */
'use strict';

var version = process.versions.node;
var major = Number(version.split('.')[0]);

if (process.platform === 'win32') {
  process.stderr.write(
    'This project runs on Linux and macOS. On Windows, use it inside WSL 2 (https://learn.microsoft.com/windows/wsl/install).\n',
  );
  process.exit(1);
} else if (major < 20 && process.argv[2] !== 'doctor') {
  process.stderr.write(
    'Node ' +
      version +
      ' (' +
      process.execPath +
      ') does not suit: this project needs Node 20 or later, best 24 or 26.\n' +
      'What it stands on needs functions of Node that older ones lack.\n' +
      'What to do: install Node 24 (https://nodejs.org, or `nvm install 24`), then run the same command again.\n',
  );
  process.exit(1);
} else {
  require('./commands')
    .main(process.argv.slice(2))
    .then(
      function (/** @type {number} */ code) {
        process.exitCode = code;
      },
      function (/** @type {unknown} */ error) {
        process.stderr.write(String((error instanceof Error && error.stack) || error) + '\n');
        process.exitCode = 1;
      },
    );
}
