"""What every probe of the zoo asks of a batch normalization, and how; see generate.py.

A probe wraps one library's layer in a class:

    library, call, package, argument      names; `argument` is the one that sets the decay, None where it is fixed
    __init__(features, rank, value)       a new layer; `value` goes to that argument as it is, None for the library's default
    train(x), infer(x)                    one pass in each mode: float32 [m, d] or [batch, height, width, channels] in, and out
    statistics()                          the mean and variance that infer() uses, [d] each
    freeze()                              the library's own way to stop learning; leave it out where there is none
    low_precision()                       list of (what was asked for, a function that makes the layer)

What the layers do is found by comparing, not by reading: the running statistics after each of five batches are held against
every combination of decay, start and divisor, and exactly one has to fit.
"""

import importlib.metadata
import itertools
import json
import sys
import traceback

import numpy as np

X2 = np.array([[1, 10], [2, 20], [3, 40], [6, 90]], np.float32)
X4 = np.array([[1, 10], [2, 20], [3, 30], [6, 60]], np.float32).reshape(1, 2, 2, 2)
DECAYS = (0.0, 0.01, 0.1, 0.25, 0.75, 0.9, 0.99, 0.999)
STARTS = ("mean 0, variance 1", "zero, debiased", "mean 0, variance 1, debiased", "first batch")


def batch(t, rank=2):
    """Mini-batch t of the golden run: 8 values of 3 features, exact in float32, whose mean drifts; also as images 2 x 2."""
    i, j = np.meshgrid(np.arange(8), np.arange(3), indexing="ij")
    h = (t * t * 5 + i * i * 3 + 7 * t * i + 11 * j * (i + 1) + 13 * t * j) % 29
    x = (h - 14) * (j + 1) / 4 + 3 * j - 1 + t / 32
    return x.astype(np.float32).reshape((8, 3) if rank == 2 else (2, 2, 2, 3))


def moments(x):
    flat = x.reshape(-1, x.shape[-1]).astype(np.float64)
    return flat.mean(0), flat.var(0), len(flat)


def predicted(batches, decay, start, divisor):
    """Mean and variance after each batch, in float64."""
    mean = variance = weight = None
    out = []
    for x in batches:
        mu, var, m = moments(x)
        if divisor == "m - 1":
            var = var * m / (m - 1)
        if mean is None:
            mean, variance, weight = np.zeros_like(mu), np.ones_like(mu), 0.0
            if start == "zero, debiased":
                variance = np.zeros_like(mu)
            if start == "first batch":
                mean, variance = mu, var
        mean = decay * mean + (1 - decay) * mu
        variance = decay * variance + (1 - decay) * var
        weight = decay * weight + 1 - decay
        scale = weight if start.endswith("debiased") else 1.0
        out.append((mean / scale, variance / scale))
    return out


def fits(seen, wanted):
    return all(np.allclose(s, w, rtol=2e-5, atol=1e-6) for pair in zip(seen, wanted) for s, w in zip(*pair))


def rule_of(make, rank, decays):
    """Decay, start and divisor of the running statistics: the only combination that fits five batches."""
    batches = [batch(t, rank) for t in range(5)]
    layer, seen = make(), []
    for x in batches:
        layer.train(x)
        seen.append([np.asarray(v, np.float64) for v in layer.statistics()])
    found = [c for c in itertools.product(decays, STARTS, ("m", "m - 1")) if fits(seen, predicted(batches, *c))]
    if found and found[0][0] == 0:
        found = found[:1]  # the batch replaces all: nothing of a start is left
    assert len(found) == 1, f"{len(found)} rules fit: {found}; seen {seen}"
    decay, start, divisor = found[0]
    return {"decay": decay, "start": start, "variance": "biased" if divisor == "m" else "unbiased"}


def epsilon_of(make):
    """From the training output of +-0.001, whose variance is 1e-6."""
    y = make().train(np.array([[0.001], [-0.001], [0.001], [-0.001]], np.float32))
    epsilon = (0.001 / abs(float(np.asarray(y)[0, 0]))) ** 2 - 1e-6
    return float(f"{epsilon:.1e}")


def numbers(values, digits=9):
    return [float(f"{float(v):.{digits}g}") if np.isfinite(v) else str(float(v)) for v in np.asarray(values, np.float64).ravel()]


