#!/usr/bin/env bash
# @tensorflow/tfjs 4.22.0, on its backend `cpu`
#
# What surprises: avgPool with padding 'same' averages over the values that a window really holds, but its gradient always
# divides by the window's size. Where a window reaches over the edge, the gradient is too small: by half at an edge, to a
# quarter in the corner. It is silent, and the forward pass is right.
#
# Seen:   pooling a 3 x 3 image of 1 to 9 by 2 x 2: [3, 4.5, 7.5, 9], where 9 is the mean of one value;
#         the gradient of their sum is 0.25 for every pixel, for the corner too, where it is 1
#
# Why it matters: networks with average pooling on odd sizes (7 x 7 from 28 x 28, twice) train with wrong gradients along two
# edges of every feature map.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @tensorflow/tfjs@4.22.0 > /dev/null

cat > pool.cjs << 'JS'
const tf = require('@tensorflow/tfjs');
const assert = require('node:assert');

tf.setBackend('cpu');
console.log(`@tensorflow/tfjs ${tf.version.tfjs}`);
const pool = (x) => tf.avgPool(x, 2, 2, 'same');
const image = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
const pooled = [...pool(image).dataSync()];
const gradient = [...tf.grad((x) => tf.sum(pool(x)))(image).dataSync()];
const moved = image.add(tf.tensor4d([0, 0, 0, 0, 0, 0, 0, 0, 1], [1, 3, 3, 1]));
const rise = tf.sum(pool(moved)).dataSync()[0] - tf.sum(pool(image)).dataSync()[0];
console.log('pooled', pooled, 'gradient of the sum', gradient, 'raising the corner by 1 raises the sum by', rise);
assert.deepEqual(pooled, [3, 4.5, 7.5, 9], 'the forward pass has changed');
assert.equal(rise, 1, 'the forward pass has changed');
assert.ok(gradient.every((value) => value === 0.25), 'the gradient has changed');
JS
node pool.cjs
