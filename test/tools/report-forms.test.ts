/** The forms of a report beside its pages: a PDF, and a talk; made of a sample, the talk given in a browser with the network off. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { PDFArray, PDFDict, PDFDocument, PDFName, PDFNumber } from '@cantoo/pdf-lib';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from 'bnlab/dist/tools/browser';
import { notebookText, parseNotebook } from 'bnlab/dist/tools/notebook';
import { bookmarksOf, withBookmarks } from 'bnlab/dist/tools/report/bookmarks';
import { addTwins, TwinMaker } from 'bnlab/dist/tools/run/twins';
import { display, figure, onlyFiles, open, sources } from '../support/report-pages';
import { collection, notebookOf, start } from '../support/sample';

/* Code given to `page.evaluate` runs in the page, whose types this project does not otherwise use. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
declare const document: any;

let browser: Browser;
let root: string;

const plan = `# When do squares grow?

**Reading in a group** (40 minutes): the first part, 15; what it lacks, 25.

Two questions to discuss. Do they always? And why?
`;

const words = 'A sentence of the paper that is as long as one that a verdict is on, with what was measured. ';

/** A claim card of 31 rows. */
function card(question: string): string {
  const row = (i: number) => `<tr><td>“${words}” (section ${i})</td><td>${words}</td><td>holds</td></tr>`;
  const claims = (name: string, rows: number) =>
    `<table><thead><tr><th>${name}</th><th>We measure</th><th>Verdict</th></tr></thead>` +
    `<tbody>${Array.from({ length: rows }, (_, i) => row(i)).join('')}</tbody></table>`;
  const more = `<details open><summary><strong>Deviations</strong></summary>${claims('The paper', 4)}</details>`;
  return `<div class="bnlab-claim"><p><strong>${question}</strong></p>${claims('The paper says', 27)}${more}</div>`;
}

/** A notebook of what is taller or wider than a slide. */
function long(): string {
  const sum = Array.from({ length: 32 }, (_, i) => `x_{${i}}`).join(' + ');
  const table = (rows: number) => `| Symbol | Meaning |\n|---|---|\n${`| $\\gamma$ | ${words} |\n`.repeat(rows)}`;
  const notebook = JSON.parse(
    notebookOf([
      { md: `# What is long?\n\n${words}` },
      '1',
      { md: `## Notation\n\n${table(24)}\n\n## A sum\n\n$$${sum} \\tag{1}$$\n\n${words.repeat(9)}` },
      { md: '## A figure' },
      '2',
      { md: `${words}\n\n$$${sum}$$\n\n${'- An item of a list that goes on.\n'.repeat(40)}` },
    ]),
  );
  notebook.cells[1].outputs = [display({ 'text/html': card('What is long?') }, { bnlab: { role: 'claim-card' } })];
  notebook.cells[4].outputs = [display({ 'application/vnd.plotly.v1+json': figure('Squares'), 'text/plain': 'S' })];
  return JSON.stringify(notebook);
}

/** A notebook of a card that is longer than a page of paper, and of headings at every height of one. */
function onPaper(): string {
  const parts = Array.from({ length: 60 }, (_, i) => {
    return [{ md: `${'Some words on a line.\\\n'.repeat(1 + (i % 7))}\n\n## Part ${i}` }, '1'] as const;
  });
  const notebook = JSON.parse(notebookOf([{ md: '# On paper\n\n## A card' }, '1', ...parts.flat()]));
  for (const cell of notebook.cells)
    if (cell.outputs) cell.outputs = [display({ 'text/markdown': '1. It grows.\n2. It ends.' })];
  notebook.cells[1].outputs = [display({ 'text/html': card('On paper') }, { bnlab: { role: 'claim-card' } })];
  return JSON.stringify(notebook);
}

before(async () => {
  browser = await launchBrowser();
  const all = sources();
  const notebook = JSON.parse(all['01-squares']);
  const md = (id: string, source: string) => ({ cell_type: 'markdown', id, metadata: {}, source });
  notebook.cells.unshift(md('plan', plan), md('part', '## First part\n\nSome text.'));
  notebook.cells.push(md('lacks', '## What it lacks\n\nMore.'));
  const figure = notebook.cells.findIndex((cell: { outputs?: object[] }) => cell.outputs?.length === 2);
  notebook.cells.splice(figure + 1, 0, md('reading', 'The curve rises: look at its end.'));
  root = collection({
    '01-squares': JSON.stringify(notebook),
    '02-next': all['02-next'],
    '03-long': long(),
    '04-paper': onPaper(),
  });
  const file = path.join(root, 'notebooks', '01-squares.ipynb');
  const stored = parseNotebook(fs.readFileSync(file, 'utf8'), file);
  const maker = await TwinMaker.open();
  await addTwins(stored, maker);
  await maker.close();
  fs.writeFileSync(file, notebookText(stored));
  for (const asked of [
    ['--pdf', '01', '04'],
    ['--slides', '01', '03'],
  ]) {
    const made = await start('report.js', 'writeReports', ['--root', root, ...asked]).ended;
    assert.equal(made.code, 0, made.said);
  }
});

