/** A session in JupyterLab, as a reader has it. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Page } from 'playwright-core';
import { type Notebook, readNotebook } from 'bnlab/dist/tools/notebook';
import { claimsIn } from 'bnlab/dist/tools/claims';
import { given } from '../support/home';
import { command, hasRun, isChanged, Lab, until, untilRun } from '../support/lab';
import { home, notebookOf } from '../support/sample';

/** The quickest of those that judge by what they trained. */
const NAME = '08-the-gradient.ipynb';

/** What a session begins with; JavaScript as well as TypeScript. */
const HEAD = `import { compare, compile, learningRateSweep, lineFigure, loadDataset, mlp, progress, ready, runExperiment, show, tf, trainNetwork } from 'bnlab';
await ready();
const sizes = [784, 50, 10];
const network = { kind: 'mlp' as const, sizes, activation: 'sigmoid' as const };
const data = await loadDataset('digits', { digits: { train: 500, test: 100 } });
const sides = [{ name: 'no BN', network }];
const common = { data, batchSize: 10, steps: 1000000 };
// What goes on, where it goes on.
const seen = { n: 0 };
const count = () => { if (seen.n++ === 0) console.log('at work'); };`;

/** A moment at which a reader presses Stop. */
interface Moment {
  cell: string;
  /** What the cell then says. */
  says: RegExp;
  /** XLA is not to be interrupted: the cell ends when it has compiled, however long that takes. */
  compiles?: true;
  /** What the next cell prints of what was computed; \`true\` is wanted. */
  kept?: string;
}

const MOMENTS: Record<string, Moment> = {
  'a loop of awaits': {
    cell: `const rounds: number[] = [];
for (;;) { rounds.push(1); count(); await Promise.resolve(); }`,
    says: /^stopped$/,
    kept: 'rounds.length > 0',
  },
  'a loop of promised timers': {
    cell: `import { setTimeout as pause } from 'node:timers/promises';
for (;;) { count(); await pause(1); }`,
    says: /^stopped$/,
  },
  compare: {
    cell: `const bar = progress('Comparing');
const found = await compare({ sides, seeds: [1], learningRates: [0.1], ...common, onProgress: (at) => { bar.report(at); count(); } });`,
    says: /^stopped at step \d+ of 1000000 \(no BN, seed 1, rate 0.1\)$/,
    kept: `found.runs[0].history.stopped === 'signal' && found.runs[0].history.stepsDone > 0 && found.missing.length === 0`,
  },
  learningRateSweep: {
    cell: `const swept = await learningRateSweep({ sides, seeds: [1], learningRates: [0.1, 1], ...common, onProgress: count });`,
    says: /^stopped at step \d+ of 2000000 \(no BN, seed 1, rate 0.1\)$/,
    kept: 'swept.comparison.runs.length === 1',
  },
  trainNetwork: {
    cell: `const history = await trainNetwork({ network: mlp({ sizes, activation: 'sigmoid', seed: 1 }), ...common, learningRate: 0.1, seed: 1, onProgress: count });`,
    says: /^mlp: stopped at step \d+ of 1000000$/,
    kept: `history.stopped === 'signal' && history.stepsDone > 0`,
  },
  'CompiledStep.run': {
    cell: `const w = tf.variable(tf.scalar(0));
const step = compile(({ x }) => { w.assign(tf.add(w, tf.mul(1e-9, tf.mean(x)))); return { w: w.clone() }; });
const ran = await step.run({ data: { x: tf.ones([10, 3]) }, batches: new Int32Array(4000000), batchSize: 1, onProgress: count });`,
    says: /^stopped at step \d+ of 4000000$/,
    kept: 'ran.steps > 0 && ran.outputs.w.shape[0] === ran.steps',
  },
  'the first step, which is compiled': {
    cell: `console.log('at work');
const deep = mlp({ sizes: [784, ...Array.from({ length: 12 }, (_, i) => 40 + i), 10], activation: 'tanh', norm: 'batch', seed: 1 });
const compiled = await trainNetwork({ network: deep, ...common, learningRate: 0.1, seed: 1, onProgress: count });`,
    says: /^mlp: stopped at step \d+ of 1000000$/,
    compiles: true,
    kept: `compiled.stopped === 'signal'`,
  },
  'a loop of figures': {
    cell: `await ready();
const work = (ms: number) => { const end = performance.now() + ms; while (performance.now() < end); };
for (;;) {
  show(lineFigure({ title: 'It falls', data: 'none', x: { label: 'step' }, y: { label: 'loss' },
    series: [{ as: 'none', x: [0, 1], y: [2, 1] }], alt: 'A line that falls.', caption: 'Loss.' }));
  count();
  work(1000);
}`,
    says: /^stopped$/,
  },
  'an experiment': {
    cell: `const grown = await runExperiment('weight-growth', { scales: [1, 10], seeds: [1], steps: 1000000 }, { onProgress: count });`,
    says: /^scale 1, seed 1: stopped at step \d+ of 1000000$/,
    kept: 'grown.runs.length === 0',
  },
};

