/** A run of which a part fails, into a folder: what finished has its page, what failed is named, and a log shows that it goes on. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Screen } from 'bnlab/dist/tools/run/screen';
import { collection, notebookOf, start } from '../support/sample';

test('a failed notebook is named in the report of the others; one that is edited meanwhile is kept', async () => {
  const root = collection({
    // As JupyterLab does that has it open: the source is saved while the copy is made.
    '01-edited': notebookOf([{ md: '# Edited' }, "require('fs').appendFileSync('01-edited.ipynb', ' ');"]),
    '02-fails': notebookOf([{ md: '# Fails' }, "throw new Error('too few <digits>');"]),
  });
  const [out, pages] = [path.join(root, 'executed'), path.join(root, 'pages')];
  const run = await start('notebooks.js', 'runNotebooks', ['--root', root, '--out', out, '--no-twins']).ended;
  assert.equal(run.code, 1, run.said);
  assert.match(run.said, /^✓ 01-edited/m);
  assert.match(run.said, /01-edited was edited while it ran: this is of the text before/);
  assert.match(run.said, /1 of 2 notebooks executed .*; 1 failed$/m);
  const report = ['--root', root, '--from', out, '--out', pages];
  assert.equal((await start('report.js', 'writeReports', report).ended).code, 0);
  const index = () => fs.readFileSync(path.join(pages, 'index.html'), 'utf8');
  assert.match(index(), /<summary>02-fails<\/summary><pre>[^]*Error: too few &lt;digits&gt;/);
  assert.ok(fs.existsSync(path.join(pages, '01-edited.html')) && !fs.existsSync(path.join(pages, '02-fails.html')));

  fs.writeFileSync(path.join(root, 'notebooks', '02-fails.ipynb'), notebookOf([{ md: '# Mended' }, 'const one = 1;']));
  const again = await start('notebooks.js', 'runNotebooks', ['--root', root, '--out', out, '--no-twins', '02']).ended;
  assert.equal(again.code, 0, again.said);
  assert.equal((await start('report.js', 'writeReports', report).ended).code, 0);
  assert.doesNotMatch(index(), /Failed in the last run/);
  fs.rmSync(root, { recursive: true });
});

test('without a terminal the status becomes a line when nothing else was said', async () => {
  const lines: string[] = [];
  const { log } = console;
  console.log = (text: string) => void lines.push(text);
  try {
    const screen = new Screen(10);
    screen.line('begun');
    screen.status('too early');
    const clock = setInterval(() => screen.status('1/2 done'), 1);
    while (lines.length < 3) await new Promise((resolve) => setImmediate(resolve));
    clearInterval(clock);
  } finally {
    console.log = log;
  }
  assert.deepEqual(lines.slice(0, 3), ['begun', '1/2 done', '1/2 done']);
});
