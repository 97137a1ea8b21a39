"""TensorFlow's fused kernel, Keras 3 on TensorFlow, Keras 2 (tf_keras) and Sonnet."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow as tf
from measure import main


class Kernel:
    """The caller keeps the statistics and hands them back; XLA compiles the same call in `Compiled`."""

    library, package, argument = "TensorFlow's kernel", "tensorflow-cpu", "exponential_avg_factor"
    call = "compat.v1.nn.fused_batch_norm, operation FusedBatchNormV3"
    compiled, stateless = False, True

    def __init__(self, features, rank, value=None):
        self.given = {} if value is None else {"exponential_avg_factor": value}
        self.rank, self.dtype = rank, tf.float32
        self.mean, self.variance = tf.zeros(features), tf.ones(features)

        def one(x, mean, variance, training):
            d = x.shape[-1]
            given = self.given if training else {}
            return tf.compat.v1.nn.fused_batch_norm(
                x, tf.ones(d), tf.zeros(d), mean, variance, is_training=training, **given
            )

        self.call_ = tf.function(one, jit_compile=True) if self.compiled else one

    def images(self, x):
        return tf.cast(tf.constant(x if x.ndim == 4 else x[:, None, None, :]), self.dtype)

    def train_raw(self, x):
        y, self.mean, self.variance = self.call_(self.images(x), self.mean, self.variance, True)
        return tf.reshape(y, x.shape)

    def train(self, x):
        return self.plain(self.train_raw(x))

    def infer(self, x):
        return self.plain(tf.reshape(self.call_(self.images(x), self.mean, self.variance, False)[0], x.shape))

    def plain(self, v):
        return tf.cast(v, tf.float32).numpy()

    def statistics_raw(self):
        return self.mean, self.variance

    def statistics(self):
        return tuple(np.array(self.plain(v)) for v in self.statistics_raw())

    @classmethod
    def low_precision(c):
        def make(name):
            layer = c(2, 2, 1.0)
            layer.dtype = tf.dtypes.as_dtype(name)
            return layer

        for name in ("bfloat16", "float16"):
            yield f"{name} batch", lambda: make(name)


class Compiled(Kernel):
    call, compiled = "the same, compiled by XLA", True


class Keras2:
    library, package, call, argument = "Keras 2", "tf_keras", "layers.BatchNormalization", "momentum"

    def __init__(self, features, rank, value=None, dtype=None):
        import tf_keras

        self.layer = tf_keras.layers.BatchNormalization(dtype=dtype, **({} if value is None else {"momentum": value}))
        self.layer.build((None, features) if rank == 2 else (None, None, None, features))

    def plain(self, v):
        return tf.cast(v, tf.float32).numpy()

    def train_raw(self, x):
        return self.layer(tf.constant(x), training=True)

    def train(self, x):
        return self.plain(self.train_raw(x))

    def infer(self, x):
        return self.plain(self.layer(tf.constant(x), training=False))

    def statistics_raw(self):
        return self.layer.moving_mean, self.layer.moving_variance

    def statistics(self):
        return tuple(np.array(self.plain(v)) for v in self.statistics_raw())

    def freeze(self):
        self.layer.trainable = False
        return "trainable = False"

    @classmethod
    def low_precision(c):
        import tf_keras

        for policy in ("mixed_bfloat16", "mixed_float16", "bfloat16", "float16"):
            yield f"policy {policy}", lambda: c(2, 2, 0.0, tf_keras.mixed_precision.Policy(policy))


class Sonnet:
    library, package, call, argument = "Sonnet", "dm-sonnet", "BatchNorm", "decay_rate"

    def __init__(self, features, rank, value=None):
        import sonnet

        self.layer = sonnet.BatchNorm(True, True, **({} if value is None else {"decay_rate": value}))

    def plain(self, v):
        return tf.cast(v, tf.float32).numpy()

    def train_raw(self, x):
        return self.layer(tf.constant(x), is_training=True)

    def train(self, x):
        return self.plain(self.train_raw(x))

    def infer(self, x):
        return self.plain(self.layer(tf.constant(x), is_training=False))

    def statistics_raw(self):
        return self.layer.moving_mean.value, self.layer.moving_variance.value

    def statistics(self):
        return tuple(np.array(self.plain(v)).ravel() for v in self.statistics_raw())


if __name__ == "__main__":
    from keras_probe import keras_on

    main(Kernel, Compiled, keras_on("tensorflow"), Keras2, Sonnet)
