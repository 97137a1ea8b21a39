"""Golden vectors: what the tests hold the library against. PyTorch and NumPy, float64.

    python -m venv /tmp/golden && /tmp/golden/bin/pip install -r data/golden/requirements.txt
    /tmp/golden/bin/python data/golden/generate.py            # writes data/golden/*.json
    /tmp/golden/bin/python data/golden/generate.py --check    # writes nothing; fails when a file would change

Inputs are rounded to float32 first, so that the library, which computes in float32, and this file, which computes in
float64, start from the same numbers. Where PyTorch has the operation, its own implementation and automatic differentiation
give the values, and NumPy formulas written from the papers are held against them here; where it has not, the forward pass
is written out and differentiated by PyTorch. Tensors are [.., features] as in the library; images are permuted for PyTorch.

manifest.json holds the sha256 of this file and of every file it wrote: a test compares both.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
FOLDER = pathlib.Path(__file__).resolve().parent


# ---------------------------------------------------------------- numbers in, numbers out


def stream(name):
    """A generator of its own for each case, so that adding a case leaves the others as they are."""
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")))


def single(a):
    """Rounded to float32, held in float64."""
    return np.asarray(a, dtype=np.float32).astype(np.float64)


def pack(a, digits=13):
    """{shape, values}, the form of every tensor in the files."""
    a = a.detach().numpy() if isinstance(a, torch.Tensor) else np.asarray(a, dtype=np.float64)
    assert np.all(np.isfinite(a)), "a golden value is not finite"
    return {"shape": list(a.shape), "values": [number(v, digits) for v in a.ravel()]}


def number(v, digits=13):
    v = float(f"{float(v):.{digits}g}")
    return int(v) if v == int(v) and abs(v) < 1e15 else v


def given(a):
    """An input: 9 digits name a float32 exactly."""
    a = single(a)
    packed = pack(a, 9)
    assert np.array_equal(single(packed["values"]).reshape(a.shape), a)
    return packed


def leaf(a):
    return torch.tensor(a, requires_grad=True)


def close(a, b, tolerance, what, scale=None):
    a, b = (t.detach().numpy() if isinstance(t, torch.Tensor) else np.asarray(t) for t in (a, b))
    scale = scale if scale is not None else max(np.abs(b).max(), 1e-300)
    assert np.abs(a - b).max() <= tolerance * scale, f"{what}: two references differ by {np.abs(a - b).max() / scale:.2e}"


def channels_first(x):
    return x if x.ndim == 2 else x.permute(0, 3, 1, 2)


def channels_last(x):
    return x if x.ndim == 2 else x.permute(0, 2, 3, 1)


# ---------------------------------------------------------------- batch normalization


SHAPES = {
    "m2": (2, 3),
    "m3": (3, 5),
    "odd": (7, 13),
    "one-feature": (9, 1),
    "batch60": (60, 4),
    "image": (2, 3, 5, 3),
    "image-m2": (2, 1, 1, 4),
    "image-one-example": (1, 7, 3, 2),
    "image-m3": (1, 3, 1, 5),
}
REGIMES = {
    # name: (scale, offset, epsilon)
    "plain": (1.0, 0.0, 1e-5),
    "epsilon-large": (1.0, 0.5, 1e-1),
    "epsilon-small": (1.0, -2.0, 1e-12),
    "tiny": (1e-10, 0.0, 1e-5),
    "small": (3e-3, 1.0, 1e-5),
    "huge": (1e10, 0.0, 1e-5),
    "very-huge": (1e17, -3e17, 1e-5),
    "offset-1e4": (1.0, 1e4, 1e-5),
    "offset-1e6": (1.0, -1e6, 1e-5),
}


def values(rng, shape, scale, offset):
    return single(rng.normal(size=shape) * scale + offset)


def batch_norm_inputs():
    for shape_name, shape in SHAPES.items():
        for regime, (scale, offset, epsilon) in REGIMES.items():
            # Every shape meets the plain regime; every regime meets a dense, an odd and an image shape.
            if regime != "plain" and shape_name not in ("m3", "odd", "image"):
                continue
            if regime != "plain" and shape_name == "odd" and regime not in ("huge", "offset-1e6", "small"):
                continue
            name = f"{shape_name}/{regime}"
            yield name, values(stream(name), shape, scale, offset), epsilon
    name = "mixed-scales"
    rng = stream(name)
    yield name, single(rng.normal(size=(11, 6)) * np.logspace(-8, 8, 6) + np.array([0, 1e-6, 1, 100, -1e5, 1e9])), 1e-5
    name = "constant-feature"
    x = values(stream(name), (6, 3), 1.0, 0.0)
    x[:, 1] = 3.25
    yield name, x, 1e-5
    name = "epsilon-zero"
    yield name, values(stream(name), (5, 4), 2.0, 1.0), 0.0


def batch_norm_numpy(x, gamma, beta, dy, epsilon):
    """Algorithm 1 and the six equations of page 4, as the paper has them."""
    axes = tuple(range(x.ndim - 1))
    m = x.size / x.shape[-1]
    mu = x.mean(axes)
    sigma2 = ((x - mu) ** 2).mean(axes)
    x_hat = (x - mu) / np.sqrt(sigma2 + epsilon)
    y = gamma * x_hat + beta
    d_x_hat = dy * gamma
    d_sigma2 = (d_x_hat * (x - mu) * -0.5 * (sigma2 + epsilon) ** -1.5).sum(axes)
    d_mu = (d_x_hat * -1 / np.sqrt(sigma2 + epsilon)).sum(axes) + d_sigma2 * (-2 * (x - mu)).sum(axes) / m
    dx = d_x_hat / np.sqrt(sigma2 + epsilon) + d_sigma2 * 2 * (x - mu) / m + d_mu / m
    return {
        "mean": mu, "variance": sigma2, "xHat": x_hat, "y": y,
        "dXHat": d_x_hat, "dVariance": d_sigma2, "dMean": d_mu, "dx": dx,
        "dGamma": (dy * x_hat).sum(axes), "dBeta": dy.sum(axes),
    }  # fmt: skip


def batch_norm_cases():
    for name, x, epsilon in batch_norm_inputs():
        rng = stream(name + "/rest")
        d = x.shape[-1]
        gamma, beta = single(rng.normal(1.0, 0.5, d)), single(rng.normal(size=d))
        dy = single(rng.normal(size=x.shape))
        tx, tg, tb = leaf(x), leaf(gamma), leaf(beta)
        if epsilon > 0:
            y = channels_last(F.batch_norm(channels_first(tx), None, None, tg, tb, training=True, eps=epsilon))
        else:  # which PyTorch's function refuses
            y = tg * (tx - tx.mean(0)) / tx.var(0, correction=0).sqrt() + tb
        y.backward(torch.tensor(dy))
        paper = batch_norm_numpy(x, gamma, beta, dy, epsilon)
        # The gradient is a small rest of large terms when gamma/sigma dy is nearly in the span that BN removes.
        scale_dx = np.abs(dy * gamma).max() / np.sqrt(paper["variance"] + epsilon).min()
        close(paper["y"], y, 1e-8, f"{name} y")
        close(paper["dx"], tx.grad, 1e-8, f"{name} dx", scale_dx)
        close(paper["dGamma"], tg.grad, 1e-8, f"{name} dGamma")
        close(paper["dBeta"], tb.grad, 1e-12, f"{name} dBeta")
        yield {
            "name": name, "epsilon": epsilon,
            "x": given(x), "gamma": given(gamma), "beta": given(beta), "dy": given(dy),
            "mean": pack(paper["mean"]), "variance": pack(paper["variance"]), "y": pack(y),
            "dVariance": pack(paper["dVariance"]), "dMean": pack(paper["dMean"]),
            "dx": pack(tx.grad), "dGamma": pack(tg.grad), "dBeta": pack(tb.grad),
        }  # fmt: skip


def inference_cases():
    for name, shape, offset in [
        ("m1", (1, 4), 0.0), ("m2", (2, 3), 0.0), ("m3", (3, 5), 1e5), ("image", (1, 2, 3, 3), 0.0), ("pixel", (1, 1, 1, 2), 0.0),
    ]:  # fmt: skip
        rng = stream("inference/" + name)
        d = shape[-1]
        x = values(rng, shape, 2.0, offset)
        mean, variance = single(rng.normal(offset, 1.0, d)), single(rng.uniform(0.1, 4.0, d))
        gamma, beta = single(rng.normal(size=d)), single(rng.normal(size=d))
        dy = single(rng.normal(size=shape))
        tx = leaf(x)
        y = channels_last(
            F.batch_norm(channels_first(tx), *(torch.tensor(v) for v in (mean, variance, gamma, beta)), training=False, eps=1e-5)
        )
        y.backward(torch.tensor(dy))
        close(gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta, y, 1e-9, name)
        yield {
            "name": name, "epsilon": 1e-5, "x": given(x), "mean": given(mean), "variance": given(variance),
            "gamma": given(gamma), "beta": given(beta), "dy": given(dy), "y": pack(y), "dx": pack(tx.grad),
        }  # fmt: skip


def moving_cases():
    """nn.BatchNorm's running statistics over several steps; PyTorch's momentum is 1 - decay."""
    for name, shape, decay, steps in [
        ("dense", (5, 3), 0.9, 6), ("m2", (2, 4), 0.99, 4), ("image", (2, 3, 3, 2), 0.8, 5),
        ("forgets-all", (4, 2), 0.0, 3), ("forgets-nothing", (4, 2), 1.0, 3),
    ]:  # fmt: skip
        rng = stream("moving/" + name)
        d = shape[-1]
        batches = [values(rng, shape, 1.0 + k, 0.5 * k) for k in range(steps)]
        layer = (torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d)(d, momentum=1 - decay)
        after = []
        weighted = [np.zeros(d), np.zeros(d), 0.0]
        for x in batches:
            layer(channels_first(torch.tensor(x)))
            axes = tuple(range(x.ndim - 1))
            m = x.size / d
            weighted[0] = decay * weighted[0] + (1 - decay) * x.mean(axes)
            weighted[1] = decay * weighted[1] + (1 - decay) * x.var(axes) * m / (m - 1)
            weighted[2] = decay * weighted[2] + (1 - decay)
            close(layer.running_mean, weighted[0], 1e-10, name, 1.0)
            close(layer.running_var, weighted[1] + (1 - weighted[2]), 1e-10, name, 1.0)
            entry = {"mean": pack(layer.running_mean), "variance": pack(layer.running_var)}
            if weighted[2] > 0:
                entry |= {"debiasedMean": pack(weighted[0] / weighted[2]), "debiasedVariance": pack(weighted[1] / weighted[2])}
            after.append(entry)
        yield {"name": name, "decay": decay, "batches": [given(x) for x in batches], "after": after}


def population_cases():
    """Algorithm 2, line 10, over batches of equal size, and the layer folded with its result."""
    rng = stream("population")
    m, d, inputs = 5, 3, 4
    batches = [values(rng, (m, inputs), 1.5, 0.3) for _ in range(4)]
    weights, bias = single(rng.normal(size=(inputs, d))), single(rng.normal(size=d))
    gamma, beta = single(rng.normal(1.0, 0.3, d)), single(rng.normal(size=d))
    out = [u @ weights + bias for u in batches]
    mean = np.mean([x.mean(0) for x in out], axis=0)
    variance = np.mean([x.var(0, ddof=1) for x in out], axis=0)
    scale = gamma / np.sqrt(variance + 1e-5)
    u = values(rng, (3, inputs), 1.0, 0.0)
    y = F.batch_norm(torch.tensor(u @ weights + bias), *(torch.tensor(v) for v in (mean, variance, gamma, beta)), eps=1e-5)
    close(u @ (weights * scale) + (bias - mean) * scale + beta, y, 1e-12, "folded")
    yield {
        "name": "dense", "m": m, "epsilon": 1e-5, "batches": [given(b) for b in batches],
        "weights": given(weights), "bias": given(bias), "gamma": given(gamma), "beta": given(beta),
        "mean": pack(mean), "variance": pack(variance), "u": given(u), "y": pack(y),
        "foldedWeights": pack(weights * scale), "foldedBias": pack((bias - mean) * scale + beta),
    }  # fmt: skip


# ---------------------------------------------------------------- the other normalizations


def example_norm_cases():
    for kind, shape, groups, offset in [
        ("layer", (3, 5), 1, 0.0), ("layer", (1, 7), 1, 1e4), ("layer", (2, 3, 2, 4), 1, 0.0),
        ("group", (3, 6), 3, 0.0), ("group", (2, 3, 3, 4), 2, 0.0), ("group", (1, 1, 2, 6), 6, 0.0), ("group", (2, 2, 2, 6), 3, -1e3),
        ("instance", (2, 3, 2, 3), 3, 0.0), ("instance", (1, 5, 1, 2), 2, 1e4),
    ]:  # fmt: skip
        name = f"{kind}/{'x'.join(map(str, shape))}/{groups}"
        rng = stream(name)
        d = shape[-1]
        x = values(rng, shape, 1.5, offset)
        gamma, beta, dy = single(rng.normal(1.0, 0.5, d)), single(rng.normal(size=d)), single(rng.normal(size=shape))
        tx, tg, tb = leaf(x), leaf(gamma), leaf(beta)
        if kind == "layer" and len(shape) == 2:
            out = F.layer_norm(tx, (d,), tg, tb, eps=1e-5)
        elif kind == "instance":
            out = F.instance_norm(channels_first(tx), weight=tg, bias=tb, eps=1e-5)
        else:
            out = F.group_norm(channels_first(tx), groups, tg, tb, eps=1e-5)
        # Contiguous: with a permuted gradient of an image one pixel wide, PyTorch 2.13's instance_norm gives a wrong dx.
        out.backward(channels_first(torch.tensor(dy)).contiguous())
        y = channels_last(out)
        close(example_norm_gradient(x, gamma, dy, groups), tx.grad, 1e-8, name)
        yield {
            "name": name, "kind": kind, "groups": groups, "epsilon": 1e-5,
            "x": given(x), "gamma": given(gamma), "beta": given(beta), "dy": given(dy),
            "y": pack(y), "dx": pack(tx.grad), "dGamma": pack(tg.grad), "dBeta": pack(tb.grad),
        }  # fmt: skip


def example_norm_gradient(x, gamma, dy, groups):
    """dx by formula: each example and group by itself."""
    grouped = (x.shape[0], -1, groups, x.shape[-1] // groups)
    xc = x.reshape(grouped) - x.reshape(grouped).mean((1, 3), keepdims=True)
    inverse = 1 / np.sqrt((xc**2).mean((1, 3), keepdims=True) + 1e-5)
    x_hat, d = xc * inverse, (dy * gamma).reshape(grouped)
    dx = inverse * (d - d.mean((1, 3), keepdims=True) - x_hat * (d * x_hat).mean((1, 3), keepdims=True))
    return dx.reshape(x.shape)


def renorm_cases():
    """Ioffe 2017, Algorithm 1, written out; r and d detached."""
    for name, shape, r_max, d_max in [("dense", (4, 3), 3.0, 5.0), ("clipped", (5, 4), 1.2, 0.25), ("image", (2, 2, 3, 2), 2.0, 1.0), ("is-batch-norm", (4, 3), 1.0, 0.0)]:  # fmt: skip
        rng = stream("renorm/" + name)
        d = shape[-1]
        x = values(rng, shape, 2.0, 0.7)
        mean, deviation = single(rng.normal(size=d)), single(rng.uniform(0.5, 3.0, d))
        gamma, beta, dy = single(rng.normal(1.0, 0.5, d)), single(rng.normal(size=d)), single(rng.normal(size=shape))
        tx, tg, tb = leaf(x), leaf(gamma), leaf(beta)
        axes = tuple(range(len(shape) - 1))
        mu_b = tx.mean(axes)
        sigma_b = (1e-5 + ((tx - mu_b) ** 2).mean(axes)).sqrt()
        r = (sigma_b / torch.tensor(deviation)).clamp(1 / r_max, r_max).detach()
        dd = ((mu_b - torch.tensor(mean)) / torch.tensor(deviation)).clamp(-d_max, d_max).detach()
        y = tg * ((tx - mu_b) / sigma_b * r + dd) + tb
        y.backward(torch.tensor(dy))
        yield {
            "name": name, "rMax": r_max, "dMax": d_max, "epsilon": 1e-5, "x": given(x), "movingMean": given(mean),
            "movingDeviation": given(deviation), "gamma": given(gamma), "beta": given(beta), "dy": given(dy),
            "y": pack(y), "r": pack(r), "d": pack(dd), "dx": pack(tx.grad), "dGamma": pack(tg.grad), "dBeta": pack(tb.grad),
        }  # fmt: skip


# ---------------------------------------------------------------- whitening


def whitening_matrix(method, covariance, iterations):
    d = covariance.shape[0]
    if method == "zca":
        lam, u = torch.linalg.eigh(covariance)
        return u @ torch.diag(lam**-0.5) @ u.T
    if method == "pca":
        lam, u = torch.linalg.eigh(covariance)
        lam, u = lam.flip(0), u.flip(1)  # largest first
        largest = u.abs().argmax(0)
        u = u * torch.sign(u[largest, torch.arange(d)])  # each axis: its largest entry is positive
        return torch.diag(lam**-0.5) @ u.T
    if method == "cholesky":
        return torch.linalg.solve_triangular(torch.linalg.cholesky(covariance), torch.eye(d), upper=False)
    trace = covariance.trace()
    p = torch.eye(d)
    for _ in range(iterations):
        p = 0.5 * (3 * p - p @ p @ p @ (covariance / trace))
    return p / trace.sqrt()


def whitening_cases():
    for method in ["zca", "pca", "cholesky", "newton-schulz"]:
        for name, shape, scale, offset, epsilon in [
            ("plain", (9, 4), 1.0, 0.0, 1e-5), ("odd", (13, 5), 3.0, 10.0, 1e-3), ("two", (6, 2), 0.1, 0.0, 1e-5), ("m-below-d", (3, 4), 1.0, 0.0, 1e-1),
        ]:  # fmt: skip
            if name == "m-below-d" and method == "pca":
                continue  # the covariance plus epsilon has equal eigenvalues: PCA has no derivative there
            rng = stream(f"whitening/{name}")
            mixing = np.eye(shape[1]) + 0.5 * rng.normal(size=(shape[1], shape[1]))
            x = single(rng.normal(size=shape) @ mixing * scale + offset)
            dy = single(rng.normal(size=shape))
            iterations = 7
            tx = leaf(x)
            mu = tx.mean(0)
            xc = tx - mu
            covariance = xc.T @ xc / shape[0] + epsilon * torch.eye(shape[1])
            a = whitening_matrix(method, covariance, iterations)
            y = xc @ a.T
            if name == "m-below-d" and method == "zca":
                # autograd through eigh divides by equal eigenvalues; the matrix function itself is smooth. Differentiate it
                # by its Daleckii-Krein form in NumPy instead, and hold that against autograd in the other cases (below).
                dx = zca_gradient(x, dy, epsilon)
            else:
                y.backward(torch.tensor(dy))
                dx = tx.grad
                if method == "zca":
                    close(zca_gradient(x, dy, epsilon), dx, 1e-9, name)
            yield {
                "name": f"{method}/{name}", "method": method, "epsilon": epsilon, "iterations": iterations,
                "x": given(x), "dy": given(dy), "mean": pack(mu), "covariance": pack(covariance), "matrix": pack(a),
                "y": pack(y), "dx": pack(dx),
            }  # fmt: skip


def zca_gradient(x, dy, epsilon):
    m = x.shape[0]
    xc = x - x.mean(0)
    lam, u = np.linalg.eigh(xc.T @ xc / m + epsilon * np.eye(x.shape[1]))
    s = np.sqrt(lam)
    k = -1 / (np.outer(s, s) * (s[:, None] + s[None, :]))  # divided differences of t^(-1/2)
    a = (u / s) @ u.T
    g = dy.T @ xc
    d_sigma = u @ (k * (u.T @ ((g + g.T) / 2) @ u)) @ u.T
    d_xc = dy @ a + 2 / m * xc @ d_sigma
    return d_xc - d_xc.mean(0)


# ---------------------------------------------------------------- layers and networks


def convolution_cases():
    """ReLU(BN(conv(x))): the gradient with respect to everything."""
    for name, shape, size, outputs, stride, padding in [
        ("same", (2, 4, 5, 2), 3, 3, 1, 1), ("stride2-valid", (2, 5, 5, 1), 3, 2, 2, 0), ("one-by-one", (3, 2, 2, 3), 1, 2, 1, 0),
    ]:  # fmt: skip
        rng = stream("convolution/" + name)
        x = values(rng, shape, 1.0, 0.2)
        w = single(rng.normal(size=(size, size, shape[-1], outputs)) * 0.5)
        gamma, beta = single(rng.normal(1.0, 0.3, outputs)), single(rng.normal(0.0, 0.3, outputs))
        tx, tw, tg, tb = leaf(x), leaf(w), leaf(gamma), leaf(beta)
        linear = F.conv2d(channels_first(tx), tw.permute(3, 2, 0, 1), stride=stride, padding=padding)
        y = channels_last(F.relu(F.batch_norm(linear, None, None, tg, tb, training=True, eps=1e-5)))
        dy = single(rng.normal(size=tuple(y.shape)))
        y.backward(torch.tensor(dy))
        yield {
            "name": name, "stride": stride, "pad": "same" if padding else "valid", "epsilon": 1e-5,
            "x": given(x), "weights": given(w), "gamma": given(gamma), "beta": given(beta), "dy": given(dy),
            "linear": pack(channels_last(linear)), "y": pack(y), "dx": pack(tx.grad), "dWeights": pack(tw.grad),
            "dGamma": pack(tg.grad), "dBeta": pack(tb.grad),
        }  # fmt: skip


def mlp_cases():
    """Steps of plain gradient descent on mean softmax cross entropy."""
    activations = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
    for activation, norm in [("sigmoid", True), ("sigmoid", False), ("relu", True), ("tanh", True)]:
        name = f"{activation}/{'batch' if norm else 'none'}"
        rng = stream("mlp/" + activation)
        sizes, m, steps, rate, decay = [5, 7, 6, 3], 8, 4, 0.5, 0.9
        batches = [(values(rng, (m, sizes[0]), 1.0, 0.3), rng.integers(0, sizes[-1], m)) for _ in range(steps)]
        weights = [single(rng.normal(size=s) * 0.7) for s in zip(sizes, sizes[1:])]
        tw = [leaf(w) for w in weights]
        tb = [leaf(np.zeros(s)) for s in sizes[1:]]  # with BN: beta in hidden layers, bias in the last
        tg = [leaf(np.ones(s)) for s in sizes[1:-1]]
        running = [(torch.zeros(s), torch.ones(s)) for s in sizes[1:-1]]

        def forward(x, training):
            h = torch.tensor(x)
            for i in range(len(sizes) - 2):
                h = h @ tw[i]
                if norm:
                    h = F.batch_norm(h, *running[i], tg[i], tb[i], training=training, momentum=1 - decay, eps=1e-5)
                else:
                    h = h + tb[i]
                h = activations[activation](h)
            return h @ tw[-1] + tb[-1]

        learns = tw + tb + (tg if norm else [])
        losses, first = [], None
        for x, labels in batches:
            for p in learns:
                p.grad = None
            loss = F.cross_entropy(forward(x, True), torch.tensor(labels))
            loss.backward()
            losses.append(number(loss.detach()))
            first = first or {"weights": [pack(p.grad) for p in tw], "shift": [pack(p.grad) for p in tb]}
            if norm and "gamma" not in first:
                first["gamma"] = [pack(p.grad) for p in tg]
            with torch.no_grad():
                for p in learns:
                    p -= rate * p.grad
        case = {
            "name": name, "activation": activation, "norm": "batch" if norm else "none", "sizes": sizes, "rate": rate, "decay": decay,
            "batches": [{"x": given(x), "labels": labels.tolist()} for x, labels in batches],
            "start": [given(w) for w in weights], "losses": losses, "firstGradient": first,
            "weights": [pack(p) for p in tw], "shift": [pack(p) for p in tb],
            "inference": pack(forward(batches[0][0], False)),
        }  # fmt: skip
        if norm:
            case |= {
                "gamma": [pack(p) for p in tg],
                "movingMean": [pack(r[0]) for r in running], "movingVariance": [pack(r[1]) for r in running],
            }  # fmt: skip
        yield case


def same_padding(size, window, stride):
    """TensorFlow's: what is left over goes to the end."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def padded(x, window, stride, value=0.0):
    return F.pad(x, (*same_padding(x.shape[3], window, stride), *same_padding(x.shape[2], window, stride)), value=value)


