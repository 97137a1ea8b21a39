/** What is taller than a slide: a table by its rows, a card under its question, a list with its numbers, and each part once. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { divided, heightOf, partsOf } from 'bnlab/dist/tools/report/forms/divide';
import { raw } from 'bnlab/dist/tools/report/html';

const place = { letters: 50, line: 40 };
const parts = (html: string, room: number) => divided(raw(html), room, place).map(({ text }) => text);
const rows = Array.from({ length: 12 }, (_, i) => `<tr><td>row ${i}</td><td>a > b</td></tr>`);
const head = '<thead><tr><th>One</th><th>Two</th></tr></thead>';
const table = `<table class="t">${head}<tbody>${rows.join('')}</tbody></table>`;

test('a table: its columns’ names over each part, each row once and in order, parts of about one size', () => {
  const made = parts(`<div class="table">${table}</div>`, 260);
  assert.ok(made.length > 2);
  for (const part of made) {
    assert.match(
      part,
      /^<div class="table"><table class="t"><thead>.*<\/thead><tbody><tr>.*<\/tbody><\/table><\/div>$/,
    );
    assert.ok(heightOf(raw(part), place) <= 260);
  }
  const said = made.map((part) => part.match(/<tr><td>.*?<\/tr>/g) ?? []);
  assert.deepEqual(said.flat(), rows);
  const counts = said.map(({ length }) => length);
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 2, counts.join(', '));
});

test('a card: its question over each part, and what names a table stays with it', () => {
  const question = '<p><strong>How?</strong></p>';
  const notes = `<div><p><strong>Deviations</strong></p><table>${head}<tbody>${rows[0]}</tbody></table></div>`;
  const made = parts(`<div class="card">${question}${table}<p>Time</p>${notes}</div>`, 300);
  assert.ok(made.length > 2);
  for (const part of made) assert.ok(part.startsWith(`<div class="card">${question}`) && part.endsWith('</div>'));
  assert.equal(made.filter((part) => part.includes('Time')).length, 1);
  assert.equal(made.filter((part) => part.includes(notes)).length, 1);
});

test('a list goes on with its numbers; an item with paragraphs and a list of its own stays whole', () => {
  const items = Array.from({ length: 9 }, (_, i) => `<li><p>item ${i}</p><ul><li>of it</li></ul></li>`);
  const made = parts(`<ol start="4">${items.join('')}</ol>`, 320);
  assert.ok(made.length > 1);
  let next = 4;
  for (const part of made) {
    assert.match(part, new RegExp(`^<ol start="${next}">`));
    next += part.split('item').length - 1;
  }
  assert.equal(next, 13);
  assert.deepEqual(made.join('').match(/<li><p>.*?<\/ul><\/li>/g), items);
});

test('what fits stays as it is, and so does what cannot be cut', () => {
  assert.deepEqual(parts(table, 1e4), [table]);
  const long = `<p>${'word '.repeat(400)}</p>`;
  assert.deepEqual(parts(long, 100), [long]);
  assert.deepEqual(parts(`${long}<p>next</p>`, 100), [long, '<p>next</p>']);
});

test('parts of a run: paragraphs, lists, text between; a missing end and a stray one lose nothing', () => {
  const of = (html: string) => partsOf(raw(html)).map(({ text }) => text);
  assert.deepEqual(of('<p>a</p>\n<p title="x > y">b<br>c</p><ul><li><p>d</p> <p>e</p></li></ul>'), [
    '<p>a</p>',
    '<p title="x > y">b<br>c</p>',
    '<ul><li><p>d</p> <p>e</p></li></ul>',
  ]);
  assert.deepEqual(of('a<!-- <p> --><p>b'), ['a<!-- <p> -->', '<p>b']);
  assert.deepEqual(of('</div><p>b</p></p>'), ['</div>', '<p>b</p>', '</p>']);
});
