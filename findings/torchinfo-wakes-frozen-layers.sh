#!/usr/bin/env bash
# torchinfo 1.8.0 (with torch 2.13.0 on the CPU, PyPI)
#
# What surprises: `summary` looks in evaluation mode and puts the mode back afterwards. It puts back the mode of the network, not of its
# layers: a batch norm that had been frozen by eval() while the rest trains is in training mode afterwards.
#
# Seen:   before: network in training, batch norm in evaluation; after: both in training; the running mean moves with the next batch
#
# Why it matters: fine-tuning with frozen statistics is what a small batch calls for. Printing the network, which is what a run does first,
# silently gives the frozen statistics up.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torchinfo==1.8.0 torch==2.13.0 numpy==2.4.6

cat > check.py << 'PY'
from importlib.metadata import version

import torch
from torch import nn
from torchinfo import summary

print(f"torchinfo {version('torchinfo')}, torch {torch.__version__}")
net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
net[1].eval()
before = [net.training, net[1].training]
summary(net, (2, 3, 8, 8), verbose=0)
after = [net.training, net[1].training]
print("training mode of the network and of its frozen batch norm, before:", before, "after:", after)
assert net[1].num_batches_tracked == 0
net(torch.rand(2, 3, 8, 8))
print("batches counted by the frozen batch norm:", net[1].num_batches_tracked.item())
assert before == [True, False]
assert after == [True, True], "the layer stays frozen: the behaviour has changed"
assert net[1].num_batches_tracked == 1
PY
venv/bin/python check.py
