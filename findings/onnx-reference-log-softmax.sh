#!/usr/bin/env bash
# onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: LogSoftmax and SoftmaxCrossEntropyLoss in the reference evaluator take the softmax first and its logarithm then, in
# float32. As soon as a class lies about 104 below the largest logit its probability is 0 and the logarithm infinite: what the operator
# exists to avoid.
#
# Seen:   logits 0 and 50, 90, 110, class 0: loss 50, 90, infinite; the runtime: 50, 90, 110
#
# Why it matters: a network that is sure and wrong about one example makes the loss of the whole batch infinite, where the runtime gives
# 110.
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


seen = {}
with np.errstate(divide="ignore"):
    for largest in (50, 90, 110, 500):
        x = np.array([[0, largest]], np.float32)
        losses = answers("SoftmaxCrossEntropyLoss", {"x": x, "class": np.array([0], np.int64)})
        logarithms = answers("LogSoftmax", {"x": x}, axis=1)
        seen[largest] = [float(each[0]) for each in losses] + [-float(each[0][0, 0]) for each in logarithms]
        print(f"0 and {largest}: loss by runtime {seen[largest][0]}, reference {seen[largest][1]}; by LogSoftmax {seen[largest][2:]}")
for largest, (loss, loss_by_reference, logarithm, logarithm_by_reference) in seen.items():
    assert np.allclose([loss, logarithm], largest)
    for by_reference in (loss_by_reference, logarithm_by_reference):
        if largest < 100:
            assert np.isclose(by_reference, largest, rtol=1e-2)
        else:
            assert np.isinf(by_reference), "it is finite: the behaviour has changed"
PY
venv/bin/python check.py
