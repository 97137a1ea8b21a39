/** All pages of a collection: each notebook's, the ledger's, and the index. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { EmbeddedSet } from '../../src/data/embedded';
import { expectHeld } from '../../setup/lock';
import { readLedger } from '../claims';
import { nameOf, type Notebook, readNotebook, readResult, writeAtomically } from '../notebook';
import { failuresIn } from '../run/failures';
import type { Stop } from '../running';
import { pageScript, writeAssets } from './assets';
import { type Block, computes, findingOf, leadFigure, titleOf } from './blocks';
import { COMPUTE_LOADER, computeStyle, writeCompute } from './compute';
import { factsOf, rowOf } from './facts';
import { contentsPage, type Entry } from './forms/contents';
import { EXPLORE, explorePage } from './forms/explore';
import type { PageLink, Site } from './forms/frame';
import { page } from './forms/page';
import { single } from './forms/single';
import { markup } from './html';
import { PageText, type Surroundings } from './markdown';
import { notebookBlocks } from './notebook-blocks';

const TITLE = 'Batch Normalization, executed';
const LEAD =
  'Ioffe & Szegedy, “Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift” (2015), ' +
  'read one question at a time. Every number and figure on these pages was computed by the notebook it stands in.';
const LEDGER = {
  name: 'claims',
  page: 'claims.html',
  file: 'CLAIMS.md',
  text: 'The claims ledger: each sentence of the paper that was tested, and what came out',
};

interface Source extends PageLink {
  notebook: Notebook;
  blocks: () => Block[];
}

/** A collection on its way to pages. */
class Collection {
  /** Formulas that KaTeX does not understand, each with its page. */
  readonly problems: string[] = [];
  readonly sources: Source[];
  /** The text of the ledger, where there is one. */
  readonly ledger: string | undefined;
  private readonly pages: Map<string, string>;
  private readonly folder: string;

  /**
   * @param root pictures that the text names, solutions and the ledger are in its `notebooks/`, wherever the executed copies are
   * @param files the executed notebooks
   */
  constructor(
    root: string,
    files: string[],
    private readonly out: string,
  ) {
    this.folder = path.join(root, 'notebooks');
    this.sources = files.map((file) => this.source(file));
    this.pages = new Map(this.sources.map(({ name, page }) => [`${name}.ipynb`, page]));
    const ledger = path.join(this.folder, LEDGER.file);
    if (fs.existsSync(ledger)) this.ledger = fs.readFileSync(ledger, 'utf8');
  }

  /** What a page's text needs to know. */
  around(page: string): Surroundings {
    return {
      folder: this.folder,
      link: (address) => fromPage(address, this.folder, this.out, this.pages),
      onProblem: (problem) => this.problems.push(`${page}: ${problem}`),
    };
  }

  /** The ledger has a page. */
  linkLedger(): void {
    if (this.ledger !== undefined) this.pages.set(LEDGER.file, LEDGER.page);
  }

  /** What the ledger says, by notebook and id, of the claims that have a page here. */
  claims(root: string): Record<string, { quote: string; verdict: string; page: string }> {
    const entries = Object.entries(readLedger(root)).flatMap(([name, records]) => {
      const page = this.pages.get(`${name}.ipynb`);
      if (page === undefined) return [];
      return records.map(({ id, claim, verdict, cell }) => {
        return [`${name}/${id}`, { quote: claim, verdict, page: `${page}#cell-${cell}` }] as const;
      });
    });
    return Object.fromEntries(entries);
  }

  async write(page: string, text: string): Promise<void> {
    expectHeld();
    writeAtomically(path.join(this.out, page), text);
    await setImmediate(); // a signal may come in
  }

  private source(file: string): Source {
    const name = nameOf(file);
    const page = `${name}.html`;
    const notebook = readNotebook(file);
    const blocks = () => notebookBlocks(notebook, this.around(page), solutionsOf(this.folder, name));
    return { name, page, notebook, blocks };
  }
}

/** Writes pages, index and assets. @returns formulas that KaTeX does not understand, each with its page */
export async function writeSite(
  root: string,
  files: string[],
  out: string,
  stop: Stop,
  embedded?: EmbeddedSet,
): Promise<string[]> {
  const collection = new Collection(root, files, out);
  const { sources, ledger, problems } = collection;
  collection.linkLedger();
  const site: Site = { title: TITLE, script: pageScript() };
  const compute = { script: COMPUTE_LOADER, style: computeStyle() };
  const entries: Entry[] = [];
  for (const [i, source] of sources.entries()) {
    if (stop.asked) return problems;
    const blocks = source.blocks();
    const facts = factsOf(source.notebook);
    const turn = { previous: sources[i - 1], next: sources[i + 1] };
    await collection.write(
      source.page,
      page(site, source.name, blocks, { facts, ...turn, ...(computes(blocks) && { compute }) }),
    );
    entries.push(entryOf(source, blocks));
  }
  if (ledger !== undefined) {
    const blocks = new PageText(collection.around(LEDGER.page)).blocks(ledger);
    await collection.write(LEDGER.page, page(site, LEDGER.name, blocks));
  }
  const links = ledger === undefined ? [EXPLORE] : [EXPLORE, LEDGER];
  await collection.write(EXPLORE.page, explorePage(site, collection.claims(root), compute));
  const failed = Object.entries(failuresIn(path.dirname(files[0]))).map(([name, lines]) => ({ name, lines }));
  await collection.write('index.html', contentsPage(site, { lead: LEAD, entries, links, failed }));
  writeAssets(path.join(out, 'assets'));
  writeCompute(path.join(out, 'assets'), embedded);
  return problems;
}

/** Writes each notebook as one file. @returns formulas that KaTeX does not understand, each with its page */
export async function writeSingles(
  root: string,
  files: string[],
  out: string,
  stop: Stop,
  embedded?: EmbeddedSet,
): Promise<string[]> {
  const collection = new Collection(root, files, out);
  for (const { name, page, notebook, blocks } of collection.sources) {
    if (stop.asked) break;
    await collection.write(page, single(TITLE, name, blocks(), factsOf(notebook), embedded));
  }
  return collection.problems;
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

function solutionsOf(folder: string, name: string): Notebook | undefined {
  const file = path.join(folder, 'solutions', `${name}.ipynb`);
  return fs.existsSync(file) ? readResult(file) : undefined;
}

/**
 * A link of a notebook, seen from its page: to another page, or to a file beside the notebooks. Pages that lie elsewhere are for
 * somebody who does not have the file, and are not told where it lies.
 */
function fromPage(address: string, folder: string, out: string, pages: ReadonlyMap<string, string>): string {
  const [, file, fragment] = /^([^#]*)(.*)$/s.exec(address)!;
  if (file === '' || /^(?:[a-z][\w+.-]*:|\/)/i.test(file)) return address;
  const page = pages.get(path.posix.normalize(file));
  if (page !== undefined) return page + fragment;
  const target = path.join(folder, file);
  const isBeside = !path.relative(path.dirname(folder), out).startsWith('..');
  if (!isBeside || !fs.existsSync(target)) return address;
  return path.relative(out, target).split(path.sep).map(encodeURIComponent).join('/') + fragment;
}
