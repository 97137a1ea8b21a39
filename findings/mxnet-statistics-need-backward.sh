#!/usr/bin/env bash
# mxnet 1.9.1 (with numpy 1.23.5, the last that it imports with; PyPI)
#
# What surprises: the moving statistics of batch normalization are written in the backward pass. A forward pass in training
# mode (autograd.record) leaves them at 0 and 1, however often it runs; only when backward follows do they take in the
# batch, and each backward pass takes it in again.
#
# Seen:   after 5 forward passes: mean [0, 0], variance [1, 1]; after one forward and backward: [3, 40] and [3.5, 950]
#
# Why it matters: estimating the population statistics anew after training, by running batches through the network without
# touching a weight (what section 3.1 of the batch normalization paper asks for at its end), does nothing here.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv # a Python up to 3.11, which is the last that numpy 1.23 has wheels for
venv/bin/pip install --quiet --disable-pip-version-check mxnet==1.9.1 numpy==1.23.5

cat > check.py << 'PY'
import mxnet as mx
import numpy as np
from mxnet import autograd, gluon, nd

print(f"mxnet {mx.__version__}, numpy {np.__version__}")
x = nd.array([[1, 10], [2, 20], [3, 40], [6, 90]])
norm = gluon.nn.BatchNorm(momentum=0.0)  # new statistics = those of the batch
norm.initialize()


def statistics():
    nd.waitall()
    return norm.running_mean.data().asnumpy(), norm.running_var.data().asnumpy()


for _ in range(5):
    with autograd.record():
        y = norm(x)
    y.wait_to_read()
assert abs(float(y.mean().asscalar())) < 1e-3, "the forward pass did not use the batch"
mean, var = statistics()
print("after 5 forward passes in training mode:", mean, var)
assert np.array_equal(mean, [0, 0]) and np.array_equal(var, [1, 1]), "a forward pass moves them: the behaviour has changed"

with autograd.record():
    y = norm(x)
y.backward()
mean, var = statistics()
print("after one forward and backward:", mean, var)
assert np.allclose(mean, [3, 40]) and np.allclose(var, [3.5, 950]), "backward does not move them: the behaviour has changed"
PY
venv/bin/python check.py
