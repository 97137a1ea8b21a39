/**
 * What a notebook's imports reach, on small libraries made up here: each case says which changes of the sources a cell
 * must notice and which it must not.
 */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Library } from 'bnlab/dist/tools/reach/library';

type Files = Record<string, string>;

/** The hash over what cells reach in a library of these files. */
function reach(files: Files, ...cells: string[]) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-reach-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(root, 'lib', 'src', name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
    }
    return new Library(path.join(root, 'lib', 'src'), root).reach(cells);
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}

interface Case {
  files: Files;
  cell: string;
  /** changes that the cell must not notice; undefined as a text removes the file */
  same?: Record<string, Record<string, string | undefined>>;
  /** changes that it must notice */
  other?: Record<string, Record<string, string | undefined>>;
}

function changed(files: Files, change: Record<string, string | undefined>): Files {
  const kept = Object.entries({ ...files, ...change }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(kept);
}

function judge(name: string, { files, cell, same = {}, other = {} }: Case): void {
  test(name, () => {
    const before = reach(files, cell).hash;
    assert.equal(reach(files, cell).hash, before, 'the hash of the same files differs');
    for (const [what, change] of Object.entries(same))
      assert.equal(reach(changed(files, change), cell).hash, before, `${what}: noticed`);
    for (const [what, change] of Object.entries(other))
      assert.notEqual(reach(changed(files, change), cell).hash, before, `${what}: not noticed`);
  });
}

const plain: Files = {
  'index.ts': "export { double, type Size } from './double';\nexport * from './half';\n",
  'double.ts':
    "import { FACTOR, unused } from './factor';\n/** Twice. */\nexport function double(x: number) {\n  return FACTOR * x;\n}\n" +
    'export interface Size { width: number }\nexport const other = () => unused(1);\n',
  'factor.ts': 'export const FACTOR = 2;\nexport const unused = (x: number) => x + 1;\n',
  'half.ts': "const text = 'half';\nexport const half = (x: number) => ({ text, y: x / 2 });\n",
  '../tools/tool.ts': "import { double } from '../src/double';\nconsole.log(double(1));\n",
};

judge('comments, types, layout, places and what is out of reach do not count; a formula does', {
  files: plain,
  cell: "import { double } from 'bnlab';",
  same: {
    'a comment': { 'double.ts': plain['double.ts'].replace('Twice.', 'Two times `x`.') },
    'a comment inside an expression': {
      'double.ts': plain['double.ts'].replace('FACTOR * x', 'FACTOR /* 2 */ * x // y'),
    },
    'a type': { 'double.ts': plain['double.ts'].replace('x: number', 'x: number & Size').replace('width', 'depth') },
    'a type assertion': { 'double.ts': plain['double.ts'].replace('FACTOR * x', '(FACTOR as number) * x!') },
    layout: { 'double.ts': plain['double.ts'].replace('return FACTOR * x', 'return FACTOR\n      *    x') },
    'the order of declarations': { 'factor.ts': plain['factor.ts'].split('\n').reverse().join('\n') },
    'a file that moves': {
      'factor.ts': undefined,
      'deep/constants.ts': plain['factor.ts'],
      'double.ts': plain['double.ts'].replace('./factor', './deep/constants'),
    },
    'a declaration that moves': {
      'factor.ts': 'export const unused = (x: number) => x + 1;\n',
      'half.ts': `${plain['half.ts']}export const FACTOR = 2;`,
      'double.ts':
        "import { FACTOR } from './half';\nimport { unused } from './factor';" + plain['double.ts'].slice(43),
    },
    'a function that is out of reach': { 'factor.ts': plain['factor.ts'].replace('x + 1', 'x + 3') },
    'another module': { 'half.ts': plain['half.ts'].replace('/ 2', '/ 3') },
    'one export more': { 'index.ts': `${plain['index.ts']}export { other } from './double';\n` },
    'a tool': { '../tools/tool.ts': 'console.log(2);' },
  },
  other: {
    'its formula': { 'double.ts': plain['double.ts'].replace('FACTOR * x', 'FACTOR + x') },
    'a constant that it uses': { 'factor.ts': plain['factor.ts'].replace('= 2', '= 3') },
    'another function under its name': { 'index.ts': "export { other as double } from './double';" },
    'two names that change places': {
      'double.ts': plain['double.ts'].replace('FACTOR, unused', 'unused as FACTOR, FACTOR as unused'),
    },
  },
});

judge('a star export leads to the name, and nothing else of the module', {
  files: plain,
  cell: "import { half } from 'bnlab';",
  same: {
    'the other module': { 'double.ts': 'export const double = (x: number) => 3 * x;' },
    'kinds of quotation marks, a comma before a bracket': {
      'half.ts': 'const text = "half";\nexport const half = (x: number) => ({\n  text,\n  y: x / 2,\n});\n',
    },
    'an explicit export instead': { 'index.ts': "export { double } from './double';\nexport { half } from './half';" },
  },
  other: {
    'its formula': { 'half.ts': plain['half.ts'].replace('/ 2', '/ 3') },
    'a text that it gives': { 'half.ts': plain['half.ts'].replace("'half'", "'ha lf'") },
  },
});

const spaces = {
  'index.ts':
    "import * as m from './m';\nexport * as tools from './m';\nexport const one = (x: number) => m.f(x);\nexport const all = () => Object.keys(m);\n",
  'm.ts': 'export const f = (x: number) => x;\nexport const g = (x: number) => 2 * x;\nconst hidden = 1;\n',
};
const g3 = { 'm.ts': spaces['m.ts'].replace('2 * x', '3 * x') };
const f3 = { 'm.ts': spaces['m.ts'].replace('=> x;', '=> 3 * x;') };
judge('a member of a namespace import', {
  files: spaces,
  cell: "import { one } from 'bnlab';",
  same: { g: g3 },
  other: { f: f3 },
});
judge('a namespace import as an object', {
  files: spaces,
  cell: "import { all } from 'bnlab';",
  other: { f: f3, g: g3 },
});
judge('a namespace that is exported', {
  files: spaces,
  cell: "import { tools } from 'bnlab';",
  same: { hidden: { 'm.ts': spaces['m.ts'].replace('hidden = 1', 'hidden = 2') } },
  other: { f: f3, g: g3 },
});
judge('a file of the library by its path', {
  files: spaces,
  cell: "import { f } from 'bnlab/dist/src/m';",
  same: { g: g3, index: { 'index.ts': 'export const x = 1;' } },
  other: { f: f3 },
});
for (const cell of [
  "import * as all from 'bnlab';",
  "const { one } = require('bnlab');",
  "const { one } = await import('bnlab');",
  "export * from 'bnlab';",
  'const lib = require(["bn", "lab"].join(""));',
  "import { createRequire } from 'node:module';\nconst load = createRequire(__filename);",
  'const load = require;',
  'process.mainModule!.require("../lib/dist/m");',
])
  judge(`a cell that may take anything: ${cell}`, { files: spaces, cell, other: { f: f3, g: g3 } });

const classes = {
  'index.ts': "export { Layer, make } from './layer';\nexport { free } from './base';\n",
  'base.ts': 'export class Base {\n  size() { return 1; }\n}\nexport const free = 1;\n',
  'layer.ts':
    "import { Base } from './base';\nimport { act } from './act';\nexport class Layer extends Base {\n  private rate = 1;\n" +
    '  call(x: number) { return x; }\n  never(x: number) { return act(x); }\n}\nexport const make = () => new Layer();\n',
  'act.ts': 'export const act = (x: number) => Math.max(0, x);\nexport const tanh = (x: number) => Math.tanh(x);\n',
};
judge('a class is one piece, with its base', {
  files: classes,
  cell: "import { make } from 'bnlab';",
  same: {
    'another function beside what it uses': { 'act.ts': classes['act.ts'].replace('Math.tanh(x)', 'x') },
    'a modifier of TypeScript': { 'layer.ts': classes['layer.ts'].replace('private rate', 'protected readonly rate') },
  },
  other: {
    'a method': { 'layer.ts': classes['layer.ts'].replace('return x;', 'return -x;') },
    'what a method uses': { 'act.ts': classes['act.ts'].replace('max(0', 'max(1') },
    'a method of the base': { 'base.ts': classes['base.ts'].replace('return 1', 'return 2') },
    'a field': { 'layer.ts': classes['layer.ts'].replace('rate = 1', 'rate = 2') },
  },
});
judge('what a class uses does not lead to the class', {
  files: classes,
  cell: "import { free } from 'bnlab';",
  same: { 'the class': { 'layer.ts': classes['layer.ts'].replace('return x;', 'return -x;') } },
});

const lazily = {
  'index.ts':
    "const kind = './by-name';\nexport const direct = () => require('./by-text');\nexport const named = () => require(kind);\n" +
    'export const worker = () => join(__dirname, "work", "worker.js");\nimport { join } from "node:path";\n' +
    "export const later = async () => (await import('./by-text')).value;\nexport const any = (name: string) => require(`./${name}`);\n" +
    'export const repository = () => join(__dirname, "..", "..", "..", "data", "table.json");\n' +
    'export const found = () => Object.keys(require.cache).find((file) => /tslab/.test(file));\n',
  'by-text.ts': 'export const value = 1;\n',
  'by-name.ts': "console.log('loaded');\n",
  'work/worker.ts': "import { value } from '../by-text';\nprocess.send!(value);\n",
  '../../data/table.json': '{ "a": 1 }',
};
const byText = { 'by-text.ts': 'export const value = 2;' };
const byName = { 'by-name.ts': "console.log('done');" };
const only = (name: string) => `import { ${name} } from 'bnlab';`;
judge('require with a text', { files: lazily, cell: only('direct'), same: { byName }, other: { byText } });
judge('require with a constant', { files: lazily, cell: only('named'), same: { byText }, other: { byName } });
judge('import()', { files: lazily, cell: only('later'), same: { byName }, other: { byText } });
judge('require of what is only known when it runs', { files: lazily, cell: only('any'), other: { byName, byText } });
judge('a search of what is loaded already', { files: lazily, cell: only('found'), same: { byName, byText } });
judge('a process that runs a file of the library', {
  files: lazily,
  cell: only('worker'),
  same: { byName },
  other: { byText, worker: { 'work/worker.ts': "import { value } from '../by-text';\nprocess.send!(-value);" } },
});
judge('a file of the repository', {
  files: lazily,
  cell: only('repository'),
  same: { layout: { '../../data/table.json': '{"a":1}' }, byName },
  other: { content: { '../../data/table.json': '{ "a": 2 }' } },
});

const loading = {
  'index.ts': "export { use } from './use';\nexport { quiet } from './quiet';\nexport { TABLE } from './table';\n",
  'registry.ts':
    'export const REGISTRY = new Map<string, () => number>();\nexport const register = (name: string, f: () => number) => REGISTRY.set(name, f);\n',
  'use.ts': "import { REGISTRY } from './registry';\nexport const use = (name: string) => REGISTRY.get(name)!();\n",
  'table.ts': "import { build } from './build';\nexport const TABLE = build([1, 2]);\n",
  'build.ts':
    'export function build(xs: number[]) {\n  let sum = 0;\n  return xs.map((x) => { sum += square(x); return sum; });\n}\nfunction square(x: number) { return x * x; }\n',
  'quiet.ts':
    "import { register } from './registry';\nimport { seven } from './seven';\nexport const quiet = 1;\nregister('seven', seven);\n",
  'seven.ts': 'export const seven = () => 7;\nexport const eight = () => 8;\n',
};
judge('what loading a module does counts for all who load it', {
  files: loading,
  cell: only('use'),
  same: {
    'a value that only its users see': { 'build.ts': loading['build.ts'].replace('x * x', 'x + x') },
    'what is not registered': { 'seven.ts': loading['seven.ts'].replace('=> 8', '=> 9') },
    'another value of a quiet module': { 'quiet.ts': loading['quiet.ts'].replace('quiet = 1', 'quiet = 2') },
  },
  other: {
    'what is registered': { 'seven.ts': loading['seven.ts'].replace('=> 7', '=> 6') },
    'the name under which it is registered': { 'quiet.ts': loading['quiet.ts'].replace("'seven'", "'7'") },
    'a second registration': { 'quiet.ts': `${loading['quiet.ts']}register('eight', () => 8);` },
    'a module that is loaded for what it does': {
      'index.ts': `${loading['index.ts']}import './more';`,
      'more.ts': "import { register } from './registry';\nregister('nine', () => 9);",
    },
  },
});
judge('what is not loaded does not count', {
  files: loading,
  cell: "import { use } from 'bnlab/dist/src/use';",
  same: { 'what another module registers': { 'seven.ts': loading['seven.ts'].replace('=> 7', '=> 6') } },
});
const checked = {
  'index.ts': "export { use } from './use';\nexport { OPTIONS } from './options';\n",
  'checks.ts':
    'export const kind = (words: string, fits: (value: unknown) => boolean) => ({ words, fits });\n' +
    'export const listOf = (of: { words: string; fits(value: unknown): boolean }) => ({\n  words: `a list of ${of.words}`,\n' +
    '  fits: (value: unknown) => Array.isArray(value) && value.every((one) => of.fits(one)),\n});\n',
  'options.ts':
    "import { kind, listOf } from './checks';\nimport { isCounter, start } from './counter';\n" +
    "export const OPTIONS = { n: listOf(kind('numbers', Number.isFinite)), c: { fits: isCounter } };\n" +
    'export const KINDS = Object.keys({ start });\n',
  'counter.ts':
    'let count = 0;\nexport const isCounter = (x: unknown) => x === ++count;\nexport const start = () => (count = 1);\n',
  'use.ts': 'export const use = 1;\n',
};
judge('objects with functions that helpers make are values', {
  files: checked,
  cell: only('use'),
  same: {
    'the options': { 'options.ts': checked['options.ts'].replace('numbers', 'finite numbers') },
    'the helpers': { 'checks.ts': checked['checks.ts'].replace('a list', 'an array') },
    'a function that is put there by name': { 'counter.ts': checked['counter.ts'].replace('++count', '--count') },
  },
});

judge('a table that a function builds', {
  files: loading,
  cell: only('TABLE'),
  other: { 'what the function uses': { 'build.ts': loading['build.ts'].replace('x * x', 'x + x') } },
});
for (const [what, text] of Object.entries({
  'a function that writes to a variable of its module':
    'let count = 0;\nconst next = () => ++count;\nexport const first = next();\n',
  'a function of the host': "export const first = process.emit('warning', new Error('1'));\n",
  'a new object of a class': 'class A { constructor() { globalThis.name = "1"; } }\nexport const first = new A();\n',
  'a static block': 'export class A { static { globalThis.name = "1"; } }\n',
  'a static field': 'const set = () => { globalThis.name = "1"; };\nexport class A { static first = set(); }\n',
  'a getter': 'const o = { get first() { globalThis.name = "1"; return 1; } };\nexport const first = o.first;\n',
  'a callback': "export const first = [1].map((x) => (globalThis.name = '1'));\n",
  'a callback by name': "const set = () => (globalThis.name = '1');\nexport const first = [1].map(set);\n",
  'a function taken out of an object':
    "const run = (o: { f: () => void }) => { const { f } = o; f(); };\nexport const first = run({ f: () => (globalThis.name = '1') });\n",
  'a function taken out of an argument':
    "const run = ({ f }: { f: () => void }) => f();\nexport const first = run({ f: () => (globalThis.name = '1') });\n",
  'a function among the values of an object':
    "export const first = Object.values({ f: () => (globalThis.name = '1') }).map((f) => f());\n",
  'a function by name among the values of an object':
    "const set = () => (globalThis.name = '1');\nexport const first = Object.values({ set }).map((f) => f());\n",
  'a function called by its name in an object':
    "const o = { f: () => (globalThis.name = '1') };\nexport const first = o.f();\n",
  'a function that hides under the name of a method':
    "const o = () => ({ map: () => (globalThis.name = '1') });\nexport const first = o().map();\n",
  'a function that a function gives':
    "const make = () => () => (globalThis.name = '1');\nconst run = (f: () => void) => f();\nexport const first = run(make());\n",
  'a computed name of a method': 'const set = () => (globalThis.name = "1");\nexport class A { [set()]() {} }\n',
  'an enum that computes': 'const set = () => { globalThis.name = "1"; return 1; };\nexport enum E { a = set() }\n',
  'a namespace': 'export namespace N { globalThis.name = "1"; }\n',
  'a write to an import': "import { REGISTRY } from './registry';\n(REGISTRY as any).one = '1';\n",
  'a loop': 'for (const name of ["1"]) globalThis.name = name;\n',
  'a call without brackets':
    'const tag = (s: TemplateStringsArray) => (globalThis.name = s[0]);\nexport const first = tag`1`;\n',
  'a default value': "const f = (x = (globalThis.name = '1')) => x;\nexport const first = f();\n",
})) {
  const files = { ...loading, 'index.ts': `${loading['index.ts']}import './act';\n`, 'act.ts': text };
  const change = {
    'act.ts': text.replaceAll("'1'", "'2'").replaceAll('"1"', '"2"').replaceAll('`1`', '`2`').replace('++', '--'),
  };
  assert.notEqual(change['act.ts'], text);
  judge(`loading has an effect by ${what}`, { files, cell: only('use'), other: { it: change } });
}

const setting: Files = {
  'index.ts': "import { setIt } from './port';\nimport { node } from './node';\nexport * from './use';\nsetIt(node);\n",
  'port.ts':
    'let it: (() => number) | undefined;\nexport function setIt(given: () => number) {\n  it = given;\n}\n' +
    'export const get = () => it!();\n',
  'node.ts': 'export const node = () => 1;\nexport const other = () => 3;\n',
  'browser.ts': "import { setIt } from './port';\nexport const browser = () => 2;\nsetIt(browser);\n",
  'use.ts': "import { get } from './port';\nexport const use = () => get();\nexport const free = () => 5;\n",
};
const atLoad = { 'port.ts': setting['port.ts'].replace('it = given;', 'it = given;\n  globalThis.it = 1;') };
judge('what loading sets counts for those who reach what is set', {
  files: setting,
  cell: only('use'),
  same: {
    'what is not set': { 'node.ts': setting['node.ts'].replace('=> 3', '=> 4') },
    'what another entry sets': { 'browser.ts': setting['browser.ts'].replace('=> 2', '=> 4') },
  },
  other: {
    'what is set': { 'node.ts': setting['node.ts'].replace('=> 1', '=> 4') },
    'nothing is set': { 'index.ts': setting['index.ts'].replace('setIt(node);', '') },
    'another is set': {
      'index.ts': setting['index.ts'].replace('setIt(node)', 'setIt(other)').replace('{ node }', '{ other }'),
    },
    'a second time': { 'index.ts': `${setting['index.ts']}setIt(() => 2);\n` },
    'setting does more': atLoad,
  },
});
judge('what loading sets does not count for others', {
  files: setting,
  cell: only('free'),
  same: {
    'what is set': { 'node.ts': setting['node.ts'].replace('=> 1', '=> 4') },
    'nothing is set': { 'index.ts': setting['index.ts'].replace('setIt(node);', '') },
  },
  other: {
    'setting does more': atLoad,
    'setting a value that is made at load': {
      'index.ts': setting['index.ts'].replace('setIt(node)', 'setIt(eval("1"))'),
    },
  },
});

judge('circles', {
  files: {
    'index.ts': "export { even } from './even';\nexport { odd } from './odd';\n",
    'even.ts': "import { odd } from './odd';\nexport const even = (n: number): boolean => n === 0 || odd(n - 1);\n",
    'odd.ts':
      "import { even } from './even';\nexport const odd = (n: number): boolean => n !== 0 && even(n - 1);\nexport const beside = 1;\n",
  },
  cell: only('even'),
  same: {
    'beside the circle': {
      'odd.ts':
        "import { even } from './even';\nexport const odd = (n: number): boolean => n !== 0 && even(n - 1);\nexport const beside = 2;\n",
    },
  },
  other: {
    'the other half': {
      'odd.ts': "import { even } from './even';\nexport const odd = (n: number): boolean => n !== 1 && even(n - 1);\n",
    },
    'a half that no longer leads back': { 'odd.ts': 'export const odd = (n: number): boolean => n !== 0;\n' },
  },
});

const scopes = {
  'index.ts':
    'const EPSILON = 1e-5;\nconst scale = (x: number) => 2 * x;\nexport const norm = (x: number, epsilon = EPSILON) => x / epsilon;\n' +
    'export const shadowed = (x: number) => { const scale = x + 1; return [1].map((EPSILON) => EPSILON * scale); };\n' +
    'export const early = (y = scale(1)) => { const scale = y; return scale; };\n' +
    'export const destructured = ({ a = scale(1), ...rest }: { a?: number }) => [a, rest];\n',
};
const epsilon = { 'index.ts': scopes['index.ts'].replace('1e-5', '1e-3') };
const scale = { 'index.ts': scopes['index.ts'].replace('2 * x', '3 * x') };
judge('a default value', { files: scopes, cell: only('norm'), same: { scale }, other: { epsilon } });
judge('a local name hides one of the module', { files: scopes, cell: only('shadowed'), same: { scale, epsilon } });
judge('a default value sees the module, not the body', {
  files: scopes,
  cell: only('early'),
  same: { epsilon },
  other: { scale },
});
judge('a default value in a pattern', {
  files: scopes,
  cell: only('destructured'),
  same: { epsilon },
  other: { scale },
});
judge('a local name is code', {
  files: scopes,
  cell: only('norm'),
  same: { elsewhere: { 'index.ts': scopes['index.ts'].replace('(y =', '(z =').replace('scale = y', 'scale = z') } },
  other: {
    here: {
      'index.ts': scopes['index.ts']
        .replace('(x: number, epsilon', '(y: number, epsilon')
        .replace('x / eps', 'y / eps'),
    },
  },
});

const tables = {
  'index.ts':
    "import { a, b } from './entries';\nconst TABLE: Record<string, () => number> = { a, b, 'c-d': () => 3 };\n" +
    'export const pick = (name: string) => TABLE[name]();\nexport { a } from "./entries";\n' +
    'export enum Mode { Batch = 1, Layer = 2 }\nexport const enum Fixed { One = 1 }\nexport const mode = () => Mode.Batch;\nexport const fixed = () => Fixed.One;\n',
  'entries.ts': 'export const a = () => 1;\nexport const b = () => 2;\n',
};
const entryB = { 'entries.ts': tables['entries.ts'].replace('=> 2', '=> 4') };
const member = { 'index.ts': tables['index.ts'].replace('Layer = 2', 'Layer = 3') };
const fixed = { 'index.ts': tables['index.ts'].replace('One = 1', 'One = 2') };
judge('a table reaches all its entries', {
  files: tables,
  cell: only('pick'),
  same: { member, fixed },
  other: {
    entryB,
    'an entry in place': { 'index.ts': tables['index.ts'].replace('() => 3', '() => 5') },
    'a key': { 'index.ts': tables['index.ts'].replace('c-d', 'c-e') },
  },
});
judge('an entry does not reach the table', { files: tables, cell: only('a'), same: { entryB, member } });
judge('an enum is one piece', { files: tables, cell: only('mode'), same: { fixed, entryB }, other: { member } });
judge('a constant enum', { files: tables, cell: only('fixed'), same: { member }, other: { fixed } });

const forms = {
  'index.ts':
    "export { default as main, left } from './forms';\nexport { default as value } from './value';\nexport { old } from './old';\nexport { table } from './table';\n",
  'forms.ts':
    'export default function main() { return left; }\nexport const { left, right: [first] } = { left: 1, right: [2] };\nexport let state = 0;\nexport const bump = () => ++state;\n',
  'value.ts': 'const part = 3;\nexport default part + 1;\n',
  'old.ts': 'const old = () => 1;\nconst young = () => 2;\nexport = { old, young };\n',
  'table.ts': "import table from './table.json';\nexport { table };\n",
  'table.json': '{ "a": 1 }',
};
judge('a default export and a pattern', {
  files: forms,
  cell: only('main'),
  same: { state: { 'forms.ts': forms['forms.ts'].replace('state = 0', 'state = 1') } },
  other: { pattern: { 'forms.ts': forms['forms.ts'].replace('left: 1', 'left: 2') } },
});
judge('a default value', {
  files: forms,
  cell: only('value'),
  other: {
    part: { 'value.ts': forms['value.ts'].replace('3', '4') },
    whole: { 'value.ts': forms['value.ts'].replace('+ 1', '+ 2') },
  },
});
judge('`export =` makes the file one piece', {
  files: forms,
  cell: only('old'),
  other: { young: { 'old.ts': forms['old.ts'].replace('=> 2', '=> 3') } },
});
const mixed = {
  'index.ts': "export { it } from './mixed';\n",
  'mixed.ts':
    "import { a } from './a';\nconst it = () => a;\nconst beside = () => 2;\nmodule.exports = { it, beside };\nexport {};\n",
  'a.ts': 'export const a = 1;\nexport const b = 1;\n',
};
judge('`module.exports` makes the file one piece', {
  files: mixed,
  cell: only('it'),
  same: { b: { 'a.ts': mixed['a.ts'].replace('b = 1', 'b = 2') } },
  other: {
    a: { 'a.ts': mixed['a.ts'].replace('a = 1', 'a = 2') },
    beside: { 'mixed.ts': mixed['mixed.ts'].replace('=> 2', '=> 3') },
  },
});
judge('a JSON file', {
  files: forms,
  cell: only('table'),
  same: { layout: { 'table.json': '{"a":1}' } },
  other: { content: { 'table.json': '{"a":2}' } },
});

test('code in one form: what looks alike and is not', () => {
  const pairs = [
    ['a + +b', 'a++ + b'],
    ['a - -b', 'a-- - b'],
    ['[1, , 2]', '[1, 2]'],
    ['[1, ,]', '[1]'],
    ['`a  b`', '`a b`'],
    ['/a  b/', '/a b/'],
    ["'a  b'", "'a b'"],
    ["'// x'", "''"],
    ['(a, b) => a', '(b, a) => a'],
    ['typeof a', 'typeofa'],
    ['1', "'1'"],
    ['1n', '1'],
    ['a?.b', 'a.b'],
    ['`${a}b`', '`${a}` + b'],
    ['async () => 1', '() => 1'],
    ['function* () {}', 'function () {}'],
    ['{ a }', '{ b: a }'],
    ['() => ({})', '() => {}'],
    ['[() => (a, b)]', '[() => a, b]'],
    ['a * (b + 1)', 'a * b + 1'],
  ];
  const hash = (code: string) =>
    reach({ 'index.ts': `const [a, b, typeofa] = [1, 2, 3];\nexport const it = () => (${code});` }, only('it')).hash;
  for (const [one, two] of pairs) assert.notEqual(hash(one), hash(two), `${one} and ${two}`);
});

test('code in one form: what a formatter may do', () => {
  const hash = (code: string) =>
    reach({ 'index.ts': `const [a, b] = [1, 2];\nexport const it = () => (${code});` }, only('it')).hash;
  for (const [one, two] of [
    ['() => a ? 1 : b', '() =>\n  (a ? 1 : b)'],
    ['() => { return a && b; }', '() => {\n  return (\n    a &&\n    b\n  );\n}'],
    ['() => { return typeof a; }', '() => { return (typeof a); }'],
    ['[a, b]', '[\n  a,\n  b,\n]'],
    ['{ a, b }', '{\n  a,\n  b,\n}'],
    ['Math.max(a, b)', 'Math.max(\n  a, // one\n  b,\n)'],
    ["'a\\'b'", '"a\'b"'],
    ['1e3', '1000'],
  ])
    assert.equal(hash(one), hash(two), `${one} and ${two}`);
});

test('the C and C++ sources of the addon count, their comments do not', () => {
  const hash = (text: string) => reach({ ...plain, 'engine/native/add.cc': text }, only('double')).hash;
  const before = hash('int add(int a) { return a + 1; } // "one"\n');
  assert.equal(hash('/* adds */\nint add(int a) {\n  return a + 1;\n}\n').length, 16);
  assert.equal(hash('int add(int a) { return a + 1; } // another\n'), before);
  assert.notEqual(hash('int add(int a) { return a + 2; } // "one"\n'), before);
});

test('packages: those that are reached, without Node’s own', () => {
  const files = {
    'index.ts':
      "import * as fs from 'node:fs';\nimport os from 'os';\nimport { Matrix } from 'ml-matrix';\nimport * as tf from '@tensorflow/tfjs';\n" +
      "import '@tensorflow/tfjs-backend-wasm/dist/index';\nexport { tf };\nexport const zeros = () => Matrix.zeros(1, 1);\n" +
      "export const read = () => [fs, os];\nexport const late = () => require('simple-statistics');\n",
  };
  const packages = (cell: string) => reach(files, cell).packages;
  assert.deepEqual(packages(only('tf')), ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm']);
  assert.deepEqual(packages(only('zeros')), ['@tensorflow/tfjs-backend-wasm', 'ml-matrix']);
  assert.deepEqual(packages(only('read')), ['@tensorflow/tfjs-backend-wasm']);
  assert.deepEqual(packages(only('late')), ['@tensorflow/tfjs-backend-wasm', 'simple-statistics']);
  assert.deepEqual(packages("import * as d3 from 'd3';"), ['d3']);
});

const registry: Files = {
  'index.ts': "export { runExperiment, list } from './registry';\nexport { one } from './one';\n",
  'registry.ts':
    "import { one } from './one';\nimport { two } from './two';\nconst TABLE = { 'the-one': one, 'the-two': two, three: one } as const;\n" +
    'const table = { get: (name: keyof typeof TABLE) => TABLE[name] };\n' +
    'export const runExperiment = (name: keyof typeof TABLE, options?: object) => table.get(name)(options);\n' +
    'export const list = () => Object.keys(TABLE);\n',
  'one.ts': 'export const one = (_?: object) => 1;\n',
  'two.ts': 'export const two = (_?: object) => 2;\n',
};
const [changedOne, changedTwo] = [1, 2].map((n) => {
  const file = n === 1 ? 'one.ts' : 'two.ts';
  return { [file]: registry[file].replace(`=> ${n}`, `=> ${n + 4}`) };
});
const another = { 'registry.ts': registry['registry.ts'].replace('three: one', 'three: two') };
const renamed = { 'registry.ts': registry['registry.ts'].replace("'the-one': one", "'the-one': two") };
const runs = (call: string) => `import { runExperiment } from 'bnlab';\n${call}`;
judge('an experiment that is run by a text reaches no other', {
  files: registry,
  cell: runs("const { x } = await runExperiment('the-one', { n: 1 });"),
  same: { 'another experiment': changedTwo, 'another entry': another },
  other: { 'the experiment': changedOne, 'what the name stands for': renamed },
});
judge('two of them', {
  files: registry,
  cell: runs("await runExperiment('the-one');\nawait runExperiment(`the-two`);"),
  same: { 'another entry': another },
  other: { one: changedOne, two: changedTwo },
});
for (const [what, call] of Object.entries({
  'a name that is computed': "const name = 'the-one';\nawait runExperiment(name);",
  'a function that is handed on': "await runExperiment('the-one');\n[1].map(runExperiment);",
  'a name that the table lacks': "await runExperiment('the-ten');",
  'a function that is not called': 'console.log(1);',
  'the list of them': "await runExperiment('the-one');\nimport { list } from 'bnlab';\nlist();",
}))
  judge(`all experiments are reached by ${what}`, {
    files: registry,
    cell: runs(call),
    other: { one: changedOne, two: changedTwo },
  });

test('an experiment is named in another cell than the one that imports', () => {
  const cells = ["import { runExperiment } from 'bnlab';", "await runExperiment('the-one');"];
  const before = reach(registry, ...cells).hash;
  assert.equal(reach(changed(registry, changedTwo), ...cells).hash, before);
  assert.notEqual(reach(changed(registry, changedOne), ...cells).hash, before);
  const { pieces } = reach(registry, ...cells);
  assert.deepEqual(
    pieces.map(({ name }) => name),
    ['runExperiment', 'table', 'TABLE'].map((name) => `${name} in lib/src/registry.ts`).concat('one in lib/src/one.ts'),
  );
});
