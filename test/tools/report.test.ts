/** The report in a real browser, with the network off: with JavaScript and without, on a screen and on paper. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { launchBrowser } from 'bnlab/dist/tools/browser';
import { addTwins, TwinMaker } from 'bnlab/dist/tools/run/twins';
import { notebookText, parseNotebook } from 'bnlab/dist/tools/notebook';
import { figure, foreign, hurt, onlyFiles, open as openFile, sources, violations, ways } from '../support/report-pages';
import { collection, start } from '../support/sample';

/* Code given to `page.evaluate` runs in the page, whose types this project does not otherwise use. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
declare const document: any, window: any, navigator: any, getComputedStyle: any;

let browser: Browser;
let root: string;
const page = (name: string, where = root) => pathToFileURL(path.join(where, 'reports', name)).href;

before(async () => {
  browser = await launchBrowser();
  root = collection(sources());
  // Twins of the first notebook only for its first figure: the second shows what a page does without.
  const file = path.join(root, 'notebooks', '01-squares.ipynb');
  const notebook = parseNotebook(fs.readFileSync(file, 'utf8'), file);
  const maker = await TwinMaker.open();
  await addTwins(notebook, maker);
  await maker.close();
  fs.writeFileSync(file, notebookText(notebook));
  const made = await start('report.js', 'writeReports', ['--root', root]).ended;
  assert.equal(made.code, 0, made.said);
  assert.match(made.said, /2 pages and their index .*index\.html/);
});

after(async () => {
  await browser?.close();
  if (root) fs.rmSync(root, { recursive: true, force: true });
});

/** Opens a page of a collection. */
const open = (name: string, options: BrowserContextOptions = {}, where = root) =>
  openFile(browser, path.join(where, 'reports', name), options);

test('with JavaScript: figures become live when they come near, and nothing leaves the machine', async () => {
  const { tab, requests, errors, close } = await open('01-squares.html');
  const states = () =>
    tab.evaluate(() =>
      [...document.querySelectorAll('figure.plot')].map((f: { dataset: { state?: string } }) => f.dataset.state),
    );
  assert.equal(await tab.locator('figure.plot').count(), 2);
  await tab.locator('#figure-2').scrollIntoViewIfNeeded();
  await tab.locator('#figure-1').scrollIntoViewIfNeeded();
  await tab.waitForFunction(() => document.querySelectorAll('figure.plot[data-state="live"]').length === 2);
  assert.deepEqual(await states(), ['live', 'live']);
  assert.ok(await tab.locator('#figure-1 .live .main-svg').first().isVisible());
  assert.ok(!(await tab.locator('#figure-1 .twin.wide').isVisible()), 'the picture gives way to the live figure');
  assert.match((await tab.locator('#figure-1 .live').getAttribute('aria-label')) ?? '', /Squares: a curve that rises/);

  // A point is there to be asked: the pointer comes to where Plotly draws the third one.
  const point = await tab.evaluate(() => {
    const live = document.querySelector('#figure-1 .live');
    const { xaxis, yaxis } = live._fullLayout;
    const box = live.getBoundingClientRect();
    return { x: box.x + xaxis._offset + xaxis.d2p(3), y: box.y + yaxis._offset + yaxis.d2p(9) };
  });
  const labels = tab.locator('#figure-1 .hoverlayer .hovertext');
  // Plotly looks at a pointer that moves, and at most every 50 ms.
  for (let k = 0; (await labels.count()) === 0; k++) await tab.mouse.move(point.x + (k % 3), point.y);
  assert.match((await labels.first().textContent())!, /9/);

  const tools = await tab
    .locator('#figure-1 .modebar-btn')
    .evaluateAll((all) =>
      all.map((one) => (one as unknown as { getAttribute(n: string): string }).getAttribute('data-title')),
    );
  assert.ok(
    tools.some((title) => /png/i.test(title)),
    tools.join(', '),
  );
  assert.ok(!tools.some((title) => /cloud|share|studio/i.test(title)), tools.join(', '));
  assert.deepEqual(await violations(tab), []);
  onlyFiles(requests);
  assert.deepEqual(errors, []);

  await close();
});

