#!/usr/bin/env bash
# mlx 0.32.4 (on the CPU, PyPI), beside scipy 1.17.1
#
# What surprises: mx.random.truncated_normal far from 0 draws few different numbers, and then one. It goes through erf in float32, which
# has ever fewer values as it nears 1. Between 5 and 6 there are about a dozen different numbers, and between 6 and 8 every draw is 8, the
# end that is least probable of all, while nearly all of the distribution lies beside 6.
#
# Seen:   200,000 draws between 3 and 4: 43,729 different, mean 3.260 (right: 3.260); 5 and 6: 11, mean 5.193 (5.183); 6 and 8: 1, mean 8
#         (6.158)
#
# Why it matters: sampling a tail is what a truncated distribution is for. The bounds are kept, nothing is NaN, and the mean is outside
# all that could be explained by chance.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "mlx[cpu]==0.32.4" numpy==2.4.6 scipy==1.17.1

cat > check.py << 'PY'
import mlx.core as mx
import numpy as np
from scipy.stats import truncnorm

print(f"mlx {mx.__version__}")
draws = {}
for low, high in ((3, 4), (5, 6), (6, 8), (-8, -6)):
    x = np.array(mx.random.truncated_normal(low, high, (200_000,), key=mx.random.key(0))).astype(float)
    draws[low] = x
    print(f"{low} to {high}: {len(np.unique(x))} different, mean {x.mean():.4f}, right {truncnorm(low, high).mean():.4f}")
assert abs(draws[3].mean() - truncnorm(3, 4).mean()) < 0.003
assert len(np.unique(draws[5])) < 100, "5 to 6: the behaviour has changed"
assert set(draws[6]) == {8.0} and set(draws[-8]) == {-8.0}, "6 to 8: the behaviour has changed"
PY
venv/bin/python check.py
