/** The static checks: each rule on a notebook that breaks it, and silence on one that keeps them all. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { LIMITS } from 'bnlab/dist/tools/check/limits';
import { checkNotebooks } from 'bnlab/dist/tools/check/notebooks';
import { findingText } from 'bnlab/dist/tools/check/finding';
import { checkCells } from 'bnlab/dist/tools/check/cells';
import { parseNotebook } from 'bnlab/dist/tools/notebook';
import { collection, home, notebookOf, SampleCell, start } from '../support/sample';

type Outputs = Record<number, unknown[]>;

/** A notebook as `npm run notebooks` leaves it: counted, with these outputs at these cells. */
function executed(cells: SampleCell[], outputs: Outputs = {}): string {
  const notebook = JSON.parse(notebookOf(cells));
  let count = 0;
  notebook.cells.forEach((cell: { cell_type: string; outputs?: unknown[]; execution_count?: number }, i: number) => {
    if (cell.cell_type !== 'code') return;
    cell.execution_count = ++count;
    cell.outputs = outputs[i] ?? [];
  });
  return JSON.stringify(notebook);
}

const stream = (text: string, name = 'stdout') => ({ output_type: 'stream', name, text });
const display = (data: object) => ({ output_type: 'display_data', data, metadata: {} });
const plotly = (meta: object) =>
  display({ 'application/vnd.plotly.v1+json': { data: [], layout: { meta } }, 'text/plain': 'a figure' });

