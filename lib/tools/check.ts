/**
 * `npm run check`: what can be said of the notebooks without running them, in seconds. Each finding names the notebook,
 * the cell (counted from 1 over all cells) and the line.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Command } from 'commander';
import { readCall } from './call';
import { CheckedNotebook, checkCells } from './check-cells';
import { Finding, findingText } from './finding';
import { Cell, displays, isJson, MIME, Notebook, Output, readNotebook, withoutAnsi } from './notebook-file';
import { findNotebooks, home, shown } from './places';
import { readLibrary, staleReasons } from './provenance';

/** The limits of a cell that CONTRIBUTING.md gives. */
export const LIMITS = { lines: 30, columns: 88, medianLines: 8, bytes: 1_000_000 } as const;

/** Which checks apply: a solution is type-checked and linted, but carries no outputs. */
export interface CheckOptions {
  outputs: boolean;
}

/** All findings on the notebooks, in the order of notebooks and cells. */
export function checkNotebooks(notebooks: CheckedNotebook[], { outputs }: CheckOptions = { outputs: true }): Finding[] {
  const findings = checkCells(notebooks);
  for (const { file, notebook } of notebooks) {
    findings.push(...cellLimits(file, notebook), ...addresses(file, notebook), ...pictures(file, notebook));
    if (outputs) findings.push(...committedOutputs(file, notebook));
  }
  const order = new Map(notebooks.map(({ file }, i) => [file, i]));
  const rank = (finding: Finding) => [order.get(finding.file) ?? 0, finding.cell ?? 0, finding.line ?? 0];
  return findings.sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
  });
}

/** The command. @returns 0 when there is nothing to put right, 1 when there is, 2 for a bad call */
export async function check(argv: string[]): Promise<number> {
  const command = new Command('npm run check --')
    .description('check the notebooks without running them')
    .argument('[names...]', 'notebooks; all when none is named')
    .option('--no-outputs', 'leave the outputs out')
    .option('--stale', 'also fail on outputs that no longer belong to the sources')
    .option('--root <folder>', 'the collection to check', home);
  const started = performance.now();
  const call = readCall(command, argv, () => {
    const options = command.opts<{ root: string; outputs: boolean; stale?: boolean }>();
    return { ...options, files: findNotebooks(options.root, command.args) };
  });
  if ('exitCode' in call) return call.exitCode;
  const { root, outputs, stale, files } = call.asked;
  const load = (file: string): CheckedNotebook => ({ file, notebook: readNotebook(file) });
  const notebooks = files.map(load);
  const folder = path.join(root, 'notebooks', 'solutions');
  const solutions =
    command.args.length || !fs.existsSync(folder)
      ? []
      : fs
          .readdirSync(folder)
          .filter((f) => f.endsWith('.ipynb'))
          .sort()
          .map((f) => load(path.join(folder, f)));

  const findings = checkNotebooks(notebooks, { outputs });
  findings.push(...checkNotebooks(solutions, { outputs: false }));
  for (const finding of findings) console.log(findingText(finding));

  let staleOnes = 0;
  const library = readLibrary(root);
  for (const { file, notebook } of outputs ? notebooks : []) {
    const reasons = staleReasons(root, notebook, library);
    if (reasons.length === 0) continue;
    staleOnes++;
    console.log(
      `${shown(file)}: stale: ${reasons.join(', ')}. Run \`npm run notebooks -- ${path.basename(file, '.ipynb')}\`.`,
    );
  }
  const count = notebooks.length + solutions.length;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${count} notebook${count === 1 ? '' : 's'}: ${findings.length || 'no'} finding${findings.length === 1 ? '' : 's'}` +
      `${staleOnes ? `, ${staleOnes} stale` : ''}, ${seconds} s`,
  );
  return findings.length > 0 || (stale && staleOnes > 0) ? 1 : 0;
}

/** Cells short enough to be read: lines, columns, and the median of the lines. */
function cellLimits(file: string, notebook: Notebook): Finding[] {
  const findings: Finding[] = [];
  const lengths: number[] = [];
  for (const { cell, number } of code(notebook)) {
    const lines = cell.source.trimEnd().split('\n');
    lengths.push(lines.length);
    if (lines.length > LIMITS.lines) {
      const message = `${lines.length} lines, at most ${LIMITS.lines}: split it, or move what is long into the library`;
      findings.push({ file, cell: number, line: LIMITS.lines + 1, rule: 'cell length', message });
    }
    lines.forEach((line, i) => {
      const width = [...line].length;
      if (width <= LIMITS.columns) return;
      findings.push({
        file,
        cell: number,
        line: i + 1,
        rule: 'line length',
        message: `${width} columns, at most ${LIMITS.columns}`,
      });
    });
  }
  lengths.sort((a, b) => a - b);
  const median = lengths.length ? (lengths[(lengths.length - 1) >> 1] + lengths[lengths.length >> 1]) / 2 : 0;
  if (median > LIMITS.medianLines) {
    const message = `the median cell has ${median} lines, at most ${LIMITS.medianLines}: shorter steps read better`;
    findings.push({ file, cell: null, line: null, rule: 'cell length', message });
  }
  return findings;
}

/** Code and pictures that would ask the network. Links in the text are fine: nothing loads them. */
function addresses(file: string, notebook: Notebook): Finding[] {
  const findings: Finding[] = [];
  const rule = 'network address';
  for (const { cell, number } of code(notebook)) {
    cell.source.split('\n').forEach((line, i) => {
      const found =
        /\b(?:https?|wss?|ftp):\/\/[^\s'"`)]+|['"`]\/\/\w[\w-]*\.[^\s'"`)]+|\bfetch\s*\(|['"](?:node:)?(?:https?|http2|net|dns|tls|dgram|undici|ws|axios|node-fetch)['"]/.exec(
          line,
        );
      if (!found) return;
      findings.push({
        file,
        cell: number,
        line: i + 1,
        rule,
        message: `'${found[0]}': code must not need a network; references belong in the text`,
      });
    });
  }
  for (const { cell, number } of text(notebook)) {
    for (const { address, at } of loadedFromNetwork(cell.source)) {
      const line = lineAt(cell.source, at);
      findings.push({ file, cell: number, line, rule, message: `'${address}' is loaded from the network` });
    }
  }
  for (const { index, data } of displays(notebook)) {
    for (const type of ['text/html', 'text/markdown', MIME.svg]) {
      for (const { address } of loadedFromNetwork([data[type] ?? ''].flat().join(''))) {
        const message = `'${address}' in an output is loaded from the network`;
        findings.push({ file, cell: index + 1, line: null, rule, message });
      }
    }
  }
  return findings;
}

