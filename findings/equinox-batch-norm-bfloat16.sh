#!/usr/bin/env bash
# equinox 0.13.8 (with jax 0.10.0, PyPI)
#
# What surprises: eqx.nn.BatchNorm in its default mode ("ema") cannot take a bfloat16 batch: it chooses between the first
# batch's statistics and its float32 averages with lax.select, which wants one type, so the call is a TypeError. The
# same layer with mode="batch" takes the batch and answers in float32.
#
# Seen:   mode="ema": TypeError: lax.select requires arguments to have the same dtypes, got float32, bfloat16
#         mode="batch": float32
#
# Why it matters: casting activations to bfloat16 and keeping the parameters in float32 is the usual way to train with mixed
# precision; here a word in the constructor decides between an error and a silent change of type.
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
batch = jnp.array([[1.0, 10.0], [2.0, 20.0], [3.0, 40.0], [6.0, 90.0]])


def answer(mode, x):
    norm, state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(2, axis_name="batch", mode=mode)
    y, _ = jax.vmap(norm, axis_name="batch", in_axes=(0, None), out_axes=(0, None))(x, state)
    return str(y.dtype)


def said(mode, x):
    try:
        return answer(mode, x)
    except TypeError as error:
        return f"TypeError: {error}"


low = batch.astype(jnp.bfloat16)
found = {mode: said(mode, low) for mode in ("ema", "batch")}
print(found)
assert said("ema", batch) == "float32"
assert found["ema"].startswith("TypeError: lax.select requires"), "mode='ema' takes bfloat16: the behaviour has changed"
assert found["batch"] == "float32", "mode='batch' answers in another type: the behaviour has changed"
PY
venv/bin/python check.py
