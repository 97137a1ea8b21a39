/** All pages of a collection: each notebook's, the ledger's, and the index. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expectHeld } from '../../setup/lock';
import { nameOf, type Notebook, readNotebook, readResult, writeAtomically } from '../notebook';
import type { Stop } from '../running';
import { pageScript, writeAssets } from './assets';
import { type Block, findingOf, leadFigure, titleOf } from './blocks';
import { factsOf, rowOf } from './facts';
import { contentsPage, type Entry } from './forms/contents';
import type { PageLink, Site } from './forms/frame';
import { page } from './forms/page';
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
}

/**
 * Writes pages, index and assets.
 *
 * @param root the collection; pictures that the text names, solutions and the ledger are in its `notebooks/`, wherever the executed
 *   copies are
 * @param files the executed notebooks
 * @returns formulas that KaTeX does not understand, each with its page
 */
export async function writeSite(root: string, files: string[], out: string, stop: Stop): Promise<string[]> {
  const folder = path.join(root, 'notebooks');
  const problems: string[] = [];
  const sources: Source[] = files.map((file) => {
    const name = nameOf(file);
    return { name, page: `${name}.html`, notebook: readNotebook(file) };
  });
  const ledger = path.join(folder, LEDGER.file);
  const hasLedger = fs.existsSync(ledger);
  const pages = new Map(sources.map(({ name, page }) => [`${name}.ipynb`, page]));
  if (hasLedger) pages.set(LEDGER.file, LEDGER.page);
  const around = (name: string): Surroundings => ({
    folder,
    link: (address) => fromPage(address, folder, out, pages),
    onProblem: (problem) => problems.push(`${name}: ${problem}`),
  });
  const site: Site = { title: TITLE, script: pageScript() };
  const entries: Entry[] = [];
  const write = async (name: string, text: string) => {
    expectHeld();
    writeAtomically(path.join(out, name), text);
    await setImmediate(); // a signal may come in
  };
  for (const [i, source] of sources.entries()) {
    if (stop.asked) return problems;
    const { name, notebook } = source;
    const blocks = notebookBlocks(notebook, around(source.page), solutionsOf(folder, name));
    const facts = factsOf(notebook);
    await write(source.page, page(site, name, blocks, { facts, previous: sources[i - 1], next: sources[i + 1] }));
    entries.push({
      name,
      page: source.page,
      title: titleOf(blocks)?.unlinked ?? markup`${name}`,
      finding: findingOf(blocks),
      figure: leadFigure(blocks),
      ...rowOf(notebook),
    });
  }
  if (hasLedger) {
    const blocks: Block[] = new PageText(around(LEDGER.page)).blocks(fs.readFileSync(ledger, 'utf8'));
    await write(LEDGER.page, page(site, LEDGER.name, blocks));
  }
  await write('index.html', contentsPage(site, { lead: LEAD, entries, links: hasLedger ? [LEDGER] : [] }));
  writeAssets(path.join(out, 'assets'));
  return problems;
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
