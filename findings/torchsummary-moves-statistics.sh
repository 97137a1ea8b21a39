#!/usr/bin/env bash
# torchsummary 1.5.1 (with torch 2.13.0 on the CPU, PyPI)
#
# What surprises: printing the summary of a network changes it. `summary` sends a batch of two random pictures through the network in
# whatever mode it is in, and a new network is in training mode: every batch norm moves its running statistics towards those of noise
# between 0 and 1, and counts a batch. Nothing is put back.
#
# Seen:   after one call num_batches_tracked 1, running variances 0.90; of a network that had been trained to variance 25: 22.5; twenty
#         calls, as from a cell that is run again: 3.1
#
# Why it matters: who prints the summary of a loaded checkpoint before calling eval() evaluates another network than was saved, by
# another amount each time the cell is run.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torchsummary==1.5.1 torch==2.13.0 numpy==2.4.6

cat > check.py << 'PY'
import contextlib
import io
from importlib.metadata import version

import torch
from torch import nn
from torchsummary import summary

print(f"torchsummary {version('torchsummary')}, torch {torch.__version__}")
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
net[1].running_var.fill_(25)
variances = [net[1].running_var.mean().item()]
for _ in range(20):
    with contextlib.redirect_stdout(io.StringIO()):
        summary(net, (3, 8, 8), device="cpu")
    variances.append(net[1].running_var.mean().item())
print("running variance after 0, 1, 2, ... summaries:", [round(value, 2) for value in variances])
print("batches counted:", net[1].num_batches_tracked.item())
assert net[1].num_batches_tracked == 20, "the summaries are not counted: the behaviour has changed"
assert abs(variances[1] - 22.5) < 0.1 and variances[20] < 4, "the statistics stay: the behaviour has changed"
net.eval()
with contextlib.redirect_stdout(io.StringIO()):
    summary(net, (3, 8, 8), device="cpu")
assert net[1].running_var.mean().item() == variances[-1]
PY
venv/bin/python check.py
