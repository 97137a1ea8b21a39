#!/usr/bin/env bash
# @tensorflow/tfjs-layers 4.22.0 (with @tensorflow/tfjs-core and -backend-cpu 4.22.0)
#
# What surprises: batchNormalization says that it supports masking, and counts the steps that are masked. Behind a masking layer, which
# writes zeros there, its mean and variance are those of the data and of the padding: the more padding, the nearer to 0. Keras 3, whose
# interface this is, leaves masked steps out of the statistics.
#
# Seen:   sequences [2, 4, -, -] and [6, 8, 10, -] (- is padding), momentum 0: mean 3.75 and variance 13.4375, wanted 6 and 8
#
# Why it matters: nothing is refused and nothing is said, and how a sequence is normalized depends on the longest of its batch.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts \
  @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 @tensorflow/tfjs-layers@4.22.0 > /dev/null

cat > mask.cjs << 'JS'
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const layers = require('@tensorflow/tfjs-layers');
const assert = require('node:assert');

(async () => {
  await tf.setBackend('cpu');
  console.log(`@tensorflow/tfjs-layers ${layers.version_layers}`);
  const norm = layers.layers.batchNormalization({ momentum: 0 });
  const model = layers.sequential();
  model.add(layers.layers.masking({ maskValue: -1, inputShape: [4, 1] }));
  model.add(norm);
  model.add(layers.layers.timeDistributed({ layer: layers.layers.dense({ units: 1 }) }));
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const x = tf.tensor3d([[[2], [4], [-1], [-1]], [[6], [8], [10], [-1]]]);
  await model.fit(x, x, { epochs: 1, batchSize: 2, verbose: 0 });
  const [mean, variance] = norm.getWeights().slice(2).map((weight) => weight.dataSync()[0]);
  console.log(`supportsMasking ${norm.supportsMasking}; moving mean ${mean}, variance ${variance}; without the padding 6 and 8`);
  assert.equal(norm.supportsMasking, true);
  assert.deepEqual([mean, variance], [3.75, 13.4375], 'masked steps are left out: the behaviour has changed');
})().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
JS
node mask.cjs
