"""The zoo of batch norms, measured: what each library stores, and trained networks to carry over.

    python data/golden/zoo/generate.py                    # all; writes table.json, networks/ and manifest.json
    python data/golden/zoo/generate.py --check            # writes nothing; fails where a library answers otherwise
    python data/golden/zoo/generate.py --only jax paddle  # these environments alone; the others' rows stay
    python data/golden/zoo/generate.py --environments DIR # keeps the environments there, for another run

Each library runs in an environment of its own with the versions of requirements/, made anew in a temporary folder: about 4 GB
and ten minutes. Wanted: Python 3.9, 3.11 and 3.12 under these names (or pyenv's), Node, and the library set up (`npm run
setup`), which writes the networks that the frameworks read back. Tests look at the files alone.
"""

import argparse
import glob
import hashlib
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TFJS = [f"@tensorflow/tfjs-{part}@4.22.0" for part in ("core", "backend-cpu", "layers")]
# name, Python, probes, further calls of pip
ENVIRONMENTS = [
    ("torch", "3.11", ["torch_probe.py"], []),
    ("tensorflow", "3.11", ["tensorflow_probe.py"], [["--no-deps", "tf_keras==2.21.0"]]),
    ("jax", "3.12", ["jax_probe.py"], []),
    ("tfjs", "3.11", ["tfjs_probe.py"], []),
    ("paddle", "3.11", ["paddle_probe.py"], []),
    ("legacy", "3.9", ["mxnet_probe.py", "chainer_probe.py"], []),
    ("onnx", "3.11", ["onnx_probe.py"], []),
    ("mlx", "3.11", ["mlx_probe.py"], []),
    ("mindspore", "3.11", ["mindspore_probe.py"], []),
]
# Trained networks: environment, what trains and writes one, what reads it again after this library has.
NETWORKS = [
    ("torch", "torch_network.py", "torch_back.py"),
    ("tensorflow", "keras_network.py", "keras_back.py"),
    ("tfjs", "tfjs_network.cjs", "tfjs_back.cjs"),
]


def python_of(version):
    for found in [shutil.which(f"python{version}"), *glob.glob(os.path.expanduser(f"~/.pyenv/versions/{version}.*/bin/python"))]:
        if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0:
            return found
    sys.exit(f"Python {version} is not here: some of these libraries run on no other.")


def environment(folder, name, version, more):
    """The interpreter of an environment, made where it is not there yet."""
    home, wanted = folder / name, HERE / "requirements" / f"{name}.txt"
    python, stamp = home / "bin" / "python", home / "made-of.txt"
    text = wanted.read_text()
    if not stamp.exists() or stamp.read_text() != text:
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([python_of(version), "-m", "venv", home], check=True)
        pip = lambda *given: subprocess.run([python, "-m", "pip", "install", "--quiet", *given], check=True)
        if name == "legacy":
            pip("wheel==0.45.1")  # chainer comes as source, and wants the setuptools that Python 3.9 brings
            pip("--no-build-isolation", "-r", wanted)
        else:
            pip("-r", wanted)
        for given in more:
            pip(*given)
        if name == "tfjs":
            (home / "package.json").write_text("{}")
            npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *TFJS]
            subprocess.run(npm, cwd=home, check=True)
        stamp.write_text(text)
    return python


def run(folder, name, python, script, *given):
    call = ["node", HERE / script] if script.endswith(".cjs") else [python, HERE / script]
    if name == "tfjs":
        given = (folder / name, *given)
    done = subprocess.run([*call, *given], cwd=HERE, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"{script} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def same(a, b, at=""):
    """Where two answers differ by more than rounding; of a sentence only the kind of error counts."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [d for k in a for d in same(a[k], b[k], f"{at}/{k}")]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [d for i, pair in enumerate(zip(a, b)) for d in same(*pair, f"{at}[{i}]")]
    if isinstance(a, float) and isinstance(b, float):
        return [] if abs(a - b) <= 2e-5 * max(1, abs(a)) else [f"{at}: {a} and {b}"]
    return [] if a == b else [f"{at}: {a!r} and {b!r}"]


def compact(value, depth=0):
    """JSON with one line a library and a measurement."""
    if isinstance(value, dict) and depth < 3:
        inner = ",\n".join(f"{'  ' * (depth + 1)}{json.dumps(k)}: {compact(v, depth + 1)}" for k, v in value.items())
        return "{\n" + inner + f"\n{'  ' * depth}}}"
    return json.dumps(value)


def show_the_way_back(folder, pythons):
    """Each framework loads what this library wrote of its network. Asserted, not stored: it is rounding."""
    target = pathlib.Path(tempfile.mkdtemp(prefix="bnlab-zoo-back-"))
    run(folder, "", None, "back.cjs", target)
    for name, _, script in NETWORKS:
        if name not in pythons:
            continue
        for framework, files in run(folder, name, pythons[name], script, target).items():
            for written, worst in files.items():
                print(f"{framework} reads {written}: outputs within {worst:.1e}")
                assert worst < 1e-5, f"{framework} computes something else from {written}"
    shutil.rmtree(target)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", nargs="+", default=[name for name, *_ in ENVIRONMENTS])
    parser.add_argument("--environments", type=pathlib.Path)
    given = parser.parse_args()
    folder = given.environments or pathlib.Path(tempfile.mkdtemp(prefix="bnlab-zoo-"))
    folder.mkdir(parents=True, exist_ok=True)
    file = HERE / "table.json"
    before = json.loads(file.read_text()) if file.exists() else {"libraries": {}, "networks": {}}
    rows, networks = dict(before["libraries"]), dict(before["networks"])
    target = pathlib.Path(tempfile.mkdtemp(prefix="bnlab-zoo-networks-"))
    pythons = {}
    for name, version, probes, more in ENVIRONMENTS:
        if name not in given.only:
            continue
        print(name, flush=True)
        pythons[name] = python = environment(folder, name, version, more)
        for probe in probes:
            for record in run(folder, name, python, probe):
                rows[f"{record.pop('library')}: {record['call']}"] = record
    for name, script, _ in NETWORKS:
        if name in pythons:
            print(script, flush=True)
            networks |= run(folder, name, pythons[name], script, target)
    table = {"machine": platform.machine(), "libraries": dict(sorted(rows.items())), "networks": networks}
    differences = same(before["libraries"], table["libraries"])
    if given.check:
        print("\n".join(differences[:40]) or "every library answers as the table says")
        sys.exit(bool(differences))
    file.write_text(compact(table) + "\n")
    (HERE / "networks").mkdir(exist_ok=True)
    for made in target.iterdir():
        shutil.copyfile(made, HERE / "networks" / made.name)
    show_the_way_back(folder, pythons)
    written = [file, *sorted((HERE / "networks").iterdir())]
    sources = sorted([*HERE.glob("*.py"), *HERE.glob("*.cjs"), *(HERE / "requirements").iterdir()])
    sha = lambda paths: {str(p.relative_to(HERE)): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}
    manifest = {"generator": sha(sources), "files": sha(written)}
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(f"{len(rows)} rows, {len(differences) if before['libraries'] else 'all'} of their answers new")
    shutil.rmtree(target)
    if not given.environments:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
