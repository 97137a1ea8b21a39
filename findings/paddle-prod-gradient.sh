#!/usr/bin/env bash
# paddlepaddle 3.3.1 (CPU, PyPI)
#
# What surprises: the gradient of paddle.prod at a 0 is NaN, since it is the product divided by the element. The right one is the product
# of the others. cumprod, whose last value is the same product, has it right.
#
# Seen:   of 2, 3, 0: prod: 0, 0, NaN; the last of cumprod: 0, 0, 6
#
# Why it matters: a product over masks or over probabilities, one of which is 0, is an ordinary 0 in the forward pass, and NaN for
# everything before it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check paddlepaddle==3.3.1 numpy==2.4.6

cat > check.py << 'PY'
import numpy as np
import paddle

print(f"paddlepaddle {paddle.__version__}")


def gradient(function, values):
    x = paddle.to_tensor(values, stop_gradient=False)
    return paddle.grad(function(x), x)[0].numpy()


last = lambda x: paddle.cumprod(x, 0)[-1]
for values in ([2.0, 3.0, 4.0], [2.0, 3.0, 0.0]):
    print(values, "prod", gradient(paddle.prod, values), "last of cumprod", gradient(last, values))
assert np.allclose(gradient(paddle.prod, [2.0, 3.0, 4.0]), [12, 8, 6])
assert np.allclose(gradient(last, [2.0, 3.0, 0.0]), [0, 0, 6])
assert np.isnan(gradient(paddle.prod, [2.0, 3.0, 0.0])[2]), "it is not NaN: the behaviour has changed"
PY
venv/bin/python check.py
