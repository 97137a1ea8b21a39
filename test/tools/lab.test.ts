/** A session in JupyterLab, as a reader has it. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Page } from 'playwright-core';
import { type Notebook, readNotebook } from 'bnlab/dist/tools/notebook';
import { claimsIn } from 'bnlab/dist/tools/claims';
import { given } from '../support/home';
import { command, isChanged, Lab, until, untilRun } from '../support/lab';
import { home, notebookOf } from '../support/sample';

/** The quickest of those that judge by what they trained. */
const NAME = '08-the-gradient.ipynb';

const CELLS = [
  `import { compare, loadDataset, progress, ready } from 'bnlab';
await ready();
const network = { kind: 'mlp' as const, sizes: [784, 50, 10], activation: 'sigmoid' as const };
const data = await loadDataset('digits', { digits: { train: 500, test: 100 } });`,
  `const bar = progress('Training');
const found = await compare({
  sides: [{ name: 'no BN', network }], seeds: [1], learningRates: [0.1],
  data, steps: 1000000, batchSize: 10, onProgress: bar.report,
});`,
  `const [{ history }] = found.runs;
console.log('kept', history.stopped, history.stepsDone > 0, found.missing.length);`,
];

/** Minutes of a browser and a server: where they are asked for. */
const asked = { skip: !given.BNLAB_LAB && 'drives a real JupyterLab: BNLAB_LAB=1 npm test -- tools/lab' };

let lab: Lab;
before(async () => {
  if (!asked.skip) lab = await Lab.start();
});
after(() => lab?.close());

const cellOf = (page: Page, cell: number) => page.locator('.jp-Cell').nth(cell);
const promptOf = (page: Page, cell: number) => cellOf(page, cell).locator('.jp-InputPrompt').innerText();

/** Runs one cell, as Shift+Enter does. */
async function run(page: Page, cell: number): Promise<void> {
  await cellOf(page, cell).locator('.cm-content').click();
  await page.keyboard.press('Shift+Enter');
}

test('Stop ends a comparison, and what it has is there for the next cell', asked, async () => {
  fs.writeFileSync(path.join(lab.folder, 'live.ipynb'), notebookOf(CELLS));
  const page = await lab.open('live.ipynb');
  await run(page, 0);
  await run(page, 1);
  await until(page, 'busy');
  await cellOf(page, 1).locator('svg[aria-label*="so far"]').waitFor();
  assert.match(await promptOf(page, 1), /\[\*\]/);
  await page.locator('[data-command="notebook:interrupt-kernel"]').first().click();
  await cellOf(page, 1)
    .getByText(/stopped at step \d+ of 1000000/)
    .waitFor();
  // A cell that arrives before the stopped one's reply is one of those behind it, which are not run.
  await cellOf(page, 1).locator('.jp-InputPrompt', { hasText: '[2]' }).waitFor();
  await until(page, 'idle');
  await run(page, 2);
  await cellOf(page, 2).getByText('kept signal true 0').waitFor();
  await page.close();
});

test('a live figure has no button that sends it to a server of its makers', asked, async () => {
  const name = 'figure.ipynb';
  const source = `import { lineFigure, show } from 'bnlab';
show(lineFigure({ title: 'It falls', data: 'none', x: { label: 'step' }, y: { label: 'loss' },
  series: [{ as: 'none', x: [0, 1], y: [2, 1] }], alt: 'A line that falls.', caption: 'Loss.' }));`;
  fs.writeFileSync(path.join(lab.folder, name), notebookOf([source]));
  const page = await lab.open(name);
  await run(page, 0);
  const buttons = cellOf(page, 0).locator('.js-plotly-plot .modebar-btn');
  await buttons.first().waitFor({ state: 'attached' });
  const titles = await buttons.evaluateAll((all) =>
    all.map((one) => (one as unknown as { dataset: { title: string } }).dataset.title),
  );
  assert.ok(titles.includes('Zoom'), titles.join(', '));
  assert.deepEqual(titles.filter((title) => /share|cloud/i.test(title)), []); // prettier-ignore
  await page.close();
});

test('a committed notebook that is opened stays as it is, and nobody asks for news', asked, async () => {
  const committed = path.join(home, 'notebooks', NAME);
  fs.copyFileSync(committed, path.join(lab.folder, NAME));
  const page = await lab.open(NAME);
  assert.equal(await isChanged(page), false);
  assert.equal(await page.getByText('official Jupyter news').count(), 0);
  assert.deepEqual(fs.readFileSync(path.join(lab.folder, NAME)), fs.readFileSync(committed));
  await page.close();
});

test('restarted and run as a whole, a committed notebook comes to its verdicts', asked, async () => {
  const committed = readNotebook(path.join(home, 'notebooks', NAME));
  fs.copyFileSync(path.join(home, 'notebooks', NAME), path.join(lab.folder, 'again.ipynb'));
  const page = await lab.open('again.ipynb');
  await command(page, 'notebook:restart-run-all');
  await page.locator('.jp-Dialog .jp-mod-accept').click();
  await until(page, 'busy');
  await untilRun(page);
  await until(page, 'idle');
  await command(page, 'docmanager:save');
  await page.waitForFunction('globalThis.jupyterapp.shell.currentWidget.context.model.dirty === false');
  const ran = readNotebook(path.join(lab.folder, 'again.ipynb'));
  const verdicts = (notebook: Notebook) => claimsIn(notebook).map(({ id, verdict }) => [id, verdict]);
  assert.deepEqual(verdicts(ran), verdicts(committed));
  assert.ok(verdicts(ran).length > 0);
  assert.equal(claimsIn(ran)[0].profile, 'quick');
  await page.close();
});
