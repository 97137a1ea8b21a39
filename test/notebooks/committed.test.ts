/**
 * The notebooks as they are committed: the static checks find nothing, and the outputs belong to the sources. While there
 * are changes that are not committed yet, stale outputs are named and nothing more: whoever works on the library need not
 * wait for every notebook. What is committed must be fresh: `npm run notebooks -- --stale` makes it so.
 */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { checkNotebooks } from 'bnlab/dist/tools/check/notebooks';
import { claimsIn, readLedger, readReplication, replications, ruleChanges } from 'bnlab/dist/tools/claims';
import { findingText } from 'bnlab/dist/tools/check/finding';
import { displays, MIME, nameOf, readNotebook } from 'bnlab/dist/tools/notebook';
import { readNewcomer } from 'bnlab/dist/tools/newcomer';
import { findNotebooks } from 'bnlab/dist/tools/places';
import { SOURCES } from 'bnlab/dist/src/platform/node/commit';
import { figureTitle, readReading, readingText, turns } from 'bnlab/dist/tools/reading';
import { hashes, readLibrary, staleReasons } from 'bnlab/dist/tools/notebook/provenance';
import { renderLedger } from 'bnlab/internal';

const root = path.join(__dirname, '..', '..');
const notebooks = findNotebooks(root, []).map((file) => ({ file, name: nameOf(file), notebook: readNotebook(file) }));

/** True where everything that outputs depend on is committed; outside a checkout all is as it was delivered. */
function landed(): boolean {
  const { status, stdout } = spawnSync('git', ['-C', root, 'status', '--porcelain', '--', ...SOURCES, 'notebooks']);
  return status !== 0 || stdout.toString() === '';
}

const isLanded = landed();
const library = readLibrary(root);
const stale = new Map(
  notebooks.map(({ name, notebook }) => {
    const reasons = staleReasons(root, notebook, library);
    const profile = notebook.metadata.bnlab?.provenance?.profile;
    if (profile !== undefined && profile !== 'full') reasons.push(`executed in profile ${profile}`);
    return [name, reasons];
  }),
);
/** Those whose outputs count: all when everything is committed, else the ones that have been executed since. */
const due = notebooks.filter(({ name }) => isLanded || stale.get(name)?.length === 0);

test('outputs belong to the sources, from profile full', (t) => {
  const lines = [...stale].filter(([, reasons]) => reasons.length > 0).map(([name, r]) => `${name}: ${r.join(', ')}`);
  if (isLanded) assert.deepEqual(lines, [], 'run `npm run notebooks -- --stale`');
  else for (const line of lines) t.diagnostic(`stale: ${line}`);
});

test('the static checks find nothing', () => {
  const folder = path.join(root, 'notebooks', 'solutions');
  const solutions = fs.readdirSync(folder).filter((file) => file.endsWith('.ipynb'));
  const read = (file: string) => ({ file, notebook: readNotebook(file) });
  const findings = [
    ...checkNotebooks(due),
    ...checkNotebooks(
      notebooks.filter((one) => !due.includes(one)),
      { outputs: false },
    ),
    ...checkNotebooks(
      solutions.map((name) => read(path.join(folder, name))),
      { outputs: false },
    ),
  ];
  assert.equal(findings.map(findingText).join('\n'), '');
});

test('every figure has a picture for hosts that show nothing else, and words for readers who see none', () => {
  for (const { name, notebook } of due) {
    for (const { cell, data } of displays(notebook)) {
      if (data[MIME.plotly] === undefined) continue;
      const [svg, place] = [String(data[MIME.svg] ?? ''), `${name}, cell ${cell.id}`];
      assert.ok(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"'), `${place}: no SVG twin`);
      assert.match(svg.slice(0, svg.indexOf('>')), / aria-label="[^"]/, `${place}: the twin says nothing in words`);
      // A picture inside <img> runs no script and loads nothing: all must be in it.
      const outside = /<(?:script|foreignObject)\b|href="(?!#|data:)[^"]*"/.exec(svg)?.[0];
      assert.equal(outside, undefined, place);
      assert.ok(String(data['text/plain'] ?? '') !== '', `${place}: no summary`);
    }
  }
});

