"""What this library wrote for PyTorch, loaded by PyTorch: the outputs differ from the original's by 1, and by rounding."""

import json
import pathlib
import sys

import numpy as np
import safetensors.torch
import torch
from torch_network import NETWORKS

table = json.loads((pathlib.Path(__file__).parent / "table.json").read_text())["networks"]
array = lambda v: np.array(v["values"], np.float32).reshape(v["shape"])
worst = {}
for network, build in NETWORKS.items():
    folder, wanted = pathlib.Path(sys.argv[1]) / network, table[network]
    worst[network] = {}
    for name in ("back.safetensors", "back.npz"):
        if name.endswith("npz"):
            state = {k: torch.tensor(v) for k, v in np.load(folder / name).items()}
        else:
            state = safetensors.torch.load_file(folder / name)
        net = build()
        net.load_state_dict(state)  # strict: nothing missing, nothing unexpected
        with torch.no_grad():
            logits = net.eval()(torch.tensor(array(wanted["x"])).permute(0, 3, 1, 2)).numpy()
        worst[network][name] = float(np.abs(logits - 1 - array(wanted["logits"])).max())
print(json.dumps(worst))
