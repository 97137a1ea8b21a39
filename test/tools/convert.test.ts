/** A committed notebook in other programs' formats: every figure in each, with its words. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as zlib from 'node:zlib';
import { convert, withWords } from 'bnlab/dist/tools/convert';
import { mendedLatex } from 'bnlab/dist/tools/latex';
import { displays, MIME, parseNotebook, readNotebook } from 'bnlab/dist/tools/notebook';
import { presentAsSlides } from 'bnlab/dist/tools/notebook/presentation';
import { makeScratch, removeScratch } from 'bnlab/dist/tools/scratch';
import { home, notebookOf, start } from '../support/sample';

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

const hasTex = spawnSync('xelatex', ['--version']).status === 0;
const noTex = (!hasTex && 'there is no XeLaTeX') || (!hasPandoc && 'there is no pandoc');

test('PDF by LaTeX: every figure has its words, no sign is left out, tables are set', { skip: noTex }, async () => {
  const folder = path.join(out, 'tex');
  const made = await start('convert.js', 'convert', ['--to', 'pdf', '--out', folder, name, '05']).ended;
  assert.equal(made.code, 0, made.said);
  assert.doesNotMatch(made.said, /no font here has/);
  const text = [...inflated(fs.readFileSync(path.join(folder, `${name}.pdf`)))].join('');
  const said = [...text.matchAll(/\/Alt<FEFF([0-9A-F]*)>/g)].map(([, hex]) => fromHex(hex));
  assert.deepEqual(said, words);
});

test('LaTeX: a sign that Latin Modern lacks is one of its mathematics, a table’s counter is there', () => {
  const tex = '\\begin{document}\n\\section{σ ◐}\n1.2×10⁻⁵ xᵢ ✓ 量度\n    \\adjustimage{max size={1}{1}}{a/b.pdf}\n';
  const [before, after] = mendedLatex(tex, ['A σ'], '/fonts/East.ttf').split('\\begin{document}');
  for (const definition of [
    '\\newunicodechar{σ}{\\texorpdfstring{\\ensuremath{σ}}{σ}}',
    '\\newunicodechar{⁻}{\\texorpdfstring{\\ensuremath{{}^{-}}}{⁻}}',
    '\\newunicodechar{ᵢ}{\\texorpdfstring{\\ensuremath{{}_{i}}}{ᵢ}}',
    '\\newunicodechar{✓}{\\texorpdfstring{\\ensuremath{✓}}{✓}}',
    '\\newfontfamily\\easternfont[Path=/fonts/]{East.ttf}',
    '\\newcounter{none}',
  ])
    assert.ok(before.includes(definition), `${definition} in ${before}`);
  assert.match(before, /\\newunicodechar\{◐\}\{\\texorpdfstring\{\\tikz/);
  assert.equal(
    after,
    '\n\\section{σ ◐}\n1.2×10⁻⁵ xᵢ ✓ {\\eastern 量度}\n' +
      '\\mbox{\\BeginAccSupp{method=hex,unicode,Alt=0041002003C3}\\adjustimage{max size={1}{1}}{a/b.pdf}\\EndAccSupp{}}\n',
  );
});

test('where there is no TeX, it is said what to install and which command makes a PDF without', async () => {
  const made = await start('convert.js', 'convert', ['--to', 'pdf', '--out', out, name], { PATH: '/nowhere' }).ended;
  assert.equal(made.code, 1);
  assert.match(made.said, /pdf needs a TeX with XeLaTeX, and there is none on the PATH/);
  assert.match(made.said, /apt-get install texlive-xetex[^]*npm run report -- --pdf/);
});

test('AsciiDoc: outputs are no listing, a picture is a picture, formulas are set', () => {
  const made = '+*Out[3]:*+\n----\n![svg](a/b.svg)\n\n_A caption_\n----\n\n[source, ts]\n----\nx\n----\n';
  assert.equal(
    withWords(made, 'asciidoc', ['A [curve]']),
    ':stem: latexmath\n\n+*Out[3]:*+\n\nimage::a/b.svg["A  curve "]\n\n_A caption_\n\n\n[source, ts]\n----\nx\n----\n',
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

/** What a PDF's compressed streams hold. */
function* inflated(pdf: Buffer): Generator<string> {
  for (let at = pdf.indexOf('stream'); at >= 0; at = pdf.indexOf('stream', at + 6)) {
    const start = pdf.indexOf('\n', at) + 1;
    try {
      yield zlib.inflateSync(pdf.subarray(start), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString('latin1');
    } catch {
      continue; // a font, or the end of a stream
    }
  }
}

const fromHex = (hex: string) => Buffer.from(hex, 'hex').swap16().toString('utf16le');

test('a format that is none is refused by name', async () => {
  assert.equal(await convert(['--to', 'docx', name]), 2);
});
