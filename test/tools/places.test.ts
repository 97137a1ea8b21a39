import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { findNotebooks } from 'bnlab/dist/tools/places';
import { makeScratch, removeScratch } from 'bnlab/dist/tools/scratch';

test('findNotebooks: a number means the notebook that begins with it, a number with a letter its neighbour', () => {
  const root = makeScratch();
  try {
    fs.mkdirSync(path.join(root, 'notebooks'));
    for (const name of ['05-first.ipynb', '05b-second.ipynb', '06-third.ipynb', 'Untitled1.ipynb']) {
      fs.writeFileSync(path.join(root, 'notebooks', name), '{}');
    }
    const found = (...names: string[]) => findNotebooks(root, names).map((file) => path.basename(file));
    assert.deepEqual(found('05'), ['05-first.ipynb']);
    assert.deepEqual(found('05b', '06'), ['05b-second.ipynb', '06-third.ipynb']);
    assert.deepEqual(found('05b-second'), ['05b-second.ipynb']);
    assert.deepEqual(found(), ['05-first.ipynb', '05b-second.ipynb', '06-third.ipynb']);
    assert.deepEqual(found('Untitled1'), ['Untitled1.ipynb']);
    assert.throws(() => found('05c'), /no notebook '05c'.*05-first, 05b-second, 06-third/);
  } finally {
    removeScratch(root);
  }
});

test('findNotebooks: a name with a folder is a notebook of that folder, never its namesake elsewhere', () => {
  const root = makeScratch();
  try {
    const solutions = path.join(root, 'notebooks', 'solutions');
    fs.mkdirSync(solutions, { recursive: true });
    for (const file of ['05-first.ipynb', '06-second.ipynb', 'solutions/05-first.ipynb']) {
      fs.writeFileSync(path.join(root, 'notebooks', file), '{}');
    }
    const found = (name: string) => path.relative(root, findNotebooks(root, [name])[0]);
    for (const name of ['solutions/05', 'solutions/05-first', 'solutions/05-first.ipynb', 'notebooks/solutions/05']) {
      assert.equal(found(name), path.join('notebooks', 'solutions', '05-first.ipynb'), name);
    }
    assert.equal(found('notebooks/05'), path.join('notebooks', '05-first.ipynb'));
    assert.throws(
      () => found('solutions/06-second'),
      /no notebook 'solutions\/06-second'\. .*solutions has 05-first\.$/,
    );
    assert.throws(
      () => found('answers/05'),
      /no notebook 'answers\/05'\. No folder 'answers' with notebooks is here\.$/,
    );
  } finally {
    removeScratch(root);
  }
});
