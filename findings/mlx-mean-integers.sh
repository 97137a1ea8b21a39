#!/usr/bin/env bash
# mlx 0.32.4 (on the CPU, PyPI)
#
# What surprises: mx.mean of integers gives a float and adds integers: of uint8 in uint32, of int32 in int32, which wrap. The mean of two
# numbers may be negative where both are not, and the mean of 30 million pixels of 200 is 57.
#
# Seen:   mean of 2,000,000,000 twice: -147,483,648; of 30,000,000 pixels of brightness 200: 56.8; NumPy: 2e9 and 200
#
# Why it matters: subtracting the mean pixel is the first thing done to images. All of MNIST still fits (1.6e9 of 4.3e9); the 154 million
# pixels of CIFAR-10, around 120, wrap four times.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "mlx[cpu]==0.32.4" numpy==2.4.6

cat > check.py << 'PY'
import mlx.core as mx
import numpy as np

print(f"mlx {mx.__version__}")
two = np.array([2_000_000_000] * 2, np.int32)
pixels = np.full(30_000_000, 200, np.uint8)
for x in (two, pixels):
    print(f"{x.size} {x.dtype} of {x[0]}: mean {mx.mean(mx.array(x)).item()}, NumPy {x.mean()}")
assert mx.mean(mx.array(pixels[:1_000_000])).item() == 200
assert abs(mx.mean(mx.array(two)).item() + 147_483_648) < 100, "int32 does not wrap: the behaviour has changed"
wrapped = (30_000_000 * 200) % 2**32 / 30_000_000
assert abs(mx.mean(mx.array(pixels)).item() - wrapped) < 0.01, "uint8 does not wrap: the behaviour has changed"
PY
venv/bin/python check.py
