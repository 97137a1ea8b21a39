/** What nbconvert's LaTeX lacks: signs that Latin Modern has no glyph for, which XeTeX leaves out, and what each figure says in words. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

/** Raised and lowered letters, which no font of a bare TeX has, as the letters that they are. */
const RAISED = { ...pairs('⁰⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿᵀ', '0456789+-()nT') };
const LOWERED = { ...pairs('₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₘₙ', '0123456789+-ijkmn') };

/** What neither Latin Modern nor its mathematics has. */
const DRAWN: Record<string, string> = {
  '◐': '\\tikz[baseline=-0.6ex]{\\draw (0,0) circle (0.6ex);\\fill (0,0.6ex) arc (90:270:0.6ex) -- cycle;}',
  '✗': '\\ensuremath{\\times}',
};

/** A table of pandoc's counts as nothing, by a counter of this name, which pandoc's own template brings and nbconvert's does not. */
const NO_COUNTER = '\\makeatletter\\@ifundefined{c@none}{\\newcounter{none}}{}\\makeatother';

/** Greek, primes, letterlike signs, arrows, operators, shapes, ticks: the mathematics of Latin Modern has them. */
const MATHEMATICAL =
  /[\u0370-\u03ff\u2032-\u2037\u2070-\u209f\u1d40-\u1d6a\u2100-\u22ff\u25a0-\u25ff\u2c7c\u2713-\u2717]/gu;

/** Of which a machine may have a font, and Latin Modern has nothing. */
const EASTERN = /[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]+/gu;

/**
 * The document with a glyph for every sign, and with alternative text at every figure.
 *
 * @param tex nbconvert's
 * @param words what each figure shows, in their order
 * @param font a font file with Chinese letters; without one they are left to LaTeX, which says which it has not
 */
export function mendedLatex(tex: string, words: readonly string[], font: string | undefined): string {
  const signs = [...new Set(tex.match(MATHEMATICAL))].map((sign) => `\\newunicodechar{${sign}}{${inLatex(sign)}}`);
  const preamble = [
    NO_COUNTER,
    '\\usepackage{accsupp}',
    '\\usepackage{tikz}',
    '\\usepackage{newunicodechar}',
    ...signs,
  ];
  let text = tex;
  if (font !== undefined) {
    const { dir, base } = path.parse(font);
    preamble.push(
      `\\newfontfamily\\easternfont[Path=${dir}/]{${base}}`,
      // Lines end between any two letters.
      '\\DeclareRobustCommand\\eastern{\\easternfont\\XeTeXlinebreaklocale "zh"\\XeTeXlinebreakskip=0pt plus 1pt\\relax}',
    );
    text = text.replace(EASTERN, '{\\eastern $&}');
  }
  let at = -1;
  text = text.replace(/^ *\\adjustimage\{.*\.pdf\}$/gm, (picture) => {
    // In one box, so that no page ends between a mark and its picture.
    return `\\mbox{\\BeginAccSupp{method=hex,unicode,Alt=${hex(words[++at] ?? '')}}${picture.trim()}\\EndAccSupp{}}`;
  });
  return text.replace('\\begin{document}', () => `${preamble.join('\n')}\n\\begin{document}`);
}

/** A document as a PDF, beside it. @returns signs that no font had @throws Error with what LaTeX said when it made none */
export function typeset(file: string): string[] {
  const { dir, name } = path.parse(file);
  const call = ['-interaction=nonstopmode', '-halt-on-error', `${name}.tex`];
  // Twice: the second time has the bookmarks and the places of what is referred to.
  for (let time = 0; time < 2; time++) {
    const done = spawnSync('xelatex', call, { cwd: dir, encoding: 'utf8', maxBuffer: 2 ** 26 });
    if (done.error) throw done.error;
    if (done.status !== 0) throw new Error(`${name} could not be set. LaTeX says:\n${faultIn(done.stdout)}`);
  }
  const log = fs.readFileSync(path.join(dir, `${name}.log`), 'utf8').replace(/\n/g, '');
  return [...new Set([...log.matchAll(/Missing character: There is no (\S+)/g)].map(([, sign]) => sign))];
}

/** A font with Chinese letters, if the machine has one and says so. */
export function easternFont(): string | undefined {
  const { stdout } = spawnSync('fc-list', [':lang=zh', 'file'], { encoding: 'utf8' });
  // TeX takes the faces of a collection by number alone: a file of one face comes first.
  const files = (stdout ?? '').split('\n').map((line) => line.replace(/: *$/, ''));
  return files.filter((file) => /\.(?:ttf|otf)$/.test(file)).sort()[0];
}

/** @throws Error that says what to do when there is no XeLaTeX */
export function expectLatex(): void {
  if (!spawnSync('xelatex', ['--version']).error) return;
  throw new Error(
    'pdf needs a TeX with XeLaTeX, and there is none on the PATH. Install one (Debian, Ubuntu: `apt-get install texlive-xetex ' +
      'texlive-fonts-recommended texlive-plain-generic`; macOS: `brew install --cask mactex-no-gui`), or make the PDF without: ' +
      '`npm run report -- --pdf` or `npm run convert -- --to webpdf`.',
  );
}

function inLatex(sign: string): string {
  const letters = (by: Record<string, string>, mark: string) => by[sign] && `\\ensuremath{{}${mark}{${by[sign]}}}`;
  const set = DRAWN[sign] ?? letters(RAISED, '^') ?? letters(LOWERED, '_') ?? `\\ensuremath{${sign}}`;
  // A bookmark is plain text.
  return `\\texorpdfstring{${set}}{${sign}}`;
}

function pairs(from: string, to: string): Record<string, string> {
  return Object.fromEntries([...from].map((sign, i) => [sign, to[i]]));
}

const hex = (text: string) => Buffer.from(text, 'utf16le').swap16().toString('hex').toUpperCase();

/** LaTeX's first error, with the line that it was in. */
function faultIn(said: string): string {
  const at = said.search(/^! /m);
  return (at < 0 ? said.slice(-600) : said.slice(at).split('\n').slice(0, 6).join('\n')).trim();
}
