#!/usr/bin/env bash
# @jax-js/jax 0.1.25 (npm), its WebAssembly backend in Node
#
# What surprises: np.power, which is said to follow JAX, goes through a logarithm for every exponent, whole numbers included. The
# gradient of power(x, 2) at 0 is NaN, power(0, 0) is NaN (JAX, NumPy and IEEE: 1), and (-3) ** 2 is 8.999998. np.square is right.
#
# Seen:   d power(x, 2) / dx at 0 = NaN, d square(x) / dx at 0 = 0, power(0, 0) = NaN, power(-3, 2) = 8.999998092651367
#
# Why it matters: a squared error, a variance or a weight penalty written with power is NaN in the first step where any difference or
# weight is exactly 0, as black pixels, dead units and biases that start at 0 are.
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
const { numpy: np, grad } = jax;

const slope = (f, x) => grad(f)(np.array(x)).js();
const power = slope((x) => np.power(x, 2), 0);
const square = slope((x) => np.square(x), 0);
const [zero, negative] = np.power(np.array([0, -3]), np.array([0, 2])).js();
console.log('slope of power(x, 2) at 0:', power, ' of square:', square, ' power(0, 0):', zero, ' power(-3, 2):', negative);
assert.equal(square, 0);
assert.ok(Math.abs(negative - 9) < 1e-5);
assert.ok(Number.isNaN(power), 'no NaN: the behaviour has changed');
assert.ok(Number.isNaN(zero), 'power(0, 0) is a number: the behaviour has changed');
JS
node check.mjs
