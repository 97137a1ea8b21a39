// The trained networks, read by this library and written again for the frameworks; the folder to write to is the only argument.
// Their last bias is raised by 1 on the way, so that a framework that reads its own old file is noticed.
const path = require('node:path');
const { loadWeights, ready, saveWeights, tf } = require('bnlab');
const networks = require('./networks.cjs');

const target = process.argv[2];
const from = (file) => path.join(__dirname, 'networks', file);
const files = {
  pytorch: [['pytorch.safetensors', 'back.safetensors'], ['pytorch.npz', 'back.npz']],
  'pytorch-each': [['pytorch-each.safetensors', 'back.safetensors'], ['pytorch-each.npz', 'back.npz']],
  'pytorch-up': [['pytorch-up.safetensors', 'back.safetensors'], ['pytorch-up.npz', 'back.npz']],
  keras: [['keras.safetensors', 'back.safetensors'], ['keras.npz', 'back.npz']],
  'keras-each': [['keras-each.safetensors', 'back.safetensors'], ['keras-each.npz', 'back.npz']],
  'keras-up': [['keras-up.safetensors', 'back.safetensors'], ['keras-up.npz', 'back.npz']],
  tfjs: [['model.json', 'back.json']],
  'tfjs-each': [['model-each.json', 'back.json']],
};

(async () => {
  await ready();
  for (const [name, pairs] of Object.entries(files)) {
    const framework = name.replace(/-.*/, '');
    for (const [source, written] of pairs) {
      const network = networks[name]();
      const modules = await loadWeights(network, from(source), { from: framework });
      const bias = network.named['d2/bias'] ?? network.named['d1/bias'];
      bias.assign(tf.add(bias, 1));
      await saveWeights(network, path.join(target, name, written), { to: framework, modules });
      network.dispose();
    }
  }
  console.log(JSON.stringify({ written: Object.keys(files) }));
})();