/** [rule, cell, line] of everything that must be found, and nothing else. */
const cases: Record<string, { text: string; finds: [string, number | null, number | null, RegExp?][] }> = {
  clean: {
    text: executed(
      [
        { md: '# A question?\n\n![what it shows](picture.svg) and [a link](https://example.org).' },
        "import { Random } from 'bnlab';\nconst random = new Random(1);",
        'const later = async (n: number) => n + random.uniform();\nconst value: number = await later(1);',
        'let total = 0;\nfor (const n of [1, 2]) total += n;\nvalue + total',
        'total = await later(total);\ninterface Pair { a: number; b: string }',
        "const pair: Pair = { a: total, b: 'x' };\nvoid later(2);\nlater(3).catch(() => 0);\npair",
        "import { Random as Same } from 'bnlab';\nnew Same(2).child('x').label",
      ],
      { 3: [stream('2.5 steps/s, 3 of 4; ratio 1:2\n')], 4: [plotly({ alt: 'A line' })] },
    ),
    finds: [],
  },
  types: {
    text: executed([
      'const a: number = 1;',
      'const b: string = a;\nconst c = (x) => x;\nb.nothing;',
      'usedBefore + 1;',
      'const usedBefore = 2;',
      'Random;\nconst d = 1;',
      "import { Random, NoSuchThing } from 'bnlab';",
      "import { gone } from './nowhere';",
    ]),
    finds: [
      ['types', 2, 1, /not assignable to type 'string'/],
      ['types', 2, 2, /implicitly has an 'any' type/],
      ['types', 2, 3, /does not exist on type 'string'/],
      ['types', 3, 1, /Cannot find name 'usedBefore'/],
      ['types', 5, 1, /imported in cell 6, below its use/],
      ['types', 6, 1, /NoSuchThing/],
      ['types', 7, 1, /nowhere/],
    ],
  },
  syntax: { text: executed(['const a = ;', 'const b = 1;']), finds: [['types', 1, 1, /Expression expected/]] },
  promises: {
    text: executed([
      'const work = async () => 1;\nwork();\nconst kept = work();\nawait work();',
      'if (Math.PI > 3) {\n  work().then((n) => n);\n}',
      'const inside = () => {\n  work();\n};\ninside();',
      'const made = { all: () => Promise.all([1]) };\nmade.all()',
    ]),
    finds: [
      ['floating promise', 1, 2],
      ['floating promise', 2, 2],
      ['floating promise', 3, 2],
      ['floating promise', 4, 2],
    ],
  },
  'tslab traps': {
    text: executed([
      'const p = Promise.resolve([1]);',
      '(await (p)).length',
      'for await (const n of [p]) console.log(n);',
    ]),
    finds: [
      ['types', 2, 1, /does not run an `await \(\.\.\.\)`/],
      ['types', 3, 1, /does not run a `for await`/],
    ],
  },
  'cells that are no whole': {
    text: executed(['}', '{\nconst a = 1;\na']),
    finds: [
      ['types', 1, 1, /statement expected/],
      ['types', 2, 3, /'}' expected/],
    ],
  },
  'promises in lists and callbacks': {
    text: executed([
      'const job = async (n: number) => n;',
      '[1, 2].map((n) => job(n));',
      '[1, 2].forEach(async (n) => {\n  await job(n);\n});',
      'setTimeout(async () => void (await job(1)), 1);',
      'job(1), job(2);',
      'const all = await Promise.all([1, 2].map(async (n) => job(n)));\nall.forEach((n) => void job(n));',
    ]),
    finds: [
      ['floating promise', 2, 1],
      ['floating promise', 3, 1],
      ['floating promise', 4, 1],
      ['floating promise', 5, 1],
    ],
  },
  names: {
    text: executed([
      "import { Random } from 'bnlab';\nconst a = 1;",
      'const { b, c: [a] } = { b: 1, c: [2] };',
      "import { Random } from 'bnlab';\nb",
    ]),
    finds: [
      ['name declared twice', 2, 1, /'a' is declared in cell 1 already/],
      ['name declared twice', 3, 1, /'Random'/],
    ],
  },
  lengths: {
    text: executed([
      Array.from({ length: LIMITS.lines + 1 }, (_, i) => `const n${i} = ${i};`).join('\n'),
      `const wide = '${'x'.repeat(80)}';`,
      '1',
    ]),
    finds: [
      ['cell length', 1, 31],
      ['line length', 2, 1, /96 columns, at most 88/],
    ],
  },
  median: {
    text: executed([Array.from({ length: 9 }, (_, i) => `const m${i} = ${i};`).join('\n')]),
    finds: [['cell length', null, null, /median cell has 9 lines/]],
  },
  network: {
    text: executed(
      [
        { md: 'Text\n\n![far away](https://example.org/a.png)' },
        "const address = 'https://example.org/data';\naddress.length",
        "import * as http from 'node:http';\nhttp.METHODS.length",
        { md: 'ok\n\n<script src="//cdn.example.org/x.js"></script>' },
        { md: '![far][away]\n\n[away]: https://example.org/a.png\n\n<img alt="b"\nsrc="https://example.org/b.png">' },
        { md: '<p style="background: url(https://example.org/c.png)">ok</p> [a link](https://example.org)' },
        "import * as http2 from 'node:http2';\nhttp2.constants",
        "'//cdn.example.org/x.js'",
        '5',
      ],
      { 8: [display({ 'text/html': '<script src="https://example.org/x.js"></script>', 'text/plain': 'x' })] },
    ),
    finds: [
      ['network address', 1, 3],
      ['network address', 2, 1],
      ['network address', 3, 1],
      ['network address', 4, 3],
      ['network address', 5, 1],
      ['network address', 5, 5],
      ['network address', 6, 1],
      ['network address', 7, 1],
      ['network address', 8, 1],
      ['network address', 9, null],
    ],
  },
  'alt text': {
    text: executed(
      [{ md: '![](a.svg)\n<img src="b.svg">\n<img\nsrc="c.svg">\n![][d]\n\n[d]: d.svg' }, '1', '2', '3', '4'],
      {
        1: [plotly({ caption: 'no alt' })],
        2: [display({ 'image/png': 'AAAA' })],
        3: [display({ 'text/html': '<img src="data:,">', 'text/plain': 'x' })],
        4: [
          display({ 'text/html': '<svg width="1"></svg>', 'text/plain': 'x' }),
          display({
            'text/html': '<svg role="img" aria-label="a dot"></svg><svg><title>a</title></svg>',
            'text/plain': 'x',
          }),
        ],
      },
    ),
    finds: [
      ['alt text', 1, 1],
      ['alt text', 1, 2],
      ['alt text', 1, 3],
      ['alt text', 1, 5],
      ['alt text', 2, null],
      ['alt text', 3, null],
      ['alt text', 4, null],
      ['alt text', 5, null],
    ],
  },
  outputs: {
    text: executed(['1', '2', '3', '4', '5', '6', '7'], {
      0: [stream('\u001b[31mred\u001b[0m')],
      1: [stream('saved to /home/someone/file.txt')],
      2: [stream('on 2026-11-23T10:00:00Z')],
      3: [stream('a warning\nmore', 'stderr')],
      4: [{ output_type: 'error', ename: 'Error', evalue: 'boom', traceback: [] }],
      5: [display({ 'text/plain': 'in C:\\Users\\someone' })],
      6: [display({ 'application/json': { summary: 'what goes on to x:\n  1 at 0' }, 'text/plain': 'x' })],
    }),
    finds: [
      ['terminal colours', 1, null],
      ['absolute path', 2, null, /\/home\/someone/],
      ['timestamp', 3, null],
      ['error in output', 4, null, /'a warning'/],
      ['error in output', 5, null, /boom/],
      ['absolute path', 6, null],
    ],
  },
  'not executed': {
    text: JSON.stringify({
      ...JSON.parse(executed(['1', '2', '3'])),
      cells: JSON.parse(executed(['1', '2', '3'])).cells.map((cell: object, i: number) => ({
        ...cell,
        execution_count: [1, null, 7][i],
      })),
    }),
    finds: [
      ['not executed', 2, null, /no execution count/],
      ['not executed', 3, null, /count 7, wanted 3/],
    ],
  },
  'output size': {
    text: executed(['1'], { 0: [stream('x'.repeat(1_000_001))] }),
    finds: [['output size', null, null, /1\.00 MB, at most 1 MB/]],
  },
};