/** Each takes seconds: three that have little in common, or all where that is asked for. */
const names = Object.keys(MOMENTS).filter(
  (name) => given.BNLAB_LAB === 'all' || ['a loop of promised timers', 'compare', 'a loop of figures'].includes(name),
);

let lab: Lab;
before(async () => {
  lab = await Lab.start();
});
after(() => lab?.close());

const cellOf = (page: Page, cell: number) => page.locator('.jp-Cell').nth(cell);
const outputOf = (page: Page, cell: number) => cellOf(page, cell).locator('.jp-OutputArea');
const promptOf = (page: Page, cell: number) => cellOf(page, cell).locator('.jp-InputPrompt').innerText();

/** Runs one cell, as Shift+Enter does. */
async function run(page: Page, cell: number): Promise<void> {
  await cellOf(page, cell).locator('.cm-content').click();
  await page.keyboard.press('Shift+Enter');
}

/** Milliseconds within which a cell that can end is to end: a second on a machine at rest, more on a busy one. */
const LIMIT = 30_000;

test('Stop, pressed at one moment and another: the cell ends and says so, what it has is kept, nothing goes on', async (t) => {
  const after = ({ kept }: Moment) => `seen.n = 0;
const short = await trainNetwork({ network: mlp({ sizes, activation: 'sigmoid', seed: 1 }), ...common, steps: 50, learningRate: 0.1, seed: 1 });
console.log('rests', short.stepsDone, seen.n === 0, ${kept ?? 'true'});`;
  // The cells of a moment: the one to be stopped, one behind it in the queue, and what is looked at afterwards.
  const cells = names.flatMap((name) => [MOMENTS[name].cell, `console.log('behind');`, after(MOMENTS[name])]);
  fs.writeFileSync(path.join(lab.folder, 'live.ipynb'), notebookOf([HEAD, ...cells]));
  const page = await lab.open('live.ipynb');
  await run(page, 0);
  assert.ok(await hasRun(page, 0));
  for (const [i, name] of names.entries()) {
    await t.test(`during ${name}`, async () => {
      const [stopped, behind, next] = [1, 2, 3].map((k) => 3 * i + k);
      await run(page, stopped);
      await run(page, behind);
      await outputOf(page, stopped).getByText('at work').first().waitFor();
      await until(page, 'busy');
      assert.match(await promptOf(page, stopped), /\[\*\]/);
      const pressed = performance.now();
      await page.locator('[data-command="notebook:interrupt-kernel"]').first().click();
      await page
        .locator('.jp-Cell')
        .nth(stopped)
        .locator('.jp-InputPrompt', { hasText: /\[\d+\]/ })
        .waitFor();
      const took = performance.now() - pressed;
      t.diagnostic(`${name}: ${(took / 1000).toFixed(1)} s`);
      const errors = outputOf(page, stopped).locator(
        '[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]',
      );
      await errors.first().waitFor(); // the answer to a cell may overtake what it shows
      const said = await errors.allInnerTexts();
      assert.equal(said.length, 1, said.join('\n---\n'));
      assert.match(said[0].trim(), MOMENTS[name].says);
      assert.ok(MOMENTS[name].compiles || took < LIMIT, `${took} ms`);
      assert.equal(await hasRun(page, behind), false, 'what was queued behind it is not run');
      await until(page, 'idle');
      // tslab gives up what it is asked within 200 ms after a cell failed, as if it had waited behind that cell.
      do await run(page, next);
      while (!(await hasRun(page, next)));
      await outputOf(page, next).getByText('rests 50 true true', { exact: true }).waitFor();
    });
  }
  await page.close();
});

test('a live figure has no button that sends it to a server of its makers', async () => {
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

test('a committed notebook that is opened stays as it is, and nobody asks for news', async () => {
  const committed = path.join(home, 'notebooks', NAME);
  fs.copyFileSync(committed, path.join(lab.folder, NAME));
  const page = await lab.open(NAME);
  assert.equal(await isChanged(page), false);
  assert.equal(await page.getByText('official Jupyter news').count(), 0);
  assert.deepEqual(fs.readFileSync(path.join(lab.folder, NAME)), fs.readFileSync(committed));
  await page.close();
});

test('restarted and run as a whole, a committed notebook comes to its verdicts', async () => {
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
