/** JupyterLab as `npm run lab` starts it, on a folder of its own, and a browser before it. */
import { spawn, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from 'bnlab/dist/tools/browser';
import { collection, home } from './sample';

const TOKEN = 'test';

export class Lab {
  private constructor(
    /** What the server shows; cells find the library from here. */
    readonly folder: string,
    private readonly server: ChildProcess,
    private readonly address: string,
    private readonly browser: Browser,
  ) {}

  /** @param environment variables of the kernels beside this process's */
  static async start(environment: NodeJS.ProcessEnv = {}): Promise<Lab> {
    const folder = path.join(collection({}), 'notebooks');
    const settings = ['ServerApp.port=0', `ServerApp.root_dir=${folder}`];
    settings.push(`IdentityProvider.token=${TOKEN}`, 'LabApp.expose_app_in_browser=True');
    settings.push(`LabApp.workspaces_dir=${path.join(folder, '.workspaces')}`);
    settings.push(`LabApp.user_settings_dir=${path.join(folder, '.settings')}`);
    // Every cell is in the page, wherever the reader has scrolled to.
    const tracker = path.join(folder, '.settings', '@jupyterlab', 'notebook-extension');
    fs.mkdirSync(tracker, { recursive: true });
    fs.writeFileSync(path.join(tracker, 'tracker.jupyterlab-settings'), JSON.stringify({ windowingMode: 'none' }));
    const argv = [path.join(home, 'lib', 'dist', 'tools', 'main.js'), 'lab', '--no-browser'];
    const server = spawn(process.execPath, [...argv, ...settings.map((one) => `--${one}`)], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const address = await new Promise<string>((resolve, reject) => {
      let said = '';
      server.stderr!.on('data', (text: Buffer) => {
        said += text.toString();
        const [, found] = /(http:\/\/127\.0\.0\.1:\d+)\/lab/.exec(said) ?? [];
        if (found) resolve(found);
      });
      server.on('exit', () => reject(new Error(`JupyterLab ended: ${said}`)));
    });
    return new Lab(folder, server, address, await launchBrowser());
  }

  /**
   * Opens a file, and waits until its kernel is there and at rest. The indicator in the toolbar says idle before there is a kernel, and
   * a command given then is lost.
   */
  async open(name: string): Promise<Page> {
    const page = await this.browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(0); // on a busy machine all takes as long as it takes
    await page.goto(`${this.address}/lab/tree/${name}?token=${TOKEN}&reset`);
    await page.waitForSelector('.jp-Notebook .jp-Cell');
    await until(page, 'idle');
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    const gone = new Promise((resolve) => this.server.on('exit', resolve));
    this.server.kill('SIGTERM');
    await gone;
    fs.rmSync(path.dirname(this.folder), { recursive: true, force: true });
  }
}

/** The notebook's context, in the page: its model, and the session with its kernel. */
const CONTEXT = 'globalThis.jupyterapp?.shell?.currentWidget?.context';

/** Waits until the notebook's kernel is in this state. */
export async function until(page: Page, status: 'idle' | 'busy'): Promise<void> {
  await page.waitForFunction(`${CONTEXT}?.sessionContext?.session?.kernel?.status === '${status}'`);
}

/** Waits until no cell of the notebook waits or runs, and its last cell has run. */
export async function untilRun(page: Page): Promise<void> {
  await page.waitForFunction(`(() => {
    const cells = [...${CONTEXT}.model.cells].filter((cell) => cell.type === 'code');
    return cells.every((cell) => cell.executionState === 'idle') && cells.at(-1).executionCount === cells.length;
  })()`);
}

/** Waits for the answer to a cell that was sent; whether it was run, or given up. */
export async function hasRun(page: Page, cell: number): Promise<boolean> {
  const model = `[...${CONTEXT}.model.cells][${cell}]`;
  await page.waitForFunction(`${model}.executionState === 'idle'`);
  return page.evaluate<boolean>(`${model}.executionCount !== null`);
}

/** Whether JupyterLab would save the notebook at its next interval: it holds what its file does not. */
export async function isChanged(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(`${CONTEXT}.model.dirty`);
}

/** Runs a command of JupyterLab as soon as its menu would offer it; not awaited to its end. */
export async function command(page: Page, name: string): Promise<void> {
  await page.waitForFunction(`globalThis.jupyterapp.commands.isEnabled('${name}')`);
  await page.evaluate(`void globalThis.jupyterapp.commands.execute('${name}')`);
}
