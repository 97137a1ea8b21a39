#!/usr/bin/env bash
# @observablehq/plot 0.6.17 (npm)
#
# What surprises: the moving mean and sum (`Plot.windowY`, reduce 'mean' or 'sum') carry one sum along, adding what enters and subtracting
# what leaves. What a large value swallowed stays lost when it has left: after one spike of 1e17 the mean of positive numbers is too small
# by a constant to the end of the series, and below 0. After an infinite value it is NaN to the end. The median, the maximum and the
# deviation of the same windows look at each window anew, and are right again as soon as the spike is out.
#
# Seen:   windows of 3 behind a spike of 1e17: means 0.27, 0.17, 0.07, -0.03, -0.13, where 0.9, 0.8, 0.7, 0.6, 0.5 are right
#
# Why it matters: that is how a loss is smoothed, and one step at too high a learning rate is such a spike. The curve goes on, looks
# smooth, and is wrong at every step from there on; on a logarithmic axis it ends.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @observablehq/plot@0.6.17

cat > check.mjs << 'JS'
import assert from 'node:assert/strict';
import * as Plot from '@observablehq/plot';

const smoothed = (loss, reduce) => {
  const options = Plot.windowY({ k: 3, reduce, anchor: 'end', y: (d) => d });
  options.transform(loss, [Uint32Array.from(loss.keys())]);
  return [...options.y.transform()];
};
const calm = [3, 2, 1.5, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4];
const spiked = calm.with?.(2, 1e17) ?? Object.assign([...calm], { 2: 1e17 });
const infinite = Object.assign([...calm], { 2: Infinity });
const seen = {
  calm: smoothed(calm, 'mean').slice(5),
  spiked: smoothed(spiked, 'mean').slice(5),
  infinite: smoothed(infinite, 'mean').slice(5),
  'median, spiked': smoothed(spiked, 'median').slice(5),
};
console.log(seen);
const close = (a, b) => a.every((value, i) => Math.abs(value - b[i]) < 1e-9);
assert.ok(close(seen.calm, [0.9, 0.8, 0.7, 0.6, 0.5]) && close(seen['median, spiked'], seen.calm));
assert.ok(seen.spiked.every((value, i) => value < seen.calm[i] - 0.5), 'the mean recovers from a spike: the behaviour has changed');
assert.ok(seen.spiked.at(-1) < 0);
assert.ok(seen.infinite.every(Number.isNaN), 'the mean recovers from an infinite value: the behaviour has changed');
JS
node check.mjs
