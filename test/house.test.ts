/** The house itself: who may import whom, no circles, and nothing but Node's own modules before anything is installed. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { builtinModules } from 'node:module';
import * as path from 'node:path';
import test from 'node:test';
import * as ts from 'typescript';
import { isPropertyName } from 'bnlab/dist/tools/reach/module';

const library = path.join(__dirname, '..', 'lib');

/** Each room with the rooms that it may import, besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  platform: ['core'],
  'platform/node': ['core', 'platform'],
  lanes: ['core', 'platform'],
  engine: ['core', 'platform', 'platform/node'],
  statistics: ['core'],
  data: ['core', 'platform', 'engine'],
  'data/sources': ['core', 'platform', 'platform/node', 'data'],
  nn: ['core', 'engine'],
  probe: ['core', 'engine', 'statistics', 'nn'],
  train: ['core', 'platform', 'lanes', 'engine', 'statistics', 'data', 'nn', 'probe'],
  experiments: ['core', 'platform', 'engine', 'statistics', 'data', 'nn', 'probe', 'train'],
  figure: ['core', 'platform', 'statistics'],
  notebook: ['core', 'platform', 'engine', 'statistics', 'data', 'experiments', 'figure'],
  page: ['platform', 'engine', 'data', 'experiments', 'notebook'],
  setup: ['platform/node'],
  tools: [
    ...['core', 'platform', 'platform/node', 'lanes', 'engine', 'statistics', 'data', 'data/sources', 'train'],
    ...['experiments', 'figure', 'notebook', 'setup'],
  ],
};

const files = fs
  .readdirSync(library, { recursive: true, encoding: 'utf8' })
  .map((name) => name.split(path.sep).join('/'))
  .filter((name) => /^(?:src|tools|setup|page)\/.*\.(?:ts|js)$/.test(name) && !name.endsWith('.d.ts'));

/** 'nn' for src/nn/layers.ts, 'tools' for tools/report.ts, '' for the entries: src/index.ts. */
function roomOf(file: string): string {
  const [house, room, ...rest] = file.split('/');
  if (house !== 'src') return house;
  if (`${room}/${rest[0]}` in MAY_IMPORT) return `${room}/${rest[0]}`;
  return rest.length > 0 ? room : '';
}

const importedBy = (file: string): string[] =>
  ts
    .preProcessFile(fs.readFileSync(path.join(library, file), 'utf8'), true, true)
    .importedFiles.map(({ fileName }) => fileName);

/** The library's files that a file imports, also for types alone. */
function targetsOf(file: string): string[] {
  return importedBy(file)
    .filter((name) => name.startsWith('.') && !name.endsWith('.json'))
    .map((name) => {
      const base = path.posix.join(path.posix.dirname(file), name);
      const found = [base, `${base}.ts`, `${base}.js`, `${base}/index.ts`].find((one) => files.includes(one));
      return found ?? assert.fail(`${file} imports ${name}, which is not there`);
    });
}

const imports = new Map(files.map((file) => [file, targetsOf(file)]));

test('every room is on the list, and every room of the list is there', () => {
  assert.deepEqual([...new Set(files.map(roomOf))].sort(), ['', ...Object.keys(MAY_IMPORT)].sort());
});

test('the README of a room says what the room may import, and is read in a minute', () => {
  for (const [room, others] of Object.entries(MAY_IMPORT)) {
    const file = path.join(
      library,
      ...(['setup', 'tools', 'page'].includes(room) ? [room] : ['src', room]),
      'README.md',
    );
    assert.ok(
      fs.existsSync(file),
      `${room} has no README.md: what it is, where to start reading, and what it may import`,
    );
    const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
    assert.equal(lines[0], `# ${room}`);
    const names = others.map((name) => `\`${name}\``).join(', ');
    assert.equal(lines.at(-1), `May import: ${names || 'nothing'}.`, file);
    assert.ok(lines.length <= 16, `${file} has ${lines.length} lines`);
  }
});

test('imports go one way', () => {
  const wrong: string[] = [];
  for (const [file, targets] of imports) {
    const room = roomOf(file);
    for (const target of targets) {
      const other = roomOf(target);
      if (room !== '' && room !== other && !MAY_IMPORT[room].includes(other)) wrong.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

/** Where Node's modules and globals may be used in the library: what runs in no browser. */
const NODE_ONLY = [
  'src/platform/node/',
  'src/data/sources/',
  'src/engine/engines/node.ts',
  'src/engine/engines/native/',
  'src/engine/engines/wasm/',
  'src/engine/engines/webgpu/node/',
  'src/engine/compile/graph/',
];
const NODE_MODULES = new Set([...builtinModules, 'undici']);
const NODE_GLOBALS = new Set([
  'process',
  'Buffer',
  'require',
  'module',
  '__dirname',
  '__filename',
  'global',
  'setImmediate',
]);

/** Node's modules and globals that a file uses. */
function usesOfNode(file: string): string[] {
  const text = fs.readFileSync(path.join(library, file), 'utf8');
  const modules = importedBy(file).filter((name) => NODE_MODULES.has(name.replace(/^node:/, '')));
  const globals = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && NODE_GLOBALS.has(node.text) && !isPropertyName(node)) globals.add(node.text);
    if (ts.isQualifiedName(node) && node.getText().startsWith('NodeJS.')) globals.add(node.getText());
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
  return [...modules, ...globals];
}

test('what is of Node stands where no browser comes: rooms ask the platform', () => {
  const found = files
    .filter((file) => file.startsWith('src/') && !NODE_ONLY.some((place) => file.startsWith(place)))
    .flatMap((file) => usesOfNode(file).map((use) => `${file}: ${use}`));
  assert.deepEqual(found, []);
  assert.deepEqual(usesOfNode('src/platform/node/display.ts'), ['require', 'process']);
});

test('no circle of imports', () => {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    const seen = way.indexOf(file);
    if (seen >= 0) assert.fail(`a circle: ${[...way.slice(seen), file].join(' -> ')}`);
    if (done.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test("a program that is not Node can load the engine room: Node is the engines' affair, and these are registered at the door", () => {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const target of imports.get(file) ?? []) visit(target);
  };
  for (const file of ['src/engine/index.ts', 'src/engine/engines/js.ts', 'src/engine/engines/wasm/wasm.ts'])
    visit(file);
  assert.ok(reached.has('src/engine/compile/compile.ts'));
  for (const file of reached) {
    const needsNode = importedBy(file).filter((name) => name.startsWith('node:'));
    assert.deepEqual(needsNode, [], file);
  }
});

test("what sets up uses Node's own modules alone: nothing is installed when it runs", () => {
  const needed = new Set(files.filter((name) => roomOf(name) === 'setup'));
  for (const file of needed) for (const target of imports.get(file) ?? []) needed.add(target);
  for (const file of needed) {
    assert.ok(file.endsWith('.js'), `${file} is not there before it is compiled`);
    const foreign = importedBy(file).filter((name) => !/^(node:|\.)/.test(name));
    assert.deepEqual(foreign, [], file);
  }
});
