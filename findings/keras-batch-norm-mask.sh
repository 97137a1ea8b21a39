#!/usr/bin/env bash
# keras 3.12.0 (on jax 0.10.2, PyPI)
#
# What surprises: BatchNormalization multiplies by its mask. What is masked is left out of the mean and the variance as long as it is a
# finite number; NaN there becomes the statistics of every feature, and stays in the moving averages. And a batch of which nothing counts
# is no batch to it: its mean and variance are taken for 0 and averaged in.
#
# Seen:   [1, 10], [3, 30] and a masked row, momentum 0.5: masked [99, 99] moving means 1 and 10, masked [NaN, NaN] NaN and NaN;
#         all three masked: variances 1 -> 0.5
#
# Why it matters: NaN is what missing measurements are marked with, and what a mask is made for. One such batch spoils a network.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check keras==3.12.0 jax==0.10.2

cat > check.py << 'PY'
import math
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np


def averages(padding, mask):
    layer = keras.layers.BatchNormalization(momentum=0.5)
    x = np.array([[[1, 10], [3, 30], [padding, padding]]], "float32")
    layer(x, training=True, mask=np.array([mask]))
    return np.asarray(layer.moving_mean).tolist(), np.asarray(layer.moving_variance).tolist()


print(f"keras {keras.__version__}")
number, missing = averages(99, [True, True, False]), averages(math.nan, [True, True, False])
nothing = averages(99, [False, False, False])
print("masked 99:", *number, "masked NaN:", *missing, "all masked:", *nothing)
assert np.allclose(number[0], [1, 10]) and np.allclose(number[1], [1, 50.5])
assert all(math.isnan(value) for value in missing[0] + missing[1]), "NaN stays out: the behaviour has changed"
assert np.allclose(nothing[1], [0.5, 0.5]), "an empty batch is not averaged in: the behaviour has changed"
PY
venv/bin/python check.py
