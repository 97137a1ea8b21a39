#!/usr/bin/env bash
# @jax-js/jax 0.1.25 (npm), its WebAssembly backend in Node
#
# What surprises: nn.standardize does not use the library's own variance. np.var_ of the four numbers 9,999, 10,001, 9,999, 10,001 is 1;
# standardize takes the mean of squares minus the square of the mean, finds 0, and divides by the root of epsilon alone: what should have
# deviation 1 has 316.
#
# Seen:   var_ = 1, standardize = -316.2, 316.2, -316.2, 316.2; by hand, (x - mean) / sqrt(var_ + 1e-5), -1, 1, -1, 1
#
# Why it matters: the one normalization that the library has (a layer norm is this and a scale) amplifies 316-fold what lies far from 0.
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

const values = [9_999, 10_001, 9_999, 10_001];
const variance = np.var_(np.array(values)).js();
const standardized = [...nn.standardize(np.array(values)).js()];
const nearZero = [...nn.standardize(np.array(values.map((value) => value - 10_000))).js()];
console.log('var_', variance, ' standardize', standardized, ' of the same around 0', nearZero);
assert.equal(variance, 1);
assert.ok(nearZero.every((value) => Math.abs(Math.abs(value) - 1) < 1e-3));
assert.ok(standardized.every((value) => Math.abs(value) > 100), 'standardize is right: the behaviour has changed');
JS
node check.mjs
