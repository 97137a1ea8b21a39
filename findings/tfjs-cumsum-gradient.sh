#!/usr/bin/env bash
# @tensorflow/tfjs 4.22.0, on its backend `cpu`
#
# What surprises: the gradient of cumsum along an axis that is not the last moves that axis to the end and does not move it
# back. For a square matrix nothing fails: the gradient is the transpose of the right one. Only where the two sides
# differ does an error about shapes tell.
#
# Seen:   along axis 0 of a 2 x 2 matrix, weights [[1, 10], [2, 20]]: [[3, 2], [30, 20]]; right is [[3, 30], [2, 20]]
#         of a 3 x 2 matrix: "has shape '2,3', which does not match the shape of the input '3,2'"
#
# Why it matters: sums over time are taken along axis 1 of [batch, time, features]. Whether that trains wrongly or not at all
# depends on whether time and features happen to be equally many.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @tensorflow/tfjs@4.22.0 > /dev/null

cat > cumsum.cjs << 'JS'
const tf = require('@tensorflow/tfjs');
const assert = require('node:assert');

tf.setBackend('cpu');
console.log(`@tensorflow/tfjs ${tf.version.tfjs}`);
const gradient = (x, weights, axis) =>
  tf.grad((v) => tf.sum(tf.mul(tf.cumsum(v, axis), tf.tensor2d(weights))))(tf.tensor2d(x)).arraySync();

const square = gradient([[1, 2], [3, 4]], [[1, 10], [2, 20]], 0);
console.log('square, axis 0:', JSON.stringify(square), '(right: [[3,30],[2,20]])');
assert.deepEqual(square, [[3, 2], [30, 20]], 'the gradient along axis 0 has changed');

const last = gradient([[1, 2], [3, 4]], [[1, 10], [2, 20]], 1);
console.log('square, axis 1:', JSON.stringify(last));
assert.deepEqual(last, [[11, 10], [22, 20]], 'the gradient along the last axis has changed');

const tall = () => gradient([[1, 2], [3, 4], [5, 6]], [[1, 10], [2, 20], [4, 40]], 0);
assert.throws(tall, /has shape '2,3', which does not match the shape of the input '3,2'/);
console.log('3 x 2, axis 0: refused for its shape');
JS
node cumsum.cjs
