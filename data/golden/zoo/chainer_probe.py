"""Chainer."""

import chainer
import numpy as np
from measure import main


class Chainer:
    library, package, call, argument = "Chainer", "chainer", "links.BatchNormalization", "decay"

    def __init__(self, features, rank, value=None, dtype=None):
        given = {} if value is None else {"decay": value}
        self.layer = chainer.links.BatchNormalization(features, dtype=dtype, **given)
        self.rank, self.dtype = rank, np.float32

    def run(self, x, training):
        with chainer.using_config("train", training):
            x = np.ascontiguousarray(x if self.rank == 2 else x.transpose(0, 3, 1, 2))
            return self.layer(x.astype(self.dtype)).array

    def back(self, y):
        return (y if self.rank == 2 else y.transpose(0, 2, 3, 1)).astype(np.float32)

    def train_raw(self, x):
        return self.run(x, True)

    def train(self, x):
        return self.back(self.train_raw(x))

    def infer(self, x):
        return self.back(self.run(x, False))

    def plain(self, v):
        return np.asarray(v, np.float32)

    def statistics_raw(self):
        return self.layer.avg_mean, self.layer.avg_var

    def statistics(self):
        return tuple(np.array(self.plain(v)) for v in self.statistics_raw())

    def freeze(self):
        self.layer.disable_update()
        return "disable_update()"

    @classmethod
    def low_precision(c):
        def make(kind):
            layer = c(2, 2, 0.0, kind)
            layer.dtype = np.float16
            return layer

        yield "layer and batch in float16", lambda: make(np.float16)
        yield "mixed16", lambda: make(chainer.mixed16)


if __name__ == "__main__":
    main(Chainer)