test('code is folded: one click opens a cell, one opens all, and the choice is kept for the other pages', async () => {
  const { tab, errors, close } = await open('01-squares.html');
  const opened = () => tab.locator('details.code[open]').count();
  assert.equal(await tab.locator('details.code').count(), 4, 'an empty cell is not shown');
  assert.equal(await opened(), 0);
  await tab.locator('details.code summary').first().click();
  assert.equal(await opened(), 1);
  await tab.locator('#code').focus();
  await tab.keyboard.press('Enter');
  assert.equal(await opened(), 4);
  assert.equal(await tab.locator('#code').textContent(), 'Hide code');
  await tab.goto(page('02-next.html'));
  assert.equal(await opened(), await tab.locator('details.code').count());
  await tab.locator('#code').click();
  await tab.goto(page('01-squares.html'));
  assert.equal(await opened(), 0);
  assert.equal(await tab.locator('#code').textContent(), 'Show code');
  // A browser that keeps nothing: the page works all the same.
  await tab.addInitScript(() =>
    Object.defineProperty(window, 'localStorage', {
      get() {
        throw new Error('kept from pages');
      },
    }),
  );
  await tab.reload();
  await tab.locator('#code').click();
  assert.equal(await opened(), 4);
  assert.deepEqual(errors, []);
  await close();
});

test('a cell’s code is copied by keyboard, letter by letter; without a clipboard it is marked to be copied', async () => {
  const { tab, errors, close } = await open('01-squares.html');
  await tab.evaluate(() => {
    Object.defineProperty(navigator, 'clipboard', {
      configurable: true,
      value: { writeText: (text: string) => ((document.taken = text), Promise.resolve()) },
    });
  });
  const block = tab.locator('details.code').first();
  const copy = block.getByRole('button', { name: 'Copy' });
  assert.equal(await copy.count(), 0, 'folded away with the code');
  await block.locator('summary').click();
  await copy.focus();
  await tab.keyboard.press('Enter');
  await block.getByRole('button', { name: 'Copied' }).waitFor();
  const source = await block.locator('pre').textContent();
  assert.equal(await tab.evaluate(() => document.taken), source);
  await tab.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  await block.getByRole('button').press('Enter');
  await block.getByRole('button', { name: 'Selected: copy it by keyboard' }).waitFor();
  assert.equal(await tab.evaluate(() => String(document.getSelection())), source);
  await tab.emulateMedia({ media: 'print' });
  assert.ok(!(await block.locator('.copy').isVisible()));
  assert.deepEqual(errors, []);
  await close();
});

test('the contents mark where the reader is; a figure’s number is a link to it; a pasted picture is shown', async () => {
  const { tab, close } = await open('01-squares.html', { viewport: { width: 1280, height: 400 } });
  const marked = () =>
    tab
      .locator('.toc a[aria-current="location"]')
      .evaluateAll((links) =>
        links.map((link) => (link as unknown as { getAttribute(n: string): string }).getAttribute('href')),
      );
  assert.deepEqual(await marked(), []);
  for (const id of ['first-part', 'a-linked-heading']) {
    await tab.evaluate((to) => document.getElementById(to).scrollIntoView({ behavior: 'instant' }), id);
    await tab.waitForSelector(`.toc a[href="#${id}"][aria-current="location"]`);
    assert.deepEqual(await marked(), [`#${id}`]);
  }
  assert.equal(await tab.locator('#figure-2 figcaption a').getAttribute('href'), '#figure-2');
  const width = () => tab.evaluate(() => document.querySelector('img[alt="pasted"]').naturalWidth);
  assert.equal(await width(), 1);
  await close();
});

