/** `npm run gallery`: the page, opened without network, and what sets off a new one. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Locator } from 'playwright-core';
import { launchBrowser } from 'bnlab/dist/tools/browser';
import { gallery, onChange } from 'bnlab/dist/tools/gallery';
import { gallery as entries } from '../figure/gallery';

test('the page shows every figure for every page, and draws what comes into sight', async (t) => {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-gallery-'));
  t.after(() => fs.rmSync(out, { recursive: true, force: true }));
  assert.equal(await gallery(['--out', out]), 0);
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(0); // on a busy machine all takes as long as it takes
  await page.context().setOffline(true);
  // Whoever waits for a figure would wait for ever where the page's own script has failed.
  const failed = new Promise<never>((_, reject) => page.on('pageerror', reject));
  await page.goto(pathToFileURL(path.join(out, 'index.html')).href);
  const names = Object.keys(entries());
  assert.equal(await page.locator('.plot').count(), 4 * names.length);
  const drawn = (place: Locator) => Promise.race([failed, place.locator('.main-svg').first().waitFor()]);
  for (const theme of ['light', 'dark', 'print', 'phone'])
    await drawn(page.locator(`#${names[0]} [data-theme=${theme}]`));
  const last = page.locator(`#${names.at(-1)} [data-theme=phone]`);
  await last.scrollIntoViewIfNeeded();
  await drawn(last);
});

test('a wrong word is refused', async () => {
  assert.equal(await gallery(['--wach']), 2);
});

test('a change below a folder sets work off, once more for what changes meanwhile, and not after the end', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-watch-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.mkdirSync(path.join(folder, 'marks'));
  const file = path.join(folder, 'marks', 'lines.ts');
  const printed: unknown[] = [];
  t.mock.method(console, 'error', (message: unknown) => printed.push(message));
  let calls = 0;
  await new Promise<void>((resolve) => {
    const end = onChange([folder], async () => {
      calls++;
      if (calls === 1) fs.writeFileSync(file, 'changed while it works');
      if (calls === 2) {
        fs.writeFileSync(file, 'changed before it fails');
        throw new Error('the figures could not be made');
      }
      if (calls === 3) {
        end();
        resolve();
      }
      await new Promise((done) => setImmediate(done));
    });
    fs.writeFileSync(file, 'new');
  });
  assert.equal(calls, 3);
  assert.deepEqual(printed, ['the figures could not be made']);
});
