"""ONNX: the operation in training mode, by ONNX Runtime and by the specification's own implementation."""

import numpy as np
import onnx
import onnxruntime
from measure import main
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


class Runtime:
    """The caller keeps the statistics and hands them back."""

    library, package, argument = "ONNX Runtime", "onnxruntime", "momentum"
    call = "BatchNormalization, opset 15, training_mode = 1"
    stateless = True

    def session(self, model):
        return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    def __init__(self, features, rank, value=None, kind=TensorProto.FLOAT):
        self.d, self.rank = features, rank
        self.mean, self.variance = np.zeros(features, np.float32), np.ones(features, np.float32)
        self.dtype = np.float32 if kind == TensorProto.FLOAT else np.float16
        self.sessions = [self.session(self.model(training, value, kind)) for training in (False, True)]

    def model(self, training, value, kind):
        inputs, outputs = ["x", "scale", "b", "mean", "variance"], ["y", "newMean", "newVariance"][: 3 if training else 1]
        given = {"training_mode": 1, **({} if value is None else {"momentum": value})} if training else {}
        node = helper.make_node("BatchNormalization", inputs, outputs, **given)
        of = lambda name, kind: helper.make_tensor_value_info(name, kind, None)
        types = [kind, kind, kind, TensorProto.FLOAT, TensorProto.FLOAT]
        graph = helper.make_graph([node], "norm", list(map(of, inputs, types)), list(map(of, outputs, [kind, *types[3:]])))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=9)

    def run(self, x, training):
        x = np.ascontiguousarray(x if self.rank == 2 else x.transpose(0, 3, 1, 2)).astype(self.dtype)
        ones, zeros = np.ones(self.d, self.dtype), np.zeros(self.d, self.dtype)
        feed = dict(x=x, scale=ones, b=zeros, mean=self.mean, variance=self.variance)
        return self.sessions[training].run(None, feed)

    def back(self, y):
        return (y if self.rank == 2 else y.transpose(0, 2, 3, 1)).astype(np.float32)

    def train_raw(self, x):
        y, self.mean, self.variance = self.run(x, True)
        return y

    def train(self, x):
        return self.back(self.train_raw(x))

    def infer(self, x):
        return self.back(self.run(x, False)[0])

    def plain(self, v):
        return np.asarray(v, np.float32)

    def statistics_raw(self):
        return self.mean, self.variance

    def statistics(self):
        return tuple(np.array(self.plain(v)) for v in self.statistics_raw())

    @classmethod
    def low_precision(c):
        yield "float16 batch", lambda: c(2, 2, 0.0, TensorProto.FLOAT16)


class Reference(Runtime):
    library, package, call = "ONNX reference", "onnx", "BatchNormalization, opset 15, training_mode = 1"

    def session(self, model):
        return ReferenceEvaluator(model)


if __name__ == "__main__":
    main(Runtime, Reference)
