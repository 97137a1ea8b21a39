#!/usr/bin/env bash
# onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: opset 13 changed the meaning of `axis` for Softmax, LogSoftmax and Hardmax (before: flattened at the axis to a matrix;
# since: along it). onnx.version_converter knows that in one direction, for two of the three: up from 11 Softmax is rewritten and Hardmax
# is passed through; down from 13 Softmax and LogSoftmax are passed through. Each time the numbers change silently.
#
# Seen:   shape [2, 3, 4], axis 1: Softmax 11 to 13 keeps its values; 13 to 11 goes from 1/3 to 1/12; Hardmax 11 to 13 from 2 ones to 8
#
# Why it matters: models are converted down for a runtime that is old. An attention or a map of classes whose axis is not the last then
# sums to 1 over the whole map.
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
from onnx import version_converter

print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")

def model(opset, operator, inputs, **attributes):
    node = helper.make_node(operator, list(inputs), ["y"], **attributes)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in inputs.items()]
    graph = helper.make_graph([node], "g", values, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def runtime(made, inputs):
    return onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)[0]


x = np.zeros((2, 3, 4), np.float32)
kept = {}
for operator, opset, to in (("Softmax", 11, 13), ("LogSoftmax", 11, 13), ("Hardmax", 11, 13), ("Softmax", 13, 11), ("LogSoftmax", 13, 11)):
    made = model(opset, operator, {"x": x}, axis=1)
    converted = version_converter.convert_version(made, to)
    onnx.checker.check_model(converted)
    before, after = (runtime(each, {"x": x}) for each in (made, converted))
    kept[operator, opset] = bool(np.allclose(before, after))
    print(f"{operator}, {opset} to {to}: {before.ravel()[:5]} becomes {after.ravel()[:5]}")

assert kept["Softmax", 11] and kept["LogSoftmax", 11]
assert not (kept["Hardmax", 11] or kept["Softmax", 13] or kept["LogSoftmax", 13]), "one is converted: the behaviour has changed"
PY
venv/bin/python check.py
