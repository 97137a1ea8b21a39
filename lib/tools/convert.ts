/**
 * `npm run convert -- --to latex 10-figure-1`: a notebook in another program's format, by nbconvert, with what nbconvert lacks: figures that
 * LaTeX takes without Inkscape, pandoc where the machine has none, a browser for webpdf, and each figure's words, which nbconvert gives
 * no SVG.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Browser } from 'playwright-core';
import { Command, Option } from 'commander';
import { escapeHtml } from '../src/core/html';
import { launchBrowser } from './browser';
import { readCall } from './call';
import { easternFont, expectLatex, mendedLatex, typeset } from './latex';
import { displays, MIME, nameOf, type Notebook, notebookText, readNotebook, writeAtomically } from './notebook';
import { figureText } from './notebook/figure-text';
import { findNotebooks, home, python, shown } from './places';
import { onlyOne, type Stop, stoppable } from './running';
import { makeScratch, removeScratch } from './scratch';

const FORMATS = ['html', 'slides', 'markdown', 'latex', 'pdf', 'webpdf', 'asciidoc'] as const;
type Format = (typeof FORMATS)[number];

/** The one that brings pandoc as a wheel, for every machine that set-up knows. */
const PANDOC = 'pypandoc_binary==1.17';

/** For whoever reads that a sign is missing. */
const FONTS = 'A font for Chinese is `apt-get install fonts-droid-fallback` on Debian and Ubuntu.';

/** The command. @returns 0, 1 when a notebook could not be converted, 2 for a bad call */
export async function convert(argv: string[]): Promise<number> {
  const command = new Command('npm run convert --')
    .description('notebooks in the formats of nbconvert')
    .argument('[names...]', 'notebooks by name, number or file; all when none is named')
    .addOption(new Option('--to <format>', 'the format; pdf needs a TeX').choices(FORMATS).makeOptionMandatory())
    .option('--out <folder>', 'where the documents go; reports/FORMAT/ unless told')
    .option('--root <folder>', 'the collection', home);
  const call = readCall(command, argv, () => {
    const options = command.opts<{ to: Format; out?: string; root: string }>();
    return { ...options, files: findNotebooks(options.root, command.args) };
  });
  if ('exitCode' in call) return call.exitCode;
  const { to, root, files } = call.asked;
  const out = path.resolve(call.asked.out ?? path.join(root, 'reports', to));
  return stoppable((stop) =>
    onlyOne(out, 'npm run convert', stop, async () => {
      const scratch = makeScratch();
      try {
        if (to === 'pdf') expectLatex();
        for (const file of files) await convertOne(file, to, out, scratch, stop);
        console.log(`${files.length} document${files.length === 1 ? '' : 's'} as ${to}: ${shown(out)}`);
        return 0;
      } catch (error) {
        if (!stop.asked) console.error((error as Error).message);
        return 1;
      } finally {
        removeScratch(scratch);
      }
    }),
  );
}

async function convertOne(file: string, to: Format, out: string, scratch: string, stop: Stop): Promise<void> {
  const notebook = readNotebook(file);
  if (to === 'latex' || to === 'pdf') await addPdfTwins(notebook, stop);
  const copy = path.join(scratch, path.basename(file));
  fs.writeFileSync(copy, notebookText(notebook));
  const env = { ...process.env, PATH: [process.env.PATH, pandocFolder(to)].filter(Boolean).join(path.delimiter) };
  const aside: Partial<Record<Format, string[]>> = { webpdf: ['html', '--template', 'webpdf'], pdf: ['latex'] };
  const as = [...(aside[to] ?? [to]), '--output-dir', aside[to] ? scratch : out];
  const call = ['-m', 'nbconvert', '--to', ...as, copy];
  const done = spawnSync(python(), call, { env, encoding: 'utf8' });
  if (done.status !== 0) {
    const said = done.stderr.trim().split('\n').slice(-3).join('\n');
    throw new Error(`${nameOf(file)} could not be converted to ${to}. nbconvert says:\n${said}`);
  }
  if (to === 'webpdf') {
    const page = fs.readFileSync(path.join(scratch, `${nameOf(file)}.html`), 'utf8');
    writeAtomically(
      path.join(out, `${nameOf(file)}.pdf`),
      await printed(withWords(page, 'html', wordsOf(notebook)), stop),
    );
  }
  if (to === 'latex' || to === 'pdf') {
    const tex = path.join(to === 'pdf' ? scratch : out, `${nameOf(file)}.tex`);
    writeAtomically(tex, mendedLatex(fs.readFileSync(tex, 'utf8'), wordsOf(notebook), easternFont()));
    if (to === 'pdf') {
      const missing = typeset(tex);
      if (missing.length)
        console.error(`${nameOf(file)}: no font here has ${missing.join(' ')}; the PDF lacks them. ${FONTS}`);
      writeAtomically(
        path.join(out, `${nameOf(file)}.pdf`),
        fs.readFileSync(path.join(scratch, `${nameOf(file)}.pdf`)),
      );
    }
  }
  const ending = { html: '.html', slides: '.slides.html', markdown: '.md', asciidoc: '.asciidoc' }[to as string];
  if (ending === undefined) return;
  const made = path.join(out, nameOf(file) + ending);
  writeAtomically(made, withWords(fs.readFileSync(made, 'utf8'), to, wordsOf(notebook)));
}

