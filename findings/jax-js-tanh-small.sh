#!/usr/bin/env bash
# @jax-js/jax 0.1.25 (npm), its WebAssembly backend in Node
#
# What surprises: on the WebAssembly backend np.tanh loses small numbers: tanh(1e-4) is wrong in the fifth digit, tanh(1e-6) by 1 %, and
# tanh(1e-8) is 0. The kernel forms it from exponentials, whose digits cancel. The default backend, plain JavaScript, is right, and so
# is the gradient, which makes the two disagree. np.expm1, which exists for this, is right on both.
#
# Seen:   wasm 9.9997e-5, 1.013e-6, 0 for 1e-4, 1e-6, 1e-8; cpu 1.0000e-4, 1.0000e-6, 1.0000e-8
#
# Why it matters: central differences of a tanh network near 0 measure nothing, and a deep network of small weights has outputs of 0
# beside gradients that are not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund @jax-js/jax@0.1.25

cat > check.mjs << 'JS'
import assert from 'node:assert/strict';
import * as jax from '@jax-js/jax';
const { numpy: np } = jax;
await jax.init('wasm');

const inputs = [1e-4, 1e-6, 1e-8];
const on = (device, f) => (jax.defaultDevice(device), [...f(np.array(inputs)).js()]);
const relative = (values) => values.map((value, i) => Math.abs(value / inputs[i] - 1));
const tanh = { cpu: on('cpu', np.tanh), wasm: on('wasm', np.tanh) };
const expm1 = on('wasm', np.expm1);
console.log(tanh, 'expm1 on wasm:', expm1);
assert.ok(relative(tanh.cpu).every((error) => error < 1e-6));
assert.ok(relative(expm1).every((error) => error < 1e-4));
const [first, second] = relative(tanh.wasm);
assert.ok(first > 1e-5 && second > 5e-3 && tanh.wasm[2] === 0, 'tanh is right: the behaviour has changed');
JS
node check.mjs
