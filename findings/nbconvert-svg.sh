#!/usr/bin/env bash
# nbconvert 7.17.2 (with pypandoc_binary 1.17 for pandoc, PyPI)
#
# What surprises: an SVG among a cell's outputs loses its words in HTML, and is no picture in AsciiDoc. HTML shows it as an <img> whose
# alt is "No description has been provided for this image", whatever the output's metadata and the SVG itself say. AsciiDoc writes it
# in Markdown's syntax, inside a listing, so that a reader sees the letters.
#
# Seen:   HTML:      alt="No description has been provided for this image"
#         AsciiDoc:  ----
#                    ![svg](one_files/one_0_0.svg)
#                    ----
#
# Why it matters: alternative text that an author wrote is lost without a word but a warning that it is missing, and a document without
# any picture counts as converted.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nbconvert==7.17.2 ipykernel pypandoc_binary==1.17

cat > make.py << 'PY'
import json

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" role="img" aria-label="A curve"><rect width="9" height="9"/></svg>'


def notebook(name, mime, data):
    output = {
        "output_type": "display_data",
        "data": {mime: data, "text/plain": "A curve"},
        "metadata": {"alt": "A curve", mime: {"alt": "A curve"}},
    }
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "", "execution_count": 1, "outputs": [output]}
    json.dump({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, open(name, "w"))


notebook("one.ipynb", "image/svg+xml", SVG)
PY
venv/bin/python make.py
export PATH="$PATH:$(venv/bin/python -c 'import os, pypandoc; print(os.path.dirname(pypandoc.get_pandoc_path()))')"
for format in html asciidoc; do venv/bin/jupyter nbconvert --to "$format" one.ipynb > said.txt 2>&1 || { cat said.txt; exit 1; }; done

cat > check.py << 'PY'
import re

alt = re.search(r'<img[^>]*alt="([^"]*)"', open("one.html").read()).group(1)
print(alt)
assert alt.startswith("No description"), "an SVG keeps its words: the behaviour has changed"
text = open("one.asciidoc").read()
print(text)
assert re.search(r"----\n!\[svg\]\([^)]*\)\n*----", text), "AsciiDoc has the picture: the behaviour has changed"
PY
venv/bin/python check.py
