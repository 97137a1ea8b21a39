#!/usr/bin/env bash
# onnxruntime 1.32.0 (CPU) and onnx 1.23.2 (PyPI)
#
# What surprises: GroupNormalization (opset 21) has no kernel on the CPU: it is expanded to the function that the ONNX standard itself
# carries for it, and that takes the variance as the mean of squares minus the square of the mean. In float32 the digits cancel: an
# ordinary group with mean 100 and deviation 1 is wrong in the third digit, from mean 3,000 on it is NaN. LayerNormalization of the same
# numbers, in the same runtime, is right. The standard's function for MeanVarianceNormalization is written in the same way, under a
# comment that gives the other formula; there the runtime has a kernel of its own, and only the reference evaluator follows it to NaN.
#
# Seen:   largest error of GroupNormalization by mean (deviation 1): 0: 2e-7, 10: 3e-5, 100: 1e-3, 1,000: 0.1, 10,000: NaN
#         LayerNormalization at mean 10,000: 1e-3 (float32's own step there)
#         MeanVarianceNormalization at mean 10,000: right in onnxruntime, NaN in onnx's reference evaluator
#
# Why it matters: a trained network that is right in its own framework becomes NaN, or wrong in the third digit, once it is exported,
# and the reference evaluator, which one would ask who is right, agrees.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy

cat > check.py << 'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
noise = np.random.default_rng(0).normal(size=(2, 4, 8, 8))


def run(operator, opset, inputs, **attributes):
    """The answers of the runtime and of the reference evaluator."""
    node = helper.make_node(operator, list(inputs), ["y"], **attributes)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in inputs.items()]
    graph = helper.make_graph([node], "g", values, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0], ReferenceEvaluator(model).run(None, inputs)[0]


def normalized(x, shape, axes):
    """In float64."""
    x = x.astype(float).reshape(shape)
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)


def per_channel(n):
    return {"s": np.ones(n, np.float32), "b": np.zeros(n, np.float32)}


with np.errstate(all="ignore"):
    errors = {}
    for mean in (0, 10, 100, 1_000, 10_000):
        x = (mean + noise).astype(np.float32)
        answers = run("GroupNormalization", 21, {"x": x, **per_channel(4)}, num_groups=2, epsilon=1e-5)
        right = normalized(x, (2, 2, -1), 2).reshape(x.shape)
        errors[mean] = [float(np.abs(y - right).max()) for y in answers]
        print(f"GroupNormalization, mean {mean}: largest error {errors[mean][0]:.1e}, reference evaluator {errors[mean][1]:.1e}")
    layer = run("LayerNormalization", 17, {"x": x, **per_channel(8)}, epsilon=1e-5)[0]
    layer_error = float(np.abs(layer - normalized(x, x.shape, 3)).max())
    print(f"LayerNormalization, mean 10000: largest error {layer_error:.1e}")
    runtime, reference = run("MeanVarianceNormalization", 13, {"x": x})
    print(f"MeanVarianceNormalization, mean 10000: deviation {runtime.std():.4f}, reference evaluator {reference.std():.4f}")

assert errors[0][0] < 1e-6 and layer_error < 1e-2 and abs(runtime.std() - 1) < 1e-3
assert errors[100][0] > 1e-4, "mean 100 is right: the behaviour has changed"
assert all(np.isnan(error) for error in errors[10_000]), "no NaN in GroupNormalization: the behaviour has changed"
assert np.isnan(reference.std()), "no NaN in the reference evaluator: the behaviour has changed"
PY
venv/bin/python check.py
