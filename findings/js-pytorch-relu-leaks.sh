#!/usr/bin/env bash
# js-pytorch 0.7.2 (npm)
#
# What surprises: `nn.ReLU`, documented as "Returns z if z>0 else 0", returns 0.001 z below 0, and has slope 0.001 there.
#
# Seen:   ReLU of -1000, -2, 0, 3: -1, -0.002, 0, 3
#
# Why it matters: no unit ever dies, no activation is ever exactly 0: a measured share of dead units is 0 by construction, and weights that
# are carried over from or to another library compute something else, by a thousandth of every negative sum.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts js-pytorch@0.7.2

cat > check.cjs << 'JS'
const assert = require('node:assert/strict');
const { torch } = require('js-pytorch');

const x = torch.tensor([[-1000, -2, 0, 3]], true);
const y = new torch.nn.ReLU().forward(x);
y.sum(-1).backward();
console.log('ReLU of', x.data[0], 'is', y.data[0], 'with slopes', x.grad[0]);
assert.equal(y.data[0][3], 3);
assert.deepEqual([y.data[0][0], y.data[0][1]], [-1, -0.002], 'ReLU cuts at 0: the behaviour has changed');
assert.equal(x.grad[0][0], 0.001, 'the slope below 0 is another: the behaviour has changed');
JS
node check.cjs
