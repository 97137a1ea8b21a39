#!/usr/bin/env bash
# coremltools 9.0 (PyPI; on Linux, where it builds and optimizes but does not run)
#
# What surprises: while a program is built, operators on constants are computed at once. The one for `thresholded_relu` writes its zeros into
# its input: the constant itself is changed, for everything else that reads it, and so is the NumPy array that the caller made it from.
# leaky_relu, elu and clamped_relu leave theirs alone.
#
# Seen:   w = [-1, 0.2, 0.5, 2]; after thresholded_relu(w, 0.4) the sum x + w is built with w = [0, 0, 0.5, 2], and the caller's array is that
#
# Why it matters: a weight that is used twice, once behind such an activation, is exported wrong, without a word; and the weights of the
# network in memory, which one would compare with, are wrong in the same way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check coremltools==9.0 numpy==2.4.6

cat > check.py << 'PY'
import logging

logging.disable(logging.WARNING)
import coremltools
import numpy as np
from coremltools.converters.mil.mil import Builder as mb

print(f"coremltools {coremltools.__version__}")
start = np.array([-1, 0.2, 0.5, 2], np.float32)


def built(activation):
    """The constant as the caller has it, and as x + w is built with it, after the activation of w."""
    array = start.copy()

    @mb.program(input_specs=[mb.TensorSpec(shape=(4,))])
    def program(x):
        w = mb.const(val=array)
        return mb.add(x=activation(w), y=mb.add(x=x, y=w))

    first = [op for op in program.functions["main"].operations if op.op_type == "add"][0]
    return array.tolist(), first.y.val.tolist()


seen = {
    "leaky_relu": built(lambda w: mb.leaky_relu(x=w, alpha=np.float32(0.4))),
    "thresholded_relu": built(lambda w: mb.thresholded_relu(x=w, alpha=np.float32(0.4))),
}
for name, (caller, program) in seen.items():
    print(f"{name}: the caller's array {np.round(caller, 3)}, in the program {np.round(program, 3)}")
assert seen["leaky_relu"] == (start.tolist(), start.tolist())
assert seen["thresholded_relu"][1] == [0, 0, 0.5, 2], "the constant is kept: the behaviour has changed"
assert seen["thresholded_relu"][0] == [0, 0, 0.5, 2], "the caller's array is kept: the behaviour has changed"
PY
venv/bin/python check.py
