#!/usr/bin/env bash
# paddlepaddle 3.3.1 (CPU, PyPI)
#
# What surprises: the gradient of F.silu (swish) is NaN for inputs from about -89 on down, where the function and its slope are 0 to all
# digits. So is that of F.celu from 89 on up, where it is the line x. The forward pass is finite in both; exp overflows in the backward
# pass. sigmoid, gelu, elu and mish are right there.
#
# Seen:   gradients of silu at -80 and -89: -1e-33 and NaN; of celu at 80 and 89: 1 and NaN; of elu, which celu is with alpha 1: 1 and 1
#
# Why it matters: one activation of -89, as a step that is too large makes it, turns every weight into NaN by a unit that should have been
# off, while the loss of that step is finite.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check paddlepaddle==3.3.1 numpy==2.4.6

cat > check.py << 'PY'
import numpy as np
import paddle
import paddle.nn.functional as F

print(f"paddlepaddle {paddle.__version__}")


def slope(function, at):
    x = paddle.to_tensor([at], stop_gradient=False)
    y = function(x)
    assert np.isfinite(y.numpy()).all()
    return paddle.grad(y.sum(), x)[0].item()


far = {"silu": -1, "sigmoid": -1, "gelu": -1, "mish": -1, "celu": 1, "elu": 1}
seen = {name: [slope(getattr(F, name), sign * at) for at in (80.0, 89.0, 100.0)] for name, sign in far.items()}
for name, slopes in seen.items():
    print(name, "at", [far[name] * at for at in (80, 89, 100)], slopes)
for name in ("silu", "celu"):
    assert np.isfinite(seen[name][0])
    assert np.isnan(seen[name][1:]).all(), f"the gradient of {name} is finite: the behaviour has changed"
for name in ("sigmoid", "gelu", "mish", "elu"):
    assert np.isfinite(seen[name]).all()
PY
venv/bin/python check.py
