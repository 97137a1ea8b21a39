#!/usr/bin/env bash
# onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: GRU and LSTM in the reference evaluator compute what they can and leave out the rest without a word. `activations` is
# ignored (the gates are always sigmoid and tanh), `clip` is ignored, and so is the input `sequence_lens`: a shorter sequence of a batch
# runs on through its padding. The runtime follows all three.
#
# Seen:   three steps of input 2, weights 1 and 0.5: GRU with Relu 0.611 by the runtime, 0.294 by the reference (as with tanh); LSTM with
#         clip 0.1 0.049 and 0.905; GRU with length 1 0.115 and 0.294
#
# Why it matters: a recurrent layer exported with other activations, or with lengths, runs in the evaluator and disagrees with the
# runtime. The doubt falls on the export, which is right.
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


def last_state(operator, lengths=None, **attributes):
    gates = {"GRU": 3, "LSTM": 4}[operator]
    x = np.full((3, 1, 1), 2, np.float32)
    weights = {"w": np.ones((1, gates, 1), np.float32), "r": np.full((1, gates, 1), 0.5, np.float32)}
    inputs = {"x": x, **weights}
    if lengths is not None:
        inputs |= {"b": np.zeros((1, 2 * gates), np.float32), "lengths": np.array(lengths, np.int32)}
    outputs = ("all", "last")
    return [float(each[1].squeeze()) for each in answers(operator, inputs, outputs, hidden_size=1, **attributes)]


plain = {operator: last_state(operator) for operator in ("GRU", "LSTM")}
cases = {
    "activations": ("GRU", dict(activations=["Sigmoid", "Relu"])),
    "clip": ("LSTM", dict(clip=0.1)),
    "lengths": ("GRU", dict(lengths=[1])),
}
print("plain: runtime and reference", plain)
for operator in plain:
    assert np.isclose(*plain[operator], rtol=1e-4)
for name, (operator, options) in cases.items():
    by_runtime, by_reference = last_state(operator, **options)
    print(f"{operator} with {name}: runtime {by_runtime:.4f}, reference {by_reference:.4f}, plain {plain[operator][1]:.4f}")
    assert abs(by_runtime - plain[operator][0]) > 0.02
    assert np.isclose(by_reference, plain[operator][1], rtol=1e-4), f"{name} makes a difference: the behaviour has changed"
PY
venv/bin/python check.py
