#!/usr/bin/env bash
# mlx 0.32.4 (on the CPU, PyPI)
#
# What surprises: nn.BatchNorm of a float16 batch is NaN as soon as the values of a feature sum to more than 65,504: mx.mean adds in the
# type of its input, and the sum is infinite long before the mean is. 3,000 rows around 100 do it, or 1,000 around 66. nn.LayerNorm of as
# many values with the same mean is right, since its own kernel adds in float32, and so are numpy.mean and PyTorch, which do as well.
#
# Seen:   3,000 rows, mean 100, deviation 1: mx.mean inf, BatchNorm NaN throughout; LayerNorm over 3,000 values of the kind: deviation
#         1.000; 600 rows: BatchNorm deviation 1.00
#
# Why it matters: the statistics of a batch norm on images are sums over batch, height and width: 32 images of 56 x 56 are 100,352 values,
# whose mean may not exceed 0.65. It depends on the batch, not on the network.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "mlx[cpu]==0.32.4" numpy==2.4.6

cat > check.py << 'PY'
import mlx.core as mx
import mlx.nn as nn
import numpy as np

print(f"mlx {mx.__version__}")
seen = {}
for rows in (600, 3_000):
    x = (100 + np.random.default_rng(0).normal(size=(rows, 2))).astype(np.float16)
    by_batch, by_layer = nn.BatchNorm(2)(mx.array(x)), nn.LayerNorm(rows)(mx.array(x.T))
    mean, right = mx.mean(mx.array(x), axis=0), x.mean(axis=0)
    deviations = [float(np.array(y.astype(mx.float32)).std()) for y in (by_batch, by_layer)]
    seen[rows] = (np.array(mean), *deviations)
    print(f"{rows} rows: mean {mean.tolist()}, by NumPy {right.tolist()}")
    print(f"  deviation by BatchNorm {deviations[0]:.3f}, by LayerNorm {deviations[1]:.3f}")
    assert np.isfinite(right).all() and abs(deviations[1] - 1) < 0.01
assert abs(seen[600][1] - 1) < 0.1
assert np.isinf(seen[3_000][0]).all() and np.isnan(seen[3_000][1]), "the sum does not overflow: the behaviour has changed"
PY
venv/bin/python check.py
