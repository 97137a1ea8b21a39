#!/usr/bin/env bash
# @tensorflow/tfjs-backend-webgpu 4.22.0 on Dawn (npm webgpu 0.6.2) and SwiftShader (of @sparticuz/chromium 147.0.2), Linux on x64
#
# What surprises: three wrong numbers without a word.
# - The shader of a reversed or exclusive cumulative sum has the length of the axis in its text, and the key under which it is kept has not:
#   the first length that is met is used for all that follow.
# - Of equal values in a window of max pooling the last one gets the gradient; on every other backend, and in TensorFlow, the first.
# - int32 tensors are computed in float32: a sum beyond 2^24 is rounded.
#
# Seen:   cumsum([1, 2, 3], reverse) = [6, 5, 3], then cumsum([1, 2, 3, 4, 5], reverse) = [6, 5, 3, 4, 5] where it is [15, 14, 12, 9, 5];
#         the gradient of maxPool of four zeros is [0, 0, 0, 1]; 16777217 + 2 = 16777218
#
# Why it matters: a process that has summed one length is wrong for all others; after ReLU most windows of a network hold equal zeros.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-webgpu@4.22.0 webgpu@0.6.2 \
  @sparticuz/chromium@147.0.2 > /dev/null
node -e "process.stdout.write(require('node:zlib').brotliDecompressSync(require('node:fs').readFileSync('node_modules/@sparticuz/chromium/bin/swiftshader.tar.br')))" | tar x

cat > silent.cjs << 'JS'
const assert = require('node:assert');
const { create, globals } = require('./node_modules/webgpu/dist/linux-x64/dawn.node');
Object.assign(globalThis, globals);
Object.defineProperty(globalThis.navigator ?? (globalThis.navigator = {}), 'gpu', { value: create([]) });
const tf = require('@tensorflow/tfjs');
require('@tensorflow/tfjs-backend-webgpu');

(async () => {
  assert.ok(await tf.setBackend('webgpu'));
  tf.env().set('WEBGPU_CPU_FORWARD', false); // or small tensors are computed in JavaScript
  const list = async (x) => [...(await x.data())];
  const sums = [];
  for (const n of [3, 5]) sums.push(await list(tf.cumsum(tf.range(1, n + 1), 0, false, true)));
  const pool = tf.grad((x) => tf.sum(tf.maxPool(x, 2, 2, 'valid')));
  const ties = await list(pool(tf.zeros([1, 2, 2, 1])));
  const sum = await list(tf.add(tf.tensor1d([16777217], 'int32'), tf.tensor1d([2], 'int32')));
  console.log('reversed sums', ...sums, 'gradient of the largest of equals', ties, '16777217 + 2 =', sum[0]);
  assert.deepEqual(sums[0], [6, 5, 3]);
  assert.notDeepEqual(sums[1], [15, 14, 12, 9, 5], 'the cumulative sum has changed');
  assert.deepEqual(ties, [0, 0, 0, 1], 'the gradient has changed');
  assert.notEqual(sum[0], 16777219, 'the sum has changed');
})();
JS
LD_LIBRARY_PATH="$folder" VK_ICD_FILENAMES="$folder/vk_swiftshader_icd.json" node silent.cjs
