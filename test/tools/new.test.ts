/** A notebook of one's own: made, run, checked and shown, and nowhere entered among the paper's. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { claimsIn } from 'bnlab/dist/tools/claims';
import { readNotebook } from 'bnlab/dist/tools/notebook';
import { collection, notebookOf, start } from '../support/sample';

for (const [from, verdict] of [
  ['paper', 'holds'],
  ['blank', 'out of reach'],
] as const) {
  test(`a notebook made from '${from}' runs as it is, has its page, and is not the collection's`, async () => {
    const root = collection({ '01-theirs': notebookOf(['const one = 1;']) });
    const made = await start('new.js', 'newNotebook', ['my-question', '--from', from, '--root', root]).ended;
    assert.equal(made.code, 0, made.said);
    const file = path.join(root, 'notebooks', 'own', 'my-question.ipynb');
    const text = fs.readFileSync(file, 'utf8');
    assert.match(text, /# My question\?/);

    const again = await start('new.js', 'newNotebook', ['my-question', '--root', root]).ended;
    assert.equal(again.code, 1);
    assert.match(again.said, /my-question\.ipynb is there already, and is kept/);
    assert.equal(fs.readFileSync(file, 'utf8'), text);

    const check = await start('check.js', 'check', ['my-question', '--no-outputs', '--root', root]).ended;
    assert.equal(check.code, 0, check.said);
    const environment = { BNLAB_DATASET: 'digits', BNLAB_PROFILE: 'quick' };
    const run = await start('notebooks.js', 'runNotebooks', ['my-question', '--root', root], environment).ended;
    assert.equal(run.code, 0, run.said);
    const [claim] = claimsIn(readNotebook(file));
    assert.deepEqual([claim.verdict, claim.source], [verdict, 'a conjecture of mine']);
    assert.ok(!fs.existsSync(path.join(root, 'data')) && !fs.existsSync(path.join(root, 'notebooks', 'CLAIMS.md')));

    const report = await start('report.js', 'writeReports', ['my-question', '--root', root]).ended;
    assert.equal(report.code, 0, report.said);
    assert.ok(fs.existsSync(path.join(root, 'reports', 'own', 'my-question.html')));
    assert.ok(!fs.existsSync(path.join(root, 'reports', 'index.html')));
    fs.rmSync(root, { recursive: true });
  });
}

test('a name that cannot be one, and a collection without the library, are said', async () => {
  const root = collection({});
  const call = (...argv: string[]) => start('new.js', 'newNotebook', [...argv, '--root', root]).ended;
  const name = await call('My Question');
  assert.equal(name.code, 2);
  assert.match(name.said, /'My Question' cannot be a name; wanted small letters, digits and hyphens/);
  fs.rmSync(path.join(root, 'node_modules'));
  const library = await call('mine');
  assert.equal(library.code, 1);
  assert.match(library.said, /bnlab is missing, so a notebook below .* would not find the library/);
  assert.ok(!fs.existsSync(path.join(root, 'notebooks', 'own')));
  fs.rmSync(root, { recursive: true });
});
