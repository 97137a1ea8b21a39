/** One layout for every page: light, dark, a telephone, paper; looked at in a browser, with the network off. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { lineFigure } from 'bnlab';
import { launchBrowser } from 'bnlab/dist/tools/browser';
import { displays, MIME, notebookText, parseNotebook, readNotebook } from 'bnlab/dist/tools/notebook';
import { signStyle } from 'bnlab/dist/tools/report/assets';
import { joinedLines } from 'bnlab/dist/tools/report/joined-lines';
import { addTwins, TwinMaker } from 'bnlab/dist/tools/run/twins';
import { display, onlyFiles, open, sources, violations } from '../support/report-pages';
import { collection, home, start } from '../support/sample';

/* Code given to `page.evaluate` runs in the page, whose types this project does not otherwise use. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
declare const document: any, getComputedStyle: any, Image: any;

const ledger = `# Claims

| The paper says | In | Measured | Verdict |
|---|---|---|---|
| “a sentence of more than thirty letters” | [01](01-squares.ipynb) | a number of some kind, with its unit | **holds** |
`;

let browser: Browser;
let root: string;

before(async () => {
  browser = await launchBrowser();
  const all = sources();
  const notebook = JSON.parse(all['01-squares']);
  const { data, layout } = lineFigure({
    ...{ title: 'Both fall', data: 'generated', x: { label: 'step' }, y: { label: 'loss' } },
    series: [
      { as: 'none', x: [0, 1, 2, 3], y: [3, 2, 1, 0.25] },
      { as: 'batch', x: [0, 1, 2, 3], y: [2, 1, 0.5, 0.125] },
    ],
    ...{ alt: 'Two curves that fall.', caption: 'Loss over steps.' },
  });
  const verdict =
    '<div class="bnlab-verdict" style="border-left:6px solid #00664b"><strong style="color:#00664b">holds</strong></div>';
  notebook.cells[1].outputs = [
    display({ 'application/vnd.plotly.v1+json': { data, layout }, 'text/plain': 'Both fall' }),
    display({ 'text/html': verdict, 'text/plain': 'holds' }, { bnlab: { role: 'verdict' } }),
  ];
  root = collection({ ...all, '01-squares': JSON.stringify(notebook) });
  const file = path.join(root, 'notebooks', '01-squares.ipynb');
  const stored = parseNotebook(fs.readFileSync(file, 'utf8'), file);
  const maker = await TwinMaker.open();
  await addTwins(stored, maker);
  await maker.close();
  fs.writeFileSync(file, notebookText(stored));
  fs.writeFileSync(path.join(root, 'notebooks', 'CLAIMS.md'), ledger);
  const made = await start('report.js', 'writeReports', ['--root', root]).ended;
  assert.equal(made.code, 0, made.said);
});

after(async () => {
  await browser?.close();
  if (root) fs.rmSync(root, { recursive: true, force: true });
});

const page = (name: string, options: BrowserContextOptions = {}) =>
  open(browser, path.join(root, 'reports', name), options);

const paper = (tab: Page) => tab.evaluate(() => getComputedStyle(document.body).backgroundColor);

/** Colours of lines in what is seen of the first figure. */
const strokes = (tab: Page, inside: string) =>
  tab
    .locator(`#figure-1 ${inside} path:visible`)
    .evaluateAll((paths) => [...new Set(paths.map((one) => getComputedStyle(one).stroke as string))]);

const NONE = { light: 'rgb(196, 79, 0)', dark: 'rgb(222, 106, 36)' };

test('every page is read in both schemes: nothing that axe finds; pictures wear the page’s colours, without JavaScript too', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const name of ['01-squares.html', 'claims.html', 'index.html']) {
      const { tab, requests, errors, close } = await page(name, { colorScheme });
      assert.equal(await paper(tab), colorScheme === 'dark' ? 'rgb(20, 23, 26)' : 'rgb(255, 255, 255)');
      if (name === '01-squares.html') {
        await tab.locator('#figure-1').scrollIntoViewIfNeeded();
        await tab.waitForSelector('#figure-1[data-state="live"]');
        assert.ok((await strokes(tab, '.live')).includes(NONE[colorScheme]));
      }
      assert.deepEqual(await violations(tab), [], `${name}, ${colorScheme}`);
      onlyFiles(requests);
      assert.deepEqual(errors, []);
      await close();
    }
    const { tab, close } = await page('01-squares.html', { colorScheme, javaScriptEnabled: false });
    assert.ok((await strokes(tab, '.twin')).includes(NONE[colorScheme]));
    await close();
  }
});

