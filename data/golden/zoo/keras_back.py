"""What this library wrote for Keras, assigned by path: the outputs differ from the original's by 1, and by rounding."""

import json
import pathlib
import sys

import numpy as np
import safetensors.numpy
from keras_network import NETWORKS, keras

table = json.loads((pathlib.Path(__file__).parent / "table.json").read_text())["networks"]
array = lambda v: np.array(v["values"], np.float32).reshape(v["shape"])
worst = {}
for network, build in NETWORKS.items():
    folder, wanted = pathlib.Path(sys.argv[1]) / network, table[network]
    worst[network] = {}
    keras.backend.clear_session()
    net = build()
    for name in ("back.safetensors", "back.npz"):
        state = dict(np.load(folder / name)) if name.endswith("npz") else safetensors.numpy.load_file(folder / name)
        assert {w.path for w in net.weights} == set(state), "names differ"
        for w in net.weights:
            w.assign(np.zeros(w.shape))
            w.assign(state[w.path])
        logits = net(array(wanted["x"]), training=False).numpy()
        worst[network][name] = float(np.abs(logits - 1 - array(wanted["logits"])).max())
print(json.dumps(worst))
