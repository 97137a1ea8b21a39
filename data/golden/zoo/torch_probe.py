"""PyTorch, tinygrad, and Keras 3 on the PyTorch backend."""

import os

os.environ["KERAS_BACKEND"] = "torch"
os.environ["DEV"] = "PYTHON"  # tinygrad's own interpreter: its other devices want a compiler

import numpy as np
import torch
from measure import main
from torch import nn


class PyTorch:
    library, package, call, argument = "PyTorch", "torch", "nn.BatchNorm1d, nn.BatchNorm2d", "momentum"

    def __init__(self, features, rank, value=None):
        kind = nn.BatchNorm1d if rank == 2 else nn.BatchNorm2d
        self.rank = rank
        self.layer = kind(features, **({} if value is None else {"momentum": value}))
        self.dtype = torch.float32

    def tensor(self, x):
        t = torch.tensor(x)
        return (t if self.rank == 2 else t.permute(0, 3, 1, 2)).to(self.dtype)

    def back(self, y):
        return (y if self.rank == 2 else y.permute(0, 2, 3, 1)).detach().float().numpy()

    def train_raw(self, x):
        return self.layer.train()(self.tensor(x))

    def train(self, x):
        return self.back(self.train_raw(x))

    def infer(self, x):
        return self.back(self.layer.eval()(self.tensor(x)))

    def statistics_raw(self):
        return self.layer.running_mean, self.layer.running_var

    def statistics(self):
        return tuple(v.float().numpy().copy() for v in self.statistics_raw())

    def plain(self, v):
        return v.float().numpy()

    def freeze(self):
        for p in self.layer.parameters():
            p.requires_grad_(False)
        return "requires_grad_(False)"

    @classmethod
    def low_precision(c):
        def make(module, data):
            layer = c(2, 2, 1.0)
            layer.layer.to(module)
            layer.dtype = data
            return layer

        for name in ("bfloat16", "float16"):
            kind = getattr(torch, name)
            yield f"{name} batch", lambda: make(torch.float32, kind)
            yield f"module in {name}", lambda: make(kind, kind)


class Tinygrad:
    library, package, call, argument = "tinygrad", "tinygrad", "nn.BatchNorm", "momentum"

    def __init__(self, features, rank, value=None):
        from tinygrad import nn as tiny

        self.rank = rank
        self.layer = tiny.BatchNorm(features, **({} if value is None else {"momentum": value}))
        self.dtype = "float32"

    def tensor(self, x):
        from tinygrad import Tensor

        t = Tensor(np.ascontiguousarray(x if self.rank == 2 else x.transpose(0, 3, 1, 2)))
        return t.cast(self.dtype)

    def back(self, y):
        y = y.float().numpy()
        return y if self.rank == 2 else y.transpose(0, 2, 3, 1)

    def run(self, x, training):
        from tinygrad.helpers import Context

        with Context(TRAINING=int(training)):
            return self.layer(self.tensor(x)).realize()

    def train_raw(self, x):
        y = self.run(x, True)
        self.layer.running_mean.realize(), self.layer.running_var.realize()
        return y

    def train(self, x):
        return self.back(self.train_raw(x))

    def infer(self, x):
        return self.back(self.run(x, False))

    def statistics_raw(self):
        return self.layer.running_mean, self.layer.running_var

    def statistics(self):
        return tuple(v.float().numpy().copy() for v in self.statistics_raw())

    def plain(self, v):
        return v.float().numpy()

    @classmethod
    def low_precision(c):
        def make(name):
            layer = c(2, 2, 1.0)
            layer.dtype = name
            return layer

        for name in ("bfloat16", "float16"):
            yield f"{name} batch", lambda: make(name)


if __name__ == "__main__":
    from keras_probe import keras_on

    torch.manual_seed(1)
    main(PyTorch, Tinygrad, keras_on("torch"))
