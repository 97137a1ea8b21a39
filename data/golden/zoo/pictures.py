"""Pictures of four classes, 12 x 8 x 1, drawn by a formula: what the small networks learn."""

import numpy as np


def examples(count, start=0):
    """Bars of one of four directions, shifted, with noise; float32 [count, 12, 8, 1] and whole numbers [count]."""
    noise = np.random.default_rng(start)
    kind = np.arange(count) % 4
    i, j = np.meshgrid(np.arange(12), np.arange(8), indexing="ij")
    along = [i, j, i + j, i - j]
    shift = noise.integers(0, 4, count)
    bars = np.stack([np.cos(np.pi / 2 * (along[k] + s)) for k, s in zip(kind, shift)])
    x = (bars + 0.5 * noise.normal(size=bars.shape)).astype(np.float32)
    return x[..., None], kind.astype(np.int64)


def as_json(x, logits):
    number = lambda v: float(f"{float(v):.9g}")
    pack = lambda a: {"shape": list(a.shape), "values": [number(v) for v in a.ravel()]}
    return {"x": pack(x), "logits": pack(logits)}
