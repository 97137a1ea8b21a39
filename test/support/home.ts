/**
 * What a test may touch. Loaded before every test file (`npm test`), and by whatever starts a command: the environment
 * is cleared of the reader's settings, and everything that programs keep for a user goes into a folder that is gone when
 * the test's process ends. What the reader's own cache holds is there under other names (hard links), so that nothing is
 * fetched again; those files are only ever replaced, never written into.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { variable as guard } from 'bnlab/dist/setup/marked';
import { makeScratch, removeScratch } from 'bnlab/dist/tools/scratch';
import { cacheFolder } from 'bnlab/dist/src/platform/node/cache';

/** True in the process that only starts the others. */
const isRunner = process.execArgv.includes('--test') && process.env.NODE_TEST_CONTEXT === undefined;

/** The reader's own settings, for tests that need what only the reader has: the real data. */
export const given: Readonly<NodeJS.ProcessEnv> = { ...process.env };

/** The folder that stands for the user's own. */
export const home = isRunner ? os.tmpdir() : isolate();

/** Takes what lies in a folder over under other names; files of another file system are copied. */
export function linkAll(from: string, to: string, wanted: (name: string) => boolean = () => true): void {
  if (!fs.existsSync(from)) return;
  fs.mkdirSync(to, { recursive: true });
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (!wanted(entry.name)) continue;
    if (entry.isDirectory()) linkAll(source, target);
    else if (entry.isFile()) {
      try {
        fs.linkSync(source, target);
      } catch {
        fs.copyFileSync(source, target);
      }
    }
  }
}

function isolate(): string {
  const folder = makeScratch();
  process.on('exit', () => removeScratch(folder));
  const before = { ...process.env };
  for (const name of Object.keys(process.env))
    if (name.startsWith('BNLAB_') && name !== guard) delete process.env[name];
  // The one setting meant for tests: the engine on which those run that ask for none.
  if (before.BNLAB_TEST_ENGINE) process.env.BNLAB_ENGINE = before.BNLAB_TEST_ENGINE;
  const place = (...names: string[]) => path.join(folder, ...names);
  Object.assign(process.env, {
    BNLAB_LANES: '1', // other tests run beside this one
    XDG_CACHE_HOME: place('cache'),
    XDG_CONFIG_HOME: place('config'),
    XDG_DATA_HOME: place('data'),
    XDG_STATE_HOME: place('state'),
    JUPYTER_CONFIG_DIR: place('jupyter', 'config'),
    JUPYTER_DATA_DIR: place('jupyter', 'data'),
    JUPYTER_RUNTIME_DIR: place('jupyter', 'runtime'),
    IPYTHONDIR: place('ipython'),
    npm_config_cache: place('npm'),
    PIP_CACHE_DIR: place('pip'),
  });
  // pip looks for its settings where the user's are; npm does so whatever is set here.
  const pip = [
    before.PIP_CONFIG_FILE,
    path.join(before.XDG_CONFIG_HOME || path.join(os.homedir(), '.config'), 'pip', 'pip.conf'),
    path.join(os.homedir(), '.pip', 'pip.conf'),
  ].find((file) => file && fs.existsSync(file));
  if (pip) process.env.PIP_CONFIG_FILE = pip;
  linkAll(cacheFolder(before), place('cache', 'bnlab'), (name) => name === 'data' || name.startsWith('browser-'));
  return folder;
}

/**
 * Fills the caches of npm, of pip and of set-up from the reader's own: for tests that install from nothing. npm writes
 * into its index, which is therefore copied.
 */
export function fillCaches(): void {
  const npm = given.npm_config_cache || path.join(os.homedir(), '.npm');
  const target = path.join(home, 'npm', '_cacache');
  if (!fs.existsSync(target)) {
    linkAll(path.join(npm, '_cacache', 'content-v2'), path.join(target, 'content-v2'));
    const index = path.join(npm, '_cacache', 'index-v5');
    if (fs.existsSync(index)) fs.cpSync(index, path.join(target, 'index-v5'), { recursive: true });
  }
  const pip = given.PIP_CACHE_DIR || path.join(given.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'pip');
  if (!fs.existsSync(path.join(home, 'pip'))) linkAll(pip, path.join(home, 'pip'));
  const cache = path.join(home, 'cache', 'bnlab');
  if (!fs.existsSync(path.join(cache, 'tensorflow'))) {
    for (const name of ['tensorflow', 'addon']) linkAll(path.join(cacheFolder(given), name), path.join(cache, name));
    linkAll(path.join(__dirname, '..', '..', '.bnlab', 'tensorflow'), path.join(cache, 'tensorflow'));
  }
}
