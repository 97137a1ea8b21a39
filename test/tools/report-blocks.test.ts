/** Notebooks as blocks: what Markdown, cells and outputs become, before any form is given to them. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { parseNotebook, type Notebook } from 'bnlab/dist/tools/notebook';
import {
  type Block,
  computes,
  figuresOf,
  findingOf,
  headingsOf,
  leadFigure,
  outputsOf,
} from 'bnlab/dist/tools/report/blocks';
import { page } from 'bnlab/dist/tools/report/forms/page';
import { markup, raw } from 'bnlab/dist/tools/report/html';
import { PageText } from 'bnlab/dist/tools/report/markdown';
import { notebookBlocks } from 'bnlab/dist/tools/report/notebook-blocks';
import { collection, notebookOf, start } from '../support/sample';

const problems: string[] = [];
const around = { folder: __dirname, link: (to: string) => to, onProblem: (said: string) => void problems.push(said) };
const textBlocks = (source: string, attachments = {}) => new PageText(around).blocks(source, attachments);
const htmlOf = (blocks: readonly Block[]) =>
  blocks.map((block) => (block.kind === 'cell' ? '' : block.html.text)).join('');
/** The TeX that KaTeX notes beside what it sets. */
const formulasIn = (source: string) =>
  [...htmlOf(textBlocks(source)).matchAll(/encoding="application\/x-tex">([^<]*)</g)].map(([, tex]) => tex);
const notebook = (cells: Parameters<typeof notebookOf>[0]): Notebook => parseNotebook(notebookOf(cells), 'n.ipynb');

