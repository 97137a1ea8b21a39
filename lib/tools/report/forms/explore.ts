/** The playground: a page that is nothing without its script, and says so. */
import { forScript, markup, raw } from '../html';
import { frame, type Site } from './frame';
import type { Frame } from './frame';

/** Where the playground lies beside the pages. */
export const EXPLORE = {
  page: 'explore.html',
  text: 'The playground: train two networks side by side, in this page',
};

const TITLE = 'Try it: two networks, side by side';

/** @param claims what the ledger says, by notebook and id of a claim */
export function explorePage(
  site: Site,
  claims: Record<string, { quote: string; verdict: string; page: string }>,
  compute: Frame['compute'],
): string {
  const article = markup`<h1>${TITLE}</h1>
<p class="lead">Two networks learn to read digits, one without and one with batch normalization (BN), from the same weights and over the same
mini-batches. Everything is computed in this page: move a control, press Run.</p>
<noscript><p>This page computes, and needs JavaScript for it. The other pages do without.</p></noscript>
<div data-explore-here><div class="bench"></div><script type="application/json">${raw(forScript(claims))}</script></div>`;
  return frame(site, { title: TITLE, article, compute });
}
