"""MLX."""

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from measure import main


class MLX:
    library, package, call, argument = "MLX", "mlx", "nn.BatchNorm", "momentum"

    def __init__(self, features, rank, value=None):
        self.layer = nn.BatchNorm(features, **({} if value is None else {"momentum": value}))
        self.dtype = mx.float32

    def train_raw(self, x):
        self.layer.train()
        return self.layer(mx.array(x).astype(self.dtype))

    def train(self, x):
        return self.plain(self.train_raw(x))

    def infer(self, x):
        self.layer.eval()
        return self.plain(self.layer(mx.array(x).astype(self.dtype)))

    def plain(self, v):
        return np.array(v.astype(mx.float32))

    def statistics_raw(self):
        return self.layer.running_mean, self.layer.running_var

    def statistics(self):
        return tuple(self.plain(v) for v in self.statistics_raw())

    def freeze(self):
        self.layer.freeze()
        return "freeze()"

    @classmethod
    def low_precision(c):
        def make(kind):
            layer = c(2, 2, 1.0)
            layer.dtype = kind
            return layer

        for kind in (mx.bfloat16, mx.float16):
            yield f"{str(kind).split('.')[-1]} batch", lambda: make(kind)


if __name__ == "__main__":
    main(MLX)
