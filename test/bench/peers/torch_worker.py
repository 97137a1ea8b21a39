"""
The benchmark's steps in PyTorch: eager, and with the forward pass and the loss under torch.compile, also tuned; images in either layout. The
optimizer is the fused one, the fastest on processors.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
import torch
from torch import nn
from protocol import EXAMPLES, PICTURES, serve

torch.manual_seed(1)
torch.set_default_device(os.environ.get("BNLAB_PEER_DEVICE", "cpu"))
X = torch.randint(0, 256, (EXAMPLES, 784), dtype=torch.uint8) if PICTURES else torch.rand(EXAMPLES, 784)
Y = torch.randint(0, 10, (EXAMPLES,))


def network(case):
    layers = []
    if "sizes" in case:
        sizes = case["sizes"]
        for n, m in zip(sizes[:-2], sizes[1:-1]):
            layers += [nn.Linear(n, m, bias=False), nn.BatchNorm1d(m, eps=1e-5, momentum=0.1), nn.Sigmoid()]
        layers.append(nn.Linear(sizes[-2], sizes[-1]))
    else:
        channels = case["channels"]
        layers.append(nn.Unflatten(1, (1, 28, 28)))
        for i, (n, m) in enumerate(zip(channels[:-1], channels[1:])):
            layers += [nn.Conv2d(n, m, 3, stride=2 if i % 2 else 1, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(m, eps=1e-5, momentum=0.1), nn.ReLU()]
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels[-1], 10)]
    return nn.Sequential(*layers)


def trainer(mode=None, channels_last=False):
    def build(_, case):
        net = network(case)
        if channels_last:
            net = net.to(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, fused=True)
        criterion = nn.CrossEntropyLoss()

        def loss_of(x, y):
            return criterion(net(x), y)

        forward = torch.compile(loss_of, mode=mode) if mode else loss_of
        batch = case["batch"]

        def run(steps):
            rows = torch.randint(0, EXAMPLES, (steps, batch))
            losses = []
            for s in range(steps):
                x, y = X[rows[s]], Y[rows[s]]
                if PICTURES:
                    x = x.float().div_(255)
                optimizer.zero_grad(set_to_none=True)
                loss = forward(x, y)
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
            torch.stack(losses).tolist()

        return run

    return build


def products(_, case):
    """Nothing but the matrix products of a step, into memory that is there already: what a good BLAS takes."""
    sizes, batch = case["sizes"], case["batch"]
    weights = [torch.randn(n, m) / n**0.5 for n, m in zip(sizes[:-1], sizes[1:])]
    x = X[:batch].contiguous()
    layers = [torch.empty(batch, m) for m in sizes[1:]]
    backs = [torch.empty(batch, m) for m in sizes[1:]]
    gradients = [torch.empty_like(w) for w in weights]

    def run(steps):
        with torch.no_grad():
            for _ in range(steps):
                h = x
                for w, out in zip(weights, layers):
                    h = torch.mm(h, w, out=out)
                back = h
                for i in reversed(range(len(weights))):
                    torch.mm((layers[i - 1] if i else x).t(), back, out=gradients[i])
                    if i:
                        back = torch.mm(back, weights[i].t(), out=backs[i - 1])

    return run


MODES = {"eager": None, "torch.compile": "default", "torch.compile, max-autotune": "max-autotune"}
variants = {"products": products}
for name, mode in MODES.items():
    variants[name] = trainer(mode)
    variants[f"{name}, channels last"] = trainer(mode, channels_last=True)
serve({"name": "PyTorch", "version": torch.__version__}, variants)