def convolved(x, w):
    return F.conv2d(padded(x, w.shape[0], 1), w.permute(3, 2, 0, 1))


def max_pooled(x):
    return F.max_pool2d(padded(x, 2, 2, -float("inf")), 2, 2)


def averaged(x):
    """3x3, stride 1: of what lies inside the image."""
    return F.avg_pool2d(padded(x, 3, 1), 3, 1) / F.avg_pool2d(padded(torch.ones_like(x), 3, 1), 3, 1)


def network_cases():
    """A convolutional, an Inception-style and a residual network: steps of plain gradient descent on softmax cross entropy."""
    image, classes, m, steps, rate, decay, epsilon = [5, 4, 2], 3, 4, 3, 0.2, 0.8, 1e-3
    blocks = [{"one": 2, "three": [2, 3], "double": [2, 3], "pool": 1}, {"one": 1, "three": [3, 2], "double": [1, 2], "pool": 2}]
    for kind, activation, options in [
        ("convNet", "tanh", {"image": image, "classes": classes, "filters": [3, 4], "hidden": 5}),
        ("inceptionNet", "relu", {"image": image, "classes": classes, "stem": 3, "blocks": blocks}),
        ("residualNet", "sigmoid", {"inputs": 40, "width": 6, "depth": 2, "classes": classes}),
    ]:
        rng = stream("network/" + kind)
        start, normalized = {}, []

        def weights(name, *shape):
            start[f"{name}/weights"] = single(rng.normal(size=shape) * 0.6)

        def norm(name, d):
            start[f"{name}/gamma"], start[f"{name}/beta"] = single(rng.normal(1.0, 0.3, d)), single(rng.normal(0.0, 0.3, d))
            normalized.append((name, d))

        def block(name, size, inputs, outputs):
            weights(name, size, size, inputs, outputs)
            norm(name, outputs)

        def output(name, inputs):
            weights(name, inputs, classes)
            start[f"{name}/bias"] = single(rng.normal(size=classes))

        if kind == "convNet":
            block("layer1", 3, 2, 3)
            block("layer2", 3, 3, 4)
            weights("layer3", 2 * 1 * 4, 5)
            norm("layer3", 5)
            output("layer4", 5)
        elif kind == "inceptionNet":
            block("stem", 3, 2, 3)
            inputs = 3
            for name, c in zip(["block1", "block2"], blocks):
                block(f"{name}/one", 1, inputs, c["one"])
                block(f"{name}/three1", 1, inputs, c["three"][0])
                block(f"{name}/three2", 3, *c["three"])
                block(f"{name}/double1", 1, inputs, c["double"][0])
                block(f"{name}/double2", 3, *c["double"])
                block(f"{name}/double3", 3, c["double"][1], c["double"][1])
                block(f"{name}/pool", 1, inputs, c["pool"])
                inputs = c["one"] + c["three"][1] + c["double"][1] + c["pool"]
            output("output", inputs)
        else:
            weights("input", 40, 6)
            start["input/bias"] = single(rng.normal(size=6))
            for name in ["block1", "block2"]:
                norm(name, 6)
                weights(name, 6, 6)
                start[f"{name}/bias"] = single(rng.normal(size=6))
            output("output", 6)

        learns = {label: leaf(w) for label, w in start.items()}
        running = {name: (torch.zeros(d), torch.ones(d)) for name, d in normalized}
        g = {"tanh": torch.tanh, "relu": F.relu, "sigmoid": torch.sigmoid}[activation]

        def bn(x, name, training):
            gamma, beta = learns[f"{name}/gamma"], learns[f"{name}/beta"]
            return F.batch_norm(x, *running[name], gamma, beta, training=training, momentum=1 - decay, eps=epsilon)

        def conv_block(x, name, training):
            return g(bn(convolved(x, learns[f"{name}/weights"]), name, training))

        def linear(x, name):
            return x @ learns[f"{name}/weights"] + learns[f"{name}/bias"]

        def chain(x, name, parts, training):
            for part in parts:
                x = conv_block(x, f"{name}/{part}", training)
            return x

        def inception(x, name, training):
            branches = [["one"], ["three1", "three2"], ["double1", "double2", "double3"]]
            out = [chain(x, name, parts, training) for parts in branches] + [chain(averaged(x), name, ["pool"], training)]
            return torch.cat(out, 1)

        def forward(x, training):
            if kind == "residualNet":
                h = linear(x, "input")
                for name in ["block1", "block2"]:
                    h = h + linear(g(bn(h, name, training)), name)
                return linear(h, "output")
            h = channels_first(x.reshape(-1, *image))
            if kind == "convNet":
                h = max_pooled(conv_block(max_pooled(conv_block(h, "layer1", training)), "layer2", training))
                h = g(bn(channels_last(h).reshape(m, -1) @ learns["layer3/weights"], "layer3", training))
                return linear(h, "layer4")
            h = inception(max_pooled(inception(max_pooled(conv_block(h, "stem", training)), "block1", training)), "block2", training)
            return linear(h.mean((2, 3)), "output")

        batches = [(values(rng, (m, 40), 1.2, 0.3), rng.integers(0, classes, m)) for _ in range(steps)]
        losses = []
        for x, labels in batches:
            loss = F.cross_entropy(forward(torch.tensor(x), True), torch.tensor(labels))
            gradients = torch.autograd.grad(loss, list(learns.values()))
            losses.append(number(loss.detach()))
            with torch.no_grad():
                for w, gradient in zip(learns.values(), gradients):
                    w -= rate * gradient
        end = {label: pack(w) for label, w in learns.items()}
        for name, (mean, variance) in running.items():
            end |= {f"{name}/movingMean": pack(mean), f"{name}/movingVariance": pack(variance)}
        yield {
            "kind": kind, "options": options | {"activation": activation, "norm": "batch", "normOptions": {"decay": decay, "epsilon": epsilon}},
            "rate": rate, "batches": [{"x": given(x), "labels": labels.tolist()} for x, labels in batches],
            "start": {label: given(w) for label, w in start.items()}, "losses": losses, "end": end,
            "inference": pack(forward(torch.tensor(batches[0][0]), False)),
        }  # fmt: skip


