#!/usr/bin/env bash
# @tensorflow/tfjs-layers 4.22.0 (with @tensorflow/tfjs-core and -backend-cpu 4.22.0)
#
# What surprises: a batchNormalization layer with trainable = false is not frozen. In fit it still normalizes by the batch and
# still moves its mean and variance; only gamma and beta stand still. Keras, whose interface this is, made such a layer
# run in inference mode years ago, so a recipe for fine-tuning that is right there quietly overwrites the statistics here.
#
# Seen:   after one step on [1, 2, 3, 6] with momentum 0: mean 0 -> 3, variance 1 -> 3.5, gamma and beta as before
#
# Why it matters: freezing the statistics is the standard step of fine-tuning on a small data set.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts \
  @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 @tensorflow/tfjs-layers@4.22.0 > /dev/null

cat > frozen.cjs << 'JS'
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const layers = require('@tensorflow/tfjs-layers');
const assert = require('node:assert');

(async () => {
  await tf.setBackend('cpu');
  console.log(`@tensorflow/tfjs-layers ${layers.version_layers}`);
  const norm = layers.layers.batchNormalization({ inputShape: [1], momentum: 0 });
  norm.trainable = false;
  const model = layers.sequential();
  model.add(norm);
  model.add(layers.layers.dense({ units: 1 }));
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const weights = () => norm.getWeights().map((weight) => weight.dataSync()[0]);
  const before = weights();
  const x = tf.tensor2d([[1], [2], [3], [6]]);
  await model.fit(x, x, { epochs: 1, batchSize: 4, verbose: 0 });
  const after = weights();
  console.log('gamma, beta, moving mean, moving variance: before', before, 'after', after);
  assert.deepEqual(before, [1, 0, 0, 1]);
  assert.deepEqual(after, [1, 0, 3, 3.5], 'a frozen layer holds its statistics: the behaviour has changed');
})().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
JS
node frozen.cjs
