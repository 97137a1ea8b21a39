#!/usr/bin/env bash
# onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: converting a model from opset 10 to 11 or later by onnx.version_converter moves every linearly resized image. Resize of
# opset 10 (and Upsample of opset 9) maps pixel i of the result to i / scale; opset 11 has an attribute for that, whose default is another
# rule, half a pixel off. The converter inserts the node without the attribute, so the converted model computes by the default.
#
# Seen:   0, 1, 2, 3 enlarged twice: opset 10: 0, 0.5, 1, 1.5, 2, 2.5, 3, 3; converted: 0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3
#
# Why it matters: the conversion succeeds, the checker passes, the shapes are the same. The network sees all its feature maps shifted by a
# quarter of a pixel, at every resizing once more. Mode `nearest` is unharmed here, so tests with it pass.
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


x, scales = np.arange(4, dtype=np.float32).reshape(1, 1, 1, 4), np.array([1, 1, 1, 2], np.float32)


def answers(operator, opset, mode):
    made = model(opset, operator, {"x": x, "scales": scales}, mode=mode)
    made.graph.input.pop()
    made.graph.initializer.append(onnx.numpy_helper.from_array(scales, "scales"))
    converted = version_converter.convert_version(made, 11)
    onnx.checker.check_model(converted)
    return [runtime(each, {"x": x}).ravel() for each in (made, converted)]


for operator, opset in (("Upsample", 9), ("Resize", 10)):
    before, after = answers(operator, opset, "linear")
    print(f"{operator} of opset {opset}: {before}; converted to 11: {after}")
    assert np.allclose(before, np.minimum(np.arange(8) / 2, 3))
    assert np.array_equal(*answers(operator, opset, "nearest"))
    assert np.allclose(after, np.clip(np.arange(8) / 2 - 0.25, 0, 3)), "the behaviour has changed"
PY
venv/bin/python check.py
