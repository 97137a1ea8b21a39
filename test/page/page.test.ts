/** A report that computes, opened from disk in a real browser with the network cut: run, stop, take along, and the same numbers as in Node. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import * as bnlab from 'bnlab';
import { launchBrowser } from 'bnlab/dist/tools/browser';
import { nodePlatform } from 'bnlab/dist/src/platform/node';
import { setPlatform } from 'bnlab/dist/src/platform/port';
import { collection, notebookOf, start } from '../support/sample';
import { expectNumbersOf } from './cells';
import { idxOfClasses, takesOwnFiles } from './own-files';

/* Code given to `page.evaluate` runs in the page, whose types this project does not otherwise use. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
declare const dispatchEvent: any, document: any, Event: any, location: any;

process.env.BNLAB_ENGINE = 'wasm'; // the engine of the page

const sides = (['none', 'batch'] as const).map((norm) => ({
  name: norm === 'none' ? 'no BN' : 'BN',
  network: { kind: 'mlp' as const, sizes: [784, 10, 10, 10], activation: 'sigmoid' as const, norm },
}));
const options = { sides, learningRates: [1], seeds: [1], steps: 100, batchSize: 60, evaluations: 5 };

const words = {
  title: (last: Record<string, number>) => `It ends at ${Object.keys(last).join(' and ')}`,
  ...{ alt: 'Two curves', caption: 'Two networks.' },
};
const few = { kind: 'digits', train: 200, test: 10 } as const;

/** What a cell with these experiments displays. */
async function stored(): Promise<object[]> {
  const seen: object[] = [];
  setPlatform({
    ...nodePlatform,
    showsDisplays: () => true,
    display: ({ bundle, metadata }) => void seen.push({ output_type: 'display_data', data: bundle, metadata }),
  });
  await bnlab.runnable({
    ...{ experiment: bnlab.sideBySide(), options, controls: ['rate', 'activation', 'seeds'], figure: 'accuracy' },
    ...words,
  });
  await bnlab.runnable({
    ...{ experiment: bnlab.inputDescent(), controls: ['offset', 'steps'], figure: 'reached' },
    ...{ options: { data: few, steps: 20, learningRates: [0.01, 0.1, 1] }, ...words },
  });
  await bnlab.runnable({
    ...{ experiment: bnlab.ignoredTerm(), controls: ['rate', 'seeds'], figure: 'bias' },
    ...{ options: { data: few, norms: ['batch'], learningRates: [1], seeds: [1], features: 4, steps: 40 }, ...words },
  });
  setPlatform(nodePlatform);
  return seen;
}

let root = '';
let browser: Browser;
before(async () => {
  await bnlab.ready();
  const notebook = JSON.parse(notebookOf([{ md: '# Does it run?' }, 'await runnable();']));
  notebook.cells[1].outputs = await stored();
  root = collection({ '01-runs': JSON.stringify(notebook) });
  const made = await Promise.all(
    [[], ['--single']].map((extra) => {
      const out = path.join(root, extra.length > 0 ? 'single' : 'site');
      return start('report.js', 'writeReports', ['--root', root, '--out', out, ...extra]).ended;
    }),
  );
  for (const { code, said } of made) assert.equal(code, 0, said);
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  fs.rmSync(root, { recursive: true, force: true });
});

/**
 * Opens a page from disk, without a network; whatever it asks for or complains of is a failure.
 * @param script runs before the page's own
 */
async function open(
  file: string,
  { script, ...more }: BrowserContextOptions & { script?: string } = {},
): Promise<{ page: Page; problems: string[] }> {
  const context = await browser.newContext({ offline: true, ...more });
  context.setDefaultTimeout(0); // on a busy machine all takes as long as it takes
  if (script !== undefined) await context.addInitScript(script);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())));
  page.on('request', (request) => void (/^(?:file|blob|data):/.test(request.url()) || problems.push(request.url())));
  const [name, hash = ''] = file.split('#');
  await page.goto(`${pathToFileURL(path.join(root, name)).href}#${hash}`);
  return { page, problems };
}

