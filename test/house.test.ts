/** The house itself: who may import whom, no circles, and nothing but Node's own modules before anything is installed. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import test from 'node:test';
import * as ts from 'typescript';

const library = path.join(__dirname, '..', 'lib');

/** Each room with the rooms that it may import, besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  engine: ['core'],
  statistics: ['core', 'engine'],
  data: ['core', 'engine'],
  nn: ['core', 'engine'],
  probe: ['core', 'engine', 'statistics', 'nn'],
  train: ['core', 'engine', 'statistics', 'data', 'nn', 'probe'],
  experiments: ['core', 'engine', 'statistics', 'data', 'nn', 'probe', 'train'],
  figure: ['core', 'statistics'],
  notebook: ['core', 'engine', 'statistics', 'figure'],
  setup: ['core'],
  tools: ['core', 'engine', 'statistics', 'data', 'notebook', 'setup'],
};

const files = fs
  .readdirSync(library, { recursive: true, encoding: 'utf8' })
  .map((name) => name.split(path.sep).join('/'))
  .filter((name) => /^(?:src|tools|setup)\/.*\.(?:ts|js)$/.test(name) && !name.endsWith('.d.ts'));

/** 'nn' for src/nn/layers.ts, 'tools' for tools/report.ts, '' for src/index.ts. */
function roomOf(file: string): string {
  const [house, room, ...rest] = file.split('/');
  if (house !== 'src') return house;
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

test('a program that is not Node can load the engine room: Node is the engines\' affair, and these are registered at the door', () => {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const target of imports.get(file) ?? []) visit(target);
  };
  for (const file of ['src/engine/index.ts', 'src/engine/engines/js.ts', 'src/engine/engines/wasm/wasm.ts']) visit(file);
  assert.ok(reached.has('src/engine/compile/compile.ts'));
  for (const file of reached) {
    const needsNode = importedBy(file).filter((name) => name.startsWith('node:'));
    assert.deepEqual(needsNode, [], file);
  }
});

test("what sets up uses Node's own modules alone: nothing is installed when it runs", () => {
  for (const file of files.filter((name) => roomOf(name) === 'setup')) {
    const foreign = importedBy(file).filter((name) => !/^(node:|\.)/.test(name));
    assert.deepEqual(foreign, [], file);
  }
});