def said(error):
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:160]


def state(layer):
    return dict(zip(("mean", "variance"), map(numbers, layer.statistics())))


def batch_of_one(make):
    layer = make()
    try:
        y = layer.train(X2[:1])
    except Exception as error:
        return {"error": said(error)}
    return {"output": numbers(y, 4), **{k: [v if isinstance(v, str) else float(f"{v:.4g}") for v in vs] for k, vs in state(layer).items()}}


def frozen(make):
    layer = make()
    if not hasattr(layer, "freeze"):
        return None
    how = layer.freeze()
    before = state(layer)
    y = np.asarray(layer.train(X2), np.float64)
    return {"how": how, "normalizesByBatch": bool(abs(y.mean()) < 1e-3), "statisticsMove": state(layer) != before}


def name_of(dtype):
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype).split(".")[-1]
    return {"float": "float32", "half": "float16"}.get(name.lower(), name.lower())


def low_precision(layer_class):
    rows = []
    for asked, make in getattr(layer_class, "low_precision", lambda: [])():
        row = {"asked": asked}
        try:
            layer = make()
            y = layer.train_raw(X2)
            mean, variance = layer.statistics_raw()
            row |= {"stored": name_of(variance.dtype), "output": name_of(y.dtype)}
            row |= {"variance": numbers(np.asarray(layer.plain(variance), np.float64), 6)}
        except Exception as error:
            row["error"] = said(error)
        rows.append(row)
    return rows


def at_large_mean(make):
    """The variance of 10,000 +- 0.5 and +- 1.5, which is 1.25, as it is stored after one batch."""
    x = (10000 + np.tile([-1.5, -0.5, 0.5, 1.5], 1024)).astype(np.float32).reshape(-1, 1)
    layer = make(1)
    y = np.asarray(layer.train(x))
    return {"variance": numbers(layer.statistics()[1], 6)[0], "finiteOutput": bool(np.all(np.isfinite(y)))}


def golden(make, rank):
    """100 training batches, then inference on the next."""
    layer = make(rank)
    for t in range(100):
        y = layer.train(batch(t, rank))
    mean, variance = layer.statistics()
    return {
        "mean": numbers(mean),
        "variance": numbers(variance),
        "lastTraining": numbers(y),
        "inference": numbers(layer.infer(batch(100, rank))),
    }


def measure(c):
    value = getattr(c, "value", None)
    default = lambda rank=2, features=3: c(features, rank, value)
    record = {"library": c.library, "call": c.call, "package": c.package}
    ranks = {f"rank {rank}": rule_of(lambda: default(rank), rank, DECAYS) for rank in (2, 4)}
    same = ranks["rank 2"] == ranks["rank 4"]
    record["statistics"] = ranks["rank 2"] if same else ranks
    if getattr(c, "stateless", False):
        for rule in ranks.values():
            rule["start"] = "the caller's"
    record["decay"] = {"argument": c.argument, "given": value}
    if c.argument is not None:
        decay = rule_of(lambda: c(3, 2, 0.25), 2, (0.25, 0.75))["decay"]
        record["decay"]["weighs"] = "the past" if decay == 0.25 else "the batch"
        newest = 0.0 if decay == 0.25 else 1.0
    else:
        newest = value
    record["epsilon"] = epsilon_of(lambda: default(2, 1))
    record["batchOfOne"] = batch_of_one(lambda: default(2, 2))
    record["frozen"] = frozen(lambda: default(2, 2))
    record["lowPrecision"] = low_precision(c)
    record["largeMean"] = at_large_mean(lambda features: c(features, 2, newest))
    layer = c(2, 2, newest)
    layer.train(X2)
    record["oneBatch"] = state(layer)
    record["golden"] = {f"rank {rank}": golden(default, rank) for rank in (2, 4)}
    record["version"] = version(c)
    if hasattr(c, "notes"):
        record["notes"] = c.notes()
    return record


def version(c):
    return c.version if hasattr(c, "version") else importlib.metadata.version(c.package)


def main(*classes):
    records, failed = [], False
    for c in classes:
        try:
            records.append(measure(c))
        except Exception:
            traceback.print_exc()
            failed = True
    print("\n" + json.dumps(records))
    sys.exit(failed)
