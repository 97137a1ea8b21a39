#!/usr/bin/env bash
# pytorch_optimizer 4.1.0 (with torch 2.13.0 on the CPU, PyPI)
#
# What surprises: `disable_running_stats`, which stops batch norm from averaging during the second pass of SAM, remembers the momentum and sets
# it to 0. Called once more before `enable_running_stats` it remembers the 0, and enabling puts the 0 back: the statistics stand still from
# there on, in training mode.
#
# Seen:   momentum after disable, enable: 0.1; after disable, disable, enable: 0; 100 batches of mean 3 later the running mean is 0
#
# Why it matters: with accumulated gradients the second pass is several passes, and the call stands in the loop. Training goes on by the
# statistics of the batch and looks as it should; evaluation uses the statistics as they were then.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytorch_optimizer==4.1.0 torch==2.13.0 numpy==2.4.6

cat > check.py << 'PY'
from importlib.metadata import version

import torch
from pytorch_optimizer.optimizer.utils import disable_running_stats, enable_running_stats
from torch import nn

print(f"pytorch_optimizer {version('pytorch_optimizer')}, torch {torch.__version__}")
torch.manual_seed(0)
seen = {}
for passes in (1, 2):
    layer = nn.BatchNorm1d(2)
    for _ in range(passes):
        disable_running_stats(layer)
        layer(torch.randn(32, 2))
    enable_running_stats(layer)
    for _ in range(100):
        layer(3 + torch.randn(32, 2))
    seen[passes] = layer.momentum, layer.running_mean.mean().item()
    print(f"disabled {passes} times, enabled: momentum {seen[passes][0]}, running mean {seen[passes][1]:.2f}, training {layer.training}")
assert seen[1][0] == 0.1 and abs(seen[1][1] - 3) < 0.2
assert seen[2] == (0, 0), "the momentum comes back: the behaviour has changed"
PY
venv/bin/python check.py
