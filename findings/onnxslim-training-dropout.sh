#!/usr/bin/env bash
# onnxslim 0.1.98, with onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: every Dropout is removed, also one whose input `training_mode` is true, which is how a model says that it drops at inference.
#
# Seen:   50 evaluations of one input before: spread 0.9; after: exactly 0. onnxsim 0.8.1 keeps the node
#
# Why it matters: Monte Carlo dropout measures how sure a network is by that spread. Behind the tool it is sure of everything.
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
x = np.ones((1, 16), np.float32)
graph = helper.make_graph(
    [helper.make_node("Dropout", ["x", "ratio", "training"], ["d"]), helper.make_node("Relu", ["d"], ["y"])],
    "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, x.shape)],
    [numpy_helper.from_array(np.array(0.5, np.float32), "ratio"), numpy_helper.from_array(np.array(True), "training")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def spread(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return float(np.std([session.run(None, {"x": x})[0] for _ in range(50)], axis=0).mean())


slim = onnxslim.slim(model)
seen = spread(model), spread(slim)
print(f"spread of 50 evaluations: {seen[0]:.2f} before, {seen[1]} after; nodes {[node.op_type for node in slim.graph.node]}")
assert seen[0] > 0.5
assert seen[1] == 0, "it still drops: the behaviour has changed"
PY
venv/bin/python check.py
