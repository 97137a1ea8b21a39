"""The benchmark's steps in JAX: one jit per step, and a scan over steps inside one jit."""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from protocol import EXAMPLES, PICTURES, serve

generator = np.random.default_rng(1)
if PICTURES:
    X = jnp.asarray(generator.integers(0, 256, (EXAMPLES, 784), dtype=np.uint8))
else:
    X = jnp.asarray(generator.random((EXAMPLES, 784), dtype=np.float32))
Y = jnp.asarray(generator.integers(0, 10, EXAMPLES))
SCAN = {"dense": 200, "wide": 10, "conv": 10}


def batch_of(rows):
    return X[rows].astype(jnp.float32) / 255 if PICTURES else X[rows]


def initial(case):
    if "sizes" in case:
        sizes = case["sizes"]
        shapes = list(zip(sizes[:-1], sizes[1:]))
    else:
        channels = case["channels"]
        shapes = [(3, 3, n, m) for n, m in zip(channels[:-1], channels[1:])] + [(channels[-1], 10)]
    normal = lambda shape: jnp.asarray(generator.normal(0, (2 / np.prod(shape[:-1])) ** 0.5, shape), jnp.float32)
    widths = [shape[-1] for shape in shapes[:-1]]
    parameters = dict(
        w=[normal(s) for s in shapes],
        gamma=[jnp.ones(d) for d in widths],
        beta=[jnp.zeros(d) for d in widths],
        bias=jnp.zeros(10),
    )
    moving = dict(mean=[jnp.zeros(d) for d in widths], variance=[jnp.ones(d) for d in widths])
    return parameters, moving


def step_of(case):
    dense = "sizes" in case

    def loss_of(parameters, moving, x, y):
        h = x if dense else x.reshape(-1, 28, 28, 1)
        axes = (0,) if dense else (0, 1, 2)
        means, variances = [], []
        for i, w in enumerate(parameters["w"][:-1]):
            if dense:
                h = h @ w
            else:
                stride = 2 if i % 2 else 1
                h = lax.conv_general_dilated(h, w, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            mean, variance = h.mean(axes), h.var(axes)
            means.append(0.9 * moving["mean"][i] + 0.1 * mean)
            variances.append(0.9 * moving["variance"][i] + 0.1 * variance)
            h = (h - mean) * lax.rsqrt(variance + 1e-5) * parameters["gamma"][i] + parameters["beta"][i]
            h = jax.nn.sigmoid(h) if dense else jax.nn.relu(h)
        if not dense:
            h = h.mean((1, 2))
        logits = h @ parameters["w"][-1] + parameters["bias"]
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1)
        return -chosen.mean(), dict(mean=means, variance=variances)

    def step(state, rows):
        parameters, moving = state
        (loss, moving), gradients = jax.value_and_grad(loss_of, has_aux=True)(
            parameters, moving, batch_of(rows), Y[rows]
        )
        parameters = jax.tree.map(lambda p, g: p - 0.1 * g, parameters, gradients)
        return (parameters, moving), loss

    return step


def per_step(_, case):
    step = jax.jit(step_of(case), donate_argnums=0)
    state = initial(case)

    def run(steps):
        nonlocal state
        rows = generator.integers(0, EXAMPLES, (steps, case["batch"]), dtype=np.int32)
        losses = []
        for s in range(steps):
            state, loss = step(state, rows[s])
            losses.append(loss)
        jax.block_until_ready((state, losses))

    return run


def scanned(name, case):
    step = step_of(case)
    many = jax.jit(lambda state, rows: lax.scan(step, state, rows), donate_argnums=0)
    state = initial(case)
    length = SCAN[name]

    def run(steps):
        nonlocal state
        rows = generator.integers(0, EXAMPLES, (steps // length, length, case["batch"]), dtype=np.int32)
        losses = []
        for s in range(steps // length):
            state, loss = many(state, rows[s])
            losses.append(loss)
        jax.block_until_ready((state, losses))

    return run


def products(_, case):
    """Nothing but the matrix products of a step, as in worker.ts; the gradients' memory goes from step to step."""
    sizes, batch = case["sizes"], case["batch"]
    normal = lambda n, m: jnp.asarray(generator.normal(0, n**-0.5, (n, m)), jnp.float32)
    weights = [normal(n, m) for n, m in zip(sizes[:-1], sizes[1:])]
    gradients = [jnp.zeros_like(w) for w in weights]

    def step(gradients, weights, rows):
        layers = [X[rows]]
        for w in weights:
            layers.append(layers[-1] @ w)
        back, gradients = layers[-1], []
        for i in reversed(range(len(weights))):
            gradients.insert(0, layers[i].T @ back)
            if i:
                back = back @ weights[i].T
        return gradients

    step = jax.jit(step, donate_argnums=0, keep_unused=True)

    def run(steps):
        nonlocal gradients
        rows = generator.integers(0, EXAMPLES, (steps, batch), dtype=np.int32)
        for s in range(steps):
            gradients = step(gradients, weights, rows[s])
        jax.block_until_ready(gradients)

    return run


serve({"name": "JAX", "version": jax.__version__}, {"jit": per_step, "scan": scanned, "products": products})