# ---------------------------------------------------------------- writing


FILES = {
    "batch-norm.json": batch_norm_cases,
    "inference.json": inference_cases,
    "moving-averages.json": moving_cases,
    "population.json": population_cases,
    "example-norms.json": example_norm_cases,
    "batch-renorm.json": renorm_cases,
    "whitening.json": whitening_cases,
    "convolution.json": convolution_cases,
    "mlp.json": mlp_cases,
    "networks.json": network_cases,
}


def main():
    texts = {}
    for name, cases in FILES.items():
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases())
        texts[name] = f"[\n{lines}\n]\n"
    digest = lambda data: hashlib.sha256(data).hexdigest()
    manifest = {
        "generator": {"file": "generate.py", "sha256": digest(pathlib.Path(__file__).read_bytes())},
        "versions": {"torch": torch.__version__.split("+")[0], "numpy": np.__version__},
        "files": {name: digest(text.encode()) for name, text in texts.items()},
    }
    texts["manifest.json"] = json.dumps(manifest, indent=2) + "\n"
    if "--check" in sys.argv[1:]:
        changed = [n for n, t in texts.items() if not (FOLDER / n).exists() or (FOLDER / n).read_text() != t]
        print("changed: " + ", ".join(changed) if changed else "every file is what this generator writes")
        sys.exit(1 if changed else 0)
    for name, text in texts.items():
        (FOLDER / name).write_text(text)
        print(f"{name}: {len(text) / 1024:.0f} kB")


if __name__ == "__main__":
    main()
