#!/usr/bin/env bash
# ml-stat 1.3.3 (npm)
#
# What surprises: array.robustMeanAndStdev gives the plain mean, which is the least robust there is, and a deviation measured around it.
# One outlier carries both away as far as it likes, where the median and the median absolute deviation, in the same library's other
# functions or by hand, stay.
#
# Seen:   1, 2, 3, 4 and 5: mean 3, deviation 1.48; with 1,000,000 in place of 5: mean 200,002, deviation 296,516 (median 3, by MAD 1.48)
#
# Why it matters: it is called for data that has outliers, to mark what lies some deviations off. The outlier hides itself: it is within 3
# of these deviations.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund ml-stat@1.3.3

cat > check.mjs << 'JS'
import assert from 'node:assert/strict';
import stat from 'ml-stat';
const { robustMeanAndStdev, median } = stat.array;

const byMedian = (values) => [median(values), median(values.map((value) => Math.abs(value - median(values)))) / 0.6745];
const near = (a, b) => Math.abs(a / b - 1) < 1e-3;
const seen = [5, 1_000_000].map((last) => {
  const values = [1, 2, 3, 4, last];
  const robust = robustMeanAndStdev(values);
  console.log(values.join(', '), robust, 'by median and median absolute deviation', byMedian(values));
  assert.ok(near(byMedian(values)[0], 3) && near(byMedian(values)[1], 1.4826));
  return robust;
});
assert.ok(near(seen[0].mean, 3) && near(seen[0].stdev, 1.4826));
assert.equal(seen[1].mean, 200_002, 'the mean is robust: the behaviour has changed');
assert.ok((1_000_000 - seen[1].mean) / seen[1].stdev < 3, 'the outlier is found: the behaviour has changed');
JS
node check.mjs
