#!/usr/bin/env bash
# equinox 0.13.8 (with jax 0.10.0, PyPI)
#
# What surprises: with mode="batch", which its documentation recommends for new code, the variance that inference divides by is
# far too large for hundreds of training steps. The running variance starts at 1 and is then corrected as if it had started
# at 0, by 1 / (1 - momentum^t): what the start has left in it, momentum^t, is not taken out but made larger.
#
# Seen:   batches of variance 4, momentum 0.99: after 1 batch 103, after 10 about 13.5, after 100 about 4.6
#         (mode="ema", the default: 4 from the first batch on)
#
# Why it matters: a network that is looked at early, or trained for few steps, gives other answers than it was trained on, and no
# error says so. A correction belongs to averages that start at 0; from 0 and 1 none is needed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check equinox==0.13.8 jax==0.10.0

cat > check.py << 'PY'
import equinox as eqx
import jax
import jax.numpy as jnp

print(f"equinox {eqx.__version__}, jax {jax.__version__}")
x = jnp.array([[-2.0], [2.0], [-2.0], [2.0]])  # mean 0, variance 4


def stored(steps, mode):
    """The variance that inference divides by, from what it makes of 1: 1 / sqrt(variance + 1e-5)."""
    norm, state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(1, axis_name="batch", mode=mode)
    train = jax.vmap(norm, axis_name="batch", in_axes=(0, None), out_axes=(0, None))
    for _ in range(steps):
        _, state = train(x, state)
    y, _ = eqx.nn.inference_mode(norm)(jnp.ones(1), state)
    return float(1 / y[0] ** 2)


for steps in (1, 10, 100, 500):
    print(f"after {steps:3} batches of variance 4: mode 'batch' {stored(steps, 'batch'):8.3f}, mode 'ema' {stored(steps, 'ema'):.3f}")
assert abs(stored(1, "ema") - 4) < 1e-3
assert abs(stored(1, "batch") - 103) < 0.1, "the first batch is divided by its own variance: the behaviour has changed"
assert 4.5 < stored(100, "batch") < 4.7, "after 100 batches the variance is another: the behaviour has changed"
PY
venv/bin/python check.py