test('a reader who turns the lights off has the live figure drawn anew; on paper it is light', async () => {
  const { tab, close } = await page('01-squares.html');
  await tab.locator('#figure-1').scrollIntoViewIfNeeded();
  await tab.waitForSelector('#figure-1[data-state="live"][data-themes=""]');
  await tab.emulateMedia({ colorScheme: 'dark' });
  await tab.waitForSelector('#figure-1[data-themes="dark"]');
  await tab.waitForFunction(
    (color) =>
      [...document.querySelectorAll('#figure-1 .live path')].some((one) => getComputedStyle(one).stroke === color),
    NONE.dark,
  );
  await tab.emulateMedia({ colorScheme: 'dark', media: 'print' });
  assert.equal(await paper(tab), 'rgb(255, 255, 255)');
  assert.ok((await strokes(tab, '.twin')).includes(NONE.light));
  await close();
});

test('at the head of a page: what came out, and the figure of the verdict, which leads to its place; without JavaScript too', async () => {
  for (const javaScriptEnabled of [true, false]) {
    const { tab, errors, close } = await page('01-squares.html', { javaScriptEnabled });
    const head = tab.locator('h1 + .came-out');
    assert.equal(await head.locator('.finding').innerText(), 'They grow.');
    const drawing = head.locator('svg:visible');
    const { x, y, width } = (await drawing.boundingBox())!;
    assert.ok(width > 400);
    const ids = (inside: string) =>
      tab.locator(`${inside} [id]`).evaluateAll((all) => all.map(({ id }) => id as string));
    const [own, others] = [await ids('.came-out svg'), await ids('#figure-3 svg')];
    assert.ok(own.length > 0 && own.every((id) => !others.includes(id)), 'a clip path of each its own');
    await tab.mouse.click(x + width / 2, y + 20); // the link lies over all of the picture
    await tab.waitForURL(/#figure-3$/);
    assert.ok(await head.getByRole('link', { name: 'Figure 3, at its place' }).isVisible());
    assert.deepEqual(errors, []);
    await close();
  }
});

test('a telephone: each figure is drawn for its width, whole, with and without JavaScript; a ledger is read row by row', async () => {
  for (const javaScriptEnabled of [true, false]) {
    const { tab, close } = await page('01-squares.html', { viewport: { width: 390, height: 844 }, javaScriptEnabled });
    if (javaScriptEnabled) await tab.locator('#figure-1').scrollIntoViewIfNeeded();
    if (javaScriptEnabled) await tab.waitForSelector('#figure-1[data-state="live"][data-themes="phone"]');
    const svg = tab.locator(`#figure-1 ${javaScriptEnabled ? '.live .main-svg' : '.twin.narrow svg:visible'}`).first();
    const box = (await svg.boundingBox())!;
    assert.ok(box.x >= 0 && box.x + box.width <= 390, `from ${box.x}, ${box.width} wide`);
    assert.ok(box.width > 300);
    assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth));
    await close();
  }
  const { tab, close } = await page('claims.html', { viewport: { width: 390, height: 844 }, javaScriptEnabled: false });
  const cells = tab.locator('td[data-label]');
  const boxes = await cells.evaluateAll((all) =>
    all.map((cell) => (cell as unknown as { getBoundingClientRect(): DOM }).getBoundingClientRect()),
  );
  assert.equal(boxes.length, 4);
  for (const [i, box] of boxes.entries()) {
    assert.ok(box.width > 300, 'a cell is as wide as the page');
    if (i > 0) assert.ok(box.top >= boxes[i - 1].bottom, 'and below the one before');
  }
  assert.equal(await cells.nth(2).getAttribute('data-label'), 'Measured');
  await close();
});

