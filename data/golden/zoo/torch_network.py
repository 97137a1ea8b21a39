"""Three small PyTorch networks, trained, with their weights as .safetensors and .npz; the folder to write to is the only argument."""

import json
import pathlib
import sys

import numpy as np
import safetensors.torch
import torch
from pictures import examples, as_json
from torch import nn


def build():
    """Padding on both sides and stride 2: what 'same' of TensorFlow does otherwise. Flattened images of 3 x 2, not square."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 3 * 2, 16),
        nn.BatchNorm1d(16),
        nn.ReLU(),
        nn.Linear(16, 4),
    )


def build_each():
    """Normalizations of each example. The first LayerNorm sees flattened images: its weights are in their order."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, stride=2, padding=1),
        nn.GroupNorm(3, 6),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.InstanceNorm2d(8, affine=True),
        nn.ReLU(),
        nn.Flatten(),
        nn.LayerNorm(8 * 3 * 2),
        nn.Linear(8 * 3 * 2, 16),
        nn.LayerNorm(16),
        nn.ReLU(),
        nn.Linear(16, 4),
    )


def build_up():
    """A transposed convolution between other numbers of channels, whose images PyTorch crops by its padding."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.ConvTranspose2d(6, 4, 4, stride=2, padding=1),
        nn.GroupNorm(2, 4),
        nn.ReLU(),
        nn.Conv2d(4, 3, 3, stride=4, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(3 * 3 * 2, 4),
    )


NETWORKS = {"pytorch": build, "pytorch-each": build_each, "pytorch-up": build_up}


def trained(name, build, target):
    torch.manual_seed(1)
    net = build()
    x, y = examples(640)
    x, y = torch.tensor(x).permute(0, 3, 1, 2), torch.tensor(y)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for step in range(200):
        rows = torch.arange(step * 32, step * 32 + 32) % 640
        loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
        optimizer.zero_grad(), loss.backward(), optimizer.step()

    net.eval()
    shown, _ = examples(8, start=10000)
    with torch.no_grad():
        logits = net(torch.tensor(shown).permute(0, 3, 1, 2))
        accuracy = (net(x).argmax(1) == y).float().mean().item()
    safetensors.torch.save_file(net.state_dict(), target / f"{name}.safetensors")
    np.savez(target / f"{name}.npz", **{name: value.numpy() for name, value in net.state_dict().items()})
    return {"version": torch.__version__, "accuracy": accuracy, **as_json(shown, logits.numpy())}


def main():
    target = pathlib.Path(sys.argv[1])
    torch.set_num_threads(1)
    print(json.dumps({name: trained(name, build, target) for name, build in NETWORKS.items()}))


if __name__ == "__main__":
    main()