test('each rule finds what breaks it, at its cell and line, and nothing else', () => {
  const root = collection(Object.fromEntries(Object.entries(cases).map(([name, { text }]) => [name, text])));
  const file = (name: string) => path.join(root, 'notebooks', `${name}.ipynb`);
  const findings = checkNotebooks(
    Object.entries(cases).map(([name, { text }]) => ({ file: file(name), notebook: parseNotebook(text, name) })),
  );
  for (const [name, { finds }] of Object.entries(cases)) {
    const found = findings.filter((finding) => finding.file === file(name));
    assert.deepEqual(
      found.map(({ rule, cell, line }) => [rule, cell, line]),
      finds.map(([rule, cell, line]) => [rule, cell, line]),
      `${name}:\n${found.map(findingText).join('\n')}`,
    );
    finds.forEach(([, , , says], i) => says && assert.match(found[i].message, says));
  }
  fs.rmSync(root, { recursive: true });
});

/** Cells that the project's newer TypeScript takes, or one strict module, and the kernel does not. */
const refused: Record<string, string[]> = {
  'a predicate that is inferred (TypeScript 5.5)': [
    "const numbers = [1, 's'].filter((x) => typeof x === 'number');\nconst same: number[] = numbers;",
  ],
  'using (5.2)': ['using x = { [Symbol.dispose]() {} };'],
  'NoInfer (5.4)': ["const pick = <T extends string>(a: T[], b: NoInfer<T>) => b;\npick(['a'], 'a');"],
  'import attributes (5.3)': ["import data from './x.json' with { type: 'json' };\ndata"],
  'narrowing in a closure after the last assignment (5.4)': [
    "let s: string | number = 1;\ns = 'x';\nconst length = () => s.length;\nlength()",
  ],
  'narrowing by switch (true) (5.3)': [
    "const v: string | number = Math.random() > 2 ? 1 : 'a';\nswitch (true) {\n  case typeof v === 'string':\n    v.length;\n}",
  ],
  'a setter of another type (5.1)': ["class A {\n  get v(): string { return 'a'; }\n  set v(x: number) {}\n}"],
  'a function that gives undefined (5.1)': ['const nothing = (): undefined => {};\nnothing()'],
  'narrowing that a cell above made': ["let a: string | number = 'x';", 'a.length'],
  'narrowing that the declaration made': ["const a: string | number = 'x';", 'a.length'],
  'a class expression with a private part': ['const C = class {\n  private x = 1;\n  get() { return this.x; }\n};'],
  'a local class that leaves its function': [
    'const make = () => {\n  class Local {\n    private x = 1;\n    go() { return this.x; }\n  }\n  return new Local();\n};',
    'const v = make();\nv.go()',
  ],
  'a mixin': [
    'const mixin = <T extends new (...a: any[]) => object>(B: T) => class extends B {\n  protected z = 1;\n};',
  ],
  'a module as a value': ["const fs = await import('node:fs');\nfs.existsSync('x')"],
  'a decorator of the standard': ['function dec(v: any, c: any) { return v; }\n@dec class D {}'],
  'a constant given another value': ['const n = 1;', 'n = 2;'],
};

/** Cells that both take; the later ones use what the earlier ones declare in every way. */
const taken: Record<string, string[]> = {
  variables: ['let n = 1, p = 1, q = 2;', 'n = 2;\nn += 1;', 'n++;\n[p, q] = [q, p];\n({ p, q } = { p: 1, q: 2 });'],
  'narrowing within a cell': [
    'let a: string | number = 1;',
    "a = 'x';\na.length",
    "if (typeof a === 'string') a.length;",
  ],
  'null in the kernel is every type': ['let best: { loss: number } | undefined;', 'best = { loss: 1 };', 'best!.loss'],
  'types and classes': [
    'interface Pair { a: number }\ntype Pairs = Pair[];\nclass Box { private x = 1; get() { return this.x; } }',
    'const pairs: Pairs = [{ a: 1 }];\nconst box: Box = new Box();',
    'box.get() + pairs[0].a',
  ],
  enums: ['enum E { A, B }\nconst enum F { A = 1 }', 'const e: E = E.A;\n[e, F.A]'],
  functions: [
    "function f(a: number): number;\nfunction f(a: string): string;\nfunction f(a: any) { return a; }\nf.note = 'x';",
    'f(1) + 1 + f.note',
  ],
  'generic and constant': [
    'const id = <const T>(x: T) => x;\nconst made = { x: 1 } satisfies Record<string, number>;',
    'id([made.x])',
  ],
  imports: [
    "import { tf } from 'bnlab';\nimport type { Random } from 'bnlab';\nimport * as path from 'node:path';",
    'const w: tf.Tensor = tf.ones([1]);\nlet random: Random | undefined;',
    "[w.dataSync(), path.join('a', 'b')]",
  ],
  'await and generators': [
    'async function* count() { yield 1; }\nconst seen: number[] = [];',
    'for await (const n of count()) seen.push(n);\nawait Promise.resolve(seen)',
  ],
};

