#!/usr/bin/env bash
# @jax-js/jax 0.1.25 (npm), its WebAssembly backend in Node
#
# What surprises: what nn.softplus answers for a number depends on the numbers beside it. softplus([100]) is 100; softplus([100, 0])
# begins with Infinity, with a gradient of NaN. An array whose values are all equal is kept as one constant and computed in float64 by
# JavaScript, where exp(100) is finite; any other goes through a kernel in float32, where it is not. nn.logSigmoid goes the same way.
#
# Seen:   softplus([100]) = 100, gradient 1;  softplus([100, 0]) = Infinity, 0.693, gradient NaN, 0.5;  logaddexp([100, 0], 0) = 100, 0.693
#
# Why it matters: a test with one number, or with np.full, passes; the loss of a batch with one confident example is infinite.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund @jax-js/jax@0.1.25

cat > check.mjs << 'JS'
import assert from 'node:assert/strict';
import * as jax from '@jax-js/jax';
await jax.init('wasm');
jax.defaultDevice('wasm');
const { numpy: np, nn, grad } = jax;

const softplus = (values) => [...nn.softplus(np.array(values)).js()];
const gradient = (values) => [...grad((x) => np.sum(nn.softplus(x)))(np.array(values)).js()];
const logaddexp = [...np.logaddexp(np.array([100, 0]), 0).js()];
for (const values of [[100], [100, 100], [100, 0]]) console.log(values, 'softplus', softplus(values), 'gradient', gradient(values));
console.log('logaddexp([100, 0], 0)', logaddexp);
assert.deepEqual([softplus([100]), softplus([100, 100])], [[100], [100, 100]]);
assert.equal(logaddexp[0], 100);
assert.equal(softplus([100, 0])[0], Infinity, 'finite: the behaviour has changed');
assert.ok(Number.isNaN(gradient([100, 0])[0]), 'no NaN: the behaviour has changed');
JS
node check.mjs
