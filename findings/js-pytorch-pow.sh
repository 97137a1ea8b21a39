#!/usr/bin/env bash
# js-pytorch 0.7.2 (npm)
#
# What surprises: `pow(x, n)` multiplies x by itself until it has done so n times, so a fraction is rounded up, and from 0 on down nothing is
# multiplied at all: pow(x, 0.5), pow(x, 0) and pow(x, -1) are x. Its gradient is 2 x, whatever n is. The square is right in both.
#
# Seen:   of 1, 2, 3: pow(0.5) is 1, 2, 3, pow(1.5) 1, 4, 9, pow(-1) 1, 2, 3; the gradient of pow(3) is 2, 4, 6 instead of 3, 12, 27.
#         x * x * x has the right gradient
#
# Why it matters: a normalization that divides by (variance + epsilon) to the power 0.5 divides by the variance, a cubic loss trains in the
# steps of a square, and neither fails; a test with squares sees nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts js-pytorch@0.7.2

cat > check.cjs << 'JS'
const assert = require('node:assert/strict');
const { torch } = require('js-pytorch');

const at = [1, 2, 3];
const asked = (f) => {
  const x = torch.tensor([at], true);
  const y = f(x);
  y.sum(-1).backward();
  return { values: y.data.flat(), slopes: x.grad.flat() };
};
const seen = Object.fromEntries([-1, 0, 0.5, 1.5, 2, 3].map((n) => [n, asked((x) => x.pow(n))]));
console.log(seen);
assert.deepEqual(seen[2], { values: [1, 4, 9], slopes: [2, 4, 6] });
assert.deepEqual(seen[3].values, [1, 8, 27]);
assert.deepEqual(asked((x) => x.mul(x).mul(x)).slopes, [3, 12, 27]);
for (const n of [-1, 0, 0.5]) assert.deepEqual(seen[n].values, at, `pow(x, ${n}) is not x: the behaviour has changed`);
assert.deepEqual(seen[1.5].values, [1, 4, 9], 'pow(x, 1.5) is another: the behaviour has changed');
assert.deepEqual(seen[3].slopes, [2, 4, 6], 'the gradient of the cube is another: the behaviour has changed');
JS
node check.cjs