test('no script of a notebook runs: not from Markdown, HTML, SVG or a figure, and without the policy each would', async () => {
  const place = collection({ foreign: foreign() });
  const made = await start('report.js', 'writeReports', ['--root', place]).ended;
  assert.equal(made.code, 0, made.said);
  const at = (name: string) => path.join(place, 'reports', name);
  fs.writeFileSync(at('foreign.js'), hurt('file-address'));
  const text = fs.readFileSync(at('foreign.html'), 'utf8');
  const policy = /<meta http-equiv="Content-Security-Policy"[^>]*>/;
  assert.ok(text.search(policy) < text.indexOf('<title>'), 'the policy stands before what it is for');
  fs.writeFileSync(at('open.html'), text.replace(policy, '').replace(/<base [^>]*>/g, ''));
  const visit = async (name: string) => {
    const { tab, requests, close } = await open(name, {}, place);
    // Whoever reads the page clicks on what is there.
    await tab.evaluate(() => {
      for (const bait of document.querySelectorAll('.bait'))
        bait.dispatchEvent(new window.MouseEvent('click', { bubbles: true, cancelable: true }));
    });
    await tab.evaluate(() => document.querySelector('figure.plot').scrollIntoView());
    await tab.waitForSelector('figure.plot[data-state="live"]');
    const ran = await tab.evaluate(() => [...new Set(window.ran ?? [])]);
    const look = await tab.evaluate(() => ({
      url: window.location.href,
      font: getComputedStyle(document.querySelector('.katex')).fontFamily,
      curve: document.querySelectorAll('figure.plot .live .trace path').length,
    }));
    await tab.locator('#code').evaluate((e) => (e as unknown as { click(): void }).click());
    const opened = await tab.locator('details.code[open]').count();
    onlyFiles(requests);
    await close();
    return { ran, opened, ...look };
  };
  const guarded = await visit('foreign.html');
  assert.deepEqual(guarded.ran, []);
  assert.equal(guarded.url, page('foreign.html', place), 'the page was left');
  assert.match(guarded.font, /KaTeX/, 'the page’s own style');
  assert.ok(guarded.curve > 0, 'the figure is drawn');
  assert.equal(guarded.opened, 2, 'the page’s own script');
  const unguarded = (await visit('open.html')).ran;
  const harmless = ['base', 'media']; // changes no script by itself; needs a file that is a film
  assert.deepEqual(
    Object.keys(ways).filter((way) => !unguarded.includes(way) && !harmless.includes(way)),
    [],
    'ways that would not have run anyway prove nothing',
  );
  fs.rmSync(place, { recursive: true });
});

test('without JavaScript: text, formulas, code and every figure’s picture are there', async () => {
  const { tab, requests, close } = await open('01-squares.html', { javaScriptEnabled: false });
  for (const n of [1, 2]) {
    const twin = tab.locator(`#figure-${n} .twin.wide`);
    assert.ok(await twin.isVisible());
    assert.match((await twin.getAttribute('aria-label'))!, /a curve that rises from 1 to 16/);
    assert.ok((await twin.locator('svg:visible').boundingBox())!.width > 700);
  }
  assert.match(
    (await tab.locator('#figure-1 figcaption').textContent())!,
    /Figure 1\. Squares of the first four numbers, <\/script> & all\./,
  );
  assert.equal(await tab.getByText('the caption again').count(), 0, 'a figure has one caption');
  assert.equal(await tab.locator('.tools').isVisible(), false, 'a button that does nothing is not shown');
  await tab.locator('details.code summary').first().click();
  assert.equal(await tab.locator('details.code pre').first().isVisible(), true);
  assert.equal((await tab.locator('pre.stream').first().textContent())!.trim(), '<b> 1');
  assert.equal(await tab.locator('#raw-html em').textContent(), 'as it is');
  // Formulas: visible as KaTeX sets them, and as MathML for whoever listens.
  assert.equal(await tab.locator('.katex-display').count(), 3);
  assert.ok((await tab.locator('.katex').count()) >= 5);
  assert.equal(await tab.locator('.katex-mathml math').count(), await tab.locator('.katex').count());
  assert.match((await tab.locator('article').textContent())!, /money: 5\$\./);
  assert.deepEqual(
    await tab
      .locator('.toc a')
      .evaluateAll((links) =>
        links.map((link) => (link as unknown as { getAttribute(n: string): string }).getAttribute('href')),
      ),
    ['#first-part', '#detail', '#a-linked-heading', '#first-part-2'],
  );
  assert.equal(await tab.locator('article a', { hasText: 'neighbour' }).getAttribute('href'), '02-next.html#part');
  assert.match(
    (await tab.locator('.facts').textContent())!,
    /native.*TensorFlow 2\.21\.0.*MNIST.*1, 2.*quick.*1\.5 min.*abc1234/s,
  );
  onlyFiles(requests);
  await close();
});

test('the fonts of the formulas come with the page', async () => {
  const { tab, close } = await open('01-squares.html');
  // A page's fonts are asked for when it is laid out, which may be after it is loaded.
  await tab.waitForFunction(() => {
    const isLoaded = (family: string) =>
      [...document.fonts].some((f: { family: string; status: string }) => f.family === family && f.status === 'loaded');
    return isLoaded('KaTeX_Main') && isLoaded('KaTeX_Math');
  });
  await close();
});

