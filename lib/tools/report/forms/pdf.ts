/** A notebook on paper: its page, printed by the browser that draws figures, with bookmarks and page numbers. */
import type { Browser } from 'playwright-core';
import { pageStyle, signStyle } from '../assets';
import type { Block } from '../blocks';
import type { Fact } from '../facts';
import { page } from './page';

/** Prints a notebook. Links to other pages stay words: a file that is mailed has no others beside it. */
export async function pdf(
  browser: Browser,
  title: string,
  name: string,
  blocks: readonly Block[],
  facts: readonly Fact[],
): Promise<Uint8Array> {
  const context = await browser.newContext({ offline: true, javaScriptEnabled: false });
  try {
    const tab = await context.newPage();
    tab.setDefaultTimeout(0); // on a busy machine a page takes as long as it takes
    await tab.setContent(page({ title, script: '', style: signStyle() + pageStyle() }, name, blocks, { facts }), {
      timeout: 0,
    });
    return await tab.pdf({ preferCSSPageSize: true, printBackground: true, outline: true, tagged: true });
  } finally {
    await context.close();
  }
}
