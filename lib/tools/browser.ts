/**
 * A headless Chromium for figures: one the reader names (`BNLAB_BROWSER`), one the machine has, else the one that comes
 * inside the npm package `@sparticuz/chromium` (Linux, x64), unpacked once into the user's cache.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { Browser } from 'playwright-core';
import { escapeHtml } from '../src/core/html';
import { ownMark, readJson, sweep } from '../src/platform/node/write';
import { cacheFolder } from '../src/platform/node/cache';
import { guardedEnvironment } from '../setup/guarded';
import { writeAtomically } from './notebook';
import { home } from './places';
import { Stop } from './running';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge'];
const FIXED: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
};

/** Where a browser lies and what it needs to start. */
export interface BrowserPlace {
  executable: string;
  environment: Record<string, string>;
}

/** Fonts of the packaged browser: its own, by which text is measured alike on every machine, or the machine's too, for other scripts. */
export type Fonts = 'own' | 'all';

/**
 * Finds a browser.
 *
 * @throws Error that says what was looked for, and what to do
 */
export async function findBrowser(fonts: Fonts = 'own'): Promise<BrowserPlace> {
  const named = process.env.BNLAB_BROWSER;
  if (named) {
    if (fs.existsSync(named)) return { executable: named, environment: {} };
    throw new Error(`BNLAB_BROWSER=${named}: no such file. Name a Chromium or Chrome, or unset it.`);
  }
  const onPath = (process.env.PATH ?? '')
    .split(path.delimiter)
    .flatMap((dir) => NAMES.map((name) => path.join(dir, name)));
  const found = [...onPath, ...(FIXED[process.platform] ?? [])].find((file) => fs.existsSync(file));
  if (found) return { executable: found, environment: {} };
  if (process.platform === 'linux' && process.arch === 'x64') return packaged(fonts);
  throw new Error('No Chromium or Chrome was found. Install one, or name one with BNLAB_BROWSER.');
}

/** Unpacks the browser of `@sparticuz/chromium` where it is kept between runs; whole or not at all. */
async function packaged(fonts: Fonts): Promise<BrowserPlace> {
  const { version } = JSON.parse(
    fs.readFileSync(path.join(home, 'node_modules', '@sparticuz', 'chromium', 'package.json'), 'utf8'),
  ) as { version: string };
  const place = (folder: string): BrowserPlace => ({
    executable: path.join(folder, 'chromium'),
    environment: { FONTCONFIG_FILE: fontSettings(folder, fonts) },
  });
  const keep = [cacheFolder(), path.join(home, '.bnlab')];
  const folders = keep.map((folder) => path.join(folder, `browser-${version}`));
  const ready = folders.find(isWhole);
  if (ready) return place(ready);

  let problem: unknown;
  for (const folder of folders) {
    const unpacking = path.join(path.dirname(folder), 'unpacking');
    const fresh = path.join(unpacking, ownMark());
    try {
      sweep(unpacking, { all: true });
      fs.mkdirSync(fresh, { recursive: true });
      await unpack(fresh);
      writeAtomically(path.join(fresh, LIST), JSON.stringify(sizesIn(fresh)));
      if (isWhole(folder)) return place(folder); // another run was quicker
      fs.rmSync(folder, { recursive: true, force: true });
      fs.renameSync(fresh, folder);
      return place(folder);
    } catch (error) {
      if (isWhole(folder)) return place(folder);
      problem = error;
    } finally {
      fs.rmSync(fresh, { recursive: true, force: true });
    }
  }
  throw new Error(`The packaged Chromium could not be unpacked: ${(problem as Error).message}`);
}

/** Says which files belong to an unpacked browser, and how long each is. */
const LIST = 'complete.json';

function sizesIn(folder: string): Record<string, number> {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.map((name) => [name, fs.statSync(path.join(folder, name))] as const);
  return Object.fromEntries(files.filter(([, stat]) => stat.isFile()).map(([name, stat]) => [name, stat.size]));
}

/** A browser that was cut off while it was unpacked would fail for ever. */
function isWhole(folder: string): boolean {
  const sizes = readJson(path.join(folder, LIST)) as Record<string, number> | undefined;
  if (!sizes?.chromium) return false;
  const sizeOf = (name: string) => fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.size;
  return Object.entries(sizes).every(([name, size]) => sizeOf(name) === size);
}

/**
 * Settings under which the browser finds its own fonts, and only those: text is then measured alike on every machine. The
 * package's settings look in fixed folders of another system; without any font Chromium crashes on most pages.
 */
function fontSettings(folder: string, fonts: Fonts): string {
  const file = path.join(folder, fonts === 'own' ? 'fonts.conf' : 'all-fonts.conf');
  const more = ['/usr/share/fonts', '/usr/local/share/fonts', path.join(os.homedir(), '.local', 'share', 'fonts')];
  const folders = [path.join(folder, 'fonts'), ...(fonts === 'own' ? [] : more)];
  const text =
    '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n' +
    folders.map((one) => `  <dir>${escapeHtml(one)}</dir>\n`).join('') +
    `  <cachedir>${escapeHtml(path.join(folder, 'font-cache'))}</cachedir>\n</fontconfig>\n`;
  if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) writeAtomically(file, text);
  return file;
}

async function unpack(folder: string): Promise<void> {
  const { default: chromium } = await import('@sparticuz/chromium');
  // The package unpacks into os.tmpdir() and takes whatever file it finds there for a whole one.
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    if (os.tmpdir() !== folder) throw new Error(`the temporary folder could not be set to ${folder}`);
    await chromium.executablePath();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

/**
 * Starts a browser.
 *
 * @param extra further command line flags
 * @param stop ends the browser, also one that has not answered yet; no other is started then
 * @throws Error when none is found, it does not start, or it was asked to stop
 */
export async function launchBrowser(extra: string[] = [], stop = new Stop(), fonts: Fonts = 'own'): Promise<Browser> {
  const { executable, environment } = await findBrowser(fonts);
  const { chromium } = await import('playwright-core');
  const flags = ['--font-render-hinting=none', '--disable-gpu', '--force-color-profile=srgb', ...extra];
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const { env, end } = guardedEnvironment({ ...process.env, ...environment });
  stop.onAsked(end);
  const start = async (args: string[]) => {
    if (stop.asked) throw new Error('it was asked to stop');
    // Asked while it is being launched, there may be no process yet: it is looked for until there is an answer.
    const looks = setInterval(() => stop.asked && end(), 200);
    const launched = chromium.launch({
      executablePath: executable,
      headless: true,
      args,
      timeout: 0, // a browser that cannot start ends; on a busy machine a start takes as long as it takes
      // Who started it ends it, in order; Playwright would end this process with it.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      env: env as Record<string, string>,
    });
    return launched.finally(() => clearInterval(looks));
  };
  try {
    return await start([...flags, ...sandbox]);
  } catch (error) {
    // Containers without user namespaces cannot have Chromium's sandbox. Only our own pages are opened.
    if (sandbox.length === 0) return start([...flags, '--no-sandbox']);
    throw new Error(`${executable} did not start: ${(error as Error).message.split('\n')[0]}`, { cause: error });
  }
}
