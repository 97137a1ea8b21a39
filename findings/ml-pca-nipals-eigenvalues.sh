#!/usr/bin/env bash
# ml-pca 4.1.1 (with ml-matrix 6.15.1, npm)
#
# What surprises: the method decides what getEigenvalues and getStandardDeviations are of. By SVD and by the covariance matrix they are the
# variance and the deviation of each component; by NIPALS they are sums of squares, n - 1 times as large, under the same names. The
# components and the shares of explained variance agree, so nothing points at it.
#
# Seen:   4 examples: eigenvalues 3.88, 1.51 by SVD and covariance; 11.65, 4.54 by NIPALS; deviations 1.97 and 3.41
#
# Why it matters: data whitened by the deviations of NIPALS has variance 1 / (n - 1) instead of 1: with 10,000 examples a hundredth of
# the deviation that it should have.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund ml-pca@4.1.1 ml-matrix@6.15.1

cat > check.cjs << 'JS'
const assert = require('node:assert/strict');
const { PCA } = require('ml-pca');

const data = [[1, 2], [2, 5], [3, 1], [4, 4.5]];
const of = (method) => new PCA(data, { method, nCompNIPALS: 2 });
const near = (a, b) => a.every((value, i) => Math.abs(value / b[i] - 1) < 1e-4);
const [svd, covariance, nipals] = ['SVD', 'covarianceMatrix', 'NIPALS'].map(of);
for (const [name, pca] of Object.entries({ svd, covariance, nipals }))
  console.log(name, 'eigenvalues', pca.getEigenvalues(), 'deviations', pca.getStandardDeviations());
const [values, share] = [svd.getEigenvalues(), svd.getExplainedVariance()];
assert.ok(near(covariance.getEigenvalues(), values));
assert.ok(near(nipals.getExplainedVariance(), share));
assert.ok(near(nipals.getEigenvalues(), values.map((value) => (data.length - 1) * value)), 'they agree: the behaviour has changed');
JS
node check.cjs
