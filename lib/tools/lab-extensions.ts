/** JupyterLab's extensions as `npm run lab` serves them. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { home } from './places';

const NAME = 'jupyterlab-plotly';
const installed = path.join(home, '.venv', 'share', 'jupyter', 'labextensions', NAME);

/**
 * Where plotly's renderer (7.1.0) puts a picture of each figure that it draws into the notebook. The names are a minifier's.
 */
const KEEPS = /([\w$]+)\.data\["image\/png"\]!==([\w$]+)&&\1\.setData\(\{data:\{\.\.\.\1\.data,"image\/png":\2\}\}\)/g;

/**
 * A copy of plotly's renderer that leaves notebooks alone, for `JUPYTER_PATH`, which comes before what is installed. JupyterLab takes a notebook
 * for changed, and its autosave writes it, when one of its figures comes into view, as the renderer then keeps a picture in it.
 *
 * @param folder where the copy goes; one that is there is kept, as long as the renderer is the same
 * @returns the folder to be named; undefined where another renderer is installed, which has no such place
 */
export function quietExtensions(folder: string): string | undefined {
  if (!fs.existsSync(installed)) return undefined;
  const { version } = JSON.parse(fs.readFileSync(path.join(installed, 'package.json'), 'utf8')) as { version: string };
  const kept = path.join(folder, version);
  if (fs.existsSync(kept)) return kept;
  fs.mkdirSync(folder, { recursive: true });
  const made = fs.mkdtempSync(path.join(folder, '.new-'));
  try {
    const copy = path.join(made, 'labextensions', NAME);
    fs.cpSync(installed, copy, { recursive: true });
    let places = 0;
    for (const name of fs.readdirSync(path.join(copy, 'static')).filter((one) => one.endsWith('.js'))) {
      const file = path.join(copy, 'static', name);
      const script = fs.readFileSync(file, 'utf8');
      const quiet = script.replace(KEEPS, () => `void ${places++}`);
      if (quiet !== script) fs.writeFileSync(file, quiet);
    }
    if (places === 0) return undefined;
    fs.renameSync(made, kept);
    return kept;
  } catch (error) {
    // another JupyterLab that was started at the same time was first
    if (fs.existsSync(kept)) return kept;
    throw error;
  } finally {
    fs.rmSync(made, { recursive: true, force: true });
  }
}