after(async () => {
  await browser?.close();
  if (root) fs.rmSync(root, { recursive: true, force: true });
});

test('a PDF: a bookmark for each heading, every figure with its words, no link to where it was made', async () => {
  assert.deepEqual(fs.readdirSync(path.join(root, 'reports', 'pdf')), ['01-squares.pdf', '04-paper.pdf']);
  const file = fs.readFileSync(path.join(root, 'reports', 'pdf', '01-squares.pdf'));
  const text = file.toString('latin1');
  assert.ok(text.startsWith('%PDF-'));
  const bookmarks = await bookmarksOf(file);
  for (const title of ['When do squares grow?', 'First part', 'What it lacks', 'How this page was computed'])
    assert.ok(bookmarks.includes(title), `${title} among ${bookmarks.join(', ')}`);
  for (const name of ['Squares', 'Cubes'])
    assert.equal(
      text.split(`/Alt (${name}: a curve that rises from 1 to 16)`).length - 1,
      1,
      'a figure has its words, once',
    );
  assert.doesNotMatch(text, /file:\/\//);
  assert.doesNotMatch(text, new RegExp(path.basename(root)));
});

test('a heading that begins at the top of a page has its bookmark once; bookmarks that are not the headings stay', async () => {
  const tab = await browser.newPage();
  // The heading would fit; its paragraph does not, and takes it along.
  const top = '<h1 style="height:40px">One</h1><div style="height:985px"></div>';
  const moved = '<h2 style="line-height:1.2;break-after:avoid">Two</h2><p style="break-inside:avoid">A</p>';
  await tab.setContent(`<style>*{margin:0}@page{margin:1cm}</style>${top}${moved}`);
  const printed = await tab.pdf({ format: 'A4', outline: true, tagged: true });
  await tab.close();
  assert.deepEqual(await bookmarksOf(await withBookmarks(printed, ['One', 'Two μ'])), ['One', 'Two μ']);
  assert.deepEqual(await withBookmarks(printed, ['One']), printed);
});

test('on paper no heading ends a page, and a card longer than a page begins below its heading', async () => {
  const pdf = await PDFDocument.load(fs.readFileSync(path.join(root, 'reports', 'pdf', '04-paper.pdf')));
  const pages = pdf.getPages().map(({ ref }) => String(ref));
  const top = pdf.catalog.lookup(PDFName.of('Outlines'), PDFDict).lookup(PDFName.of('First'), PDFDict);
  const places: { page: number; height: number }[] = [];
  for (let at = top.lookupMaybe(PDFName.of('First'), PDFDict); at; at = at.lookupMaybe(PDFName.of('Next'), PDFDict)) {
    const place = at.lookup(PDFName.of('Dest'), PDFArray);
    places.push({ page: pages.indexOf(String(place.get(0))), height: place.lookup(3, PDFNumber).asNumber() });
  }
  assert.equal(places.length, 61, 'the card and the parts');
  // The card takes less than two pages.
  assert.deepEqual([places[0].page, places[1].page], [0, 1]);
  // The margin is 62 points; a heading and a line below it take more than 40.
  assert.deepEqual(
    places.filter(({ height }) => height < 102),
    [],
  );
});

const current = (tab: Page) => tab.locator('section.present > section.slide.present');

/** Goes through the talk by keyboard; what each slide shows at its end. */
async function all(tab: Page): Promise<{ kind: string; text: string; overflow: number }[]> {
  const seen = new Map<number, { kind: string; text: string; overflow: number }>();
  for (;;) {
    const { at, count, ...slide } = await tab.evaluate(() => {
      const slides = [...document.querySelectorAll('.slides section.slide')];
      const present = document.querySelector('section.present > section.slide.present');
      const body = present.querySelector('.body');
      const kind = present.classList[1].replace('slide-', '');
      const [text, overflow] = [body.textContent, body.scrollHeight - body.clientHeight];
      return { at: slides.indexOf(present), count: slides.length, kind, text, overflow };
    });
    seen.set(at, slide);
    if (at === count - 1) return [...seen.values()];
    await tab.keyboard.press('Space');
  }
}

test('a talk: question, figure with its reading, verdict, what to discuss; code on demand; nothing leaves the machine', async () => {
  const { tab, requests, errors, close } = await open(browser, path.join(root, 'reports', 'slides', '01-squares.html'));
  await tab.waitForSelector('.reveal.ready');
  const seen = await all(tab);
  const kinds = seen.map(({ kind }) => kind);
  assert.equal(kinds[0], 'title');
  assert.match(seen[0].text, /When do squares grow\?/);
  assert.equal(kinds.filter((kind) => kind === 'figure').length, 2);
  assert.ok(kinds.indexOf('verdict') > kinds.indexOf('figure'));
  const figure = seen.find(({ kind }) => kind === 'figure')!;
  assert.match(figure.text, /Figure 1\. Squares/);
  assert.match(figure.text, /The curve rises: look at its end\./);
  assert.equal(kinds.at(-1), 'prompts');
  assert.match(seen.at(-1)!.text, /^To discuss\s*Two questions to discuss\. Do they always\? And why\?\s*$/);
  assert.deepEqual(
    seen.filter(({ overflow }) => overflow > 0),
    [],
  );
  await tab.reload();
  await tab.waitForSelector('.reveal.ready');
  while ((await current(tab).locator('details.code').count()) === 0) await tab.keyboard.press('Space');
  const code = current(tab).locator('details.code pre').first();
  assert.ok(!(await code.isVisible()));
  await tab.keyboard.press('c');
  assert.ok(await code.isVisible());
  await tab.keyboard.press('c');
  assert.ok(!(await code.isVisible()));
  onlyFiles(requests);
  assert.deepEqual(errors, []);
  await close();
});

/** What is wrong with the slide that is shown: cut, too wide, letters that are not read from afar, nothing below a heading. */
function faults(): string[] {
  const slide = document.querySelector('section.present > section.slide.present');
  const body = slide.querySelector('.body');
  const said: string[] = [];
  if (body.scrollHeight > body.clientHeight + 1)
    said.push(`${body.scrollHeight - body.clientHeight} pixels are below it`);
  for (const part of [body, ...body.querySelectorAll('.katex-display, .table')])
    if (part.scrollWidth > part.clientWidth + 1) said.push(`${part.className} is ${part.scrollWidth} wide`);
  const scale = slide.getBoundingClientRect().width / slide.offsetWidth;
  for (const part of body.querySelectorAll('p, li, td, th')) {
    const size = scale * parseFloat(document.defaultView.getComputedStyle(part).fontSize);
    if (size < 16) said.push(`'${part.textContent.slice(0, 20)}' has letters of ${size} pixels`);
  }
  const last = body.lastElementChild;
  if (/^H[2-6]$/.test(last.tagName)) said.push(`'${last.textContent}' stands alone`);
  return said;
}

test('what is longer than a slide takes several; a wide formula is set smaller; nothing is cut', async () => {
  for (const viewport of [
    { width: 1280, height: 720 },
    { width: 1920, height: 1080 },
  ]) {
    const file = path.join(root, 'reports', 'slides', '03-long.html');
    const { tab, errors, close } = await open(browser, file, { viewport });
    await tab.waitForSelector('.reveal.ready');
    const seen = new Map<number, { text: string; heads: number; rows: number; numbered: boolean }>();
    for (let at = -1, count = 0; at < 0 || at < count - 1; await tab.keyboard.press('Space')) {
      await tab.evaluate(() => document.fonts.ready);
      assert.deepEqual(await tab.evaluate(faults), []);
      const { slide, ...next } = await tab.evaluate(() => {
        const slides = [...document.querySelectorAll('.slides section.slide')];
        const shown = document.querySelector('section.present > section.slide.present');
        const count = (selector: string) => shown.querySelectorAll(selector).length;
        const tag = shown.querySelector('.equation .tag')?.getBoundingClientRect();
        const slide = {
          text: shown.querySelector('.body').textContent,
          heads: count('.bnlab-claim thead'),
          rows: count('.bnlab-claim tbody tr'),
          numbered: tag !== undefined && tag.width > 0 && tag.right <= document.documentElement.clientWidth,
        };
        return { at: slides.indexOf(shown), count: slides.length, slide };
      });
      ({ at, count } = next);
      seen.set(at, slide);
    }
    const slides = [...seen.values()];
    const card = slides.filter(({ rows }) => rows > 0);
    assert.ok(card.length > 2);
    for (const { text, heads } of card) assert.match(`${heads} ${text}`, /^1 \s*What is long\?/);
    assert.equal(card.reduce((sum, { rows }) => sum + rows, 0), 31); // prettier-ignore
    assert.ok(slides.some(({ numbered }) => numbered));
    assert.deepEqual(errors, []);
    await close();
  }
});

test('the speaker’s window has the minutes of the whole and of each part', async () => {
  const { tab, close } = await open(browser, path.join(root, 'reports', 'slides', '01-squares.html'));
  await tab.waitForSelector('.reveal.ready');
  const [speaker] = await Promise.all([tab.context().waitForEvent('page'), tab.keyboard.press('s')]);
  const notes = speaker.locator('.speaker-controls-notes .value');
  await notes.getByText('40 minutes').waitFor();
  assert.match(await notes.innerText(), /the first part: 15 min[^]*what it lacks: 25 min/);
  await tab.keyboard.press('ArrowRight');
  await notes.getByText('15 min: the first part.').waitFor();
  await close();
});

test('one form at a time', async () => {
  const made = await start('report.js', 'writeReports', ['--root', root, '--pdf', '--slides']).ended;
  assert.equal(made.code, 2);
  assert.match(made.said, /--pdf and --slides are two forms/);
});
