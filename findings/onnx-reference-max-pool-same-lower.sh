#!/usr/bin/env bash
# onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: MaxPool with auto_pad SAME_LOWER in the reference evaluator drops the first window, the one that reaches over the lower
# edge: the result is smaller than the standard's ceil(input / stride). SAME_UPPER is right, and AveragePool is right with both.
#
# Seen:   1 to 5 by windows of 2, step 2: SAME_LOWER: runtime 1, 3, 5, reference 3, 5; SAME_UPPER: 2, 4, 5 by both
#
# Why it matters: what is at a place of the result moves by one window, and the shape is not the one that shape inference gives for the
# same node.
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
KINDS = {"float32": TensorProto.FLOAT, "int32": TensorProto.INT32, "int64": TensorProto.INT64}

def answers(operator, inputs, outputs=("y",), **attributes):
    """All outputs by the runtime, and all by the reference evaluator."""
    node = helper.make_node(operator, list(inputs), list(outputs), **attributes)
    values = [helper.make_tensor_value_info(name, KINDS[str(x.dtype)], x.shape) for name, x in inputs.items() if name]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph([node], "g", values, results)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    given = {name: x for name, x in inputs.items() if name}
    return session.run(None, given), ReferenceEvaluator(made).run(None, given)


x = np.arange(1, 6, dtype=np.float32).reshape(1, 1, 5)
seen = {}
for operator in ("MaxPool", "AveragePool"):
    for padding in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        pooled = answers(operator, {"x": x}, kernel_shape=[2], strides=[2], auto_pad=padding)
        seen[operator, padding] = [each[0].ravel().tolist() for each in pooled]
        print(operator, padding, "runtime", seen[operator, padding][0], "reference", seen[operator, padding][1])
for case, (by_runtime, by_reference) in seen.items():
    if case != ("MaxPool", "SAME_LOWER"):
        assert by_runtime == by_reference
assert seen["MaxPool", "SAME_LOWER"][0] == [1, 3, 5]
assert seen["MaxPool", "SAME_LOWER"][1] == [3, 5], "the first window is there: the behaviour has changed"
PY
venv/bin/python check.py
