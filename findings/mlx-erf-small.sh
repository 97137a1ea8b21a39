#!/usr/bin/env bash
# mlx 0.32.4 (on the CPU, PyPI)
#
# What surprises: mx.erf is right to about 1e-7 in the value, and not in relation to it: erf(1e-5) is 1.7% off, erf(1e-6) 5.6%, and
# erf(1e-7) is 0 where 1.13e-7 is right. tanh and log1p of the same library keep all digits there, and so does erfinv, so that
# erf(erfinv(1e-7)) is 0.
#
# Seen:   erf of 1e-3, 1e-5, 1e-6, 1e-7: relative errors 3e-5, 0.017, 0.056, 1; of tanh at most 1e-7
#
# Why it matters: near 0 erf is a straight line of slope 1.128. Here it is a staircase that is flat at 0, so a gradient checked by
# differences, or a small probability between two near points, is wrong.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "mlx[cpu]==0.32.4"

cat > check.py << 'PY'
import math

import mlx.core as mx

print(f"mlx {mx.__version__}")
errors = {}
for x in (1e-3, 1e-5, 1e-6, 1e-7):
    value, tanh = mx.erf(mx.array(x)).item(), mx.tanh(mx.array(x)).item()
    errors[x] = abs(value / math.erf(x) - 1)
    print(f"erf({x}) = {value:.4e}, right {math.erf(x):.4e}, relative error {errors[x]:.1e}")
    assert abs(tanh / math.tanh(x) - 1) < 2e-7
back = mx.erf(mx.erfinv(mx.array(1e-7))).item()
print(f"erf(erfinv(1e-7)) = {back}")
assert errors[1e-3] < 1e-4
assert errors[1e-5] > 5e-3 and errors[1e-7] == 1 and back == 0, "erf keeps its digits: the behaviour has changed"
PY
venv/bin/python check.py
