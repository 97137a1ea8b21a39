#!/usr/bin/env bash
# @tensorflow/tfjs-core 4.22.0
#
# What surprises: `tf.tidy` searches what its function returns for tensors, and takes a typed array for a container: it asks every
# number in it whether it is a tensor. Returning values that were read from a tensor, in an object or by themselves, costs far more
# than reading them did; the same numbers inside a Map cost nothing.
#
# Seen:   a Float32Array of 200,000 numbers has each of them read, by itself and in an object; inside a Map, none
#
# Why it matters: `tf.tidy(() => tensor.dataSync())` is how values are read without a leak, and it is the slow way. Assigned to a
# variable outside, the same values are free.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 > /dev/null

cat > tidy.cjs << 'JS'
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const assert = require('node:assert');

console.log(`@tensorflow/tfjs-core ${tf.version_core}`);
let read = 0;
/** The numbers, behind a door at which every reading of one is counted. */
const counted = (numbers) =>
  new Proxy(numbers, { get: (target, key) => (/^\d+$/.test(String(key)) && read++, target[key]) });
const count = (result) => {
  read = 0;
  tf.tidy(() => result);
  return read;
};
const many = counted(new Float32Array(200000));
const counts = { typed: count(many), inAnObject: count({ values: many }), inAMap: count(new Map([['values', many]])) };
console.log('numbers read by tf.tidy:', counts);
assert.ok(counts.typed >= 200000 && counts.inAnObject >= 200000, 'typed arrays are no longer walked');
assert.equal(counts.inAMap, 0, 'maps are walked now');
JS
node tidy.cjs
