#!/usr/bin/env bash
# @jax-js/jax 0.1.25 (npm), its WebAssembly backend in Node
#
# What surprises: where a value is NaN, np.argmax and np.argmin answer with the length of the array, an index one past its end. NumPy and
# JAX give the place of the first NaN. np.nanargmax is right.
#
# Seen:   argmax([0, NaN, 2, 5]) = 4, argmin = 4, nanargmax = 3, argmax([NaN, NaN]) = 2
#
# Why it matters: the predicted class of a network that has diverged is 10 of the classes 0 to 9: a lookup by it gives undefined, or the
# next row's first value, and accuracy falls to 0 instead of being NaN.
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
const { numpy: np } = jax;

const values = [0, NaN, 2, 5];
const argmax = np.argmax(np.array(values)).js();
const argmin = np.argmin(np.array(values)).js();
const nanargmax = np.nanargmax(np.array(values)).js();
const all = np.argmax(np.array([NaN, NaN])).js();
console.log('argmax', argmax, ' argmin', argmin, ' nanargmax', nanargmax, ' of two NaN', all);
assert.equal(nanargmax, 3);
assert.deepEqual([argmax, argmin, all], [4, 4, 2], 'the behaviour has changed');
JS
node check.mjs
