"""MindSpore."""

import mindspore
import numpy as np
from measure import main
from mindspore import Tensor, nn


class MindSpore:
    library, package, call, argument = "MindSpore", "mindspore", "nn.BatchNorm1d, nn.BatchNorm2d", "momentum"

    def __init__(self, features, rank, value=None):
        kind = nn.BatchNorm1d if rank == 2 else nn.BatchNorm2d
        self.layer = kind(features, **({} if value is None else {"momentum": value}))
        self.rank, self.dtype = rank, mindspore.float32

    def run(self, x, training):
        self.layer.set_train(training)
        x = np.ascontiguousarray(x if self.rank == 2 else x.transpose(0, 3, 1, 2))
        return self.layer(Tensor(x).astype(self.dtype))

    def back(self, y):
        return self.plain(y) if self.rank == 2 else self.plain(y).transpose(0, 2, 3, 1)

    def train_raw(self, x):
        return self.run(x, True)

    def train(self, x):
        return self.back(self.train_raw(x))

    def infer(self, x):
        return self.back(self.run(x, False))

    def plain(self, v):
        return v.astype(mindspore.float32).asnumpy()

    def statistics_raw(self):
        return self.layer.moving_mean.value(), self.layer.moving_variance.value()

    def statistics(self):
        return tuple(np.array(self.plain(v)) for v in self.statistics_raw())

    def freeze(self):
        for p in self.layer.get_parameters():
            p.requires_grad = False
        return "requires_grad = False"

    @classmethod
    def low_precision(c):
        def make():
            layer = c(2, 2, 0.0)
            layer.dtype = mindspore.float16
            return layer

        yield "float16 batch", make


if __name__ == "__main__":
    main(MindSpore)
