#!/usr/bin/env bash
# torch_geometric 2.8.1 (with torch 2.13.0 on the CPU, PyPI)
#
# What surprises: `LayerNorm` (mode "graph", the default) of one graph is another function with the argument `batch` than without it, where
# all that `batch` says is that there is one graph. Without it epsilon is added to the deviation, with it to the variance, under the root.
#
# Seen:   deviation of the outputs, without and with batch, for inputs of deviation 1: 1.01, 1.01; 0.01: 1.01, 0.96; 0.001: 1.00, 0.29;
#         0.0001: 0.92, 0.03. InstanceNorm and GraphNorm do not differ
#
# Why it matters: a network that is trained on batches of graphs and asked about one graph at a time, which needs no `batch`, sees features
# up to dozens of times larger than in training wherever they are small.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torch_geometric==2.8.1 torch==2.13.0 numpy==2.4.6

cat > check.py << 'PY'
import torch
import torch_geometric
from torch_geometric.nn import GraphNorm, InstanceNorm, LayerNorm

print(f"torch_geometric {torch_geometric.__version__}, torch {torch.__version__}")
torch.manual_seed(0)
noise, one_graph = torch.randn(10, 4), torch.zeros(10, dtype=torch.long)
seen = {}
with torch.no_grad():
    for scale in (1, 1e-2, 1e-3, 1e-4):
        x = scale * noise
        seen[scale] = [LayerNorm(4)(x).std().item(), LayerNorm(4)(x, one_graph).std().item()]
        print(f"inputs of deviation {scale}: outputs {seen[scale][0]:.3f} without batch, {seen[scale][1]:.3f} with it")
        for other in (InstanceNorm(4), GraphNorm(4)):
            assert torch.allclose(other(x), other(x, one_graph), atol=1e-5)
assert abs(seen[1][0] - seen[1][1]) < 1e-4
assert seen[1e-3][0] > 3 * seen[1e-3][1] and seen[1e-4][0] > 20 * seen[1e-4][1], "the two agree: the behaviour has changed"
PY
venv/bin/python check.py
