"""What this library wrote for Keras, assigned by path: the outputs differ from the original's by 1, and by rounding."""

import json
import pathlib
import sys

import numpy as np
import safetensors.numpy
from keras_network import build

folder = pathlib.Path(sys.argv[1]) / "keras"
wanted = json.loads((pathlib.Path(__file__).parent / "table.json").read_text())["networks"]["keras"]
array = lambda v: np.array(v["values"], np.float32).reshape(v["shape"])
worst = {}
net = build()
for name in ("back.safetensors", "back.npz"):
    state = dict(np.load(folder / name)) if name.endswith("npz") else safetensors.numpy.load_file(folder / name)
    assert {w.path for w in net.weights} == set(state), "names differ"
    for w in net.weights:
        w.assign(np.zeros(w.shape))
        w.assign(state[w.path])
    worst[name] = float(np.abs(net(array(wanted["x"]), training=False).numpy() - 1 - array(wanted["logits"])).max())
print(json.dumps({"keras": worst}))