test('a figure is read off by a slider, by keyboard and from disk: what each line says there, and a mark where', async () => {
  const { tab, requests, errors, close } = await page('01-squares.html');
  const slider = tab.locator('#figure-1 div.reading input');
  const said = tab.locator('#figure-1 div.reading output');
  assert.equal((await said.innerText()).replace(/\s+/g, ' '), '0 no BN: 3 BN: 2');
  await slider.scrollIntoViewIfNeeded();
  await tab.waitForSelector('#figure-1[data-state="live"]');
  await slider.focus();
  await tab.keyboard.press('ArrowRight');
  await tab.keyboard.press('End');
  assert.equal((await said.innerText()).replace(/\s+/g, ' '), '3 no BN: 0.25 BN: 0.125');
  assert.equal(await slider.getAttribute('aria-valuetext'), 'step 3');
  const marks = () =>
    tab.evaluate(() =>
      document
        .querySelector('#figure-1 .live')
        .layout.shapes.flatMap(({ name, x0 }: { name: string; x0: number }) => (name === 'reading' ? [x0] : [])),
    );
  assert.deepEqual(await marks(), [3]);
  await tab.emulateMedia({ colorScheme: 'dark' });
  await tab.waitForSelector('#figure-1[data-themes="dark"]');
  await tab.waitForFunction(() =>
    document.querySelector('#figure-1 .live').layout.shapes?.some(({ name }: { name: string }) => name === 'reading'),
  );
  assert.equal(await tab.locator('#figure-2 div.reading').count(), 0, 'one line is read as it is');
  onlyFiles(requests);
  assert.deepEqual(errors, []);
  await close();
});

test('a committed picture whose lines are joined is smaller and looks as it did', async () => {
  const committed = readNotebook(path.join(home, 'notebooks', '12-dropout.ipynb'));
  const pictures = [...displays(committed)].flatMap(({ data }) => (data[MIME.svg] ? String(data[MIME.svg]) : []));
  const tab = await browser.newPage({ offline: true, viewport: { width: 800, height: 800 } });
  const drawn = async (svg: string) => {
    await tab.setContent(svg);
    const png = await tab.locator('svg').screenshot();
    return `data:image/png;base64,${png.toString('base64')}`;
  };
  for (const svg of pictures) {
    const joined = joinedLines(svg);
    assert.ok(joined.length < svg.length, `${joined.length} of ${svg.length}`);
    // One path of many lines has its ends smoothed a little otherwise than many paths.
    assert.ok((await tab.evaluate(farthest, [await drawn(svg), await drawn(joined)])) < 64);
  }
  assert.ok(pictures.length > 1);
  await tab.close();
});

test('the font that brings a PDF its signs gives it no digits: these would be the caps of keys', async () => {
  const tab = await browser.newPage({ offline: true });
  const span = (text: string, family: string) => `<span style="font-family:${family}">${text}</span>`;
  const both = (text: string) => span(text, "'Noto Sans Symbols 2',serif") + span(text, 'serif');
  await tab.setContent(`<style>${signStyle()}</style>${both('0123456789')}${both('✓◐✗')}`);
  await tab.evaluate(() => document.fonts.load("16px 'Noto Sans Symbols 2'", '✓'));
  const widths = await tab
    .locator('span')
    .evaluateAll((all) =>
      all.map((one) => (one as unknown as { getBoundingClientRect(): DOM }).getBoundingClientRect().width),
    );
  assert.equal(widths[0], widths[1]);
  assert.notEqual(widths[2], widths[3], 'the signs are the font’s');
  await tab.close();
});

/** In the page: by how much, of 255, two pictures differ where they differ most. */
async function farthest(addresses: string[]): Promise<number> {
  const [a, b] = await Promise.all(
    addresses.map(async (address) => {
      const image = new Image();
      image.src = address;
      await image.decode();
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [image.width, image.height];
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      return context.getImageData(0, 0, image.width, image.height).data as Uint8ClampedArray;
    }),
  );
  if (a.length !== b.length) return 255;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

interface DOM {
  width: number;
  top: number;
  bottom: number;
}
