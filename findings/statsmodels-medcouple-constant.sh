#!/usr/bin/env bash
# statsmodels 0.15.0 (PyPI)
#
# What surprises: the medcouple, a measure of skewness between -1 and 1, of values that are all equal is -1, as skewed to the left as can
# be. By its definition, and by the same function with use_fast=False, it is 0. As soon as one value differs on either side the two agree.
#
# Seen:   20 ones: -1 (use_fast=False: 0); 18 zeros between -1 and 1: 0 and 0; 15 zeros and 1 to 5: 1 and 1, mirrored -1 and -1
#
# Why it matters: units that are dead, or a layer before its first step, give constant columns. In a table of skewness, or as the factor
# exp(-4 * medcouple) = 55 of an adjusted box plot, they stand out as the most skewed of all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check statsmodels==0.15.0 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1

cat > check.py << 'PY'
import warnings

import numpy as np
import statsmodels
from statsmodels.stats.stattools import medcouple

warnings.simplefilter("ignore")
print(f"statsmodels {statsmodels.__version__}")
zeros = np.zeros(15)
cases = {"constant": np.ones(20), "symmetric": np.r_[-1, np.zeros(18), 1], "right": np.r_[zeros, 1:6], "left": np.r_[-zeros, -5:0]}
seen = {name: (float(medcouple(x)), float(medcouple(x, use_fast=False))) for name, x in cases.items()}
print(seen)
assert seen["symmetric"] == (0, 0) and seen["right"] == (1, 1) and seen["left"] == (-1, -1)
assert seen["constant"][1] == 0
assert seen["constant"][0] == -1, "the behaviour has changed"
PY
venv/bin/python check.py
