"""Three small Keras 3 networks, trained, with their weights as .npz and .safetensors; the folder to write to is the only argument."""

import json
import os
import pathlib
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import safetensors.numpy
from keras import layers
from pictures import as_json, examples


def build():
    return keras.Sequential(
        [
            keras.Input((12, 8, 1)),
            layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(8, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(16),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dense(4),
        ]
    )


def build_each():
    """Normalizations of each example. Groups of channels over an image; the first LayerNormalization sees flattened images."""
    return keras.Sequential(
        [
            keras.Input((12, 8, 1)),
            layers.Conv2D(6, 3, strides=2, padding="same"),
            layers.GroupNormalization(3),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.LayerNormalization(),
            layers.Dense(16),
            layers.LayerNormalization(),
            layers.ReLU(),
            layers.Dense(4),
        ]
    )


def build_up():
    """A transposed convolution between other numbers of channels."""
    return keras.Sequential(
        [
            keras.Input((12, 8, 1)),
            layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2DTranspose(4, 3, strides=2, padding="same"),
            layers.GroupNormalization(2),
            layers.ReLU(),
            layers.MaxPooling2D(4),
            layers.Flatten(),
            layers.Dense(4),
        ]
    )


NETWORKS = {"keras": build, "keras-each": build_each, "keras-up": build_up}


def trained(name, build, target):
    keras.backend.clear_session()  # names are counted from the start, as in a program of its own
    keras.utils.set_random_seed(1)
    net = build()
    x, y = examples(640)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, metrics=["accuracy"])
    net.fit(x, y, batch_size=32, epochs=10, shuffle=False, verbose=0)
    shown, _ = examples(8, start=10000)
    logits = net(shown, training=False).numpy()
    accuracy = float(net.evaluate(x, y, verbose=0)[1])
    weights = {w.path: w.numpy() for w in net.weights}
    np.savez(target / f"{name}.npz", **weights)
    safetensors.numpy.save_file(weights, target / f"{name}.safetensors")
    return {"version": keras.__version__, "accuracy": accuracy, **as_json(shown, logits)}


def main():
    target = pathlib.Path(sys.argv[1])
    print(json.dumps({name: trained(name, build, target) for name, build in NETWORKS.items()}))


if __name__ == "__main__":
    main()
