// Two small networks of TensorFlow.js, trained, as JSON and binary files; arguments: the folder of the packages, the folder
// to write to.
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const from = createRequire(path.join(path.resolve(process.argv[2]), 'package.json'));
const tf = from('@tensorflow/tfjs-core');
from('@tensorflow/tfjs-backend-cpu');
const { layers, sequential, version_layers } = from('@tensorflow/tfjs-layers');
const target = process.argv[3];

/** The pictures of pictures.py without its noise: bars of four directions, shifted; a little noise by a recurrence. */
function examples(count, seed) {
  const x = new Float32Array(count * 96);
  let state = seed;
  for (let n = 0; n < count; n++) {
    const shift = Math.floor(n / 4) % 4;
    for (let i = 0; i < 12; i++) {
      for (let j = 0; j < 8; j++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const along = [i, j, i + j, i - j][n % 4] + shift;
        x[(n * 12 + i) * 8 + j] = Math.cos((Math.PI / 2) * along) + state / 2 ** 32 - 0.5;
      }
    }
  }
  return { x: tf.tensor(x, [count, 12, 8, 1]), y: tf.oneHot(tf.tensor1d(Array.from({ length: count }, (_, n) => n % 4), 'int32'), 4) };
}

const pack = (t) => ({ shape: t.shape, values: Array.from(t.dataSync(), (v) => Number(v.toPrecision(9))) });
const started = (seed) => ({ kernelInitializer: { className: 'GlorotUniform', config: { seed } } });

const first = () => layers.conv2d({ inputShape: [12, 8, 1], filters: 6, kernelSize: 3, strides: 2, padding: 'same', useBias: false, ...started(1) });
const NETWORKS = {
  tfjs: {
    files: ['model.json', 'weights.bin'],
    layers: () => [
      first(),
      layers.batchNormalization(),
      layers.reLU(),
      layers.flatten(),
      layers.dense({ units: 16, ...started(2) }),
      layers.batchNormalization(),
      layers.reLU(),
      layers.dense({ units: 4, ...started(3) }),
      layers.softmax(),
    ],
  },
  'tfjs-each': {
    files: ['model-each.json', 'weights-each.bin'],
    layers: () => [
      first(),
      layers.reLU(),
      layers.flatten(),
      layers.layerNormalization(),
      layers.dense({ units: 16, ...started(2) }),
      layers.layerNormalization(),
      layers.reLU(),
      layers.dense({ units: 4, ...started(3) }),
      layers.softmax(),
    ],
  },
};

async function trained({ files: [topology, weights], layers: list }) {
  const net = sequential({ layers: list() });
  const { x, y } = examples(320, 1);
  net.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const history = await net.fit(x, y, { batchSize: 32, epochs: 20, shuffle: false, verbose: 0 });
  const shown = examples(8, 10000).x;
  await net.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const manifest = [{ paths: [weights], weights: weightSpecs }];
      const model = { format: 'layers-model', modelTopology, weightsManifest: manifest };
      fs.writeFileSync(path.join(target, topology), JSON.stringify(model) + '\n');
      fs.writeFileSync(path.join(target, weights), Buffer.from(weightData));
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
  return { version: version_layers, accuracy: history.history.acc.at(-1), x: pack(shown), probabilities: pack(net.predict(shown)) };
}

(async () => {
  await tf.setBackend('cpu');
  const records = {};
  for (const [name, network] of Object.entries(NETWORKS)) records[name] = await trained(network);
  console.log(JSON.stringify(records));
})();