test('a formula as wide as a figure is not cut off; one that is wider is moved sideways, by keyboard too', async () => {
  const { tab, close } = await open('01-squares.html', { javaScriptEnabled: true });
  const cut = (width: number) =>
    tab.evaluate((pixels) => {
      const place = document.querySelector('.text .katex-display') as {
        innerHTML: string;
        scrollWidth: number;
        clientWidth: number;
      };
      place.innerHTML = `<span style="display:inline-block;width:${pixels}px">x</span>`;
      return place.scrollWidth > place.clientWidth;
    }, width);
  assert.deepEqual([await cut(300), await cut(755), await cut(1200)], [false, false, true]);
  const formula = tab.locator('.text .katex-display').first();
  const reached = (can: boolean) => formula.and(tab.locator(can ? '[tabindex="0"]' : ':not([tabindex])')).waitFor();
  await reached(true);
  await cut(300);
  await reached(false);
  await tab.setViewportSize({ width: 280, height: 600 });
  await reached(true);
  await tab.setViewportSize({ width: 1280, height: 900 });
  const [page, screen] = await tab.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(page <= screen);
  await close();
});

test('the keyboard reaches everything, the first stop skips to the text', async () => {
  const { tab, close } = await open('01-squares.html');
  await tab.keyboard.press('Tab');
  assert.equal(await tab.evaluate(() => document.activeElement.className), 'skip');
  await tab.keyboard.press('Enter');
  await tab.waitForURL(/#main$/);
  const seen = new Set<string>();
  for (let i = 0; i < 40; i++) {
    await tab.keyboard.press('Tab');
    seen.add(await tab.evaluate(() => document.activeElement.closest('figure')?.id || document.activeElement.tagName));
  }
  for (const wanted of ['SUMMARY', 'PRE', 'figure-1', 'figure-2', 'A'])
    assert.ok(seen.has(wanted), `${wanted} among ${[...seen].join(', ')}`);
  await close();
});

test('a telephone’s width: no sideways scrolling of the page; paper: the pictures, not the live figures', async () => {
  const { tab, close } = await open('01-squares.html', { viewport: { width: 360, height: 700 } });
  await tab.locator('#figure-1').scrollIntoViewIfNeeded();
  await tab.waitForSelector('#figure-1[data-state="live"]');
  const { page: wide, screen } = await tab.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
  }));
  assert.ok(wide <= screen, `the page is ${wide} wide on a screen of ${screen}`);
  await tab.emulateMedia({ media: 'print' });
  assert.ok(await tab.locator('#figure-1 .twin.wide').isVisible());
  assert.ok(!(await tab.locator('#figure-1 .live').isVisible()));
  assert.ok(!(await tab.locator('header.site').isVisible()));
  await close();
});

test('the index: each notebook with its question, finding, picture, verdicts, data, engine, profile and minutes', async () => {
  const { tab, requests, errors, close } = await open('index.html', { viewport: { width: 390, height: 800 } });
  const items = tab.locator('.notebooks > li');
  const texts = await items.allInnerTexts();
  assert.equal(texts.length, 2);
  const wanted = ['01-squares', 'When do squares grow?', 'They grow.', 'holds', 'MNIST · native · quick · 1.5 min'];
  for (const text of wanted) assert.ok(texts[0].includes(text), `${text} in ${texts[0]}`);
  assert.ok(texts[1].includes('not executed'), texts[1]);
  assert.match((await items.nth(0).locator('.twin').first().getAttribute('aria-label'))!, /Cubes: a curve/);
  assert.ok((await items.nth(0).locator('.twin svg:visible').boundingBox())!.width > 200);
  assert.equal(await items.nth(1).locator('.twin').count(), 0);
  assert.match(await tab.locator('article').innerText(), /1 reading of the paper’s sentences: 1 holds\./);
  assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth));
  assert.deepEqual(await violations(tab), []);
  await items.first().locator('a').first().click();
  await tab.waitForURL(/01-squares\.html$/);
  onlyFiles(requests);
  assert.deepEqual(errors, []);
  await close();
});

