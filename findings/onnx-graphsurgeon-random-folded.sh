#!/usr/bin/env bash
# onnx-graphsurgeon 0.6.1, with onnx 1.23.2 and onnxruntime 1.32.0 (CPU, PyPI)
#
# What surprises: `fold_constants` computes a node when all its inputs are constants. RandomNormal and RandomUniform have no inputs, so all of
# them are: they are drawn once, and the draw is stored. So is a Bernoulli or Multinomial with constant probabilities.
#
# Seen:   of five runs of RandomNormal added to x before: five noises; after: one. onnxslim 0.1.98, which carries a copy, does the same
#
# Why it matters: a sampler gives one and the same sample, a noise layer is a bias of unit size, and a test of one run sees a normal sample.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnx-graphsurgeon==0.6.1 onnx==1.23.2 onnxruntime==1.32.0 numpy

cat > check.py << 'PY'
import numpy as np
import onnx_graphsurgeon
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

print(f"onnx-graphsurgeon {onnx_graphsurgeon.__version__}, onnxruntime {onnxruntime.__version__}")
x = np.zeros((8, 8), np.float32)
draws = {
    "RandomNormal": ([], {"shape": [8, 8]}),
    "RandomUniform": ([], {"shape": [8, 8]}),
    "Bernoulli": (["p"], {}),
    "RandomNormalLike": (["x"], {}),
}


def noises(model):
    """How many different outputs five runs of one session have."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return len({session.run(None, {"x": x})[0].tobytes() for _ in range(5)})


seen = {}
for operator, (inputs, attributes) in draws.items():
    graph = helper.make_graph(
        [helper.make_node(operator, inputs, ["n"], **attributes), helper.make_node("Add", ["x", "n"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, x.shape)],
        [numpy_helper.from_array(np.full((8, 8), 0.5, np.float32), "p")] if inputs == ["p"] else [],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    folded = onnx_graphsurgeon.export_onnx(onnx_graphsurgeon.import_onnx(model).fold_constants().cleanup())
    seen[operator] = noises(model), noises(folded)
    print(f"{operator}: {seen[operator][0]} different outputs of five before, {seen[operator][1]} after")
assert all(before == 5 for before, _ in seen.values())
assert seen["RandomNormalLike"][1] == 5
assert all(seen[operator][1] == 1 for operator in ("RandomNormal", "RandomUniform", "Bernoulli")), "it still draws: the behaviour has changed"
PY
venv/bin/python check.py
