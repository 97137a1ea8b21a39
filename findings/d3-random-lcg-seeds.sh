#!/usr/bin/env bash
# d3-random 3.0.2 (npm)
#
# What surprises: the generators of randomLcg(0), randomLcg(1), randomLcg(2) ... are one sequence, moved by a constant: the k-th numbers
# of two seeds differ by (s - t) * 1664525^k / 2^32, whatever came before. For the first number that constant is 0.0004 a seed, so all
# small seeds begin alike, and in order.
#
# Seen:   first numbers of seeds 0 to 9: 0.2361 to 0.2396, increasing; the first of ten things drawn is the third for every seed from 0 to
#         100; numbers 2 to 1,000 of seeds 0 and 1 differ by those constants exactly
#
# Why it matters: "several seeds, 0 to 9" is how experiments are repeated. What is drawn first, an example or a unit, is the same in each,
# and nothing that is computed over such seeds is an average over chance.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund d3-random@3.0.2

cat > check.mjs << 'JS'
import assert from 'node:assert/strict';
import { randomInt, randomLcg } from 'd3-random';

const seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const first = seeds.map((seed) => randomLcg(seed)());
const drawn = new Set(Array.from({ length: 101 }, (_, seed) => randomInt.source(randomLcg(seed))(10)()));
console.log('first numbers', first.map((x) => x.toFixed(4)).join(' '));
console.log('the first of 0 to 9 drawn by seeds 0 to 100:', [...drawn]);

const [zero, one] = [randomLcg(0), randomLcg(1)];
let factor = 1n;
for (let k = 1; k <= 1_000; k++) {
  factor = (factor * 1664525n) % 2n ** 32n;
  const shift = (((one() - zero()) % 1) + 1) % 1;
  assert.ok(Math.abs(shift - Number(factor) / 2 ** 32) < 1e-9, `number ${k} is not the other's, moved: the behaviour has changed`);
}
assert.deepEqual([...drawn], [2], 'the first draws differ: the behaviour has changed');
assert.ok(first.every((x, i) => i === 0 || x > first[i - 1]) && first[9] - first[0] < 0.004, 'the behaviour has changed');
JS
node check.mjs
