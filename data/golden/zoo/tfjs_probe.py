"""The layers of TensorFlow.js, which tfjs_server.cjs runs in Node; the folder of its packages is the only argument."""

import json
import os
import subprocess
import sys

import numpy as np
from measure import main

HERE = os.path.dirname(os.path.abspath(__file__))
server = subprocess.Popen(
    ["node", os.path.join(HERE, "tfjs_server.cjs")],
    env={**os.environ, "NODE_PATH": os.path.join(sys.argv[1], "node_modules")},
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    text=True,
)


def ask(what, **given):
    server.stdin.write(json.dumps({"ask": what, **given}) + "\n")
    server.stdin.flush()
    answer = json.loads(server.stdout.readline())
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer["value"]


class TensorFlowJs:
    library, package, call, argument = "TensorFlow.js", "@tensorflow/tfjs-layers", "layers.batchNormalization", "momentum"

    def __init__(self, features, rank, value=None):
        shape = [None, features] if rank == 2 else [None, 2, 2, features]
        TensorFlowJs.version = ask("make", shape=shape, momentum=value)

    def run(self, what, x):
        return np.array(ask(what, x=x.ravel().tolist(), shape=x.shape), np.float64).reshape(x.shape)

    def train(self, x):
        return self.run("train", x)

    def infer(self, x):
        return self.run("infer", x)

    def statistics(self):
        return tuple(np.array(v, np.float64) for v in ask("statistics"))

    def freeze(self):
        return ask("freeze")


if __name__ == "__main__":
    main(TensorFlowJs)
