#!/usr/bin/env bash
# plotly 7.1.0, jupyterlab 4.6.6 (PyPI)
#
# What surprises: who only looks at a notebook changes it. Plotly's renderer for JupyterLab draws a stored figure, makes a PNG of it at the
# size that it has in this window, and puts that into the output, in the document. JupyterLab takes the notebook for changed as soon as a
# figure comes into view, and its autosave writes the file two minutes later, with a picture of a different size for each reader's window.
#
# Seen:   a notebook that shows text is unchanged after it was opened; one that shows a figure is changed, and its output has an image/png
#         that the file has not; no cell was run and no key was pressed
#
# Why it matters: committed notebooks with figures are rewritten by being read, by hundreds of kilobytes each, and every reader's diff
# differs. A list that is longer than the window hides it: figures that were not scrolled to are not drawn.
set -euo pipefail
folder=$(mktemp -d)
trap 'if [ -n "${server:-}" ]; then kill "$server" 2> /dev/null || true; wait "$server" 2> /dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check 'jupyterlab==4.6.6' 'ipykernel==7.3.0' 'plotly==7.1.0'
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1 @sparticuz/chromium@147.0.2
export HOME="$folder/home" TMPDIR="$folder" JUPYTER_PREFER_ENV_PATH=1
mkdir home notebooks

cat > notebooks.py << 'PYTHON'
import nbformat
from nbclient import NotebookClient

figure = {"data": [{"type": "scatter", "x": [0, 1, 2], "y": [0, 1, 4]}], "layout": {"height": 300}}
shown = {"text": "4", "figure": "{'application/vnd.plotly.v1+json': %r, 'text/plain': 'a figure'}" % figure}
for name, data in shown.items():
    source = f"display({data}, raw={name == 'figure'})"
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)], metadata={"kernelspec": kernel})
    NotebookClient(notebook).execute()
    nbformat.write(notebook, f"notebooks/{name}.ipynb")
PYTHON
python/bin/python -W ignore notebooks.py

python/bin/jupyter lab --no-browser --allow-root --ServerApp.port=0 --IdentityProvider.token=t --ServerApp.ip=127.0.0.1 \
  --ServerApp.root_dir="$folder/notebooks" --LabApp.expose_app_in_browser=True 2> server.log &
server=$!

cat > look.mjs << 'JS'
import assert from 'node:assert/strict';
import fs from 'node:fs';
import chromium from '@sparticuz/chromium';
import playwright from 'playwright-core';

let address;
while (!(address = /http:\/\/127\.0\.0\.1:\d+/.exec(fs.readFileSync('server.log', 'utf8'))?.[0])) await new Promise((r) => setTimeout(r, 200));
const browser = await playwright.chromium.launch({ executablePath: await chromium.executablePath(), args: ['--no-sandbox'] });
const context = 'globalThis.jupyterapp?.shell?.currentWidget?.context';
const seen = {};
for (const [name, shown] of [['text', 'pre'], ['figure', '.main-svg']]) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(120_000);
  await page.goto(`${address}/lab/tree/${name}.ipynb?token=t&reset`);
  await page.waitForFunction(`${context}?.sessionContext?.session?.kernel?.status === 'idle'`);
  await page.waitForSelector(`.jp-OutputArea ${shown}`, { state: 'attached' });
  const dirty = `${context}.model.dirty`;
  if (name === 'figure') await page.waitForFunction(dirty, undefined, { timeout: 30_000 }).catch(() => undefined);
  const kinds = (notebook) => Object.keys(notebook.cells[0].outputs[0].data).sort();
  const file = JSON.parse(fs.readFileSync(`notebooks/${name}.ipynb`, 'utf8'));
  seen[name] = { changed: await page.evaluate(dirty), file: kinds(file), page: kinds(await page.evaluate(`${context}.model.toJSON()`)) };
  await page.close();
}
await browser.close();
console.log(seen);
assert.equal(seen.text.changed, false);
assert.ok(!seen.figure.file.includes('image/png'));
assert.ok(seen.figure.changed, 'a notebook whose figure is looked at stays as it is: the behaviour has changed');
assert.ok(seen.figure.page.includes('image/png'));
JS
node look.mjs
