/** Small notebooks made by the tests, and collections of them in folders that no one else uses. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { spawn } from 'node:child_process';
import './home';

export const home = path.resolve(__dirname, '..', '..');

/** A cell: a string is code, `{ md }` is text. */
export type SampleCell = string | { md: string } | { code: string; tags: string[] };

/** The text of a notebook file with these cells, not executed. */
export function notebookOf(cells: SampleCell[], metadata: object = {}): string {
  const made = cells.map((cell, i) => {
    if (typeof cell === 'object' && 'md' in cell)
      return { cell_type: 'markdown', id: `text-${i}`, metadata: {}, source: cell.md };
    const [source, tags] = typeof cell === 'string' ? [cell, undefined] : [cell.code, cell.tags];
    return {
      cell_type: 'code',
      id: `code-${i}`,
      metadata: tags ? { tags } : {},
      source,
      outputs: [],
      execution_count: null,
    };
  });
  const kernelspec = { display_name: 'TypeScript', language: 'typescript', name: 'tslab' };
  return (
    JSON.stringify({ cells: made, metadata: { kernelspec, ...metadata }, nbformat: 4, nbformat_minor: 5 }, null, 1) +
    '\n'
  );
}

/**
 * A folder with notebooks/ in it and this checkout's node_modules in reach. The path has a space and letters beyond
 * ASCII, so every test that uses one also tests that.
 */
export function collection(notebooks: Record<string, string>): string {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab naïve 批 '));
  fs.mkdirSync(path.join(root, 'notebooks'));
  fs.symlinkSync(path.join(home, 'node_modules'), path.join(root, 'node_modules'), 'dir');
  for (const [name, text] of Object.entries(notebooks))
    fs.writeFileSync(path.join(root, 'notebooks', `${name}.ipynb`), text);
  return root;
}

/** What a command said and how it ended. */
export interface Ended {
  code: number | null;
  said: string;
}

/** Starts a command of lib/dist/tools in a process of its own, as `npm run` does. */
export function start(file: string, name: string, argv: string[], environment: Record<string, string> = {}) {
  const call = `require(${JSON.stringify(path.join(home, 'lib', 'dist', 'tools', file))})[${JSON.stringify(name)}](${JSON.stringify(argv)})`;
  const child = spawn(process.execPath, ['-e', `${call}.then((code) => process.exit(code))`], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, said })));
  return { child, ended, said: () => said };
}

/** A figure as `show` displays one, in a cell's code. */
export function figureCode(extra: object = {}, layout: object = {}): string {
  const figure = {
    data: [{ type: 'scatter', x: [1, 2, 3, 4], y: [1, 4, 9, 16], line: { color: '#00427d' }, ...extra }],
    layout: {
      width: 760,
      height: 360,
      title: { text: '<b>Squares grow</b>' },
      meta: {
        alt: 'A curve that rises from 1 to 16',
        caption: 'Squares of the first four numbers.',
        summary: 'x: 1 2 3 4\ny: 1 4 9 16',
      },
      ...layout,
    },
  };
  return [
    `const figure: object = ${JSON.stringify(figure)};`,
    `const bundle = { 'application/vnd.plotly.v1+json': figure, 'text/plain': 'Squares grow' };`,
    `require('tslab/dist/jupyter').lastWriteDisplayData({ data: bundle, metadata: {} });`,
  ].join('\n');
}
