"""Small files of arrays as NumPy and the publishers' descriptions make them: what the readers of lib/src/data are held against.

    python -m venv /tmp/golden && /tmp/golden/bin/pip install numpy==2.4.6
    /tmp/golden/bin/python data/golden/files/generate.py            # writes data/golden/files/arrays.json
    /tmp/golden/bin/python data/golden/files/generate.py --check    # writes nothing; fails when the file would change

Each case holds a file in base64 with the shape, type and values that NumPy says it has, or, under "refused", with the kind of
content that a reader must name. arrays.json holds the sha256 of this file: a test compares it.
"""

import base64
import hashlib
import io
import json
import pathlib
import pickle
import struct
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve()
TARGET = HERE.with_name("arrays.json")
TYPES = ["b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]


def text(data):
    return base64.b64encode(data).decode()


def sample(code, shape):
    """Values that use the whole range of the type, in a fixed order."""
    n = int(np.prod(shape, dtype=int))
    stream = np.random.Generator(np.random.PCG64(7))
    kind = np.dtype(code).kind
    if kind == "b":
        return (np.arange(n) % 3 == 0).reshape(shape)
    if kind in "iu":
        info = np.iinfo(code)
        bound = 2**53 - 1
        low, high = max(info.min, -bound), min(info.max, bound)
        values = stream.integers(low, high, size=n, dtype=np.int64, endpoint=True)
        for i, extreme in enumerate([low, high, 0][:n]):
            values[i] = extreme
        return values.astype(code).reshape(shape)
    values = stream.standard_normal(n).astype(code)
    info = np.finfo(code)
    for i, extreme in enumerate([info.max, -info.max, info.tiny, info.smallest_subnormal, -0.0, 0.1][:n]):
        values[i] = extreme
    return values.reshape(shape)


def described(name, data, array):
    values = [float(v) if array.dtype.kind == "f" else int(v) for v in array.ravel(order="C")]
    return {
        "name": name,
        "file": text(data),
        "shape": list(array.shape),
        "type": array.dtype.name,
        "values": values,
    }


def npy(array, version=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version, allow_pickle=True)
    return stream.getvalue()


def npy_cases():
    for code in TYPES:
        for order in "<>":
            for layout in "CF":
                array = np.asarray(sample(code, (2, 3, 4)).astype(order + code), order=layout)
                yield described(f"{order}{code} {layout}", npy(array), array)
    for shape in [(), (7,), (3, 4), (0, 28, 28), (1, 1), (2, 3, 2, 2), (2, 1, 3, 1, 2)]:
        for layout in "CF":
            array = np.asarray(sample("f4", shape), order=layout)
            yield described(f"shape {shape} {layout}", npy(array), array)
    for version in [(1, 0), (2, 0), (3, 0)]:
        array = sample("i2", (3, 2))
        yield described(f"version {version}", npy(array, version), array)


def npz_cases():
    arrays = {"x": sample("u1", (3, 4, 4)), "y": sample("i8", (3,))}
    for save in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        save(stream, **arrays)
        members = {name: described(name, b"", array) for name, array in arrays.items()}
        yield {"name": save.__name__, "file": text(stream.getvalue()), "arrays": members}


def idx_cases():
    """The format's own description: 0, 0, type, number of dimensions, sizes and elements big-endian."""
    for code, kind in {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}.items():
        for shape in [(5,), (2, 3), (2, 3, 4), (2, 2, 1, 3), (1, 2, 1, 2, 1)]:
            array = sample(kind[1:], shape)
            head = struct.pack(">BBBB", 0, 0, code, len(shape)) + struct.pack(f">{len(shape)}I", *shape)
            yield described(f"{kind} {shape}", head + array.astype(kind).tobytes(), array)


def refused():
    cases = {
        "objects": np.array([1, "a"], dtype=object),
        "text": np.array(["a", "bc"]),
        "complex numbers": np.array([1 + 2j]),
        "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
        "fields": np.zeros(2, dtype=[("a", "f4"), ("b", "i2")]),
        "f16": np.zeros(2, dtype=np.longdouble),
        "beyond 2^53": np.array([1, 2**53 + 1], dtype=np.int64),
    }
    return {name: text(npy(array)) for name, array in cases.items()}


def pickled():
    """The Python version of CIFAR-10 is such a dictionary."""
    batch = {b"batch_label": b"training batch 1 of 5", b"labels": [6, 9], b"data": np.zeros((2, 3072), dtype=np.uint8)}
    return {str(protocol): text(pickle.dumps(batch, protocol=protocol)[:400]) for protocol in (2, 4)}


def main():
    result = {
        "generator": hashlib.sha256(HERE.read_bytes()).hexdigest(),
        "numpy": np.__version__,
        "npy": list(npy_cases()),
        "npz": list(npz_cases()),
        "idx": list(idx_cases()),
        "refused": refused(),
        "pickle": pickled(),
    }
    # NumPy writes the time of day into an .npz and cannot be told not to; the arrays in it are what counts.
    written = json.dumps(result, allow_nan=False) + "\n"
    if "--check" in sys.argv:
        old = json.loads(TARGET.read_text())
        for case in [*old["npz"], *result["npz"]]:
            case.pop("file")
        sys.exit(0 if old == json.loads(json.dumps(result)) else f"{TARGET.name} would change")
    TARGET.write_text(written)


main()
