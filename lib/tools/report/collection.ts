/** Executed notebooks on their way to pages, whatever the form. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { EmbeddedSet } from '../../src/data/embedded';
import { expectHeld } from '../../setup/lock';
import { readLedger } from '../claims';
import { nameOf, type Notebook, readNotebook, readResult, writeAtomically } from '../notebook';
import type { Stop } from '../running';
import { type Block, figuresOf } from './blocks';
import { Drawer } from './drawer';
import type { PageLink } from './forms/frame';
import type { Surroundings } from './markdown';
import { notebookBlocks } from './notebook-blocks';

/** A text that was made of all notebooks, and lies beside them. */
export interface Text extends PageLink {
  file: string;
  /** What it is called in a search. */
  title: string;
  /** What a link to it says. */
  text: string;
}

const TEXTS: readonly Text[] = [
  {
    name: 'reading',
    page: 'reading.html',
    file: 'READING.md',
    title: 'Reading in a group',
    text: 'Four sessions for a reading group: minutes, figures for the screen, questions',
  },
  {
    name: 'claims',
    page: 'claims.html',
    file: 'CLAIMS.md',
    title: 'Claims',
    text: 'The claims ledger: each sentence of the paper that was tested, and what came out',
  },
];

/** A notebook, and where its page is to be. */
export interface Source extends PageLink {
  file: string;
  notebook: Notebook;
  /** Its blocks, each figure with its pictures. */
  blocks: () => Promise<Block[]>;
}

/** Where pages come from and go to. */
export interface Places {
  /** Pictures that the text names, solutions and the texts are in its `notebooks/`, wherever the executed copies are. */
  root: string;
  /** The executed notebooks. */
  files: string[];
  out: string;
  /** Pictures for the experiments that run in pages. */
  embedded?: EmbeddedSet;
  /** How the pages' names end; `.html` unless told. */
  ending?: string;
}

/** A collection on its way to pages. */
export class Collection {
  /** Formulas that KaTeX does not understand, each with its page. */
  readonly problems: string[] = [];
  readonly sources: Source[];
  /** The texts that are there, each with what it says. */
  readonly texts: (Text & { content: string })[];
  private readonly pages: Map<string, string>;
  private readonly folder: string;
  private readonly drawer: Drawer;
  private readonly out: string;
  private readonly ending: string;

  constructor({ root, files, out, ending = '.html' }: Places, stop: Stop, drawer = new Drawer(stop)) {
    this.folder = path.join(root, 'notebooks');
    this.out = out;
    this.ending = ending;
    this.drawer = drawer;
    this.sources = files.map((file) => this.source(file));
    this.pages = new Map(this.sources.map(({ name, page }) => [`${name}.ipynb`, page]));
    this.texts = TEXTS.flatMap((text) => {
      const file = path.join(this.folder, text.file);
      return fs.existsSync(file) ? [{ ...text, content: fs.readFileSync(file, 'utf8') }] : [];
    });
  }

  /** What a page's text needs to know. */
  around(page: string): Surroundings {
    return {
      folder: this.folder,
      link: (address) => fromPage(address, this.folder, this.out, this.pages),
      onProblem: (problem) => this.problems.push(`${page}: ${problem}`),
    };
  }

  /** The texts have pages. */
  linkTexts(): void {
    for (const { file, page } of this.texts) this.pages.set(file, page);
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

  /** The notebook's file, seen from its page; nothing for pages that lie elsewhere. */
  beside({ file }: Source): string | undefined {
    const isBeside = !path.relative(path.dirname(this.folder), this.out).startsWith('..');
    return isBeside ? path.relative(this.out, file).split(path.sep).map(encodeURIComponent).join('/') : undefined;
  }

  async write(page: string, text: string | Uint8Array): Promise<void> {
    expectHeld();
    writeAtomically(path.join(this.out, page), text);
    await setImmediate(); // a signal may come in
  }

  /** Ends what was started. */
  async close(): Promise<void> {
    await this.drawer.close();
    const { problem } = this.drawer;
    if (problem !== undefined) console.error(`Figures have only the pictures that the notebooks hold. ${problem}`);
  }

  private source(file: string): Source {
    const name = nameOf(file);
    const page = name + this.ending;
    const notebook = readNotebook(file);
    const blocks = async () => {
      const made = notebookBlocks(notebook, this.around(page), solutionsOf(this.folder, name));
      await this.drawer.draw(figuresOf(made));
      return made;
    };
    return { name, page, file, notebook, blocks };
  }
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
