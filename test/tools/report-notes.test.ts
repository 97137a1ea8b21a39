/** What stands beside the text: notes on words, search over all pages, where a page comes from; in a browser, with the network off. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { launchBrowser } from 'bnlab/dist/tools/browser';
import { onlyFiles, open, sources, violations } from '../support/report-pages';
import { collection, notebookOf, start } from '../support/sample';

const words = `# Words

## Notation

| paper | meaning | shape | in code |
|---|---|---|---|
| $\\gamma, \\beta$ | learned scale and shift | $[d]$ | \`gamma\`, \`beta\` |

## Glossary

| English | 中文 | English | 中文 |
|---|---|---|---|
| covariate shift, whitening | 协变量偏移，白化 | step | 步 |
`;
const text = `# A page

## First

Covariate shift is a step, and covariate shift again (Santurkar et al. 2018). The scale $\\gamma$ is in \`whitening\`.

## Second

Whitening, once more: covariate shift, and an unusual zebra. Nobody 2018 is no source.

## References

- S. Santurkar, D. Tsipras. *How Does Batch Normalization Help Optimization?* 2018, arXiv 1805.11604.
`;

let browser: Browser;
let root: string;

before(async () => {
  browser = await launchBrowser();
  const executed = JSON.parse(sources()['01-squares']).metadata;
  root = collection({
    '00-words': notebookOf([{ md: words }]),
    '01-page': notebookOf([{ md: text }], executed),
  });
  for (const form of [[], ['--single']]) {
    const made = await start('report.js', 'writeReports', ['--root', root, ...form]).ended;
    assert.equal(made.code, 0, made.said);
  }
});

after(async () => {
  await browser?.close();
  if (root) fs.rmSync(root, { recursive: true, force: true });
});

const page = (name: string, options: BrowserContextOptions = {}) =>
  open(browser, path.join(root, 'reports', name), options);

test('a term, a symbol and a source have their notes, on hover and to the keyboard, without JavaScript; Escape takes them away', async () => {
  for (const javaScriptEnabled of [true, false]) {
    const { tab, errors, close } = await page('01-page.html', { javaScriptEnabled });
    const noted = tab.locator('.noted');
    assert.deepEqual(
      (await noted.allInnerTexts()).map((one) => one.split(/\s+/).join(' ').replace('𝛾 ', '')),
      ['Covariate shift', 'Santurkar et al. 2018', 'γ', 'Whitening', 'covariate shift'],
      'once a section; not in code, and no one who is no source',
    );
    const tips = tab.locator('.tip');
    await noted.nth(0).hover();
    assert.match(await tips.nth(0).innerText(), /covariate shift 协变量偏移/);
    assert.ok(await tips.nth(0).isVisible());
    assert.equal(await noted.nth(0).getAttribute('href'), '00-words.html#glossary');
    await noted.nth(1).focus();
    assert.ok(await tips.nth(1).isVisible());
    assert.match(await tips.nth(1).innerText(), /How Does Batch Normalization Help Optimization/);
    if (javaScriptEnabled) await tab.keyboard.press('Escape');
    if (javaScriptEnabled) assert.ok(!(await tips.nth(1).isVisible()));
    await noted.nth(2).focus();
    assert.match(await tips.nth(2).innerText(), /learned scale and shift/);
    assert.equal(await tab.getByRole('link', { name: 'γ', exact: true }).count(), 1, 'a symbol’s link is named by it');
    if (javaScriptEnabled) assert.deepEqual(await violations(tab), []);
    assert.deepEqual(errors, []);
    await close();
  }
  const { tab, close } = await page('single/01-page.html');
  assert.deepEqual(
    await tab.locator('.noted').allInnerTexts(),
    ['Santurkar et al. 2018'],
    'a lone page leads to no other',
  );
  await close();
});

test('a note is whole in a window of any width, and the page does not move sideways for it', async () => {
  for (const width of [390, 768, 1280]) {
    const { tab, close } = await page('01-page.html', { viewport: { width, height: 700 } });
    for (const i of [1, 2]) {
      await tab.locator('.noted').nth(i).focus();
      const box = (await tab.locator('.tip').nth(i).boundingBox())!;
      assert.ok(box.x >= 0 && box.x + box.width <= width, `${width}: from ${box.x}, ${box.width} wide`);
    }
    await close();
  }
});

test('search finds a section of another page, by keyboard, from disk, and leads there', async () => {
  const { tab, requests, errors, close } = await page('index.html');
  await tab.keyboard.press('/');
  const dialog = tab.locator('dialog.search');
  await dialog.locator('input').fill('zebr');
  const hit = dialog.locator('li a');
  await hit.first().waitFor();
  assert.deepEqual(await hit.allInnerTexts(), ['Second']);
  assert.equal(await dialog.locator('.found').innerText(), '1 place');
  assert.deepEqual(await violations(tab), []);
  await dialog.locator('input').fill('qqqq');
  await dialog.getByText('0 places').waitFor();
  await dialog.locator('input').fill('zebra');
  await hit.first().waitFor();
  await hit.first().press('Enter');
  await tab.waitForURL(/01-page\.html#second$/);
  onlyFiles(requests);
  assert.deepEqual(errors, []);
  await close();
});

test('a page says how it is cited, and leads to its notebook', async () => {
  const { tab, close } = await page('01-page.html');
  await tab.locator('.cite summary').click();
  assert.match(
    await tab.locator('.cite pre').innerText(),
    /^@misc\{[^]*title = \{A page\}[^]*code abc1234, profile quick/,
  );
  const href = (await tab.locator('a[download]').getAttribute('href'))!;
  assert.ok(fs.existsSync(path.join(root, 'reports', href)));
  await close();
});