const ELSEWHERE = '(?:https?:)?//[^\\s"\'()<>]+';

/** What a browser would ask the network for in Markdown or HTML: pictures, scripts, styles; not links, which it follows only when asked. */
function loadedFromNetwork(source: string): { address: string; at: number }[] {
  const references = new Map(
    [...source.matchAll(/^ {0,3}\[([^\]]+)\]:\s*<?(\S+?)>?(?:\s|$)/gm)].map((found) => [
      found[1].toLowerCase(),
      found[2],
    ]),
  );
  const found: { address: string; at: number }[] = [];
  const elsewhere = new RegExp(`^${ELSEWHERE}`, 'i');
  for (const picture of source.matchAll(/!\[([^\]]*)\](?:\(\s*<?([^\s)>]+)|\[([^\]]*)\])/g)) {
    const address = picture[2] ?? references.get((picture[3] || picture[1]).toLowerCase());
    if (address && elsewhere.test(address)) found.push({ address, at: picture.index });
  }
  for (const pattern of [
    `<(?:img|image|use|script|link|iframe|video|audio|source|object|embed)\\b[^>]*?(?:src|srcset|href|data|poster)\\s*=\\s*["']?(${ELSEWHERE})`,
    `\\b(?:url\\(|@import)\\s*["']?(${ELSEWHERE})`,
  ]) {
    for (const loaded of source.matchAll(new RegExp(pattern, 'gi')))
      found.push({ address: loaded[1], at: loaded.index });
  }
  return found;
}

function lineAt(source: string, at: number): number {
  return source.slice(0, at).split('\n').length;
}

