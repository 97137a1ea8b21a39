#!/usr/bin/env bash
# thop 0.1.1.post2209072238 (with torch 2.13.0 on the CPU, PyPI)
#
# What surprises: `profile` counts in buffers that it registers in the network, and takes away only those of layers that it knows. A Flatten,
# a GELU or a layer of one's own keeps `total_ops` and `total_params`, which are buffers like any other: the state dict that is saved
# afterwards has them, and a network that was not profiled refuses it. The call also ends by train(), which wakes a batch norm that had
# been frozen by eval().
#
# Seen:   Unexpected key(s) in state_dict: "2.total_ops", "2.total_params"; the frozen batch norm is in training mode afterwards
#
# Why it matters: a checkpoint of a week's training cannot be loaded, because the script that wrote it had printed how large the network is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check thop==0.1.1.post2209072238 torch==2.13.0 numpy==2.4.6

cat > check.py << 'PY'
from importlib.metadata import version

import thop
import torch
from torch import nn

print(f"thop {version('thop')}, torch {torch.__version__}")


def network():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 2))


net = network()
net[1].eval()
before = set(net.state_dict())
thop.profile(net, (torch.rand(1, 3, 8, 8),), verbose=False)
left = sorted(set(net.state_dict()) - before)
print("left in the state dict:", left, "- frozen batch norm in training mode:", net[1].training)
try:
    network().load_state_dict(net.state_dict())
    refused = ""
except RuntimeError as error:
    refused = str(error)
print(refused)
assert left == ["2.total_ops", "2.total_params"], "the buffers are others: the behaviour has changed"
assert "Unexpected key(s)" in refused, "the state dict is accepted: the behaviour has changed"
assert net[1].training, "the batch norm stays frozen: the behaviour has changed"
PY
venv/bin/python check.py
