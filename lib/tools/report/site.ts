/** The forms that a collection is written in. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { failuresIn } from '../run/failures';
import type { Stop } from '../running';
import { launchBrowser } from '../browser';
import { deckScript, pageScript, speakerScript, writeAssets, writeDeckAssets } from './assets';
import { type Block, computes, type Figure, figuresOf, findingOf, headingsOf, leadFigure, titleOf } from './blocks';
import { Collection, type Places, type Source } from './collection';
import { COMPUTE_LOADER, computeStyle, writeCompute } from './compute';
import { factsOf, rowOf } from './facts';
import type { Drawer } from './drawer';
import { contentsPage, type Entry } from './forms/contents';
import { EXPLORE, explorePage } from './forms/explore';
import type { Site } from './forms/frame';
import { page } from './forms/page';
import { pdf } from './forms/pdf';
import { single } from './forms/single';
import { type Deck, slides } from './forms/slides';
import { markup } from './html';
import { PageText } from './markdown';
import { addNotes, NO_WORDS, wordsOf } from './notes';
import { searchScript, type Section, sectionsOf } from './search';

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
export const writeSite = form(async (collection, { root, files, out, embedded }, stop) => {
  const { sources, texts } = collection;
  collection.linkTexts();
  const site = siteOf();
  const entries: Entry[] = [];
  const sections: Section[] = [];
  const figures: Figure[] = [];
  let words = NO_WORDS;
  for (const [i, source] of sources.entries()) {
    if (stop.asked) return;
    const blocks = await source.blocks();
    const title = titleOf(blocks)?.plain ?? source.name;
    entries.push(entryOf(source, blocks));
    figures.push(...figuresOf(blocks));
    sections.push(...sectionsOf(source.page, title, blocks));
    // The first page that has a glossary has it for all that follow.
    if (words === NO_WORDS && headingsOf(blocks).some(({ id }) => id === 'glossary'))
      words = wordsOf(blocks, source.page);
    addNotes(blocks, words);
    await collection.write(source.page, pageOf(collection, site, i, blocks));
  }
  for (const { name, page: address, title, content } of texts) {
    const blocks = new PageText(collection.around(address)).blocks(content);
    sections.push(...sectionsOf(address, title, blocks));
    await collection.write(address, page(site, name, blocks));
  }
  const links = [EXPLORE, ...texts];
  await collection.write(EXPLORE.page, explorePage(site, collection.claims(root), computing()));
  const failed = Object.entries(failuresIn(path.dirname(files[0]))).map(([name, lines]) => ({ name, lines }));
  await collection.write('index.html', contentsPage(site, { lead: LEAD, entries, links, failed }));
  writeAssets(path.join(out, 'assets'), searchScript(sections), figures);
  writeCompute(path.join(out, 'assets'), embedded);
});

const siteOf = (): Site => ({ title: TITLE, script: pageScript() });
const computing = () => ({ script: COMPUTE_LOADER, style: computeStyle() });

/** The page of one of the collection's notebooks. */
function pageOf(collection: Collection, site: Site, i: number, blocks: Block[]): string {
  const { sources } = collection;
  const source = sources[i];
  const title = titleOf(blocks)?.plain ?? source.name;
  const about = { facts: factsOf(source.notebook), cite: citationOf(source, title), file: collection.beside(source) };
  const turn = { previous: sources[i - 1], next: sources[i + 1] };
  return page(site, source.name, blocks, { ...about, ...turn, ...(computes(blocks) && { compute: computing() }) });
}

/**
 * Pages of notebooks whose neighbours still run: each as soon as its notebook has ended, so that it can be read. What stands on all
 * pages at once (margin notes, the search, the playground) comes with `writeSite`, when all have ended.
 */
export class EarlyPages {
  private readonly entries = new Map<string, Entry>();
  private readonly figures: Figure[] = [];
  /** The index of an earlier run leads to all of its pages, and stays. */
  private readonly hasIndex: boolean;

  /** @param drawer draws as long as pages are added; who gave it closes it */
  constructor(
    private readonly places: Omit<Places, 'files'>,
    private readonly stop: Stop,
    private readonly drawer: Drawer,
  ) {
    this.hasIndex = fs.existsSync(path.join(places.out, 'index.html'));
  }

  /** Writes the page of one more notebook. @returns its file */
  async add(file: string): Promise<string> {
    const { out } = this.places;
    const files = [...this.entries.keys(), file].sort();
    const collection = new Collection({ ...this.places, files }, this.stop, this.drawer);
    const i = files.indexOf(file);
    const blocks = await collection.sources[i].blocks();
    this.entries.set(file, entryOf(collection.sources[i], blocks));
    this.figures.push(...figuresOf(blocks));
    const site = siteOf();
    await collection.write(collection.sources[i].page, pageOf(collection, site, i, blocks));
    writeAssets(path.join(out, 'assets'), searchScript([]), this.figures);
    const entries = [...this.entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
    if (!this.hasIndex)
      await collection.write('index.html', contentsPage(site, { lead: LEAD, entries, links: [], failed: [] }));
    return path.join(out, collection.sources[i].page);
  }
}

/** Each notebook as one file. */
export const writeSingles = form(async (collection, { embedded }, stop) => {
  for (const { name, page, notebook, blocks } of collection.sources) {
    if (stop.asked) return;
    const made = await blocks();
    addNotes(made, NO_WORDS);
    await collection.write(page, single(TITLE, name, made, factsOf(notebook), embedded));
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

/** How others name the page, as BibTeX. */
function citationOf({ name, notebook }: Source, title: string): string {
  const { commit, profile } = notebook.metadata.bnlab?.provenance ?? {};
  const state = [commit && `code ${commit}`, profile && `profile ${profile}`].filter(Boolean).join(', ');
  return [
    `@misc{batch-normalization-executed-${name},`,
    `  title = {${title}},`,
    `  howpublished = {${TITLE}: notebook ${name}},`,
    ...(state ? [`  note = {${state}}`] : []),
    '}',
  ].join('\n');
}

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
