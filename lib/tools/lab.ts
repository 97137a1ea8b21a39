import * as fs from 'node:fs';
import * as path from 'node:path';
import { spawnGuarded } from '../setup/guarded';
import { quietExtensions } from './lab-extensions';
import { writeAtomically } from './notebook';
import { home, python } from './places';

/**
 * `npm run lab [-- OPTION...]`: JupyterLab on the notebooks, for this machine's own browser only, with its usual token.
 *
 * Everything Jupyter keeps (settings, workspaces, running servers, trusted notebooks) goes into `.venv`, so nothing of
 * the user's own Jupyter is read or written.
 *
 * @param argv more options for JupyterLab, such as `--no-browser` or `--port=9999`
 * @returns JupyterLab's exit code
 */
export async function lab(argv: string[]): Promise<number> {
  const options = ['--ServerApp.ip=127.0.0.1'];
  // Jupyter refuses a folder that is named twice.
  if (!argv.some((word) => /^--(?:ServerApp\.root_dir|notebook-dir)\b/.test(word)))
    options.push(`--ServerApp.root_dir=${path.join(home, 'notebooks')}`);
  if (process.getuid?.() === 0) {
    // Jupyter refuses root unless told: in a container, root is often the only user there is.
    process.stderr.write('Running as root: JupyterLab is told to allow it (--allow-root).\n');
    options.push('--allow-root');
  }
  const child = spawnGuarded(
    python(),
    ['-m', 'jupyterlab', ...options, ...argv],
    { cwd: home, env: labEnvironment(), stdio: 'inherit' },
    // The reader's own browser, which JupyterLab opens, is not ours to end.
    { ask: true, alone: true },
  );
  // Ctrl-C reaches JupyterLab from the terminal itself; it asks back, so we must outlive it.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** The process environment, with Jupyter's own folders inside `.venv`. */
export function labEnvironment(): NodeJS.ProcessEnv {
  const own = path.join(home, '.venv', 'jupyter');
  const folders = {
    JUPYTER_CONFIG_DIR: path.join(own, 'config'),
    JUPYTER_DATA_DIR: path.join(own, 'data'),
    JUPYTER_RUNTIME_DIR: path.join(own, 'runtime'),
    JUPYTERLAB_SETTINGS_DIR: path.join(own, 'settings'),
    JUPYTERLAB_WORKSPACES_DIR: path.join(own, 'workspaces'),
    IPYTHONDIR: path.join(own, 'ipython'),
  };
  for (const folder of Object.values(folders)) fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeDefaults(folders.JUPYTER_CONFIG_DIR);
  const environment: NodeJS.ProcessEnv = { ...process.env, ...folders, JUPYTER_PREFER_ENV_PATH: '1' };
  delete environment.JUPYTER_PATH;
  const quiet = quietExtensions(path.join(own, 'extensions'));
  if (quiet !== undefined) environment.JUPYTER_PATH = quiet;
  delete environment.JUPYTER_CONFIG_PATH;
  return environment;
}

/** What JupyterLab does unless the reader's own settings say otherwise: it asks nobody on the network for news or newer versions. */
function writeDefaults(configFolder: string): void {
  const file = path.join(configFolder, 'labconfig', 'default_setting_overrides.json');
  const settings = { '@jupyterlab/apputils-extension:notification': { fetchNews: 'false', checkForUpdates: false } };
  const text = JSON.stringify(settings, null, 2) + '\n';
  if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text) return;
  writeAtomically(file, text);
}
