#!/usr/bin/env bash
# @tensorflow/tfjs 4.22.0, on its backend `cpu` (the WebAssembly backend counts in the same way)
#
# What surprises: a product of matrices whose batch dimensions broadcast in both directions, [2, 1] with [1, 3], has the right
# shape, 2 * 3 matrices, and the values of only three: the backend counts batches by the larger of the two operands. The tensor
# then holds fewer numbers than its shape has places. Nothing is thrown until somebody asks for nested arrays; a sum over it is
# NaN, and a slice beyond the values is empty.
#
# Seen:   shape [2, 3, 2, 2] of 24 places, 12 values; its sum is NaN (48 is right), its last matrix empty
#
# Why it matters: attention-like products and whitening by groups broadcast this way, and NumPy, PyTorch and TensorFlow do it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @tensorflow/tfjs@4.22.0 > /dev/null

cat > product.cjs << 'JS'
const tf = require('@tensorflow/tfjs');
const assert = require('node:assert');

tf.setBackend('cpu');
console.log(`@tensorflow/tfjs ${tf.version.tfjs}`);
const y = tf.matMul(tf.ones([2, 1, 2, 2]), tf.ones([1, 3, 2, 2]));
const values = y.dataSync().length;
const [sum] = tf.sum(y).dataSync();
const last = [...tf.slice(y, [1, 2, 0, 0], [1, 1, 2, 2]).dataSync()];
console.log(`shape [${y.shape}] of ${y.size} places, ${values} values; sum ${sum}, last matrix ${last}`);
assert.deepStrictEqual([y.shape, y.size], [[2, 3, 2, 2], 24]);
assert.ok(Number.isNaN(sum) && last.length === 0);
assert.strictEqual(values, 12, 'all values are there: the behaviour has changed');
const oneWay = tf.matMul(tf.ones([1, 2, 2]), tf.ones([3, 2, 2])).dataSync();
assert.strictEqual(oneWay.length, 12, 'broadcasting one way is right');
JS
node product.cjs
