// One layer of TensorFlow.js, driven over lines of JSON: what tfjs_probe.py talks to.
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const layers = require('@tensorflow/tfjs-layers');
const readline = require('node:readline');

let layer;
const list = (t) => Array.from(t.dataSync(), (v) => (Number.isFinite(v) ? v : String(v)));
const run = ({ x, shape }, training) => list(layer.apply(tf.tensor(x, shape), { training }));
const answers = {
  make: ({ shape, momentum }) => {
    layer = layers.layers.batchNormalization(momentum === null ? {} : { momentum });
    layer.build(shape);
    return layers.version_layers;
  },
  train: (given) => run(given, true),
  infer: (given) => run(given, false),
  statistics: () => layer.getWeights().slice(-2).map(list),
  freeze: () => {
    layer.trainable = false;
    return 'trainable = false';
  },
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { ask, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { value: tf.tidy(() => answers[ask](given)) };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
tf.setBackend('cpu');
