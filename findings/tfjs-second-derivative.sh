#!/usr/bin/env bash
# @tensorflow/tfjs 4.22.0, on its backend `cpu`
#
# What surprises: a gradient that is computed from an operation's output, as sigmoid's y (1 - y) is, takes that output for a
# constant when it is differentiated once more. The second derivative of square(sigmoid(x)) comes out as 0.1105 where it is
# 0.0388, and that of square(tanh(x)) more than twice too large; no error, no warning. With softplus, whose gradient is
# computed from its input, the same program is right.
#
# Seen:   sigmoid 0.1105, by differences 0.0388; tanh 1.2370, by differences 0.5653; softplus 1.2327, by differences 1.2327
#
# Why it matters: gradient penalties, Hessian-vector products and sharpness measures are second derivatives of networks
# with just these activations. A plausible finite number is what one gets.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @tensorflow/tfjs@4.22.0 > /dev/null

cat > second.cjs << 'JS'
const tf = require('@tensorflow/tfjs');
const assert = require('node:assert');

tf.setBackend('cpu');
console.log(`@tensorflow/tfjs ${tf.version.tfjs}`);
const at = 0.5;
const off = {};
for (const name of ['sigmoid', 'tanh', 'softplus']) {
  const first = tf.grad((x) => tf.sum(tf.square(tf[name](x))));
  const got = tf.grad((x) => tf.sum(first(x)))(tf.tensor1d([at])).dataSync()[0];
  const value = (x) => first(tf.tensor1d([x])).dataSync()[0];
  const want = (value(at + 0.01) - value(at - 0.01)) / 0.02;
  console.log(`${name}: second derivative ${got.toFixed(4)}, by differences of the first ${want.toFixed(4)}`);
  off[name] = Math.abs(got / want - 1);
}
assert.ok(off.sigmoid > 1 && off.tanh > 1, 'sigmoid and tanh are right: the behaviour has changed');
assert.ok(off.softplus < 1e-3, 'softplus is wrong: the behaviour has changed');
JS
node second.cjs