test('the ledger holds what the notebooks say, and the page what the ledger holds', (t) => {
  const ledger = readLedger(root);
  const found = Object.fromEntries(
    notebooks.map(({ name, notebook }) => [name, claimsIn(notebook)]).filter(([, records]) => records.length > 0),
  );
  const page = fs.readFileSync(path.join(root, 'notebooks', 'CLAIMS.md'), 'utf8');
  assert.ok(
    page === renderLedger(ledger, replications(root), ruleChanges(root)),
    'CLAIMS.md is not what the ledger gives: `npm run notebooks`',
  );
  if (isLanded) assert.deepEqual(ledger, found);
  else if (JSON.stringify(ledger) !== JSON.stringify(found)) t.diagnostic('the ledger waits for `npm run notebooks`');
});

test('the plan for a reading group is what the notebooks give, and each figure that it names is there', () => {
  const named = new Map(notebooks.map(({ name, notebook }) => [name, notebook]));
  assert.ok(readReading(root) === readingText(named), 'READING.md is not what the notebooks give: `npm run notebooks`');
  for (const { name, figure } of turns(named)) {
    assert.ok(figureTitle(named.get(name)!, figure), `${name} has no figure in cell ${figure}`);
  }
  assert.deepEqual(
    notebooks.map(({ name }) => name).filter((name) => !turns(named).some((turn) => turn.name === name)),
    [],
    'a notebook is in no session',
  );
});

test('the claims on other data were computed from the same sources, by the same rules', (t) => {
  const again = readReplication(root)?.notebooks ?? {};
  const ledger = readLedger(root);
  const stale = notebooks
    .filter(({ name }) => ledger[name] !== undefined)
    .filter(({ name, notebook }) => again[name]?.hash !== hashes(root, notebook, library).hash)
    .map(({ name }) => name);
  if (isLanded) assert.deepEqual(stale, [], 'run `npm run replicate`');
  else if (stale.length > 0) t.diagnostic(`measured on other data from other sources: ${stale.join(', ')}`);
  for (const { name } of notebooks.filter(({ name }) => !stale.includes(name))) {
    // What follows the condition is how many values satisfied it, which is the data's.
    const rules = (records: readonly { id: string; rule: string }[] = []) =>
      records.map(({ id, rule }) => [id, rule.replace(/; \d+ of \d+ (seeds|values).*$/, '')]);
    assert.deepEqual(rules(again[name]?.records), rules(ledger[name]), name);
  }
});

test('every notebook runs for a newcomer: profile quick, on generated digits, from the same sources', (t) => {
  const fared = readNewcomer(root);
  assert.deepEqual(
    Object.entries(fared).flatMap(([, { failed }]) => failed?.join('\n') ?? []),
    [],
    'a notebook fails for who has no MNIST: mend it, then `npm run replicate -- --only newcomer`',
  );
  const stale = notebooks
    .filter(({ name, notebook }) => fared[name]?.hash !== hashes(root, notebook, library).hash)
    .map(({ name }) => name);
  if (isLanded) assert.deepEqual(stale, [], 'run `npm run replicate -- --only newcomer`');
  else if (stale.length > 0) t.diagnostic(`not known to run for a newcomer as they stand: ${stale.join(', ')}`);
  const ledger = readLedger(root);
  for (const { name } of notebooks.filter((one) => due.includes(one) && !stale.includes(one.name))) {
    const wanted = (ledger[name] ?? []).map(({ id }) => id).sort();
    assert.deepEqual(Object.keys(fared[name].verdicts ?? {}).sort(), wanted, `${name}: a verdict of each claim`);
  }
});
