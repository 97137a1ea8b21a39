#!/usr/bin/env bash
# @jax-js/jax 0.1.25 (npm), its WebAssembly backend in Node
#
# What surprises: np.arange makes whole numbers of everything. arange(0, 1, 0.25) is [0, 0, 0, 0] and arange(0.5, 3) is [0, 1, 2], both
# int32, without an error. The length is that of the fractions. JAX and NumPy give [0, 0.25, 0.5, 0.75] and [0.5, 1.5, 2.5].
#
# Seen:   arange(0, 1, 0.25) = [0, 0, 0, 0], arange(0.5, 3) = [0, 1, 2], linspace(0, 0.75, 4) = [0, 0.25, 0.5, 0.75]
#
# Why it matters: a grid of learning rates, or the axis of a plot, is all zeros and has the right length.
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

const quarters = np.arange(0, 1, 0.25);
const { dtype } = quarters;
const values = [...quarters.js()];
const halves = [...np.arange(0.5, 3).js()];
const spaced = [...np.linspace(0, 0.75, 4).js()];
console.log('arange(0, 1, 0.25):', values, dtype, ' arange(0.5, 3):', halves, ' linspace(0, 0.75, 4):', spaced);
assert.deepEqual(spaced, [0, 0.25, 0.5, 0.75]);
assert.deepEqual(values, [0, 0, 0, 0], 'fractions are kept: the behaviour has changed');
assert.deepEqual(halves, [0, 1, 2], 'the start is kept: the behaviour has changed');
JS
node check.mjs