/** What tslab's own converter says against each notebook, as the kernel would: its first cell that is refused. */
function saidByTheKernel(root: string, cases: Record<string, string[]>): Record<string, string[]> {
  const program = `
    const { createConverter } = require(process.argv[1]);
    const said = {};
    const converter = createConverter({});
    for (const [name, cells] of Object.entries(JSON.parse(process.argv[2]))) {
      let earlier = '';
      said[name] = [];
      for (const cell of cells) {
        const { diagnostics, declOutput } = converter.convert(earlier, cell);
        said[name] = diagnostics.map(({ messageText }) => messageText);
        if (diagnostics.length > 0) break;
        earlier = declOutput;
      }
    }
    converter.close();
    console.log(JSON.stringify(said));`;
  const tslab = path.join(path.dirname(require.resolve('tslab')), 'converter.js');
  const preload = path.join(home, 'lib/tools/kernel/watch.js');
  const argv = ['--require', preload, '-e', program, tslab, JSON.stringify(cases)];
  return JSON.parse(execFileSync(process.execPath, argv, { cwd: path.join(root, 'notebooks') }).toString());
}

test('what passes runs: the check takes no cell that the kernel refuses', () => {
  const root = collection({});
  const file = (name: string) => path.join(root, 'notebooks', `${name}.ipynb`);
  const all = { ...refused, ...taken };
  const said = saidByTheKernel(root, all);
  const findings = checkCells(
    Object.entries(all).map(([name, cells]) => ({
      file: file(name),
      notebook: parseNotebook(notebookOf(cells), name),
    })),
  ).filter(({ rule }) => rule === 'types');
  for (const name of Object.keys(all)) {
    const found = findings.filter((finding) => finding.file === file(name)).map(findingText);
    const wrong = name in refused;
    assert.equal(said[name].length > 0, wrong, `${name}: the kernel says ${said[name].join('; ') || 'nothing'}`);
    assert.equal(found.length > 0, wrong, `${name}: the check says ${found.join('; ') || 'nothing'}`);
  }
  fs.rmSync(root, { recursive: true });
});

test('a cell sees what stands above it, as in tslab: a name declared again hides the earlier one', () => {
  const root = collection({});
  const text = notebookOf([
    'let x = 1;',
    "const f = () => x;\nlet y: string = 'a';",
    "const x = 'text';\nx.length",
    'f().toFixed() + y',
  ]);
  const file = path.join(root, 'notebooks', 'n.ipynb');
  const findings = checkCells([{ file, notebook: parseNotebook(text, file) }]).filter(({ rule }) => rule === 'types');
  assert.deepEqual(findings, []);
  fs.rmSync(root, { recursive: true });
});

test('the command: findings are lines that name the place, and decide the exit code', async () => {
  const root = collection({
    '01-clean': cases.clean.text.replace('picture.svg', 'p.svg'),
    '02-wrong': notebookOf(['const s: string = 1;']),
  });
  fs.mkdirSync(path.join(root, 'notebooks', 'solutions'));
  fs.writeFileSync(path.join(root, 'notebooks', 'solutions', '02-wrong.ipynb'), notebookOf(['Promise.resolve(1);']));
  const [all, one, broken] = await Promise.all([
    start('check.js', 'check', ['--root', root, '--no-outputs']).ended,
    start('check.js', 'check', ['--root', root, '01']).ended,
    start('check.js', 'check', ['--root', root, '77']).ended,
  ]);
  assert.equal(all.code, 1, all.said);
  assert.match(all.said, /02-wrong\.ipynb: cell 1, line 1: types: Type 'number' is not assignable to type 'string'/);
  assert.match(all.said, /solutions.02-wrong\.ipynb: cell 1, line 1: floating promise/);
  assert.match(all.said, /3 notebooks: 2 findings/);
  assert.equal(one.code, 0, one.said);
  assert.match(one.said, /1 notebook: no findings, 1 stale/);
  assert.equal(broken.code, 2);
  assert.match(broken.said, /no notebook '77'/);
  fs.rmSync(root, { recursive: true });
});