test('--single: one file, alone in its folder, with style, formulas and live figures; a script of a notebook runs in it neither', async () => {
  const place = collection({ ...sources(), foreign: foreign() });
  const made = await start('report.js', 'writeReports', ['--root', place, '--single', '01', 'foreign', '02']).ended;
  assert.equal(made.code, 0, made.said);
  const folder = path.join(place, 'reports', 'single');
  assert.deepEqual(fs.readdirSync(folder).sort(), ['01-squares.html', '02-next.html', 'foreign.html']);
  assert.ok(fs.statSync(path.join(folder, '02-next.html')).size < 1e6, 'without figures, without plotly.js');
  for (const name of ['01-squares', 'foreign']) {
    const lone = path.join(place, name, 'reports');
    fs.mkdirSync(lone, { recursive: true });
    fs.copyFileSync(path.join(folder, `${name}.html`), path.join(lone, 'page.html'));
    assert.ok(fs.statSync(path.join(lone, 'page.html')).size < 8e6);
    const { tab, requests, errors, close } = await open('page.html', {}, path.dirname(lone));
    await tab.evaluate(() => {
      for (const bait of document.querySelectorAll('.bait'))
        bait.dispatchEvent(new window.MouseEvent('click', { bubbles: true, cancelable: true }));
    });
    await tab.evaluate(() => document.querySelector('figure.plot').scrollIntoView());
    await tab.waitForSelector('figure.plot[data-state="live"]');
    assert.ok(await tab.locator('figure.plot .live .main-svg').first().isVisible());
    assert.match(await tab.evaluate(() => getComputedStyle(document.querySelector('.katex')).fontFamily), /KaTeX/);
    assert.deepEqual(await tab.evaluate(() => window.ran ?? []), []);
    assert.equal(await tab.locator('header.site a').count(), 0, 'there is no index to lead to');
    if (name === '01-squares') {
      assert.deepEqual(
        requests.filter((url) => url.startsWith('file:')),
        [page('page.html', path.dirname(lone))],
      );
      assert.deepEqual(errors, []);
    }
    await close();
  }
  fs.rmSync(place, { recursive: true });
});

test('twins: the same figure gives the same bytes, two figures share no id, nothing random is left', async () => {
  const maker = await TwinMaker.open();
  try {
    const heat = {
      data: [
        {
          type: 'heatmap',
          z: [
            [1, 2],
            [3, 4],
          ],
        },
      ],
      layout: { title: { text: 'Heat' } },
    };
    const slider = figure('Slider', {
      sliders: [
        {
          steps: [
            { label: 'a', method: 'skip' },
            { label: 'b', method: 'skip' },
          ],
        },
      ],
      updatemenus: [{ type: 'buttons', buttons: [{ label: 'Play', method: 'skip' }] }],
    });
    const [one, two, again] = [await maker.svg(heat), await maker.svg(slider), await maker.svg(heat)];
    assert.equal(one, again);
    const ids = (svg: string) => [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.ok(ids(one).length > 0 && ids(two).length > 0);
    assert.deepEqual(
      ids(one).filter((id) => ids(two).includes(id)),
      [],
    );
    for (const svg of [one, two]) {
      for (const [, id] of svg.matchAll(/url\(#([^)]+)\)|href="#([^"]+)"/g))
        assert.ok(ids(svg).includes(id), `#${id} leads nowhere`);
      assert.doesNotMatch(svg, /https?:\/\/(?!www\.w3\.org)/);
      assert.doesNotMatch(svg, /\d\.\d\d/, 'a tenth of a pixel is enough');
    }
    assert.match(one, /viewBox="0 0 760 420"/);
    assert.doesNotMatch(two, /Play/, 'a button does nothing in a picture');
  } finally {
    await maker.close();
  }
});

test('a report from executed copies, of some notebooks, and one that cannot be', async () => {
  const out = path.join(root, 'elsewhere');
  const [some, none] = await Promise.all([
    start('report.js', 'writeReports', ['--root', root, '--from', path.join(root, 'notebooks'), '--out', out, '02'])
      .ended,
    start('report.js', 'writeReports', ['--root', root, '--from', path.join(root, 'nowhere')]).ended,
  ]);
  assert.equal(some.code, 0, some.said);
  assert.deepEqual(fs.readdirSync(out).sort(), ['02-next.html', 'assets', 'explore.html', 'index.html']);
  assert.deepEqual(fs.readdirSync(path.join(out, 'assets')).sort(), [
    'compute.js',
    'page.css',
    'plotly.js',
    'retheme.js',
    'search.js',
  ]);
  assert.equal(none.code, 2);
  assert.match(none.said, /nowhere: no such folder\. Run/);
});
