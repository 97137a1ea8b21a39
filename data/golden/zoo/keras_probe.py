"""Keras 3 on whichever backend KERAS_BACKEND names, once it is installed beside it."""

import keras
import numpy as np


class Keras:
    library, package, argument = "Keras 3", "keras", "momentum"

    def __init__(self, features, rank, value=None, dtype=None):
        self.layer = keras.layers.BatchNormalization(dtype=dtype, **({} if value is None else {"momentum": value}))
        self.layer.build((None, features) if rank == 2 else (None, None, None, features))

    def plain(self, v):
        return keras.ops.convert_to_numpy(keras.ops.cast(v, "float32"))

    def train_raw(self, x):
        return self.layer(keras.ops.convert_to_tensor(x), training=True)

    def train(self, x):
        return self.plain(self.train_raw(x))

    def infer(self, x):
        return self.plain(self.layer(keras.ops.convert_to_tensor(x), training=False))

    def statistics_raw(self):
        return self.layer.moving_mean, self.layer.moving_variance

    def statistics(self):
        return tuple(np.array(self.plain(v)) for v in self.statistics_raw())

    def freeze(self):
        self.layer.trainable = False
        return "trainable = False"

    @classmethod
    def low_precision(c):
        for policy in ("mixed_bfloat16", "mixed_float16", "bfloat16", "float16"):
            yield f"policy {policy}", lambda: c(2, 2, 0.0, policy)


def keras_on(backend):
    assert keras.backend.backend() == backend
    return type("Keras", (Keras,), {"call": f"layers.BatchNormalization, backend {backend}"})
