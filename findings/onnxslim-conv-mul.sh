#!/usr/bin/env bash
# onnxslim 0.1.98, with onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: a multiplication behind a convolution is folded into its weights whenever the factor has as many numbers as there are
# channels, wherever its axis lies. A factor for each column (shape [4], which broadcasts along the width) or for each row ([4, 1]) of
# a map that is as wide as it has channels is applied to the channels instead.
#
# Seen:   a convolution to 4 channels of 4 by 4, times four numbers: with shape [4, 1, 1] as before; with [4], [4, 1] and [1, 1, 1, 4] an error
#         as large as the output
#
# Why it matters: a window, a mask or a weighting of positions is just that. The tool compares nothing when it is done, the model is valid,
# and the shapes are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnxslim==0.1.98 onnx==1.23.2 onnxruntime==1.32.0 numpy

cat > check.py << 'PY'
from importlib.metadata import version

import numpy as np
import onnxruntime
import onnxslim
from onnx import TensorProto, helper, numpy_helper

print(f"onnxslim {version('onnxslim')}, onnxruntime {onnxruntime.__version__}")
rng = np.random.default_rng(0)
x = rng.normal(size=(2, 3, 6, 6)).astype(np.float32)
weights = rng.normal(size=(4, 3, 3, 3)).astype(np.float32)


def run(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


errors = {}
for shape in ((4, 1, 1), (4,), (4, 1), (1, 1, 1, 4)):
    factor = np.array([1, 10, 100, 1000], np.float32).reshape(shape)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"]), helper.make_node("Mul", ["y", "f"], ["z"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, (2, 4, 4, 4))],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(factor, "f")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    right, slim = run(model), run(onnxslim.slim(model))
    errors[shape] = float(np.abs(slim - right).max() / np.abs(right).max())
    print(f"factor of shape {list(shape)}: largest error {errors[shape]:.1e} of the largest output")
assert errors[4, 1, 1] < 1e-5
assert all(errors[shape] > 0.1 for shape in ((4,), (4, 1), (1, 1, 1, 4))), "the axis is minded: the behaviour has changed"
PY
venv/bin/python check.py
