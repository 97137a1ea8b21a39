/** The page of features: what is said of ours is held by a test that is there, and no cell is empty. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { home } from '../support/sample';

test('each feature that is said to be ours names a test that there is; each of the others has a sign', () => {
  const page = fs.readFileSync(path.join(home, 'test', 'features.md'), 'utf8');
  const [head, , ...rows] = page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.slice(1, -1).split('|').map((cell) => cell.trim())); // prettier-ignore
  assert.deepEqual(head.slice(1), ['ours', 'held by', 'Quarto', 'Jupyter Book', 'distill', 'Observable']);
  assert.ok(rows.length > 0);
  for (const [feature, ours, heldBy, ...others] of rows) {
    assert.equal(ours, '✓', feature);
    const [, file, begin] = /^`([^`]+)`: (.+)$/.exec(heldBy) ?? assert.fail(`${feature}: no test in '${heldBy}'`);
    const source = fs.readFileSync(path.join(home, 'test', file), 'utf8');
    const names = [...source.matchAll(/^ *test\((?:'|")(.*)(?:'|"),/gm)].map(([, name]) => name);
    assert.equal(names.filter((name) => name.startsWith(begin)).length, 1, `${feature}: '${begin}' in ${file}`);
    assert.equal(others.length, 4, feature);
    for (const cell of others) assert.match(cell, /^[✓◐–]/, feature);
  }
});
