"""Says, as one JSON line, which of the pins in a requirements file this Python's environment does not meet."""

import json
import platform
import sys
from importlib import metadata

differs = []
pins = 0
try:
    from packaging.requirements import Requirement
except ImportError:
    differs.append("packaging")
else:
    with open(sys.argv[1], encoding="utf-8") as file:
        # A pin stands at the start of a line; its checksums follow, indented.
        lines = [line.split("#")[0].rstrip().removesuffix("\\") for line in file if line[0].isalnum()]
    for line in lines:
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate():
            continue
        pins += 1
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            differs.append(f"{wanted.name} is missing")
        else:
            if not wanted.specifier.contains(version, prereleases=True):
                differs.append(f"{wanted.name} is {version}")
print(json.dumps({"python": platform.python_version(), "pins": pins, "differs": differs}))
