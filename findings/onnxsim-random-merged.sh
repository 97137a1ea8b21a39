#!/usr/bin/env bash
# onnxsim 0.8.1 and onnxoptimizer 0.4.2, with onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: simplifying a model makes independent draws one draw. Two nodes that draw from the same distribution look like a common
# subexpression, and one of them is removed: two RandomNormalLike give the same noise, two Dropout in training mode drop the same units.
#
# Seen:   correlation of the two draws before: 0.01; after onnxsim and after onnxoptimizer: 1. onnxscript 0.7.2 leaves RandomNormalLike
#         alone, but merges Dropout and Bernoulli
#
# Why it matters: a sampler, a variational network or dropout that is meant to stay on (Monte Carlo dropout) is exported with such nodes. Two
# reparametrized latents become the same one, and each by itself still has the right distribution.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnxsim==0.8.1 onnxoptimizer==0.4.2 onnx==1.23.2 onnxruntime==1.32.0 numpy

cat > check.py << 'PY'
from importlib.metadata import version

import numpy as np
import onnxoptimizer
import onnxruntime
import onnxsim
from onnx import TensorProto, helper, numpy_helper

print(f"onnxsim {version('onnxsim')}, onnxoptimizer {version('onnxoptimizer')}, onnxruntime {onnxruntime.__version__}")
x = np.ones((100, 100), np.float32)
constants = {"ratio": np.array(0.5, np.float32), "training": np.array(True)}
draws = {"RandomNormalLike": ["x"], "Dropout": ["x", "ratio", "training"]}


def correlation(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    first, second = session.run(None, {"x": x})
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


for operator, inputs in draws.items():
    nodes = []
    for n in "12":
        nodes += [helper.make_node(operator, inputs, ["draw" + n]), helper.make_node("Add", ["x", "draw" + n], ["y" + n])]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y" + n, TensorProto.FLOAT, x.shape) for n in "12"],
        [numpy_helper.from_array(constants[name], name) for name in inputs if name in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    simplified = onnxsim.simplify(model)[0], onnxoptimizer.optimize(model, ["eliminate_common_subexpression"])
    seen = [correlation(each) for each in (model, *simplified)]
    print(f"two {operator}: correlation {seen[0]:.2f}; after onnxsim {seen[1]:.2f}, after onnxoptimizer {seen[2]:.2f}")
    assert abs(seen[0]) < 0.1
    assert min(seen[1:]) > 0.999, "the draws stay independent: the behaviour has changed"
PY
venv/bin/python check.py
