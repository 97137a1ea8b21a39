#!/usr/bin/env bash
# jstat 1.9.6 (npm)
#
# What surprises: mean and median of jStat.pareto are those of no distribution, while its density and its distribution function are right.
# The mean is scale^shape * shape / (shape - 1) (right: scale to the first power), the median scale * shape * sqrt 2 (right: scale *
# 2^(1/shape)). With scale 1, which everybody tries first, the mean agrees.
#
# Seen:   scale 2, shape 3: mean 12 (right: 3), median 8.49 (right: 2.52); its own cdf says that 98.7% lie below that "median"
#
# Why it matters: the heavier the numbers, the farther: with scale 1,000 and shape 3 the mean is 1.5e9 where it is 1,500.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund jstat@1.9.6

cat > check.mjs << 'JS'
import assert from 'node:assert/strict';
import jstat from 'jstat';
const { pareto } = jstat.jStat;

// The mean by the density of the library itself, integrated by the midpoint rule in the logarithm.
const integrated = (scale, shape, steps = 200_000, decades = 12) => {
  const h = (decades * Math.LN10) / steps;
  let sum = 0;
  for (let i = 0; i < steps; i++) {
    const x = scale * Math.exp((i + 0.5) * h);
    sum += x * pareto.pdf(x, scale, shape) * x * h;
  }
  return sum;
};
for (const [scale, shape] of [[1, 3], [2, 3], [1_000, 3]]) {
  const [mean, median] = [pareto.mean(scale, shape), pareto.median(scale, shape)];
  const right = [(scale * shape) / (shape - 1), scale * 2 ** (1 / shape)];
  console.log(`scale ${scale}, shape ${shape}: mean ${mean} (right: ${right[0]}, by its own pdf: ${integrated(scale, shape).toFixed(4)})`);
  console.log(`  median ${median} (right: ${right[1]}); its cdf there: ${pareto.cdf(median, scale, shape)}`);
  assert.ok(Math.abs(integrated(scale, shape) / right[0] - 1) < 1e-6 && Math.abs(pareto.cdf(right[1], scale, shape) - 0.5) < 1e-9);
}
assert.equal(pareto.mean(1, 3), 1.5);
assert.equal(pareto.mean(2, 3), 12, 'the mean has changed');
assert.ok(pareto.cdf(pareto.median(2, 3), 2, 3) > 0.98, 'the median has changed');
JS
node check.mjs
