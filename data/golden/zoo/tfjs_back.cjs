// What this library wrote for TensorFlow.js, loaded by it; arguments: the folder of the packages, the folder written to.
// A bias that is 1 larger in every class leaves the probabilities as they were.
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const from = createRequire(path.join(path.resolve(process.argv[2]), 'package.json'));
const tf = from('@tensorflow/tfjs-core');
from('@tensorflow/tfjs-backend-cpu');
const { loadLayersModel } = from('@tensorflow/tfjs-layers');

const table = JSON.parse(fs.readFileSync(path.join(__dirname, 'table.json'), 'utf8')).networks;

async function worstOf(name, topology) {
  const folder = path.join(process.argv[3], name);
  const { modelTopology } = JSON.parse(fs.readFileSync(path.join(__dirname, 'networks', topology), 'utf8'));
  const { weightsManifest } = JSON.parse(fs.readFileSync(path.join(folder, 'back.json'), 'utf8'));
  const bytes = fs.readFileSync(path.join(folder, weightsManifest[0].paths[0]));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const artifacts = { modelTopology, weightSpecs: weightsManifest[0].weights, weightData };
  const net = await loadLayersModel({ load: async () => artifacts });
  const { x, probabilities } = table[name];
  const got = net.predict(tf.tensor(x.values, x.shape)).dataSync();
  const worst = Math.max(...probabilities.values.map((v, i) => Math.abs(v - got[i])));
  const bias = net.getWeights().find((w) => w.shape.length === 1 && w.shape[0] === 4);
  if (!bias || Math.abs(tf.mean(bias).dataSync()[0]) < 0.5) throw new Error('the bias that was raised is not there');
  return { 'back.json': worst };
}

(async () => {
  await tf.setBackend('cpu');
  console.log(JSON.stringify({ tfjs: await worstOf('tfjs', 'model.json'), 'tfjs-each': await worstOf('tfjs-each', 'model-each.json') }));
})();