/** Pictures and figures that say nothing to a reader who cannot see them. */
function pictures(file: string, notebook: Notebook): Finding[] {
  const findings: Finding[] = [];
  const rule = 'alt text';
  for (const { cell, number } of text(notebook)) {
    for (const picture of cell.source.matchAll(/!\[\s*\][([]|<img\b[^>]*>/gi)) {
      if (/\balt\s*=\s*("[^"]+"|'[^']+')/i.test(picture[0])) continue;
      const line = lineAt(cell.source, picture.index);
      findings.push({ file, cell: number, line, rule, message: 'a picture without alt text' });
    }
  }
  for (const { index, data } of displays(notebook)) {
    if (data[MIME.plotly]) {
      if (!figureText(data[MIME.plotly]).alt) {
        findings.push({
          file,
          cell: index + 1,
          line: null,
          rule,
          message: 'a figure without alt text: pass `alt` to the figure',
        });
      }
    } else if (['image/png', 'image/jpeg', MIME.svg].some((type) => data[type])) {
      const described = typeof data['text/plain'] === 'string' && data['text/plain'].trim() !== '';
      if (!described)
        findings.push({ file, cell: index + 1, line: null, rule, message: 'a picture without a text beside it' });
    } else if (
      /<img\b(?![^>]*\balt\s*=\s*["'][^"']+)|<svg\b(?![^>]*\baria-(?:label|hidden)\s*=)(?![^>]*>\s*<title\b)/i.test(
        String(data['text/html'] ?? ''),
      )
    ) {
      findings.push({
        file,
        cell: index + 1,
        line: null,
        rule,
        message: 'a picture without alt text in an HTML output',
      });
    }
  }
  return findings;
}

/** What a figure says in words, wherever its maker put it. */
export function figureText(figure: unknown): { alt: string; caption: string; summary: string } {
  const { layout, ...rest } = (figure ?? {}) as { layout?: { meta?: Record<string, unknown> } } & Record<
    string,
    unknown
  >;
  const find = (key: string) => {
    const value = layout?.meta?.[key] ?? rest[key];
    return typeof value === 'string' ? value.trim() : '';
  };
  return { alt: find('alt'), caption: find('caption'), summary: find('summary') };
}

/** Outputs as they may be committed: whole, executed in order, small, and the same on every machine and day. */
function committedOutputs(file: string, notebook: Notebook): Finding[] {
  const findings: Finding[] = [];
  const bytes = fs.existsSync(file) ? fs.statSync(file).size : 0;
  if (bytes > LIMITS.bytes) {
    const message = `${(bytes / 1e6).toFixed(2)} MB, at most ${LIMITS.bytes / 1e6} MB: fewer points or fewer figures`;
    findings.push({ file, cell: null, line: null, rule: 'output size', message });
  }
  let expected = 0;
  for (const { cell, number } of code(notebook)) {
    const add = (rule: string, message: string) => findings.push({ file, cell: number, line: null, rule, message });
    if (tags(cell).includes('skip-execution')) continue;
    expected++;
    if (cell.execution_count == null) add('not executed', 'no execution count: run `npm run notebooks`');
    else if (cell.execution_count !== expected) {
      add('not executed', `execution count ${cell.execution_count}, wanted ${expected}: run \`npm run notebooks\``);
    }
    for (const output of cell.outputs ?? []) {
      if (output.output_type === 'error') add('error in output', `${output.ename ?? 'error'}: ${output.evalue ?? ''}`);
      if (output.output_type === 'stream' && output.name === 'stderr') {
        add('error in output', `the cell writes to stderr: '${firstLine(output.text ?? '')}'`);
      }
      const said = outputText(output);
      if (withoutAnsi(said) !== said) add('terminal colours', 'escape sequences in an output');
      const local =
        /(?:^|[\s"'(=:])((?:\/(?:home|root|Users|tmp|var|usr|opt|work|mnt|workspace)\/|[A-Za-z]:\\\\?)[^\s"'<>)]*)/m.exec(
          said,
        );
      if (local) add('absolute path', `'${local[1]}' is a place on one machine`);
      const when =
        /\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?|\b\d{4}-\d\d-\d\d \d\d:\d\d|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d/.exec(
          said,
        );
      if (when) add('timestamp', `'${when[0]}' changes from run to run`);
    }
  }
  return findings;
}

/** Everything of an output that a reader may read as text. Pictures are left out: they hold no prose. */
function outputText(output: Output): string {
  const parts = [output.text ?? ''];
  for (const [type, value] of Object.entries(output.data ?? {})) {
    if (type.startsWith('image/')) continue;
    parts.push(isJson(type) ? JSON.stringify(value) : String(value));
  }
  return parts.join('\n');
}

function* code(notebook: Notebook): Generator<{ cell: Cell; number: number }> {
  for (const [i, cell] of notebook.cells.entries()) {
    if (cell.cell_type === 'code' && cell.source.trim()) yield { cell, number: i + 1 };
  }
}

function* text(notebook: Notebook): Generator<{ cell: Cell; number: number }> {
  for (const [i, cell] of notebook.cells.entries()) if (cell.cell_type === 'markdown') yield { cell, number: i + 1 };
}

function tags(cell: Cell): string[] {
  return Array.isArray(cell.metadata.tags) ? (cell.metadata.tags as string[]) : [];
}

function firstLine(value: string): string {
  const line = value.trim().split('\n')[0];
  return line.length > 80 ? line.slice(0, 77) + '...' : line;
}
