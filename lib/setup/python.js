/**
 * The project's own Python: `.venv` with what requirements.txt pins, and the tslab kernel registered inside it.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { SetupError, expectRoom, FOR_ALL } = require('./errors');
const { digest, readJson, remove, temporaryName, writeJson, writeAtomically } = require('./files');
const { layout, needs } = require('./layout');
const { ask, environment, lastLines, runOrFail } = require('./run');

const stampFile = path.join(layout.venv, '.bnlab.json');
const kernelFile = path.join(layout.venv, 'share', 'jupyter', 'kernels', 'tslab', 'kernel.json');
const oldest = [3, 10];
/** As the committed notebooks have it: JupyterLab takes a notebook for changed, and saves it, when the kernel has another name. */
const KERNEL_NAME = 'TypeScript';

/**
 * @typedef {object} Found
 * @property {string} command as it was tried
 * @property {string} executable
 * @property {number[]} version
 * @property {string[]} lacks modules of its standard library that `venv` needs
 */

/**
 * Every Python that answers, best first: BNLAB_PYTHON alone when it is set, else the usual names on the PATH.
 *
 * @returns {Found[]}
 */
function findPythons() {
  const names = process.env.BNLAB_PYTHON
    ? [process.env.BNLAB_PYTHON]
    : ['python3', 'python', ...[15, 14, 13, 12, 11, 10].map((minor) => `python3.${minor}`)];
  const question =
    'import importlib.util as u, json, sys; print(json.dumps({"executable": sys.executable, "version": list(sys.version_info[:3]), ' +
    '"lacks": [m for m in ("venv", "ensurepip", "ssl") if u.find_spec(m) is None]}))';
  /** @type {Found[]} */
  const found = [];
  for (const command of names) {
    const { ok, output } = ask(command, ['-c', question]);
    if (!ok) continue;
    try {
      const answer = JSON.parse(output.split('\n').at(-1) ?? '');
      if (!found.some((other) => other.executable === answer.executable)) found.push({ command, ...answer });
    } catch {
      // something on the PATH that is called python and is not one
    }
    // The first one that suits is taken; asking the rest would only cost time.
    const last = found.at(-1);
    if (last && suits(last)) break;
  }
  return found.sort((a, b) => Number(suits(b)) - Number(suits(a)));
}

