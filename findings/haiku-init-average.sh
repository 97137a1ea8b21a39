#!/usr/bin/env bash
# dm-haiku 0.0.17 (with jax 0.10.0, PyPI)
#
# What surprises: the batch handed to `init`, commonly a dummy of the right shape, stays behind in the moving averages of
# hk.BatchNorm. The counter and the hidden sums are zero, as for a layer that has seen nothing, but `average`, which is what
# evaluation reads, holds that batch's mean and variance.
#
# Seen:   after init on columns of mean 3 and 40: average [[3.0, 40.0]] and [[3.5, 950.0]], counter 0, hidden [[0.0, 0.0]]
#
# Why it matters: a network evaluated before its first step is already normalized by a batch that nobody trained on, so its
# loss at step 0 is not that of an untrained layer (mean 0, variance 1); with a dummy of zeros it divides by the root of
# epsilon.
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
net = hk.transform_with_state(lambda x, training: hk.BatchNorm(True, True, 0.9)(x, training))


def averages(batch):
    params, state = net.init(None, batch, True)
    mean, var = (state[f"batch_norm/~/{name}_ema"] for name in ("mean", "var"))
    return params, state, mean, var


params, state, mean, var = averages(jnp.array([[1.0, 10.0], [2.0, 20.0], [3.0, 40.0], [6.0, 90.0]]))
print("mean:", {key: np.asarray(value).tolist() for key, value in mean.items()})
print("variance:", {key: np.asarray(value).tolist() for key, value in var.items()})
assert mean["average"].tolist() == [[3.0, 40.0]] and var["average"].tolist() == [[3.5, 950.0]], "init leaves no batch behind"
assert int(mean["counter"]) == 0 and mean["hidden"].tolist() == [[0.0, 0.0]], "the counter has changed"

params, state, *_ = averages(jnp.zeros((4, 1)))
output, _ = net.apply(params, state, None, jnp.ones((4, 1)), False)
print("evaluation of 1 after init on zeros:", float(output[0, 0]))
assert abs(float(output[0, 0]) - 1 / np.sqrt(1e-5)) < 1, "evaluation does not use the batch of init"
PY
venv/bin/python check.py
