#!/usr/bin/env bash
# vega-statistics 2.0.0 (npm)
#
# What surprises: the quantile function of randomInteger, `icdf`, rounds down and then subtracts 1, where a quantile rounds up. Between
# the steps it is one too small: the least k with cdf(k) >= p is never what comes out. Values below the support come out, and its largest
# value does so for p = 1 alone. sample, pdf and cdf of the same object are right.
#
# Seen:   randomInteger(0, 10): icdf(0.05) is -1 with pdf 0, icdf(0.55) is 4 with cdf 0.5, icdf(0.95) is 8; icdf of 10,000 evenly spaced
#         numbers gives each of -1 to 8 a thousand times, and 9 never
#
# Why it matters: stratified or quasi-random draws, and common random numbers, are made by the quantile function: of ten classes or ten
# batches the last is never drawn, and one that does not exist is drawn instead.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund vega-statistics@2.0.0

cat > check.mjs << 'JS'
import assert from 'node:assert/strict';
import { randomInteger } from 'vega-statistics';

const die = randomInteger(0, 10);
for (const p of [0.05, 0.1, 0.55, 0.95, 1]) {
  const k = die.icdf(p);
  console.log(`icdf(${p}) = ${k}, where cdf is ${die.cdf(k)} and pdf ${die.pdf(k)}`);
}
const n = 10_000;
const counted = (draw) => {
  const counts = new Map();
  for (let i = 0; i < n; i++) counts.set(draw(i), (counts.get(draw(i)) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b);
};
const strata = counted((i) => die.icdf((i + 0.5) / n));
console.log('icdf of evenly spaced numbers:', JSON.stringify(strata));
assert.deepEqual([die.cdf(4), die.cdf(5), die.pdf(9), die.pdf(-1)], [0.5, 0.6, 0.1, 0]);
assert.ok(Array.from({ length: n }, die.sample).every((k) => k >= 0 && k < 10), 'sample leaves the support');
assert.ok(die.cdf(die.icdf(0.55)) < 0.55, 'the quantile reaches p: the behaviour has changed');
assert.deepEqual(strata.map(([k, count]) => [k, count]), Array.from({ length: 10 }, (_, k) => [k - 1, n / 10]),
  'the quantiles are others: the behaviour has changed');
JS
node check.mjs
