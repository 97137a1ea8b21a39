#!/usr/bin/env bash
# nflows 0.14 (with torch 2.13.0 on the CPU, PyPI)
#
# What surprises: the running variance of `transforms.BatchNorm` starts at 0, not at 1, and nothing corrects for that. After k batches it
# is (1 - 0.9^k) of the variance that was seen, so evaluation divides by too little: after the first batch its outputs have deviation 3.2,
# and a new layer that is evaluated divides by the root of epsilon, 0.003. The momentum has torch's meaning, the start has not.
#
# Seen:   the same batch over and over, deviation of the outputs in evaluation after 1, 5, 20, 40 batches: 3.16, 1.56, 1.07, 1.01;
#         the logarithm of the determinant is off by 3.5 after the first; before any batch a deviation of 650 for inputs of deviation 2
#
# Why it matters: the likelihood of held-out data is wrong for the first dozens of steps, and the samples of an early checkpoint, which go
# through the inverse, are too narrow; a flow that is fitted with a few large batches stays there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nflows==0.14 torch==2.13.0 numpy==2.4.6

cat > check.py << 'PY'
from importlib.metadata import version

import torch
from nflows.transforms import BatchNorm

print(f"nflows {version('nflows')}, torch {torch.__version__}")
torch.manual_seed(0)
x = 5 + 2 * torch.randn(512, 3)
layer, exact = BatchNorm(3), -x.std(0).log().sum().item()
with torch.no_grad():
    seen = {}
    for batches in range(41):
        layer.eval()
        y, log_det = layer(x)
        seen[batches] = y.std().item(), log_det[0].item() - exact
        layer.train()
        trained = layer(x)[0].std().item()
for batches in (0, 1, 5, 20, 40):
    print(f"after {batches} batches: deviation {seen[batches][0]:.2f}, log-determinant off by {seen[batches][1]:.2f}")
assert abs(trained - 1) < 0.01
assert seen[0][0] > 100, "a new layer leaves the scale alone: the behaviour has changed"
assert abs(seen[1][0] - 10 ** 0.5) < 0.01, "the first batch counts in full: the behaviour has changed"
assert abs(seen[5][0] - (1 - 0.9 ** 5) ** -0.5) < 0.01 and seen[1][1] > 3
PY
venv/bin/python check.py
