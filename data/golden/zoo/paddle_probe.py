"""PaddlePaddle."""

import numpy as np
import paddle
from measure import main


class Paddle:
    library, package, call, argument = "PaddlePaddle", "paddlepaddle", "nn.BatchNorm1D, nn.BatchNorm2D", "momentum"

    def __init__(self, features, rank, value=None):
        kind = paddle.nn.BatchNorm1D if rank == 2 else paddle.nn.BatchNorm2D
        self.rank, self.dtype = rank, "float32"
        self.layer = kind(features, **({} if value is None else {"momentum": value}))

    def run(self, x):
        x = np.ascontiguousarray(x if self.rank == 2 else x.transpose(0, 3, 1, 2))
        return self.layer(paddle.to_tensor(x).astype(self.dtype))

    def back(self, y):
        return y.numpy() if self.rank == 2 else y.numpy().transpose(0, 2, 3, 1)

    def train_raw(self, x):
        self.layer.train()
        return self.run(x)

    def train(self, x):
        return self.back(self.train_raw(x))

    def infer(self, x):
        self.layer.eval()
        return self.back(self.run(x))

    def plain(self, v):
        return v.astype("float32").numpy()

    def statistics_raw(self):
        return self.layer._mean, self.layer._variance

    def statistics(self):
        return tuple(np.array(self.plain(v)) for v in self.statistics_raw())

    def freeze(self):
        for p in self.layer.parameters():
            p.stop_gradient = True
        return "stop_gradient = True"

    @classmethod
    def low_precision(c):
        def make(name):
            layer = c(2, 2, 0.0)
            layer.dtype = name
            return layer

        for name in ("bfloat16", "float16"):
            yield f"{name} batch", lambda: make(name)


if __name__ == "__main__":
    main(Paddle)
