"""MXNet (Gluon)."""

import numpy as np
from measure import main
from mxnet import autograd, gluon, nd


class MXNet:
    library, package, call, argument = "MXNet", "mxnet", "gluon.nn.BatchNorm", "momentum"

    def __init__(self, features, rank, value=None):
        self.layer = gluon.nn.BatchNorm(axis=1, **({} if value is None else {"momentum": value}))
        self.layer.initialize()
        self.rank, self.dtype = rank, "float32"
        # The shapes are settled at the first call, and by inference no statistics move.
        self.infer(np.zeros((1, features) if rank == 2 else (1, 1, 1, features), np.float32))

    def tensor(self, x):
        return nd.array(x if self.rank == 2 else x.transpose(0, 3, 1, 2), dtype="float32").astype(self.dtype)

    def back(self, y):
        y = y.astype("float32").asnumpy()
        return y if self.rank == 2 else y.transpose(0, 2, 3, 1)

    def train_raw(self, x):
        x = self.tensor(x)
        x.attach_grad()  # something to differentiate, also where the layer is frozen
        with autograd.record():
            y = self.layer(x)
        y.backward()  # the statistics move here
        nd.waitall()
        return y

    def train(self, x):
        return self.back(self.train_raw(x))

    def infer(self, x):
        return self.back(self.layer(self.tensor(x)))

    def plain(self, v):
        return v.astype("float32").asnumpy()

    def statistics_raw(self):
        return self.layer.running_mean.data(), self.layer.running_var.data()

    def statistics(self):
        return tuple(np.array(self.plain(v)) for v in self.statistics_raw())

    def freeze(self):
        for p in self.layer.collect_params().values():
            p.grad_req = "null"
        return "grad_req = 'null'"

    @classmethod
    def low_precision(c):
        def make():
            layer = c(2, 2, 0.0)
            layer.layer.cast("float16")
            layer.dtype = "float16"
            return layer

        yield "layer and batch in float16", make


if __name__ == "__main__":
    main(MXNet)
