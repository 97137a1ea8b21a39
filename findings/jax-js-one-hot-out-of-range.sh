#!/usr/bin/env bash
# @jax-js/jax 0.1.25 (npm), its WebAssembly backend in Node
#
# What surprises: nn.oneHot of a label outside the classes gives another class, or all of them. Of 3 classes, label 3 is a row of zeros
# (as every such label is in JAX), label 4 is class 0, label 5 is class 1, and label -1 is a row of ones.
#
# Seen:   3: 0,0,0   4: 1,0,0   5: 0,1,0   -1: 1,1,1
#
# Why it matters: -1 is the usual label for "ignore this one": here it teaches every class at once. A label file with one class more
# than the network trains silently on wrong classes.
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
const { numpy: np, nn } = jax;

const row = (label) => [...nn.oneHot(np.array([label], { dtype: 'int32' }), 3).js()[0]].join();
const labels = [0, 1, 2, 3, 4, 5, -1];
const rows = labels.map(row);
labels.forEach((label, i) => console.log(`label ${label} of 3 classes: ${rows[i]}`));
assert.deepEqual(rows.slice(0, 4), ['1,0,0', '0,1,0', '0,0,1', '0,0,0']);
assert.deepEqual(rows.slice(4), ['1,0,0', '0,1,0', '1,1,1'], 'the behaviour has changed');
JS
node check.mjs
