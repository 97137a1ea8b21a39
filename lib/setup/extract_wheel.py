"""Extracts parts of a wheel: python extract_wheel.py WHEEL FOLDER NAME...; a NAME that ends with / means all below it.

zipfile checks each member's CRC while it reads. Files are made read-only: they are shared by hard links. What the wheel's own list
says of their SHA-256 goes to FOLDER/checksums.json, in hexadecimal, beside what other wheels have left there.
"""

import base64
import csv
import io
import json
import os
import shutil
import sys
import zipfile

wheel, folder, *wanted = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and any(member.filename == name or name.endswith("/") and member.filename.startswith(name) for name in wanted)
    ]
    for name in wanted:
        if not any(member.filename.startswith(name) for member in members):
            sys.exit(f"{wheel} has no {name}")
    for member in members:
        target = os.path.join(folder, *member.filename.split("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with archive.open(member) as source, open(target, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 22)
        # The permission bits, for the compilers that the CUDA wheels carry.
        os.chmod(target, 0o555 if member.external_attr >> 16 & 0o111 else 0o444)
    (record,) = (name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
    rows = csv.reader(io.StringIO(archive.read(record).decode("utf-8")))
    sums = {name: value.removeprefix("sha256=") for name, value, _ in rows if value.startswith("sha256=")}
checksums = os.path.join(folder, "checksums.json")
known = {}
if os.path.exists(checksums):
    with open(checksums, encoding="utf-8") as file:
        known = json.load(file)
for member in members:
    known[member.filename] = base64.urlsafe_b64decode(sums[member.filename] + "=").hex()
with open(checksums, "w", encoding="utf-8") as file:
    json.dump(known, file, indent=1, sort_keys=True)
