#!/usr/bin/env bash
# normflows 1.7.3 (with torch 2.13.0 on the CPU, PyPI)
#
# What surprises: the logarithm of the determinant that `flows.BatchNorm` reports is formed as log(1 / product of the deviations). The
# product leaves float32 as soon as there are enough features: below 1e-38 it is 0 and the logarithm infinite. The sum of the logarithms,
# which is the same number, is an ordinary one.
#
# Seen:   features of deviation 0.3: with 2 of them 2.34, as it should be; with 100 of them infinite, where 121 is right; with 784 (the
#         pixels of MNIST) infinite, where 951 is right; of deviation 3 with 100 of them minus infinite, where -109 is right
#
# Why it matters: the likelihood of every example is infinite, and so is the loss; no input was large, and no smaller learning rate helps.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check normflows==1.7.3 torch==2.13.0 numpy==2.4.6

cat > check.py << 'PY'
import math
from importlib.metadata import version

import normflows
import torch

print(f"normflows {version('normflows')}, torch {torch.__version__}")


def determinants(deviation, features):
    """The logarithm of the determinant as reported, and as the sum of logarithms."""
    torch.manual_seed(0)
    x = deviation * torch.randn(64, features)
    y, log_det = normflows.flows.BatchNorm()(x)
    assert torch.isfinite(y).all()
    seen, right = log_det[0].item(), -x.double().std(0).log().sum().item()
    print(f"{features} features of deviation {deviation}: {seen:.2f}, right {right:.2f}")
    return seen, right


few, few_right = determinants(0.3, 2)
assert abs(few - few_right) < 1e-3
assert determinants(0.3, 100)[0] == math.inf, "100 features: the behaviour has changed"
assert determinants(0.3, 784)[0] == math.inf, "784 features: the behaviour has changed"
assert determinants(3, 100)[0] == -math.inf, "a large deviation: the behaviour has changed"
PY
venv/bin/python check.py
