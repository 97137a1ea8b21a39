#!/usr/bin/env bash
# dm-haiku 0.0.17 (with jax 0.10.0, PyPI)
#
# What surprises: hk.BatchNorm in training returns NaN for an ordinary float32 feature with mean 10,000 and deviation 1. It
# takes the variance as the mean of squares minus the square of the mean, whose digits cancel; the result is a multiple of
# 8, negative as often as not, and nothing clips it before the root. jax.numpy.var of the same array is right.
#
# Seen:   over 12 draws variances from -24 to 8, all of them multiples of 8, for one of 1; NaN in 7 of the draws
#
# Why it matters: an unscaled feature (a year, a pressure, a pixel sum) ahead of the first batch norm destroys the network in
# one step, or is amplified without limit, depending on the draw.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dm-haiku==0.0.17 jax==0.10.0

cat > check.py << 'PY'
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

print(f"dm-haiku {hk.__version__}, jax {jax.__version__}")
net = hk.transform_with_state(lambda x: hk.BatchNorm(True, True, 0.9)(x, True))
variances, lost, right = [], 0, []
for seed in range(12):
    x = jnp.asarray(np.random.default_rng(seed).normal(10_000, 1, (4096, 1)).astype("float32"))
    params, state = net.init(None, x)
    y, state = net.apply(params, state, None, x)
    variances.append(float(state["batch_norm/~/var_ema"]["average"][0, 0]))
    lost += bool(jnp.isnan(y).any())
    right.append(float(jnp.var(x)))
print("variance in hk.BatchNorm:", variances)
print("jnp.var:", [round(value, 3) for value in right])
print(f"NaN in {lost} of 12 draws")
assert all(abs(value - 1) < 0.1 for value in right)
assert any(abs(value - 1) > 5 for value in variances), "the variance is right: the behaviour has changed"
assert lost > 0, "no NaN: the behaviour has changed"
PY
venv/bin/python check.py
