#!/usr/bin/env bash
# ptflops 0.7.5 (with torch 2.13.0 on the CPU, PyPI)
#
# What surprises: `get_model_complexity_info` puts the network into evaluation mode and leaves it there, with either backend. What is
# trained after that is trained with batch norm's running statistics as constants, which no longer move, and without dropout.
#
# Seen:   net.training before and after: True and False; after 50 further batches of mean 3 the running mean is 0 still
#
# Why it matters: the usual script counts the operations of a new network and then trains it. Its statistics stay at mean 0 and variance 1
# for good; the loss falls, only more slowly, and nothing says why.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ptflops==0.7.5 torch==2.13.0 numpy==2.4.6

cat > check.py << 'PY'
from importlib.metadata import version

import torch
from ptflops import get_model_complexity_info
from torch import nn

print(f"ptflops {version('ptflops')}, torch {torch.__version__}")
torch.manual_seed(0)
means = {}
for backend in (None, "pytorch", "aten"):
    net = nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), nn.BatchNorm2d(4), nn.Dropout(0.5))
    nn.init.constant_(net[0].weight, 1 / 3)
    if backend:
        macs, parameters = get_model_complexity_info(net, (3, 8, 8), print_per_layer_stat=False, backend=backend)
        print(f"{backend}: {macs}, {parameters}; training mode afterwards: {net.training}")
        assert not net.training, "the mode is put back: the behaviour has changed"
    with torch.no_grad():
        for _ in range(50):
            net(3 + torch.randn(32, 3, 8, 8))
    means[backend] = net[1].running_mean.mean().item()
print("running mean after 50 batches of mean 3, uncounted and counted by each backend:", means)
assert abs(means[None] - 3) < 0.1
assert means["pytorch"] == 0 and means["aten"] == 0
PY
venv/bin/python check.py
