/** A session in JupyterLab, as a reader has it. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Page } from 'playwright-core';
import { type Notebook, readNotebook } from 'bnlab/dist/tools/notebook';
import { claimsIn } from 'bnlab/dist/tools/claims';
import { command, Lab, until } from '../support/lab';
import { home, notebookOf } from '../support/sample';

const CELLS = [
  `import { loadDataset, mlp, progress, ready, trainNetwork } from 'bnlab';
await ready();
const sizes = [784, 50, 10];
const data = await loadDataset('digits', { digits: { train: 500, test: 100 } });`,
  `const bar = progress('Training');
const history = await trainNetwork({
  network: mlp({ sizes, activation: 'sigmoid', norm: 'batch', seed: 1 }),
  data, steps: 1000000, batchSize: 10, learningRate: 0.1, seed: 1, onProgress: bar.report,
});`,
  `console.log('behind', history.stopped, history.stepsDone > 0);`,
];

let lab: Lab;
before(async () => {
  lab = await Lab.start();
});
after(() => lab?.close());

const textOf = (page: Page, cell: number) => page.locator('.jp-Cell').nth(cell).locator('.jp-OutputArea').innerText();
const promptOf = (page: Page, cell: number) =>
  page.locator('.jp-Cell').nth(cell).locator('.jp-InputPrompt').innerText();
const FAILED = '[data-mime-type="application/vnd.jupyter.error"]';
const isChanged = async (page: Page) => (await page.locator('.jp-mod-dirty').count()) > 0;

test('Stop: busy while it trains, the curve has axes; then what was computed is there', async () => {
  fs.writeFileSync(path.join(lab.folder, 'live.ipynb'), notebookOf(CELLS));
  const page = await lab.open('live.ipynb');
  await command(page, 'notebook:run-all-cells');
  const output = page.locator('.jp-Cell').nth(1).locator('.jp-OutputArea');
  const curve = output.locator('svg[aria-label*="so far"] text', { hasText: '1,000,000 steps' });
  await curve.or(page.locator(FAILED)).first().waitFor();
  assert.deepEqual(await page.locator(FAILED).allInnerTexts(), []);
  assert.equal(await page.locator('.jp-Notebook-ExecutionIndicator').getAttribute('data-status'), 'busy');
  assert.match(await promptOf(page, 1), /\[\*\]/);
  await page
    .locator('jp-button[data-command="notebook:interrupt-kernel"], [data-command="notebook:interrupt-kernel"]')
    .first()
    .click();
  await output.getByText(/stopped at step \d+ of 1000000/).waitFor();
  await until(page, 'idle');
  const said = await textOf(page, 1);
  assert.match(said, /Training: stopped at [\d,]+ of 1,000,000 steps/);
  assert.match(await promptOf(page, 1), /\[2\]/);
  assert.match(await promptOf(page, 2), /\[ \]/);
  await page.locator('.jp-Cell').nth(2).locator('.cm-content').click();
  await page.keyboard.press('Shift+Enter');
  await page.locator('.jp-Cell').nth(2).getByText('behind signal true').waitFor();
  await page.close();
});

test('a committed notebook that is opened is not changed, and nobody asks for news', async () => {
  const name = '08-the-gradient.ipynb';
  const file = path.join(lab.folder, name);
  fs.copyFileSync(path.join(home, 'notebooks', name), file);
  const page = await lab.open(name);
  assert.equal(await isChanged(page), false);
  assert.equal(await page.getByText('official Jupyter news').count(), 0);
  assert.equal(fs.readFileSync(file, 'utf8'), fs.readFileSync(path.join(home, 'notebooks', name), 'utf8'));
  await page.close();
});

test('restarted and run as a whole, a committed notebook comes to its verdicts', async () => {
  const name = '08-the-gradient.ipynb';
  const file = path.join(lab.folder, name);
  const committed = readNotebook(path.join(home, 'notebooks', name));
  const page = await lab.open(name);
  await command(page, 'notebook:restart-run-all');
  await page.locator('.jp-Dialog .jp-mod-accept').click();
  await page.locator('.jp-mod-dirty').first().waitFor();
  await until(page, 'busy');
  await until(page, 'idle');
  await command(page, 'docmanager:save');
  await page.waitForFunction("document.querySelector('.jp-mod-dirty') === null");
  const ran = readNotebook(file);
  const verdicts = (notebook: Notebook) => claimsIn(notebook).map(({ id, verdict }) => [id, verdict]);
  assert.deepEqual(verdicts(ran), verdicts(committed));
  assert.ok(verdicts(ran).length > 0);
  const errors = ran.cells.flatMap(({ outputs = [] }) => outputs.filter((one) => one.output_type === 'error'));
  assert.deepEqual(errors, []);
  assert.equal(claimsIn(ran)[0].profile, 'quick');
  await page.close();
});
