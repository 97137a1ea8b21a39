#!/usr/bin/env bash
# paddlepaddle 3.3.1 (CPU, PyPI)
#
# What surprises: in training mode a batch norm layer given a batch of one returns its input as it is: nothing is normalized,
# and weight and bias are not applied either. Their gradients are 0, the statistics do not move, and there is no error.
#
# Seen:   weight 5, bias 7, input [1, 10]: output [1, 10], gradients of weight and bias 0, variance still 1;
#         with a second row: output 2 to 12
#
# Why it matters: the last, smaller batch of an epoch may hold one example. Elsewhere that is an error (PyTorch) or gives the
# bias (Keras, Flax); here one batch goes through another network than all the others do.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check paddlepaddle==3.3.1

cat > check.py << 'PY'
import numpy as np
import paddle

print(f"paddlepaddle {paddle.__version__}")
norm = paddle.nn.BatchNorm1D(2, momentum=0.0)  # new statistics = those of the batch
norm.weight.set_value(paddle.full([2], 5.0))
norm.bias.set_value(paddle.full([2], 7.0))
norm.train()

x = paddle.to_tensor([[1.0, 10.0]], stop_gradient=False)
y = norm(x)
y.sum().backward()
gradients = [norm.weight.grad.numpy(), norm.bias.grad.numpy()]
print("one row:", y.numpy(), "gradients of weight and bias:", *gradients, "variance:", norm._variance.numpy())
assert np.array_equal(y.numpy(), [[1, 10]]), "the output is not the input: the behaviour has changed"
assert not np.any(gradients), "weight or bias has a gradient: the behaviour has changed"
assert np.array_equal(norm._variance.numpy(), [1, 1]), "the statistics move: the behaviour has changed"

two = norm(paddle.to_tensor([[1.0, 10.0], [3.0, 30.0]])).numpy()
print("two rows:", two.tolist())
assert np.allclose(two, [[2, 2], [12, 12]], atol=1e-3), "two rows are not normalized"
PY
venv/bin/python check.py 2> messages || { cat messages >&2; exit 1; }
