#!/usr/bin/env bash
# scikit-learn 1.9.1 (PyPI)
#
# What surprises: noise_variance_ of IncrementalPCA is the variance of the last batch's rest, divided as if it were all the data's: it
# shrinks with the size of a batch. The components and their variances are right, and get_covariance and get_precision, which are made of
# noise_variance_, are not.
#
# Seen:   1,000 examples, 10 features, 2 components, deviation 1 in the other 8: PCA 0.989; IncrementalPCA with batches of 20: 0.0196, of
#         100: 0.098, of 1,000: 0.989. The trace of get_covariance: 42.2, 42.8, 49.9 (the data's: 49.9)
#
# Why it matters: noise_variance_ says how much is left out. Fitted in batches it says 50 times less, and a precision matrix, or a
# probability by it, takes every deviation off the components for 50 times as improbable.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check scikit-learn==1.9.1 numpy==2.4.6

cat > check.py << 'PY'
import numpy as np
import sklearn
from sklearn.decomposition import PCA, IncrementalPCA

print(f"scikit-learn {sklearn.__version__}")
x = np.random.default_rng(0).normal(size=(1_000, 10)) * np.r_[5, 4, np.ones(8)]
covariance = np.cov(x.T)
right = np.sort(np.linalg.eigvalsh(covariance))[:8].mean()
whole = PCA(2).fit(x)
print(f"by the definition {right:.4f}, PCA {whole.noise_variance_:.4f}, trace of the covariance {np.trace(covariance):.1f}")
seen = {}
for size in (20, 100, 1_000):
    fitted = IncrementalPCA(2, batch_size=size).fit(x)
    seen[size] = fitted.noise_variance_
    print(f"batches of {size}: {seen[size]:.4f}, trace of get_covariance {np.trace(fitted.get_covariance()):.1f}")
    assert np.allclose(fitted.explained_variance_, whole.explained_variance_, rtol=0.01)
assert np.isclose(whole.noise_variance_, right) and np.isclose(seen[1_000], right)
for size in (20, 100):
    assert abs(seen[size] / (right * size / 1_000) - 1) < 0.05, "it does not go with the size of a batch: the behaviour has changed"
PY
venv/bin/python check.py
