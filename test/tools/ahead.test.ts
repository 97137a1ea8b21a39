/** Cells compiled before the kernel starts: letter by letter what tslab makes of them when it runs them. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { compileAhead, type CompiledCell } from 'bnlab/dist/tools/check/ahead';
import { lookAtCells } from 'bnlab/dist/tools/check/cells';
import { parseNotebook, type Notebook } from 'bnlab/dist/tools/notebook';

const root = path.resolve(__dirname, '..', '..');
const folder = path.join(root, 'notebooks');

interface Converted extends Omit<CompiledCell, 'source'> {
  declOutput?: string;
  diagnostics: unknown[];
}
interface Converter {
  convert(earlier: string, source: string): Converted;
  close(): void;
}

/** tslab's own converter, with the project's mends, as the kernel of JupyterLab has it. */
function byTslab(notebooks: readonly (readonly string[])[]): Converted[][] {
  const before = process.cwd();
  process.chdir(folder);
  try {
    require('bnlab/dist/tools/kernel/compiler');
    require('bnlab/dist/tools/kernel/names');
    const { createConverter } = require(path.join(path.dirname(require.resolve('tslab')), 'converter.js')) as {
      createConverter(): Converter;
    };
    const converter = createConverter();
    const made = notebooks.map((sources) => {
      let earlier = '';
      return sources.map((source) => {
        const converted = converter.convert(earlier, source);
        assert.deepEqual(converted.diagnostics, []);
        earlier = converted.declOutput ?? '';
        return converted;
      });
    });
    converter.close();
    return made;
  } finally {
    process.chdir(before);
  }
}

function notebookOf(sources: readonly string[]): Notebook {
  const cells = sources.map((source, i) => ({ cell_type: 'code', id: `c${i}`, source, metadata: {}, outputs: [] }));
  return parseNotebook(JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }), 'made');
}

function ahead(name: string, notebook: Notebook): CompiledCell[] | undefined {
  const file = path.join(folder, `${name}.ipynb`);
  const look = lookAtCells([{ file, notebook }]);
  assert.deepEqual(look.findings, []);
  return compileAhead(look).get(file);
}

const everything = [
  `import * as fs from 'node:fs';
import { moments64, tf, type Network } from 'bnlab';
interface Row { rate: number; of?: Network }
type Rows = Row[];
const rows: Rows = [{ rate: 3 }];
let n = 1, m: number | undefined;
class Count { static made = 0; constructor(readonly n: number) { Count.made++; } }
function twice(x: number) { return 2 * x; }
// the last words of a cell`,
  `n += 1;
const { rate: r, of = null } = rows[0];
[m] = [twice(n)];
for (const row of rows) { const { rate } = row; n += rate; }
const kept = { rows, n, twice, moments64 };
const f = async ({ n = 2 }: { n?: number } = {}) => { await null; return n + rows.length; };
typeof fs.readFileSync;`,
  `const tsLastExpr = await f({ n });
const label = \`\${n} of \${kept.n}\`, made = new Count(tsLastExpr), sum: Row = { rate: made.n };
if (n > 1) { const rows = [n]; m = rows.length; } else { m = await f(); }
try { twice(n++); } catch { n = 0; }
tf.sum([n, m ?? 0]).dataSync()[0] + Count.made;`,
  `interface Later { row: Row }
type Both = Later & Row;`,
  `const both = (x: Both): number => x.row.rate + x.rate + sum.rate + made.n;
label satisfies string; m! + both({ row: rows[0], rate: 1 });`,
];

test('cells compiled ahead are those that tslab runs, also where they take names of earlier cells in every way', () => {
  const name = '14b-shift-and-noise';
  const committed = parseNotebook(fs.readFileSync(path.join(folder, `${name}.ipynb`), 'utf8'), name);
  const code = committed.cells.filter(({ cell_type: type, source }) => type === 'code' && source.trim());
  const notebooks = [everything, code.map(({ source }) => source)];
  const compiled = [ahead('made', notebookOf(everything)), ahead(name, committed)].map((cells = []) => cells);
  assert.deepEqual(
    compiled.map((cells) => cells.map(({ source }) => source)),
    notebooks,
  );
  const what = ({ output, hasToplevelAwait, lastExpressionVar }: Converted | CompiledCell) => {
    return { output, hasToplevelAwait, lastExpressionVar };
  };
  for (const [i, cells] of byTslab(notebooks).entries())
    for (const [k, cell] of cells.entries())
      assert.deepEqual(what(compiled[i][k]), what(cell), `cell ${k + 1} of ${['made', name][i]}`);
});

test('what only tslab knows how to treat is left to it', () => {
  for (const sources of [
    ['enum Side { left }'],
    ["const os = await import('node:os');"],
    ["const os = require('node:os');"],
    ['namespace A { export const b = 1; }'],
    ['/** @module helper */\nexport const a = 1;'],
    ['const a = 1;', 'const a = "again";'],
  ]) {
    const file = path.join(folder, 'odd.ipynb');
    const look = lookAtCells([{ file, notebook: notebookOf(sources) }]);
    assert.equal(compileAhead({ ...look, findings: [] }).get(file), undefined, sources.join('\n'));
  }
});
