#!/usr/bin/env bash
# onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: up to opset 12 Softmax flattens its input to a matrix at `axis` and takes the softmax over everything behind it; from
# opset 13 on it takes it along that axis alone. The reference evaluator has the new meaning only, and gives it to nodes of the old
# opsets. The two agree only where the axis is the last one. LogSoftmax and Hardmax are the same.
#
# Seen:   zeros of shape [2, 3, 4], axis 1, opset 11: 1/12 by the standard and the runtime, 1/3 by the reference evaluator
#
# Why it matters: the default axis was 1 in those opsets, so any input of more than two dimensions without the attribute is concerned. The
# evaluator accepts the opset, so that nothing says that the answer is that of another operator.
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


x = np.zeros((2, 3, 4), np.float32)
for operator in ("Softmax", "LogSoftmax", "Hardmax"):
    seen = {}
    for opset in (11, 13):
        made = model(opset, operator, {"x": x}, axis=1)
        answers = runtime(made, {"x": x}), ReferenceEvaluator(made).run(None, {"x": x})[0]
        seen[opset] = [np.exp(y).ravel() if operator == "LogSoftmax" else y.ravel() for y in answers]
        print(f"{operator}, opset {opset}: runtime {seen[opset][0][:5]}, reference {seen[opset][1][:5]}")
    assert np.allclose(*seen[13]) and np.allclose(seen[11][0].sum(), 2), "opset 13, or the runtime"
    assert np.allclose(seen[11][1], seen[13][1]), "the reference evaluator tells opset 11 from 13: the behaviour has changed"
    assert not np.allclose(*seen[11]), "the reference evaluator agrees with the runtime: the behaviour has changed"
PY
venv/bin/python check.py
