/** plotly.js in headless Chromium: one page for a whole test file, with the network off. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { launchBrowser } from 'bnlab/dist/tools/browser';

export interface PlotlyPage {
  page: Page;
  close(): Promise<void>;
}

/** Opens an empty page that has plotly.js and nothing else. */
export async function openPlotly(): Promise<PlotlyPage> {
  const browser = await launchBrowser();
  const page = await browser.newPage({ viewport: { width: 800, height: 900 } });
  page.setDefaultTimeout(0); // on a busy machine all takes as long as it takes
  await page.context().setOffline(true);
  await page.setContent('<!doctype html><body style="margin:0;background:#fff"><div id="figure"></div></body>');
  await page.addScriptTag({ content: readFileSync(require.resolve('plotly.js-dist'), 'utf8') });
  return { page, close: () => browser.close() };
}
