/**
 * Committed notebooks as a report writes them, looked at in a browser with the network off: what samples do not have is in these. One page
 * and the ledger; `BNLAB_PAGES=all npm test -- report-committed` looks at every one, in minutes.
 */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from 'bnlab/dist/tools/browser';
import { displays, MIME, readNotebook } from 'bnlab/dist/tools/notebook';
import { bookmarksOf } from 'bnlab/dist/tools/report/bookmarks';
import { makeScratch, removeScratch } from 'bnlab/dist/tools/scratch';
import { given } from '../support/home';
import { onlyFiles, open, violations } from '../support/report-pages';
import { home, start } from '../support/sample';

/* Code given to `page.evaluate` runs in the page, whose types this project does not otherwise use. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
declare const document: any;

const isAll = given.BNLAB_PAGES === 'all';

/** The shortest with several figures, tables, exercises and an experiment that runs in the page. */
const names = isAll
  ? fs.readdirSync(path.join(home, 'notebooks')).flatMap((file) => (/^\d.*\.ipynb$/.test(file) ? path.parse(file).name : [])) // prettier-ignore
  : ['12-dropout'];

/** What the notebook shows that is a figure. */
const figuresOf = (name: string) =>
  [...displays(readNotebook(path.join(home, 'notebooks', `${name}.ipynb`)))].filter(({ data }) => data[MIME.plotly])
    .length;

let browser: Browser;
let out: string;
before(async () => {
  browser = await launchBrowser();
  out = makeScratch();
  for (const form of [[], ['--single'], ['--slides'], ['--pdf']]) {
    const made = await start('report.js', 'writeReports', [...form, '--out', path.join(out, ...form), ...names]).ended;
    assert.equal(made.code, 0, made.said);
  }
});
after(async () => {
  await browser?.close();
  if (out) removeScratch(out);
});

/** Brings every figure near, so that it is drawn live. */
async function drawAll(tab: Page): Promise<number> {
  const figures = tab.locator('figure.plot');
  const count = await figures.count();
  for (let i = 0; i < count; i++) {
    await figures.nth(i).scrollIntoViewIfNeeded();
    await tab.waitForFunction((at) => document.querySelectorAll('figure.plot')[at].dataset.state === 'live', i);
  }
  return count;
}

test('light and dark, on a telephone and on a desk: nothing that axe finds, every figure live, nothing beside the screen', async () => {
  const others = isAll ? ['index', 'claims', 'reading', 'explore'] : ['claims'];
  for (const name of [...names, ...others])
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of isAll ? [390, 768, 1280] : colorScheme === 'light' ? [390] : [1280]) {
        const { tab, requests, errors, close } = await open(browser, path.join(out, `${name}.html`), {
          ...{ colorScheme, viewport: { width, height: 900 } },
        });
        const at = `${name}, ${colorScheme}, ${width}`;
        const figures = await drawAll(tab);
        if (names.includes(name)) assert.equal(figures, figuresOf(name), at);
        assert.deepEqual(await violations(tab), [], at);
        const wide = await tab.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${at}: the page is ${wide} wide`);
        onlyFiles(requests);
        assert.deepEqual(errors, [], at);
        await close();
      }
});

test('every figure in every form: without JavaScript, on paper, alone in a file, in a talk, in a PDF; a file to mail has at most 8 MB', async () => {
  for (const name of names) {
    const count = figuresOf(name);
    const seen = (tab: Page) => tab.locator('figure.plot .twin svg:visible').count();
    let headings = 0;
    for (const file of [`${name}.html`, `--single/${name}.html`]) {
      const { tab, close } = await open(browser, path.join(out, file), { javaScriptEnabled: false });
      assert.equal(await seen(tab), count, file);
      headings = await tab.locator('h1, h2, h3, h4, h5, h6').count();
      await tab.emulateMedia({ media: 'print', colorScheme: 'dark' });
      assert.equal(await seen(tab), count, `${file} on paper`);
      await close();
    }
    assert.ok(fs.statSync(path.join(out, '--single', `${name}.html`)).size < 8e6);
    const { tab, requests, close } = await open(browser, path.join(out, '--slides', `${name}.html`));
    assert.equal(await tab.locator('section.slide-figure .twin:has(svg)').count(), count, 'a slide each');
    onlyFiles(requests);
    await close();
    const pdf = fs.readFileSync(path.join(out, '--pdf', `${name}.pdf`));
    const bookmarks = await bookmarksOf(pdf);
    assert.equal(bookmarks.length, headings, `${name}: a bookmark for each heading`);
    for (const said of bookmarks) assert.doesNotMatch(said, /^(.+)\1$/, `${name}: said once`);
    assert.equal(pdf.toString('latin1').split(/\/Alt [(<]/).length - 1, count, 'a PDF says the words of each once');
  }
});

test('all notebooks are 12 MB beside plotly.js', { skip: !isAll && 'wants every page: BNLAB_PAGES=all' }, () => {
  const files = fs.readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((file) => !file.startsWith('--'));
  const bytes = files.map((file) => (/plotly\.js$/.test(file) ? 0 : fs.statSync(path.join(out, file)).size));
  assert.ok(bytes.reduce((a, b) => a + b) < 12e6);
});
