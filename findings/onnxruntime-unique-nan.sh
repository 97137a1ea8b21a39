#!/usr/bin/env bash
# onnxruntime 1.32.0 (CPU) and onnx 1.23.2 (PyPI)
#
# What surprises: Unique takes NaN for equal to a number that it meets. NaN is in no list of unique values, and its places are counted and
# indexed as those of that number. NumPy and the reference evaluator list NaN as a value of its own.
#
# Seen:   2, 1, 1, 3, NaN, NaN: values 1, 2, 3 with counts 4, 1, 1 (NumPy: 1, 2, 3, NaN with counts 2, 1, 1, 2)
#
# Why it matters: counts and the inverse index are used to group rows. What is missing is put silently into a group of what is there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6

cat > check.py << 'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

print(f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}")
x = np.array([2, 1, 1, 3, np.nan, np.nan], np.float32)
node = helper.make_node("Unique", ["x"], ["values", "first", "inverse", "counts"], sorted=1)
types = [TensorProto.FLOAT] + [TensorProto.INT64] * 3
outputs = [helper.make_tensor_value_info(name, kind, None) for name, kind in zip(node.output, types)]
graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)], outputs)
made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=10)
session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
values, _, inverse, counts = session.run(None, {"x": x})
right, right_counts = np.unique(x, return_counts=True)
print("values", values, "counts", counts, "inverse", inverse, " NumPy:", right, right_counts)
assert counts.sum() == len(x)
assert not np.isnan(values).any() and len(values) == 3, "NaN is a value: the behaviour has changed"
assert not np.isnan(values[inverse[4:]]).any() and counts.max() == 4, "NaN is not counted for a number: the behaviour has changed"
PY
venv/bin/python check.py
