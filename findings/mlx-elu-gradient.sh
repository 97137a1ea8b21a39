#!/usr/bin/env bash
# mlx 0.32.4 (on the CPU, PyPI)
#
# What surprises: the gradients of nn.elu and nn.selu at a large positive input are NaN, though the functions are straight lines there.
# The branch that is not taken, exp(x) - 1, overflows in float32 beyond 88.7, and its gradient times 0 is NaN. nn.celu, which for alpha 1
# is the same function as elu, is written another way and right.
#
# Seen:   gradient at 88: 1 (elu), 1.0507 (selu), 1 (celu); at 89: NaN, NaN, 1
#
# Why it matters: one activation of 89, as before the first normalization or with a rate that is a little too high, makes every weight
# NaN, while the loss of that step is an ordinary number.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "mlx[cpu]==0.32.4"

cat > check.py << 'PY'
import math

import mlx.core as mx
import mlx.nn as nn

print(f"mlx {mx.__version__}")
seen = {}
for name in ("elu", "selu", "celu"):
    function = getattr(nn, name)
    for x in (88.0, 89.0):
        value, gradient = (each.item() for each in mx.value_and_grad(function)(mx.array(x)))
        seen[name, x] = gradient
        print(f"{name}({x}) = {value}, gradient {gradient}")
        assert math.isfinite(value)

assert seen["celu", 88.0] == seen["celu", 89.0] == seen["elu", 88.0] == 1
assert math.isnan(seen["elu", 89.0]) and math.isnan(seen["selu", 89.0]), "a gradient is right: the behaviour has changed"
PY
venv/bin/python check.py
