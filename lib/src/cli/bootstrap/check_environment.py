"""Says, as one JSON line, which of the pins in a requirements file this Python's environment does not meet."""

import json
import platform
import sys
from importlib import metadata

differs = []
try:
    from packaging.requirements import Requirement
except ImportError:
    differs.append("packaging")
else:
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = [line.split("#")[0].strip() for line in file]
    for line in filter(None, lines):
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate():
            continue
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            differs.append(f"{wanted.name} is missing")
        else:
            if not wanted.specifier.contains(version, prereleases=True):
                differs.append(f"{wanted.name} is {version}")
print(json.dumps({"python": platform.python_version(), "differs": differs}))
