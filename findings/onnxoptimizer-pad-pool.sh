#!/usr/bin/env bash
# onnxoptimizer 0.4.2, with onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: the pass `fuse_pad_into_pool`, which is among the default ones, takes padding by zeros for the padding of a pool. MaxPool
# pads by minus infinity: where all is negative the border was 0 and is negative now. AveragePool does not count its own padding by
# default; the pass has it count, so that a pool that had padding of its own divides by too much there.
#
# Seen:   max pool of a padded map of negative numbers: 0, 0, 0 at the border before, -1, -1.2, -1.8 after; average pool with padding of its
#         own, of a padded map of ones: 1/4 in the corner before, 1/9 after. onnxsim 0.8.1 leaves both alone
#
# Why it matters: networks from TensorFlow pad explicitly before they pool, and a leaky or shifted activation (batch norm without ReLU) is
# negative. Only the border is wrong, by little, and the shapes are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnxoptimizer==0.4.2 onnx==1.23.2 onnxruntime==1.32.0 numpy

cat > check.py << 'PY'
from importlib.metadata import version

import numpy as np
import onnxoptimizer
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

print(f"onnxoptimizer {version('onnxoptimizer')}, onnxruntime {onnxruntime.__version__}")


def run(model, x):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0][0, 0]


def padded_pool(operator, x, **attributes):
    """The pool of the padded x, as written and as optimized by the default passes."""
    graph = helper.make_graph(
        [
            helper.make_node("Pad", ["x", "pads"], ["p"]),
            helper.make_node(operator, ["p"], ["y"], kernel_shape=[3, 3], strides=[2, 2], **attributes),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1]), "pads")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    optimized = onnxoptimizer.optimize(model)
    assert [node.op_type for node in optimized.graph.node] == [operator], "the padding stays: the behaviour has changed"
    return run(model, x), run(optimized, x)


negative = -1 - np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4) / 5
before, after = padded_pool("MaxPool", negative)
print("MaxPool before:", before.tolist(), "after:", after.tolist())
assert before.max() == 0
assert after.max() < 0, "the border is 0: the behaviour has changed"

ones = np.ones((1, 1, 4, 4), np.float32)
before, after = padded_pool("AveragePool", ones, pads=[1, 1, 1, 1])
print("AveragePool before:", before.round(3).tolist(), "after:", after.round(3).tolist())
assert abs(before[0, 0] - 1 / 4) < 1e-6
assert abs(after[0, 0] - 1 / 9) < 1e-6, "the pool's own padding is not counted: the behaviour has changed"
before, after = padded_pool("AveragePool", ones)
assert np.allclose(before, after)
PY
venv/bin/python check.py