/** What each picture of the document shows, in their order. */
function wordsOf(notebook: Notebook): string[] {
  return picturesOf(notebook).map(({ data }) => figureText(data[MIME.plotly]).alt || 'A picture');
}

const picturesOf = (notebook: Notebook) => [...displays(notebook)].filter(({ data }) => data[MIME.svg] !== undefined);

/** nbconvert gives no SVG its words; in AsciiDoc it writes Markdown's pictures, and all of a cell's outputs, as a listing, and formulas as letters. */
export function withWords(text: string, to: Format, words: readonly string[]): string {
  let at = -1;
  const next = () => words[++at] ?? 'A picture';
  if (to === 'html' || to === 'slides')
    return text.replace(
      /<img alt="[^"]*" src="(data:image\/svg)/g,
      (_, src: string) => `<img alt="${escapeHtml(next())}" src="${src}`,
    );
  const plain = () => next().replace(/[[\]\n]/g, ' ');
  if (to === 'markdown') return text.replace(/!\[svg\]\(/g, () => `![${plain()}](`);
  // Asciidoctor sets formulas in pages that say so.
  return `:stem: latexmath\n\n${text}`
    .replace(/^(\+\*Out\[[^\]]*\]:\*\+\n)----\n([^]*?)\n?----$/gm, '$1\n$2\n')
    .replace(/^!\[svg\]\(([^)]*)\)$/gm, (_, file: string) => `image::${file}["${plain().replace(/"/g, "'")}"]`);
}

/** How long the page may wait for MathJax, which nbconvert's pages ask a network for; without it formulas stay as they are written. */
const PATIENCE = 30_000;

/** nbconvert's page for a PDF, printed by the browser that set-up has: its own way wants a second one, of Python's Playwright. */
async function printed(html: string, stop: Stop): Promise<Uint8Array> {
  const browser = await launchBrowser([], stop, 'all');
  try {
    const tab = await browser.newPage();
    await tab.setContent(html, { timeout: PATIENCE, waitUntil: 'networkidle' }).catch(() => undefined);
    return await tab.pdf({ printBackground: true, tagged: true, outline: true });
  } finally {
    await browser.close();
  }
}

/** Each figure as a PDF too, of its own size: what LaTeX takes. */
async function addPdfTwins(notebook: Notebook, stop: Stop): Promise<void> {
  const pictures = picturesOf(notebook);
  if (pictures.length === 0) return;
  const browser = await launchBrowser([], stop);
  try {
    for (const { data } of pictures) data['application/pdf'] = await pdfOf(browser, String(data[MIME.svg]));
  } finally {
    await browser.close();
  }
}

async function pdfOf(browser: Browser, svg: string): Promise<string> {
  const [, width = 760, height = 420] = /<svg[^>]* width="(\d+)[^"]*" height="(\d+)/.exec(svg) ?? [];
  const context = await browser.newContext({ offline: true, javaScriptEnabled: false });
  try {
    const tab = await context.newPage();
    await tab.setContent(`<style>@page{margin:0}body{margin:0}svg{display:block}</style>${svg}`, { timeout: 0 });
    const pdf = await tab.pdf({ width: `${width}px`, height: `${Number(height) + 1}px`, pageRanges: '1' });
    return pdf.toString('base64');
  } finally {
    await context.close();
  }
}

/** Where pandoc lies when the machine has none: it is installed once, into .bnlab. */
function pandocFolder(to: Format): string | undefined {
  if (!['latex', 'pdf', 'asciidoc'].includes(to)) return undefined;
  const onPath = (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((folder) => fs.existsSync(path.join(folder, 'pandoc')));
  if (onPath) return undefined;
  const target = path.join(home, '.bnlab', 'pandoc');
  const folder = path.join(target, 'pypandoc', 'files');
  if (fs.existsSync(path.join(folder, 'pandoc'))) return folder;
  const call = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary', ':all:', '--target', target, PANDOC];
  const done = spawnSync(python(), call, { encoding: 'utf8' });
  if (done.status === 0) return folder;
  throw new Error(
    `${to} needs pandoc, and it could not be fetched. Install pandoc, or try again with a network.\n${done.stderr}`,
  );
}
