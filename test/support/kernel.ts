/** Cells run by a real tslab kernel through nbclient, as JupyterLab would. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import './home';

const root = path.join(__dirname, '..', '..');
const python = path.join(
  root,
  '.venv',
  ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
);

const script = `
import json, sys
import nbformat
from nbclient import NotebookClient
task = json.load(sys.stdin)
nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in task["cells"]])
# A kernel that dies ends the run; one that lives is waited for, however busy the machine is.
NotebookClient(nb, kernel_name="bnlab-test", timeout=-1, startup_timeout=3600, iopub_timeout=3600, raise_on_iopub_timeout=True, allow_errors=True).execute(cwd=task["cwd"])
print(nbformat.writes(nb))
`;

export interface Output {
  output_type: string;
  data?: Record<string, unknown>;
  metadata?: { bnlab?: { role: string } };
  text?: string | string[];
  traceback?: string[];
}

/**
 * The outputs of each cell.
 *
 * @param preload a module of lib/tools/kernel that the kernel loads before tslab: every mend, unless told. None at all would not do: the
 *   copies that other tests make of node_modules are hard links, which disturb a compiler that watches it
 */
export function runCells(cells: readonly string[], { preload = 'watch' } = {}): Output[][] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-kernel-'));
  try {
    const spec = path.join(folder, 'kernels', 'bnlab-test');
    fs.mkdirSync(spec, { recursive: true });
    const tslab = path.join(root, 'node_modules', 'tslab', 'bin', 'tslab');
    const mends = path.join(root, 'lib', 'tools', 'kernel', `${preload}.js`);
    const argv = [process.execPath, '--require', mends, tslab, 'kernel', '--config-path', '{connection_file}'];
    fs.writeFileSync(
      path.join(spec, 'kernel.json'),
      JSON.stringify({ argv, display_name: 'test', language: 'typescript' }),
    );
    const execute = () =>
      spawnSync(python, ['-c', script], {
        input: JSON.stringify({ cells, cwd: path.join(root, 'notebooks') }),
        env: { ...process.env, JUPYTER_PATH: folder, BNLAB_PROFILE: 'quick', FORCE_COLOR: '0', NO_COLOR: '1' },
        encoding: 'utf8',
      });
    let run = execute();
    // A port that Jupyter has chosen may be another's before the kernel gets there: it ends without an answer, and others are chosen.
    for (let tries = 1; tries < 5 && /Kernel died before replying to kernel_info/.test(run.stderr); tries += 1)
      run = execute();
    assert.equal(run.status, 0, run.stderr || String(run.error));
    const notebook = JSON.parse(run.stdout) as { cells: { outputs: Output[] }[] };
    return notebook.cells.map((cell) => cell.outputs);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
