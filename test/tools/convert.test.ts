/** A committed notebook in other programs' formats: every figure in each, with its words. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { convert, withWords } from 'bnlab/dist/tools/convert';
import { displays, MIME, parseNotebook, readNotebook } from 'bnlab/dist/tools/notebook';
import { presentAsSlides } from 'bnlab/dist/tools/notebook/presentation';
import { makeScratch, removeScratch } from 'bnlab/dist/tools/scratch';
import { home, notebookOf } from '../support/sample';

const name = '09-inference';
const file = path.join(home, 'notebooks', `${name}.ipynb`);
const words = [...displays(readNotebook(file))]
  .filter(({ data }) => data[MIME.svg] !== undefined)
  .map(({ data }) => (data[MIME.plotly] as { layout: { meta: { alt: string } } }).layout.meta.alt);

let out: string;
before(() => (out = makeScratch()));
after(() => removeScratch(out));

const read = (ending: string) => fs.readFileSync(path.join(out, name + ending), 'utf8');
const hasPandoc =
  spawnSync('pandoc', ['--version']).status === 0 ||
  fs.existsSync(path.join(home, '.bnlab', 'pandoc', 'pypandoc', 'files', 'pandoc'));

test('by nbconvert alone: every figure, in a page, in slides, in Markdown', () => {
  const count: Record<string, (text: string) => number> = {
    html: (text) => text.split('src="data:image/svg').length - 1,
    slides: (text) => text.split('src="data:image/svg').length - 1,
    markdown: (text) => text.split('![svg](').length - 1,
  };
  const endings: Record<string, string> = { html: '.html', slides: '.slides.html', markdown: '.md' };
  for (const [format, figures] of Object.entries(count)) {
    const call = ['-m', 'nbconvert', '--to', format, '--output-dir', out, file];
    const done = spawnSync(path.join(home, '.venv', 'bin', 'python'), call, { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
    assert.equal(figures(read(endings[format])), words.length, format);
  }
});

test('npm run convert: every figure has its words, which nbconvert leaves out', async () => {
  assert.equal(await convert(['--to', 'html', '--out', out, name]), 0);
  const said = [...read('.html').matchAll(/<img alt="([^"]*)" src="data:image\/svg/g)].map(([, alt]) => alt);
  assert.deepEqual(
    said,
    words.map((text) => text.replace(/&/g, '&amp;').replace(/"/g, '&quot;')),
  );
});

test('webpdf: every figure with its words, printed by the browser that there is', async () => {
  assert.equal(await convert(['--to', 'webpdf', '--out', out, name]), 0);
  const pdf = fs.readFileSync(path.join(out, `${name}.pdf`), 'latin1');
  assert.ok(pdf.startsWith('%PDF-'));
  assert.equal(pdf.split(/\/S \/Figure\b/).length - 1, words.length);
  assert.equal(pdf.split(/\/Alt [(<]/).length - 1, words.length);
});

test('LaTeX and AsciiDoc: every figure, for LaTeX as a PDF', { skip: !hasPandoc && 'there is no pandoc' }, async () => {
  assert.equal(await convert(['--to', 'latex', '--out', out, name]), 0);
  const pictures = [...read('.tex').matchAll(/\\adjustimage\{[^}]*\{[^}]*\}\{[^}]*\}\}\{([^}]*\.pdf)\}/g)].map(
    ([, one]) => one,
  );
  assert.equal(pictures.length, words.length);
  for (const picture of pictures) {
    const pdf = fs.readFileSync(path.join(out, picture), 'latin1');
    assert.ok(pdf.startsWith('%PDF-'));
    assert.equal(pdf.split(/\/Type \/Page\b(?!s)/).length, 2, 'one page');
  }
  assert.equal(await convert(['--to', 'asciidoc', '--out', out, name]), 0);
  const said = [...read('.asciidoc').matchAll(/^image::[^[]*\.svg\["([^\]]*)"\]$/gm)].map(([, alt]) => alt);
  assert.equal(said.length, words.length);
});

test('AsciiDoc: outputs are no listing, a picture is a picture', () => {
  const made = '+*Out[3]:*+\n----\n![svg](a/b.svg)\n\n_A caption_\n----\n\n[source, ts]\n----\nx\n----\n';
  assert.equal(
    withWords(made, 'asciidoc', ['A [curve]']),
    '+*Out[3]:*+\n\nimage::a/b.svg["A  curve "]\n\n_A caption_\n\n\n[source, ts]\n----\nx\n----\n',
  );
});

test('slide types: a section begins a slide, a figure its own, the plan is the speaker’s; one that a cell says stays', () => {
  const text = notebookOf([
    { md: '# Q' },
    'const a = 1;',
    { md: 'More' },
    { md: '**Reading in a group** (5 minutes)' },
    { md: '## Part' },
    'show()',
  ]);
  const notebook = parseNotebook(text, 'sample');
  notebook.cells[5].outputs = [
    { output_type: 'display_data', data: {}, metadata: { bnlab: { role: 'figure' } } },
  ] as never;
  notebook.cells[2].metadata.slideshow = { slide_type: 'skip' };
  presentAsSlides(notebook);
  const types = notebook.cells.map(({ metadata }) => (metadata.slideshow as { slide_type: string }).slide_type);
  assert.deepEqual(types, ['slide', 'skip', 'skip', 'notes', 'slide', 'subslide']);
});

test('a format that is none is refused by name', async () => {
  assert.equal(await convert(['--to', 'docx', name]), 2);
});
