#!/usr/bin/env bash
# onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: the reference evaluator answers a batch normalization of opset 9 to 13 (one output, which is inference by the standard)
# with statistics of its own making: 0.9 times the stored mean and variance plus 0.1 times those of the batch at hand, since the attribute
# `momentum`, which inference does not use, is there by default. What one example comes out as depends on the others of its batch. The
# same node in opset 15 is right, and so is the runtime in both.
#
# Seen:   stored mean 0 and variance 1, input 0, 10: opset 9: -0.27 and 5.15 by the reference, 0 and 10 by the runtime; opset 15: 0 and
#         10; input 0, 1000: -0.32 and 6.01
#
# Why it matters: most exported networks of some years are of these opsets, and the reference evaluator is what an export is compared
# with. It disagrees with a right export, and it never says that it trains.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat > check.py << 'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")

def model(opset, operator, inputs, **attributes):
    node = helper.make_node(operator, list(inputs), ["y"], **attributes)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in inputs.items()]
    graph = helper.make_graph([node], "g", values, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def runtime(made, inputs):
    return onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)[0]


one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
answers = {}
for opset in (9, 15):
    for last in (10, 1000):
        inputs = {"x": np.array([[0], [last]], np.float32), "scale": one, "bias": zero, "mean": zero, "variance": one}
        made = model(opset, "BatchNormalization", inputs)
        answers[opset, last] = [y.ravel() for y in (runtime(made, inputs), ReferenceEvaluator(made).run(None, inputs)[0])]
        print(f"opset {opset}, input 0 and {last}: runtime {answers[opset, last][0]}, reference {answers[opset, last][1]}")

for (opset, last), (by_runtime, by_reference) in answers.items():
    assert np.allclose(by_runtime, [0, last], rtol=1e-4)
    if opset == 15:
        assert np.allclose(by_reference, [0, last], rtol=1e-4)
        continue
    batch = np.array([0, last], float)
    mean, variance = 0.1 * batch.mean(), 0.9 + 0.1 * batch.var()
    assert np.allclose(by_reference, (batch - mean) / np.sqrt(variance + 1e-5), rtol=1e-4), "the behaviour has changed"
PY
venv/bin/python check.py
