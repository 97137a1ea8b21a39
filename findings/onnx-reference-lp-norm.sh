#!/usr/bin/env bash
# onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: LpNormalization with p=1 in the reference evaluator divides by the sum of the values, not of their absolute values.
# Where signs differ the result has not norm 1; where the sum is negative every sign turns; where the values cancel it is 0 throughout.
# ReduceL1 in the same evaluator takes absolute values, and the runtime is right in both.
#
# Seen:   of 3, -1: runtime 0.75, -0.25; reference 1.5, -0.5. Of 1, -3: runtime 0.25, -0.75; reference -0.5, 1.5. Of 2, -2: reference 0, 0
#
# Why it matters: on positive values, such as probabilities, all agree, so that a test of an export passes until a sign differs.
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


x = np.array([[3, -1], [1, -3], [2, -2], [3, 1]], np.float32)
made = model(22, "LpNormalization", {"x": x}, p=1, axis=1)
by_runtime, by_reference = runtime(made, {"x": x}), ReferenceEvaluator(made).run(None, {"x": x})[0]
for row, right, seen in zip(x, by_runtime, by_reference):
    print(f"{row}: runtime {right}, reference {seen}")
assert np.allclose(by_runtime, x / np.abs(x).sum(1, keepdims=True))
assert np.allclose(by_reference[3], by_runtime[3])
assert np.allclose(by_reference[:2], [[1.5, -0.5], [-0.5, 1.5]]) and not by_reference[2].any(), "the behaviour has changed"
PY
venv/bin/python check.py