/** One pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

test('text is escaped in a template unless it is HTML', () => {
  const list = ['<a>', raw('<b>'), false, undefined, 0] as const;
  assert.equal(markup`<p title="${'"'}">${list}</p>`.text, '<p title="&#34;">&lt;a&gt;<b>0</p>');
});

test('Markdown: a list of typed blocks, each heading with an anchor of its own', () => {
  const blocks = textBlocks(
    '# One $x$ & `two`\n\nText.\n\nMore.\n\n$$a$$\n\n## [Part](x.md)\n\n```ts\nconst a = 1;\n```\n\n## Part\n\n# Last',
  );
  assert.deepEqual(
    blocks.map(({ kind }) => kind),
    ['heading', 'prose', 'equation', 'heading', 'listing', 'heading', 'heading'],
  );
  const headings = headingsOf(blocks);
  assert.deepEqual(
    headings.map(({ level, id, plain }) => [level, id, plain]),
    [
      [1, 'one-x-two', 'One x & two'],
      [2, 'part', 'Part'],
      [2, 'part-2', 'Part'],
      [2, 'last', 'Last'],
    ],
  );
  assert.match(headings[1].html.text, /<a href="x\.md">/);
  assert.equal(headings[1].unlinked.text, 'Part');
  assert.match(htmlOf(blocks), /<span class="hljs-keyword">const<\/span>/);
});

test('formulas: the delimiters of JupyterLab, each where it may stand', () => {
  const all = 'a $i$ b $$d$$ c \\\\(p\\\\) d \\\\[q\\\\] e \\begin{align}x &= y\\end{align}';
  assert.deepEqual(formulasIn(all), ['i', 'd', 'p', 'q', '\\begin{align}x &amp;= y\\end{align}']);
  assert.deepEqual(formulasIn('$a_1 *b* _c$ and $|x|$'), ['a_1 *b* _c', '|x|']);
  assert.deepEqual(formulasIn('five \\$ and six \\$, `$code$`, $ $, $$'), []);
  assert.deepEqual(formulasIn('$a\\$b$ $$c$$d$e$'), ['a\\$b', 'c', 'e']);
});

test('a formula of several lines is one block, whatever its lines begin with', () => {
  for (const [before, after] of [
    ['', ''],
    ['Text\n', '\nmore'],
    ['> ', ''],
    ['- item\n\n  ', ''],
  ]) {
    const indent = before.includes('item') ? '  ' : before.startsWith('>') ? '> ' : '';
    const lines = ['$$', 'a', '- b', '= c', '', '+ d', '$$'].join(`\n${indent}`);
    assert.deepEqual(formulasIn(before + lines + after), ['a\n- b\n= c\n\n+ d'], JSON.stringify(before));
  }
  const [text, formula, rest] = textBlocks('Text\n$$\nx\n$$\nmore');
  assert.deepEqual([text.kind, formula.kind, rest.kind], ['prose', 'equation', 'prose']);
});

test('equations have numbers that the text leads to: by their tags where there are some, else in their order', () => {
  const read = (source: string) => notebookBlocks(notebook([{ md: source }]), around);
  const equations = (source: string) => read(source).flatMap((block) => (block.kind === 'equation' ? [block] : []));
  assert.deepEqual(
    equations('$$a$$\n\nText.\n\n$$b$$').map(({ label }) => label),
    ['1', '2'],
  );
  const tagged = equations('$$a$$\n\n$$b \\tag{2} $$\n\n$$c\\tag*{A}$$');
  assert.deepEqual(
    tagged.map(({ label, tex }) => [label, tex.trim()]),
    [
      [undefined, 'a'],
      ['2', 'b'],
      ['A', 'c'],
    ],
  );
  assert.doesNotMatch(tagged[1].html.text, /tag/);
  const text = 'From equations (1) and (2), equation (9), the paper’s equation 1 and `(1)`.\n\n$$a$$\n\n$$b$$';
  const made = page({ title: 'T', script: '' }, 'one', read(text));
  const links = [...made.matchAll(/<a href="#(equation-\w)">([^<]*)<\/a>/g)].map(([, to, said]) => [to, said]);
  assert.deepEqual(links, [
    ['equation-1', '(1)'],
    ['equation-2', '(2)'],
  ]);
  assert.match(
    made,
    /<div class="equation" id="equation-2">[^]*?<a class="tag" href="#equation-2" aria-label="Equation 2">\(2\)<\/a>/,
  );
});

test('a formula that is not understood is named, and stays readable', () => {
  problems.length = 0;
  const made = htmlOf(textBlocks('$\\frac{1}$ $a < b$ $$\\nothing$$'));
  assert.deepEqual(
    problems.map((said) => said.split(':')[0]),
    ["the formula '\\frac{1}' is not understood", "the formula '\\nothing' is not understood"],
  );
  assert.match(made, /<code>\\frac\{1\}<\/code>/);
  assert.match(made, /<mo>&lt;<\/mo>/);
});

test('HTML that begins in one block and ends in another keeps what is between; tasks and tables', () => {
  const made = htmlOf(textBlocks('<details><summary>Hint</summary>\n\nText\n\n</details>\n\n- [x] done\n- [ ] to do'));
  assert.match(made, /<details><summary>Hint<\/summary>\s*<p>Text<\/p>\s*<\/details>/);
  assert.match(made, /<li class="task-list-item"><input aria-label="Task" type="checkbox" disabled checked> done/);
  assert.match(made, /disabled> to do/);
  assert.match(htmlOf(textBlocks('|a|\n|-|\n|~~b~~|')), /<div class="table" tabindex="0"[^>]*><table>[^]*<s>b<\/s>/);
});

test('pictures are in the page: pasted into the cell, or beside the notebook; nothing from elsewhere', () => {
  const folder = fs.mkdtempSync(path.join(require('node:os').tmpdir(), 'pictures'));
  fs.mkdirSync(path.join(folder, 'in'));
  for (const name of ['in/a b.png', 'outside.png', 'in/secret.txt'])
    fs.writeFileSync(path.join(folder, name), Buffer.from(PNG, 'base64'));
  const text = new PageText({ ...around, folder: path.join(folder, 'in') });
  const sourceOf = (address: string) =>
    /src="([^"]*)"/.exec(htmlOf(text.blocks(`![words](${address})`, { 'pasted 1.png': { 'image/png': PNG } })))![1];
  assert.equal(sourceOf('attachment:pasted%201.png'), `data:image/png;base64,${PNG}`);
  assert.equal(sourceOf('<a b.png>'), `data:image/png;base64,${PNG}`);
  for (const kept of ['attachment:other.png', '../outside.png', 'secret.txt', 'https://example.org/a.png'])
    assert.equal(sourceOf(kept), kept);
  fs.rmSync(folder, { recursive: true });
});

test('outputs: each kind, with the role that it was given; figures are counted', () => {
  const made = notebook([{ md: '# T' }, '1', { code: '2', tags: ['hide-input'] }, '']);
  const display = (data: object, role?: string) => ({
    output_type: 'display_data' as const,
    data: data as Record<string, unknown>,
    metadata: role ? { bnlab: { role } } : {},
  });
  const figure = { data: [{ type: 'bar' }], layout: { width: 500, meta: { alt: 'bars\nrise', caption: 'c' } } };
  const plotly = { 'application/vnd.plotly.v1+json': figure, 'text/plain': 'p' };
  const claim = { id: 'a', verdict: 'holds' };
  made.cells[1].outputs = [
    { output_type: 'stream', name: 'stderr', text: 'out' },
    { output_type: 'error', ename: 'E', evalue: 'v' },
    display({ 'text/html': '<i>', 'application/vnd.bnlab.claim+json': claim }, 'verdict'),
    display({ 'text/markdown': '## In *here*' }, 'say'),
    display({ 'text/html': 'again' }, 'caption'),
    display({ 'image/png': 'AA\nBB', 'text/plain': 'a\npicture' }),
    display(plotly, 'figure'),
    display({ 'text/plain': 'x' }, 'made-up'),
  ];
  made.cells[2].outputs = [display(plotly)];
  const blocks = notebookBlocks(made, around);
  const outputs = outputsOf(blocks);
  assert.deepEqual(
    outputs.map((block) => ('role' in block ? `${block.kind} ${block.role}` : block.kind)),
    ['lines', 'lines', 'html verdict', 'markdown say', 'picture', 'figure', 'lines', 'figure'],
  );
  assert.deepEqual(
    figuresOf(blocks).map(({ number, alt, width, height }) => [number, alt, width, height]),
    [
      [1, 'bars rise', 500, 420],
      [2, 'bars rise', 500, 420],
    ],
  );
  assert.deepEqual(outputs[2].kind === 'html' && outputs[2].claims, [claim]);
  assert.deepEqual(outputs[4].kind === 'picture' && outputs[4].content, { address: 'data:image/png;base64,AABB' });
  assert.deepEqual(
    headingsOf(blocks).map(({ plain }) => plain),
    ['T', 'In here'],
  );
  const cells = blocks.filter((block) => block.kind === 'cell');
  assert.deepEqual(
    cells.map(({ number, code }) => [number, code?.lines]),
    [
      [2, 1],
      [3, undefined],
    ],
  );
});

test('what a notebook from elsewhere holds in the place of claims and figures stops no page', () => {
  const made = notebook(['1']);
  const odd: unknown[] = [null, 'text', [], { data: null, layout: [], frames: 1, config: 'x' }, { data: [null, 1] }];
  made.cells[0].outputs = odd.flatMap((value) =>
    [{ 'application/vnd.plotly.v1+json': value }, { 'text/html': 'x', 'application/vnd.bnlab.claim+json': value }].map(
      (data) => ({ output_type: 'display_data' as const, data: data as Record<string, unknown> }),
    ),
  );
  const blocks = notebookBlocks(made, around);
  assert.deepEqual(
    figuresOf(blocks).map(({ drawing }) => drawing),
    Array.from({ length: 5 }, () => ({ data: [], layout: {}, frames: [], config: {} })),
  );
  assert.equal(leadFigure(blocks)?.number, 1);
  assert.equal(findingOf(blocks), undefined);
});

test('an exercise holds its solution, from the cell of the same id', () => {
  const made = notebook(['todo();', '2']);
  const solved = notebook(['const answer = 42;', '3']);
  made.cells[0].outputs = [
    {
      output_type: 'display_data',
      data: { 'text/markdown': '**Exercise 1.**' },
      metadata: { bnlab: { role: 'exercise' } },
    },
    { output_type: 'display_data', data: { 'text/markdown': 'said' }, metadata: { bnlab: { role: 'say' } } },
  ];
  const solutions = outputsOf(notebookBlocks(made, around, solved)).map(
    (output) => output.kind === 'markdown' && output.solution?.text,
  );
  assert.match(String(solutions[0]), /42/);
  assert.equal(solutions[1], undefined);
});

test('attachments that are none are named, with file and cell', () => {
  const odd = JSON.parse(notebookOf([{ md: 'x' }]));
  odd.cells[0].attachments = { 'a.png': 'text' };
  assert.throws(() => parseNotebook(JSON.stringify(odd), 'n.ipynb'), /n\.ipynb: cell 1: its attachments are an object/);
});

test('links lead from page to page, and from the pages to what lies beside the notebooks', async () => {
  const root = collection({
    one: notebookOf([{ md: '[a](two.ipynb#x) [b](./solutions/one.ipynb) [c](none.md) [d](https://e.org/two.ipynb)' }]),
    two: notebookOf([{ md: '# T' }]),
  });
  fs.mkdirSync(path.join(root, 'notebooks', 'solutions'));
  fs.writeFileSync(path.join(root, 'notebooks', 'solutions', 'one.ipynb'), notebookOf(['1']));
  const made = await start('report.js', 'writeReports', ['--root', root]).ended;
  assert.equal(made.code, 0, made.said);
  const text = fs.readFileSync(path.join(root, 'reports', 'one.html'), 'utf8');
  const links = [...text.matchAll(/<a href="([^"]*)">[abcd]</g)].map(([, to]) => to);
  assert.deepEqual(links, ['two.html#x', '../notebooks/solutions/one.ipynb', 'none.md', 'https://e.org/two.ipynb']);
  fs.rmSync(root, { recursive: true });
});

test('an experiment that runs in the page is a block of its own; of a version that nobody here knows the words stay', () => {
  const record = { version: 1, experiment: 'side-by-side', options: { sides: [] }, controls: ['rate'], committed: [] };
  const outputs = [record, { ...record, version: 2 }, 'text'].map((given) => ({
    ...{ output_type: 'display_data', metadata: { bnlab: { role: 'runnable' } } },
    data: { 'application/vnd.bnlab.runnable.v1+json': given, 'text/markdown': 'In the report it runs.' },
  }));
  const made = notebook(['1']);
  made.cells[0].outputs = outputs as never;
  const blocks = notebookBlocks(made, around);
  assert.deepEqual(outputsOf(blocks).map(({ kind }) => kind), ['runnable', 'markdown', 'markdown']); // prettier-ignore
  assert.equal(computes(blocks), true);
  assert.equal(computes(textBlocks('text')), false);
});
