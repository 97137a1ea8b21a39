/** The library in a browser: bundled from its entry as a page's author would, and loaded into Chromium with the network off. */
import * as path from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { launchBrowser } from 'bnlab/dist/tools/browser';
import { home } from './sample';

export interface LibraryPage {
  page: Page;
  /** What the page wrote to its console as an error, and what it threw outside a call. */
  problems: string[];
  close(): Promise<void>;
}

/** The bundle: one script that makes the global `bnlab`. No alias and no stub: what Node alone has is not asked for. */
export async function bundle(): Promise<string> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: home,
    entryPoints: [path.join('lib', 'src', 'browser.ts')],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'bnlab',
    outdir: 'none',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path: name }) => name));
  if (outside.length > 0) throw new Error(`The bundle asks for ${outside.join(', ')}`);
  return outputFiles[0].text;
}

/** Opens an empty page that has the library as `bnlab`. */
export async function openLibrary(): Promise<LibraryPage> {
  const script = await bundle();
  const browser = await launchBrowser();
  const page = await browser.newPage();
  page.setDefaultTimeout(0); // on a busy machine all takes as long as it takes
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())));
  await page.context().setOffline(true);
  await page.setContent('<!doctype html><title>bnlab</title>');
  await page.addScriptTag({ content: script });
  return { page, problems, close: () => browser.close() };
}