const ENDED = /^(?:Done|Stopped|It failed|The page was hidden)/;
const status = async (page: Page, within = '.panel') => (await page.textContent(`${within} .acts .status`)) ?? '';
async function ended(page: Page, within = '.panel'): Promise<string> {
  const there = page.locator(`${within} .acts .status`).filter({ hasText: ENDED });
  await there.waitFor();
  return status(page, within);
}
/** Opens a table, and gives its rows as texts. */
async function rowsOf(page: Page, summary: string): Promise<string[][]> {
  const details = page.locator('.bench details').filter({ hasText: summary }).first();
  await details.locator('summary').click();
  await details.locator('tbody tr').first().waitFor();
  const rows = await details.locator('tr').all();
  return Promise.all(rows.map((row) => row.locator('th, td').allTextContents()));
}

test('without JavaScript the figure is all there is; with it the reader runs the experiment over it, and sees the numbers of Node', async () => {
  const { page: bare } = await open('site/01-runs.html', { javaScriptEnabled: false });
  assert.equal(await bare.locator('[data-runnable]').first().isVisible(), false);
  await bare.context().close();
  for (const file of ['site/01-runs.html', 'single/01-runs.html']) {
    const { page, problems } = await open(file);
    const box = page.locator('[data-runnable]').first();
    await box.getByRole('button', { name: 'Run it here' }).press('Enter');
    await ended(page, '[data-runnable]');
    assert.match(await status(page, '[data-runnable]'), /^Done in /);
    const [head, ...rows] = await rowsOf(page, 'Values as a table');
    assert.deepEqual(head, ['step', 'no BN: test accuracy', 'BN: test accuracy']);
    const { rows: answer } = await bnlab.sideBySide().run(options);
    const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
    assert.deepEqual(rows, answer[0].steps.map((step, i) => [String(step), ...answer.map(({ accuracy }) => percent(accuracy[0][i]))])); // prettier-ignore
    assert.match(
      (await box.locator('.from').first().textContent())!,
      /^This page: wasm \(TensorFlow\.js .*digits drawn by the page.*seed 1/,
    );
    assert.ok(
      (await box.locator('.chart .chart-line.committed').count()) === 2 &&
        (await box.locator('.chart .chart-line:not(.committed)').count()) === 2,
    );
    assert.deepEqual(problems, []);
    await page.context().close();
  }
});

test('the playground by keyboard: the address holds the state, and the cell that it gives has the numbers of the page', async () => {
  const { page, problems } = await open('site/explore.html#steps=100&width=20&depth=2');
  await page.getByRole('slider', { name: 'Learning rate' }).press('ArrowRight');
  assert.match(await page.evaluate(() => location.hash as string), /rate=3/);
  assert.equal(await page.getByRole('slider', { name: 'Learning rate' }).getAttribute('aria-valuetext'), '3');
  await page.getByRole('button', { name: 'Run', exact: true }).press('Enter');
  assert.match(await ended(page), /^Done in /);
  const cell = (await page.textContent('.take pre'))!;
  await expectNumbersOf(cell, await rowsOf(page, 'Accuracy and loss as a table'));
  const address = page.url();
  await page.goto('about:blank');
  await page.goto(address);
  assert.equal(await page.getByRole('slider', { name: 'Learning rate' }).getAttribute('aria-valuetext'), '3');
  assert.equal(await page.textContent('.take pre'), cell);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('several configurations taken along give the numbers of the page: seeds, places, another scale, a divergence', async () => {
  const { page, problems } = await open('site/explore.html#steps=100&width=10');
  await page.locator('.bench details').filter({ hasText: 'Accuracy and loss' }).locator('summary').click();
  for (const state of [
    'activation=tanh&scale=0.1&depth=2&batch=8&seeds=2&a=layer&b=batch%3Aafter',
    'depth=8&rate=3&a=pitfall%3Adetached&b=renorm',
    'rate=300&scale=1&activation=relu&depth=1',
  ]) {
    await page.evaluate((hash) => (location.hash = hash), `steps=100&width=10&${state}`);
    await page
      .locator('.take pre')
      .filter({ hasText: new URLSearchParams(state).get('activation') ?? 'sigmoid' })
      .waitFor();
    await page.locator('.panel button.run').click();
    assert.match(await ended(page), /^Done in /, state);
    const rows = await page.locator('.bench details').filter({ hasText: 'Accuracy and loss' }).locator('tr').all();
    const texts = await Promise.all(rows.map((row) => row.locator('th, td').allTextContents()));
    await expectNumbersOf((await page.textContent('.take pre'))!, texts);
  }
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('experiments that compare no networks run in a report as well: over learning rates, and the norm of a bias', async () => {
  const { page, problems } = await open('site/01-runs.html');
  const place = (i: number) => page.locator('[data-runnable]').nth(i);
  const run = async (i: number) => {
    await place(i).getByRole('button', { name: 'Run it here' }).press('Enter');
    await place(i).locator('.acts .status').filter({ hasText: ENDED }).waitFor({ timeout: 0 });
    assert.match((await place(i).locator('.acts .status').textContent())!, /^Done in /);
    await place(i).locator('summary').click();
    await place(i).locator('details tbody tr').first().waitFor({ timeout: 0 });
    const rows = await place(i).locator('details tr').all();
    return Promise.all(rows.map((row) => row.locator('th, td').allTextContents()));
  };
  await place(1).getByRole('slider', { name: 'Offset of the pixels' }).press('ArrowRight');
  const [head, ...rows] = await run(1);
  assert.deepEqual(head[0], 'learning rate');
  assert.deepEqual(rows.map(([rate]) => rate), ['0.01', '0.1', '1']); // prettier-ignore
  const { kinds } = await bnlab
    .inputDescent()
    .run({ data: few, offset: 0.25, steps: 20, learningRates: [0.01, 0.1, 1] });
  const first = kinds.map(({ loss }) => Number(loss[0].toPrecision(3)));
  rows[0]
    .slice(1)
    .forEach((text, k) => assert.ok(Math.abs(Number(text) / first[k] - 1) < 0.006, `${text}, ${first[k]}`));
  const said = await place(1).locator('.outcome p').allTextContents();
  assert.equal(said.length, 4);
  for (const [k, { kind, limit }] of kinds.entries())
    assert.ok(
      said[k].startsWith(`${kind}: lowest loss`) && said[k].includes(`2/λ max is ${limit.toPrecision(1)[0]}`),
      said[k],
    );
  assert.equal(
    await place(1).locator('.chart-level line').count(),
    new Set(kinds.map(({ limit }) => limit).filter((limit) => limit > 0.0087 && limit < 1.15)).size,
  );
  assert.equal(await place(1).getByText('playground').count(), 0);

  const [bias, ...steps] = await run(2);
  assert.deepEqual(bias.slice(1), ['both Jacobians', 'first Jacobian alone'].map((name) => `${name}: norm of the bias |b|`)); // prettier-ignore
  assert.deepEqual([steps.length, steps.at(-1)![0]], [21, '40']);
  assert.ok(Number(steps.at(-1)![2]) > 0.01 && Number(steps.at(-1)![1].replace('−', '-')) < 1e-4, String(steps.at(-1)));
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('by keyboard, on a narrow screen: the page tries every rate, and says from which on a network learns nothing', async () => {
  const { page, problems } = await open('site/explore.html#steps=100&width=10&depth=1&scale=1&activation=relu', {
    viewport: { width: 390, height: 800 },
  });
  const focused = () => page.evaluate(() => document.activeElement.textContent as string);
  for (let tabs = 0; (await focused()) !== 'Try every rate'; tabs++) {
    assert.ok(tabs < 40, 'no way there by Tab');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.locator('.rates .status').filter({ hasText: ENDED }).waitFor({ timeout: 0 });
  assert.match((await page.textContent('.rates .status'))!, /^Done in /);
  const said = await page.locator('.rates .outcome p').allTextContents();
  assert.deepEqual(said.map((text) => text.split(':')[0]), ['no BN', 'BN']); // prettier-ignore
  assert.match(said[0], /^no BN: best \d+ %, at rate [\d.]+; from rate \d+ on no better than chance\.$/);
  for (const mark of ['circle', 'rect'])
    assert.ok((await page.locator(`.rates .chart-line ${mark}`).count()) >= 10, `${mark}: a point for each rate`);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth as number), 390);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('Stop keeps what there is, a hidden page stops, a divergence is said, and strange files are named', async () => {
  const { page, problems } = await open('site/explore.html#steps=5000&width=10&depth=1');
  const run = page.locator('.panel button.run');
  const hasPoints = () => page.locator('.pair .chart-line .curve').first().waitFor();
  await run.click();
  await hasPoints();
  await run.click();
  assert.match(await ended(page), /^Stopped; what had been computed stays/);
  assert.match((await page.textContent('.results .outcome'))!, /no BN: \d+ % after \d+ steps/);
  assert.ok((await page.locator('.pair .chart-line .curve').count()) > 0);
  await run.click();
  await hasPoints();
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  assert.match(await ended(page), /^The page was hidden, so the run stopped/);
  await page.evaluate(() => delete document.hidden);

  await page.goto(page.url().replace(/#.*/, '#rate=300&scale=1&activation=relu&steps=100&width=10'));
  await page.reload();
  await run.click();
  await ended(page);
  assert.match((await page.textContent('.results .outcome'))!, /no BN: .*diverged by step \d+/);

  if (!(await page.locator('#own-files').isVisible())) await page.getByText('More controls').click();
  await page.setInputFiles('#own-files', { name: 'mine.gz', mimeType: 'application/gzip', buffer: Buffer.from('no') });
  const said = page.locator('.drop .status').filter({ hasText: 'needs four files' });
  await said.waitFor();
  assert.match((await said.textContent())!, /Missing: train-images.*Not a published file, by its SHA-256: mine\.gz\./);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('a reader’s own files are known by their checksums, whatever they are called, and a run is on them', async () => {
  takesOwnFiles(path.join(root, 'site'), path.join(root, 'own'));
  const { page, problems } = await open('own/explore.html#steps=100&width=20&depth=1&data=mnist');
  assert.match(await page.evaluate(() => location.hash as string), /^#(?!.*mnist)/);
  if (!(await page.locator('#own-files').isVisible())) await page.getByText('More controls').click();
  const files = Object.values(idxOfClasses()).map(({ bytes }, i) => ({
    ...{ name: `download (${i})`, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) },
  }));
  const said = (text: string) => page.locator('.drop .status').filter({ hasText: text }).waitFor();
  await said('The address asks for MNIST: choose its files. Until then digits are drawn.');
  await page.setInputFiles('#own-files', files.slice(0, 3));
  await said('Missing: t10k-labels-idx1-ubyte.gz. Choose all four at once.');
  await page.setInputFiles('#own-files', files);
  await said('MNIST: all four files are the published ones, by their SHA-256.');
  assert.match(await page.evaluate(() => location.hash as string), /data=mnist/);
  const other = { name: 'other.gz', mimeType: 'application/gzip', buffer: Buffer.from('no') };
  await page.setInputFiles('#own-files', other); // is refused, and the others stay
  await said('Not a published file, by its SHA-256: other.gz.');
  await page.evaluate(() => {
    const folder = { name: 'mnist', arrayBuffer: () => Promise.reject(new Error('a directory')) };
    const drop = Object.assign(new Event('drop', { cancelable: true }), { dataTransfer: { files: [folder] } });
    document.querySelector('.drop').dispatchEvent(drop);
  });
  await said('mnist could not be read. If it is a folder, drop the four files that are in it.');
  await page.locator('.panel button.run').click();
  assert.match(await ended(page), /^Done in /);
  assert.match((await page.textContent('.results .from'))!, /MNIST, 10,000 to train on and 2,000 to test/);
  assert.match((await page.textContent('.results .outcome'))!, /BN: 100 % after 100 steps/);
  await page.getByLabel('Pictures').selectOption('digits');
  assert.match((await page.textContent('.take pre'))!, /kind: 'digits', train: 2000, test: 500/);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('a Stop before the engine has started is heard, and a page that is left and found again runs again', async () => {
  const { page, problems } = await open('site/explore.html#steps=5000&width=10&depth=1');
  const held = () => page.locator('.panel .acts .status').getAttribute('data-held');
  await page.evaluate(() => {
    const run = document.querySelector('.panel button.run');
    run.click();
    run.click();
  });
  assert.match(await ended(page), /^Stopped; what had been computed stays/);
  assert.match((await held())!, /^\d+ tensors/, 'the worker answered, and was not ended');
  const run = page.locator('.panel button.run');
  await run.click();
  await page.locator('.pair .chart-line .curve').first().waitFor();
  await page.evaluate(() => void dispatchEvent(new Event('pagehide')));
  assert.match(await ended(page), /^Stopped; what had been computed stays/);
  await page.getByRole('slider', { name: 'Steps' }).press('Home');
  await run.click();
  assert.match(await ended(page), /^Done in /);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('the script of the worker is unpacked when an experiment is run; a browser that cannot is told what it lacks', async () => {
  const count = `globalThis.unpackings = 0;
    const Own = globalThis.DecompressionStream;
    globalThis.DecompressionStream = class extends Own { constructor(format) { super(format); unpackings++; } };`;
  const { page, problems } = await open('site/explore.html#steps=20&width=10&depth=1', { script: count });
  await page.locator('.panel button.run').waitFor();
  assert.equal(await page.evaluate('unpackings'), 0);
  await page.locator('.panel button.run').click();
  assert.match(await ended(page), /^Done in /);
  assert.equal(await page.evaluate('unpackings'), 1);
  assert.deepEqual(problems, []);
  await page.context().close();
  for (const [name, reason] of [
    [
      'DecompressionStream',
      /This browser has no DecompressionStream, which unpacks what computes, so nothing can be run/,
    ],
    ['WebAssembly', /This browser runs no WebAssembly, so nothing can be run/],
    ['Worker', /This browser runs no workers, so nothing can be run/],
  ] as const) {
    const { page, problems } = await open('site/01-runs.html', { script: `delete globalThis.${name};` });
    const said = page.locator('[data-runnable] .bench').first();
    await said.getByText('This browser').waitFor();
    assert.match((await said.textContent())!, reason);
    assert.deepEqual(problems, []);
    await page.context().close();
  }
});

test('fifty runs, most of them stopped at some moment: the engine holds as much after the last as after the first', async () => {
  const { page, problems } = await open('site/explore.html#steps=100&width=10&depth=1');
  const seen = (await page.evaluate(async () => {
    const run = document.querySelector('.panel button.run');
    const status = document.querySelector('.panel .acts .status');
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const found: string[] = [];
    for (let i = 0; i < 50; i++) {
      run.click();
      if (i % 10 !== 0) {
        await pause((i * 37) % 190);
        if (run.textContent === 'Stop') run.click();
      }
      while (!/^(?:Done|Stopped|It failed)/.test(status.textContent)) await pause(5);
      found.push(status.dataset.held);
    }
    return found;
  })) as string[];
  assert.equal(seen.length, 50);
  assert.deepEqual([...new Set(seen)], [seen[0]], seen.join(' | '));
  assert.match(seen[0], /^\d+ tensors, \d+ bytes$/);
  assert.deepEqual(problems, []);
  await page.context().close();
});
