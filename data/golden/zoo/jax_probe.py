"""Flax (linen and nnx), Haiku, Equinox in both modes, and Keras 3 on the JAX backend."""

import os
import warnings

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
warnings.filterwarnings("ignore", message="When `eqx.nn.BatchNorm")

import equinox as eqx
import flax.linen
import flax.nnx
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
from measure import main

LOW = ("bfloat16", "float16")


class Jax:
    """What the four have in common: arrays in, arrays out, images with the channels last."""

    dtype = jnp.float32

    def plain(self, v):
        return np.asarray(v, np.float32)

    def train(self, x):
        return self.plain(self.train_raw(x))

    def infer(self, x):
        return self.plain(self.infer_raw(x))

    def statistics(self):
        return tuple(np.array(self.plain(v)) for v in self.statistics_raw())

    @classmethod
    def low_precision(c):
        def make(name, **given):
            layer = c(2, 2, 0.0, **given)
            layer.dtype = jnp.dtype(name)
            return layer

        for name in LOW:
            yield f"{name} batch", lambda: make(name)


class Linen(Jax):
    library, package, call, argument = "Flax linen", "flax", "linen.BatchNorm", "momentum"

    def __init__(self, features, rank, value=None, **given):
        given |= {} if value is None else {"momentum": value}
        self.layer = flax.linen.BatchNorm(**given)
        shape = (1, features) if rank == 2 else (1, 1, 1, features)
        self.state = self.layer.init(jax.random.key(0), jnp.zeros(shape), use_running_average=True)

    def train_raw(self, x):
        x = jnp.asarray(x, self.dtype)
        y, new = self.layer.apply(self.state, x, use_running_average=False, mutable=["batch_stats"])
        self.state = {**self.state, **new}
        return y

    def infer_raw(self, x):
        return self.layer.apply(self.state, jnp.asarray(x, self.dtype), use_running_average=True)

    def statistics_raw(self):
        return self.state["batch_stats"]["mean"], self.state["batch_stats"]["var"]

    @classmethod
    def low_precision(c):
        yield from super().low_precision()
        yield "param_dtype bfloat16", lambda: c(2, 2, 0.0, param_dtype=jnp.bfloat16)


class Nnx(Jax):
    library, package, call, argument = "Flax nnx", "flax", "nnx.BatchNorm", "momentum"

    def __init__(self, features, rank, value=None):
        given = {} if value is None else {"momentum": value}
        self.layer = flax.nnx.BatchNorm(features, rngs=flax.nnx.Rngs(0), **given)

    def train_raw(self, x):
        return self.layer(jnp.asarray(x, self.dtype), use_running_average=False)

    def infer_raw(self, x):
        return self.layer(jnp.asarray(x, self.dtype), use_running_average=True)

    def statistics_raw(self):
        return self.layer.mean[...], self.layer.var[...]


class Haiku(Jax):
    library, package, call, argument = "Haiku", "dm-haiku", "BatchNorm", "decay_rate"
    value = 0.9  # it has no default

    def __init__(self, features, rank, value=None):
        f = lambda x, training: hk.BatchNorm(True, True, value)(x, is_training=training)
        self.layer = hk.transform_with_state(f)
        shape = (1, features) if rank == 2 else (1, 1, 1, features)
        self.started = None
        self.shape = shape

    def start(self):
        if self.started is None:
            self.started, self.state = self.layer.init(None, jnp.zeros(self.shape, self.dtype), True)

    def run(self, x, training):
        self.start()
        y, state = self.layer.apply(self.started, self.state, None, jnp.asarray(x, self.dtype), training)
        self.state = state if training else self.state
        return y

    def train_raw(self, x):
        return self.run(x, True)

    def infer_raw(self, x):
        return self.run(x, False)

    def statistics_raw(self):
        self.start()
        return tuple(self.state[f"batch_norm/~/{name}_ema"]["average"].ravel() for name in ("mean", "var"))

    @classmethod
    def notes(c):
        layer = c(2, 2, 0.9)
        _, state = layer.layer.init(None, jnp.asarray([[1.0, 10], [2, 20], [3, 40], [6, 90]]), True)
        average = [state[f"batch_norm/~/{n}_ema"]["average"].ravel().tolist() for n in ("mean", "var")]
        return {"averages after init with a batch of mean 3 and 40": average}


class Equinox(Jax):
    library, package, argument = "Equinox", "equinox", "momentum"
    mode = {}

    def __init__(self, features, rank, value=None):
        given = {} if value is None else {"momentum": value}
        self.layer, self.state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(features, axis_name="b", **self.mode, **given)

    def run(self, x, inference):
        x = jnp.asarray(x if x.ndim == 2 else x.transpose(0, 3, 1, 2), self.dtype)
        f = lambda one, state: self.layer(one, state, inference=inference)
        y, state = jax.vmap(f, axis_name="b", in_axes=(0, None), out_axes=(0, None))(x, self.state)
        self.state = self.state if inference else state
        return y if y.ndim == 2 else y.transpose(0, 2, 3, 1)

    def train_raw(self, x):
        return self.run(x, False)

    def infer_raw(self, x):
        return self.run(x, True)


class EquinoxDefault(Equinox):
    call = 'nn.BatchNorm, the default mode ("ema")'

    def statistics_raw(self):
        return self.state.get(self.layer.ema_state_index)


class EquinoxBatch(Equinox):
    call, mode = 'nn.BatchNorm(mode="batch")', {"mode": "batch"}

    def statistics_raw(self):
        """What inference divides by: it computes them from what is stored, each time."""
        count = self.state.get(self.layer.batch_counter)
        weight = jnp.where(count == 0, 1, 1 - self.layer.momentum**count)
        return tuple(v / weight for v in self.state.get(self.layer.batch_state_index))


if __name__ == "__main__":
    from keras_probe import keras_on

    main(Linen, Nnx, Haiku, EquinoxDefault, EquinoxBatch, keras_on("jax"))
