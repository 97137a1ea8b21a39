/** A GPU in the page: the same batches and weights as in Node, the same training to rounding, and what the reader can choose. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { launchBrowser } from 'bnlab/dist/tools/browser';
import { computeScript, computeStyle } from 'bnlab/dist/tools/report/compute';
import { explorePage } from 'bnlab/dist/tools/report/forms/explore';
import { callInPage, SOFTWARE_GPU } from '../support/in-page';
import { type Trained, trained } from './trained';

process.env.BNLAB_ENGINE = 'wasm'; // what evaluates in the page

test('in a page on a GPU: batches and weights bit for bit, 200 steps to rounding, evaluations and probes, and nothing left', async (t) => {
  const there = await callInPage<Record<string, Trained>>({
    module: 'page/trained',
    call: 'trained',
    engine: 'webgpu',
  });
  const here: Record<string, Trained> = await trained();
  for (const [name, wanted] of Object.entries(here)) {
    const got = there[name];
    assert.deepEqual([got.engine, got.backend, got.batches], ['webgpu', 'wasm', wanted.batches]);
    assert.deepEqual(got.initial, wanted.initial);
    for (const part of ['losses', 'tested', 'probed', 'weights'] as const) {
      const off = apart(numbersIn(got[part]), numbersIn(wanted[part]));
      t.diagnostic(`${name}, ${part}: ${off.toExponential(1)} of the largest apart`);
      // Float32 knows seven digits; two hundred steps may lose four of them.
      assert.ok(off < 1e-3, `${name}, ${part}: ${off}`);
    }
    assert.equal(got.left, wanted.left, `${name}: tensors left`);
  }
});

/** How far numbers are from others, as a share of the largest. */
function apart(got: readonly number[], wanted: readonly number[]): number {
  assert.ok(wanted.length > 0 && got.length === wanted.length, `${got.length} numbers, not ${wanted.length}`);
  const scale = Math.max(...wanted.map(Math.abs));
  return Math.max(...wanted.map((value, i) => Math.abs(got[i] - value))) / scale;
}

const numbersIn = (value: unknown): number[] =>
  typeof value === 'number' ? [value] : Object.values(value as object).flatMap(numbersIn);

/** Opens the playground from disk with the network cut, and calls `look` with it and what went wrong in it. */
async function withPlayground(flags: string[], look: (page: Page) => Promise<void>): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-playground-'));
  const browser = await launchBrowser(flags);
  try {
    const compute = { script: computeScript(), style: computeStyle() };
    fs.writeFileSync(
      path.join(folder, 'explore.html'),
      explorePage({ title: 'A page', script: '', style: 'body {}' }, {}, compute),
    );
    const page = await (await browser.newContext({ offline: true })).newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())));
    await page.goto(`${pathToFileURL(path.join(folder, 'explore.html')).href}#steps=100&width=10&depth=1&seeds=1`);
    if (!(await page.locator('#engine').isVisible())) await page.getByText('More controls').click();
    await look(page);
    assert.deepEqual(problems, []);
  } finally {
    await browser.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs what the page shows to its end. @returns what computed it, and what the engine holds after it */
async function runThere(page: Page): Promise<{ from: string; held: string | null }> {
  await page.locator('.panel button.run').click();
  const status = page.locator('.panel .acts .status');
  await status.filter({ hasText: /^(?:Done|It failed)/ }).waitFor({ timeout: 0 });
  assert.match((await status.textContent())!, /^Done in /);
  return { from: (await page.textContent('.results .from'))!, held: await status.getAttribute('data-held') };
}

test('the reader chooses what trains: a GPU in software only when asked for, and Stop and another run as everywhere', async () => {
  await withPlayground(SOFTWARE_GPU, async (page) => {
    const gpu = page.locator('#engine option[value=webgpu]');
    await gpu.filter({ hasText: 'in software' }).waitFor({ state: 'attached', timeout: 0 });
    assert.match((await runThere(page)).from, /^This page: wasm /);
    await page.selectOption('#engine', 'webgpu');
    const first = await runThere(page);
    assert.match(first.from, /^This page: webgpu .* trained on google \(swiftshader\), in software, evaluated on the/);
    await page.locator('.panel button.run').click();
    await page.locator('.pair .chart-line .curve').first().waitFor({ timeout: 0 });
    await page.locator('.panel button.run').click();
    await page
      .locator('.panel .acts .status')
      .filter({ hasText: /^(?:Done|Stopped)/ })
      .waitFor({ timeout: 0 });
    assert.equal((await runThere(page)).held, first.held);
    await page.selectOption('#engine', 'wasm');
    assert.match((await runThere(page)).from, /^This page: wasm /);
  });
});

test('a browser without a GPU says so, and computes as it did', async () => {
  await withPlayground([], async (page) => {
    const gpu = page.locator('#engine option[value=webgpu]');
    await gpu.filter({ hasText: 'this browser offers none' }).waitFor({ state: 'attached', timeout: 0 });
    assert.equal(await gpu.isDisabled(), true);
    assert.match((await runThere(page)).from, /^This page: wasm /);
  });
});

test('what lets a page compute, a GPU included, adds at most 2.6 MB to it', () => {
  const bytes = Buffer.byteLength(computeScript());
  assert.ok(bytes < 2.6e6, `${bytes} bytes`);
});
