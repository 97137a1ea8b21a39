#!/usr/bin/env bash
# torchmetrics 1.9.0 (with torch 2.13.0, PyPI)
#
# What surprises: whether predictions are logits or probabilities is guessed for each batch by itself: a sigmoid is applied where a value
# lies outside 0 to 1. A batch whose logits all happen to lie inside is taken for probabilities, and goes into the same metric. The area
# under the curve and the accuracy then depend on how the same predictions are divided into batches.
#
# Seen:   six logits that separate the classes: in one batch area 1 and accuracy 0.5; in three batches of two area 0.75 and accuracy 0.67
#
# Why it matters: with small batches, and early in training when logits are near 0, it happens in some batches of every epoch. An area
# under the curve, which no monotone function should change, then changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torchmetrics==1.9.0 torch==2.13.0 numpy==2.4.6

cat > check.py << 'PY'
import torch
import torchmetrics
from torchmetrics.classification import BinaryAccuracy, BinaryAUROC

print(f"torch {torch.__version__}, torchmetrics {torchmetrics.__version__}")
logits = torch.tensor([0.1, 0.95, -2.0, 1.5, 1.2, 0.3])
classes = torch.tensor([0, 0, 0, 1, 1, 0])


def by(metric, size):
    for x, y in zip(logits.split(size), classes.split(size)):
        metric.update(x, y)
    return metric.compute().item()


seen = {name: [by(make(), size) for size in (6, 2)] for name, make in (("area", BinaryAUROC), ("accuracy", BinaryAccuracy))}
for name, (one, three) in seen.items():
    print(f"{name}: {one:.4f} in one batch, {three:.4f} in three")
assert seen["area"][0] == 1
assert seen["area"][1] < 1, "the area is the same: the behaviour has changed"
assert seen["accuracy"][0] != seen["accuracy"][1], "the accuracy is the same: the behaviour has changed"
PY
venv/bin/python check.py
