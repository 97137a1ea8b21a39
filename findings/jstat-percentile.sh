#!/usr/bin/env bash
# jstat 1.9.6 (npm), beside d3-array 3.2.5
#
# What surprises: jStat.percentile interpolates between neighbours, except between the last two values: anything behind the last but one
# is that value itself, until k = 1. For two values that is every percentile. Everywhere else it is what d3.quantile gives, so a glance at
# the quartiles of a longer list shows nothing.
#
# Seen:   of 0, 10: 0.5 -> 0 (right: 5), 0.99 -> 0 (9.9). Of 1 to 10: 0.25 -> 3.25, 0.9 -> 9 (9.1), 0.95 -> 9 (9.55), 0.99 -> 9 (9.91)
#
# Why it matters: the upper end of a bootstrap interval, or a 99th percentile of times, lies exactly there: it is cut to the last but one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund jstat@1.9.6 d3-array@3.2.5

cat > check.mjs << 'JS'
import assert from 'node:assert/strict';
import { quantile } from 'd3-array';
import jstat from 'jstat';
const { percentile } = jstat.jStat;

const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
for (const [values, k] of [[[0, 10], 0.5], [[0, 10], 0.99], [ten, 0.25], [ten, 0.5], [ten, 0.9], [ten, 0.95], [ten, 0.99], [ten, 1]])
  console.log(`${values.length} values, k = ${k}: jstat ${percentile(values, k)}, d3 ${quantile(values, k)}`);
for (const k of [0, 0.1, 0.25, 0.5, 0.75, 0.85, 1]) assert.ok(Math.abs(percentile(ten, k) - quantile(ten, k)) < 1e-9);
assert.equal(percentile([0, 10], 0.5), 0, 'two values: the behaviour has changed');
for (const k of [0.9, 0.95, 0.99]) assert.equal(percentile(ten, k), 9, 'the last interval: the behaviour has changed');
JS
node check.mjs
