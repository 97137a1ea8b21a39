/** A notebook on paper: its page, printed by the browser that draws figures, with bookmarks and page numbers. */
import type { Browser, Page } from 'playwright-core';
import { pageStyle, signStyle } from '../assets';
import type { Block } from '../blocks';
import { withBookmarks } from '../bookmarks';
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
    const printed = await tab.pdf({ preferCSSPageSize: true, printBackground: true, outline: true, tagged: true });
    return await withBookmarks(printed, await headingsOn(tab));
  } finally {
    await context.close();
  }
}

/** What the page's headings say on paper: without their links, and each formula once. */
function headingsOn(tab: Page): Promise<string[]> {
  interface Part {
    cloneNode(deep: true): Part;
    querySelectorAll(unseen: string): Iterable<Part>;
    remove(): void;
    textContent: string;
  }
  return tab.locator('h1, h2, h3, h4, h5, h6').evaluateAll((headings) =>
    (headings as unknown as Part[]).map((heading) => {
      const said = heading.cloneNode(true);
      for (const part of said.querySelectorAll('.anchor, .katex-mathml')) part.remove();
      return said.textContent.replace(/\s+/g, ' ').trim();
    }),
  );
}