/** @param {Found} python */
function isNewEnough({ version: [major = 0, minor = 0] }) {
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

/** @param {Found} python */
function suits(python) {
  return isNewEnough(python) && python.lacks.length === 0;
}

/** @param {Found} python */
function describe(python) {
  return `Python ${python.version.join('.')} (${python.executable})`;
}

/**
 * @returns {Found}
 * @throws SetupError that says which of the three is the matter: none, too old, without venv
 */
function choosePython() {
  const found = findPythons();
  const best = found[0];
  if (best && suits(best)) return best;
  const forced = process.env.BNLAB_PYTHON;
  if (!best) {
    throw new SetupError(
      forced
        ? `BNLAB_PYTHON=${forced} is not a Python that runs`
        : 'no Python was found on the PATH (python3 or python)',
      forced
        ? 'Set it to the full path of Python 3.10 or later, or unset it.'
        : `Install Python 3.10 or later: ${installCommand('python3 python3-venv', 'python@3.14')}; then run the same command again.`,
    );
  }
  const lacking = found.find((python) => isNewEnough(python));
  if (lacking) {
    throw new SetupError(
      `${describe(lacking)} comes without ${lacking.lacks.join(', ')}, so it cannot make a virtual environment`,
      venvFix(lacking),
    );
  }
  throw new SetupError(
    `${describe(best)} is too old: Python 3.10 or later is needed`,
    `Install a newer one: ${installCommand('python3 python3-venv', 'python@3.14')}; or name one you have: BNLAB_PYTHON=/path/to/python3.14 npm start`,
  );
}

/** @param {Found} python */
function venvFix({ version: [major, minor] }) {
  return process.platform === 'darwin'
    ? 'Install a whole Python: brew install python@3.14; then run the same command again.'
    : `Install the part that is missing: sudo apt install python${major}.${minor}-venv (Debian, Ubuntu; elsewhere it comes with python3); or name another Python: BNLAB_PYTHON=/path/to/python3. Then run the same command again.`;
}

/**
 * @param {string} packages Debian's names
 * @param {string} formula Homebrew's name
 */
function installCommand(packages, formula) {
  if (process.platform === 'darwin') return `brew install ${formula}`;
  if (fs.existsSync('/usr/bin/dnf'))
    return `sudo dnf install ${packages.replace(' python3-venv', '').replace('g++', 'gcc-c++')}`;
  if (fs.existsSync('/sbin/apk')) return `sudo apk add ${packages.replace(' python3-venv', '')}`;
  if (fs.existsSync('/usr/bin/pacman'))
    return `sudo pacman -S ${packages.replace('python3 python3-venv', 'python').replace('g++', 'gcc')}`;
  return `sudo apt install ${packages}`;
}

/** The scripts of a virtual environment hold its path, so a moved project needs a new one. */
function wantedKey() {
  return digest(layout.venv, process.env.BNLAB_PYTHON ?? '', fs.readFileSync(layout.requirements));
}

/**
 * What tslab's own `install` would write, with absolute paths instead of whatever `tslab` the PATH has, and our mends
 * of it.
 */
function kernelSpec() {
  return {
    argv: [
      process.execPath,
      '--require',
      path.join(layout.root, 'lib', 'tools', 'kernel', 'watch.js'),
      path.join(layout.nodeModules, 'tslab', 'bin', 'tslab'),
      'kernel',
      '--config-path',
      '{connection_file}',
    ],
    display_name: KERNEL_NAME,
    language: 'typescript',
  };
}

function kernelIsCurrent() {
  return JSON.stringify(readJson(kernelFile)) === JSON.stringify(kernelSpec());
}

/** @returns {{ state: 'current' | 'missing' | 'stale' | 'broken' }} */
function look() {
  if (!fs.existsSync(layout.venv)) return { state: 'missing' };
  // existsSync follows the link to the Python that made it: an uninstalled or upgraded one leaves it dangling
  if (!fs.existsSync(layout.python)) return { state: 'broken' };
  return { state: readJson(stampFile)?.key === wantedKey() ? 'current' : 'stale' };
}

/**
 * Compares what is installed with requirements.txt, inside the environment.
 *
 * @returns {{ python: string, pins: number, differs: string[] } | undefined} undefined: the check itself could not run
 */
function inspect() {
  const { ok, output } = ask(layout.python, [
    '-I',
    path.join(sourceFolder, 'check_environment.py'),
    layout.requirements,
  ]);
  if (!ok) return undefined;
  try {
    return JSON.parse(output.split('\n').at(-1) ?? '');
  } catch {
    return undefined;
  }
}

/** The Python files are not compiled; they are found in the sources also when this file runs from dist. */
const sourceFolder = path.join(layout.root, 'lib', 'setup');

/**
 * @param {(note: string) => void} note
 * @returns {Promise<import('./steps').StepResult>}
 */
async function install(note) {
  const { state } = look();
  if (state === 'current') return { outcome: 'kept', text: readJson(stampFile).text };
  const key = wantedKey();
  if (state === 'stale' && madeHere() && !process.env.BNLAB_PYTHON) {
    // Made or changed by hand, or only the text of requirements.txt changed: keep what holds what it should.
    const seen = inspect();
    if (seen?.differs.length === 0) {
      const text = describeEnvironment(seen);
      writeJson(stampFile, { key, text });
      return { outcome: 'kept', text };
    }
  }
  const python = choosePython();
  if (state === 'missing') expectRoom('the Python environment needs', needs.python, layout.root, FOR_ALL);
  fs.mkdirSync(layout.temporary, { recursive: true });
  // An environment cannot be made elsewhere and moved here (its scripts hold its path), so the old one steps aside.
  const old = temporaryName(layout.temporary);
  if (state !== 'missing') fs.renameSync(layout.venv, old);
  try {
    note('virtual environment');
    await runOrFail(python.command, ['-m', 'venv', layout.venv], {
      step: 'python',
      what: `${describe(python)} could not make a virtual environment`,
      fix: venvFix(python),
    });
    note('pip install');
    await pip(['install', '--only-binary=:all:', '--require-hashes', '-r', layout.requirements], {
      what: 'pip could not install the packages of requirements.txt',
      fix: 'Its last lines are above. A newer or older Python may have the packages that this one lacks: BNLAB_PYTHON=/path/to/python3.14 npm start',
    });
    const seen = inspect();
    if (!seen || seen.differs.length > 0) {
      throw new SetupError(
        seen
          ? `after pip install, .venv does not hold what requirements.txt wants: ${seen.differs.join(', ')}`
          : 'the Python in .venv does not run',
        "Clear pip's cache (.venv/bin/python -m pip cache purge) and run the same command again.",
      );
    }
    const text = describeEnvironment(seen);
    writeJson(stampFile, { key, text });
    return { outcome: 'done', text };
  } catch (error) {
    // Half an environment would look like one to whoever uses it; the one from before works still.
    remove(layout.venv);
    if (fs.existsSync(old)) fs.renameSync(old, layout.venv);
    throw error;
  } finally {
    remove(old);
  }
}

/** The environment was made at this path; one that was moved or copied has scripts that point elsewhere. */
function madeHere() {
  const script = path.join(layout.venv, 'bin', 'activate');
  return fs.existsSync(script) && fs.readFileSync(script, 'utf8').includes(layout.venv);
}

/** @param {{ python: string, pins: number }} seen */
function describeEnvironment({ python, pins }) {
  return `Python ${python} in .venv, ${pins} packages`;
}

/**
 * pip of the project's environment; what it is in the middle of lies in our folder, so that a kill leaves nothing
 * behind elsewhere.
 *
 * @param {string[]} rest
 * @param {{ what: string, fix: string, step?: string, note?: (text: string) => void, progress?: () => string | undefined }} options
 */
async function pip(rest, { step = 'python', ...options }) {
  const temporary = temporaryName(layout.temporary);
  fs.mkdirSync(temporary, { recursive: true });
  try {
    const always = ['--no-input', '--disable-pip-version-check', '--retries', '2', '--timeout', '30'];
    const [verb = '', ...others] = rest;
    return await runOrFail(layout.python, ['-m', 'pip', verb, ...always, '--progress-bar', 'off', ...others], {
      ...options,
      step,
      env: environment({ TMPDIR: temporary }),
    });
  } finally {
    remove(temporary);
  }
}

/**
 * The tslab kernel, registered in .venv and nowhere else.
 *
 * @returns {Promise<import('./steps').StepResult>}
 */
async function registerKernel() {
  const text = 'registered in .venv';
  if (kernelIsCurrent()) return { outcome: 'kept', text };
  writeAtomically(kernelFile, JSON.stringify(kernelSpec(), null, 1) + '\n');
  const question =
    'from jupyter_client.kernelspec import KernelSpecManager as M; print(M(kernel_dirs=[__import__("sys").argv[1]]).get_kernel_spec("tslab").argv[0])';
  const { ok, output } = ask(layout.python, ['-I', '-c', question, path.dirname(path.dirname(kernelFile))]);
  if (!ok || output.split('\n').at(-1) !== process.execPath) {
    remove(path.dirname(kernelFile));
    throw new SetupError(
      'Jupyter does not find the tslab kernel that was registered in .venv',
      'Delete .venv and run the same command again.',
      {
        detail: lastLines(output),
      },
    );
  }
  return { outcome: 'done', text };
}

module.exports = {
  look,
  install,
  registerKernel,
  kernelIsCurrent,
  kernelFile,
  findPythons,
  choosePython,
  suits,
  describe,
  pip,
  installCommand,
  stampFile,
  sourceFolder,
};
