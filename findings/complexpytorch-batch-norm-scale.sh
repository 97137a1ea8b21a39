#!/usr/bin/env bash
# complexPyTorch 0.4 (with torch 2.13.0 on the CPU, PyPI)
#
# What surprises: a new complex batch norm does not give variance 1. The paper that it follows (Trabelsi et al., 2018) starts the scale at
# 1 / sqrt(2), so that real and imaginary part have variance 1/2 each and the number has variance 1; the layers start it at sqrt(2), and
# the running covariance as well. Each part has variance 2, the number 4.
#
# Seen:   E|z|^2 of the outputs 4.0 for any input; weight and running covariance start at 1.414
#
# Why it matters: weights that are initialized for inputs of variance 1 get four times that, behind every layer. And evaluation before
# training does not leave a whitened input as it is: its scale happens to be 1.19.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check complexPyTorch==0.4 torch==2.13.0 numpy==2.4.6

cat > check.py << 'PY'
from importlib.metadata import version

import torch
from complexPyTorch.complexLayers import ComplexBatchNorm1d, ComplexBatchNorm2d

print(f"complexPyTorch {version('complexPyTorch')}, torch {torch.__version__}")
torch.manual_seed(0)
with torch.no_grad():
    for layer, shape in ((ComplexBatchNorm1d(2), (512, 2)), (ComplexBatchNorm2d(2), (64, 2, 4, 4))):
        start = layer.weight[0].tolist(), layer.running_covar[0].tolist()
        power = layer(5 + 3j + 0.5 * torch.randn(shape, dtype=torch.complex64)).abs().square().mean().item()
        new = type(layer)(2).eval()
        scale = new(torch.ones(shape, dtype=torch.complex64)).real.mean().item()
        print(f"{type(layer).__name__}: E|z|^2 {power:.3f}; weight and covariance start at {start}; scale when new {scale:.3f}")
        assert abs(power - 4) < 0.05, "the variance is another: the behaviour has changed"
        assert abs(start[0][0] - 2 ** 0.5) < 1e-6 and abs(start[1][0] - 2 ** 0.5) < 1e-6
PY
venv/bin/python check.py
