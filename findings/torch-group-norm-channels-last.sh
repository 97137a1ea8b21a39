#!/usr/bin/env bash
# torch 2.13.0 (on the CPU, PyPI)
#
# What surprises: group_norm of the same numbers is another function in the memory format channels_last. The contiguous kernel takes the
# variance by Welford's method; the channels-last kernel takes the mean of squares minus the square of the mean in float32, and what is
# lost by that is clipped to 0, so that the result is divided by the root of epsilon. batch_norm, instance_norm and var do not.
#
# Seen:   largest error against float64, contiguous and channels_last: mean 100: 6e-6, 3e-3; mean 1,000: 5e-5, 0.15; mean 10,000: 2e-3, 570
#
# Why it matters: `model.to(memory_format=torch.channels_last)` is advised as a change of speed alone. A group norm behind features far
# from 0 loses digits by it, and then explodes, without a NaN.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6

cat > check.py << 'PY'
import torch
import torch.nn.functional as F

print(f"torch {torch.__version__}")
torch.manual_seed(0)
noise = torch.randn(2, 4, 2, 2, dtype=torch.float64)
errors = {}
for mean in (0, 100, 1_000, 10_000):
    x = (noise + mean).float()
    right = F.group_norm(x.double(), 2)
    rows = [F.group_norm(x, 2), F.group_norm(x.to(memory_format=torch.channels_last), 2)]
    errors[mean] = [float((y.double() - right).abs().max()) for y in rows]
    print(f"mean {mean}: largest error {errors[mean][0]:.1e} contiguous, {errors[mean][1]:.1e} channels_last")

assert all(contiguous < 1e-2 for contiguous, _ in errors.values())
assert errors[0][1] < 1e-5
assert errors[1_000][1] > 100 * errors[1_000][0], "the formats agree: the behaviour has changed"
assert errors[10_000][1] > 10, "no explosion: the behaviour has changed"
PY
venv/bin/python check.py
