/** The forms that a collection is written in. */
import * as path from 'node:path';
import type { Stop } from '../running';
import { launchBrowser } from '../browser';
import { deckScript, pageScript, speakerScript, writeAssets, writeDeckAssets } from './assets';
import { type Block, findingOf, leadFigure, titleOf } from './blocks';
import { Collection, LEDGER, type Places, type Source } from './collection';
import { factsOf, rowOf } from './facts';
import { contentsPage, type Entry } from './forms/contents';
import type { Site } from './forms/frame';
import { page } from './forms/page';
import { pdf } from './forms/pdf';
import { single } from './forms/single';
import { type Deck, slides } from './forms/slides';
import { markup } from './html';
import { PageText } from './markdown';

const TITLE = 'Batch Normalization, executed';
const LEAD =
  'Ioffe & Szegedy, “Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift” (2015), ' +
  'read one question at a time. Every number and figure on these pages was computed by the notebook it stands in.';

/** Writes a collection in one form. @returns what is wrong in the text, each with its page */
export type Write = (places: Places, stop: Stop) => Promise<string[]>;

/** A form: what writes into a collection that is opened before and closed after it. */
function form(write: (collection: Collection, places: Places, stop: Stop) => Promise<void>, ending?: string): Write {
  return async (places, stop) => {
    const collection = new Collection({ ...places, ending }, stop);
    try {
      await write(collection, places, stop);
    } finally {
      await collection.close();
    }
    return collection.problems;
  };
}

/** Pages, index and assets. */
export const writeSite = form(async (collection, { out }, stop) => {
  const { sources, ledger } = collection;
  collection.linkLedger();
  const site: Site = { title: TITLE, script: pageScript() };
  const entries: Entry[] = [];
  for (const [i, source] of sources.entries()) {
    if (stop.asked) return;
    const blocks = await source.blocks();
    const facts = factsOf(source.notebook);
    const turn = { previous: sources[i - 1], next: sources[i + 1] };
    await collection.write(source.page, page(site, source.name, blocks, { facts, ...turn }));
    entries.push(entryOf(source, blocks));
  }
  if (ledger !== undefined) {
    const blocks = new PageText(collection.around(LEDGER.page)).blocks(ledger);
    await collection.write(LEDGER.page, page(site, LEDGER.name, blocks));
  }
  const links = ledger === undefined ? [] : [LEDGER];
  await collection.write('index.html', contentsPage(site, { lead: LEAD, entries, links }));
  writeAssets(path.join(out, 'assets'));
});

/** Each notebook as one file. */
export const writeSingles = form(async (collection, _places, stop) => {
  for (const { name, page, notebook, blocks } of collection.sources) {
    if (stop.asked) return;
    await collection.write(page, single(TITLE, name, await blocks(), factsOf(notebook)));
  }
});

/** Each notebook as a PDF. */
export const writePdfs = form(async (collection, _places, stop) => {
  const browser = await launchBrowser([], stop, 'all');
  try {
    for (const { name, page, notebook, blocks } of collection.sources) {
      if (stop.asked) return;
      await collection.write(page, await pdf(browser, TITLE, name, await blocks(), factsOf(notebook)));
    }
  } finally {
    await browser.close();
  }
}, '.pdf');

/** Each notebook as a deck of slides. */
export const writeSlides = form(async (collection, { out }, stop) => {
  const deck: Deck = { title: TITLE, script: deckScript(), speaker: speakerScript() };
  for (const { name, page, blocks } of collection.sources) {
    if (stop.asked) return;
    await collection.write(page, slides(deck, name, await blocks()));
  }
  writeDeckAssets(path.join(out, 'assets'));
});

function entryOf({ name, page, notebook }: Source, blocks: readonly Block[]): Entry {
  return {
    name,
    page,
    title: titleOf(blocks)?.unlinked ?? markup`${name}`,
    finding: findingOf(blocks),
    figure: leadFigure(blocks),
    ...rowOf(notebook),
  };
}
