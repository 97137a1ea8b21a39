/** The reference: made, complete, readable without a network. */
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { writeReference } from 'bnlab/dist/tools/docs';
import { home, start } from '../support/sample';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-docs-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const pagesBelow = (root: string) =>
  fs
    .readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.html'))
    .map((name) => path.join(root, name));

test('every page is made, nothing public lacks its TSDoc, and nothing is fetched', async () => {
  const out = path.join(folder, 'api');
  const made = await start('docs.js', 'docs', ['--out', out]).ended;
  assert.equal(made.code, 0, made.said);
  assert.match(made.said, /The reference: .*index\.html/);
  const batchNorm = fs.readFileSync(path.join(out, 'functions', 'batchNorm.html'), 'utf8');
  const text = batchNorm.replace(/<[^>]*>/g, '').replace(/&nbsp;|\s+/g, ' ');
  assert.match(text, /Algorithm 1/);
  assert.ok(text.includes('xHat_i = (x_i - mu) / sqrt(sigma2 + epsilon)'), text.slice(0, 3000));
  assert.match(text, /batch of one|m = 1/, 'what it throws');
  for (const name of [
    'functions/mlp',
    'functions/trainNetwork',
    'functions/curvature',
    'interfaces/History',
    'documents/Gradients',
  ]) {
    assert.ok(fs.existsSync(path.join(out, `${name}.html`)), name);
  }
  for (const page of pagesBelow(out)) {
    const fetched = fs
      .readFileSync(page, 'utf8')
      .match(/<(?:script|img|link|iframe)[^>]*(?:src|href)="(?:https?:)?\/\/[^>]*>/g);
    assert.equal(fetched, null, `${page} fetches ${fetched?.join(' ')}`);
  }
});

test('what has no TSDoc is named', async () => {
  const source = path.join(folder, 'undocumented.ts');
  fs.writeFileSync(source, '/** Said. */\nexport const said = 1;\nexport const unsaid = 2;\n');
  fs.writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { types: [] }, files: [source] }),
  );
  const settings = path.join(folder, 'typedoc.json');
  const ours = JSON.parse(fs.readFileSync(path.join(home, '.config', 'typedoc.json'), 'utf8'));
  const theirs = { ...ours, entryPoints: [source], tsconfig: path.join(folder, 'tsconfig.json') };
  fs.writeFileSync(settings, JSON.stringify(theirs));
  const { problems } = await writeReference(path.join(folder, 'other'), settings);
  assert.equal(
    problems.filter((line) => /unsaid .*does not have any documentation/.test(line)).length,
    1,
    problems.join('\n'),
  );
  assert.equal(problems.filter((line) => /\bsaid /.test(line)).length, 0, problems.join('\n'));
});

test("README's script runs as it says", () => {
  const readme = fs.readFileSync(path.join(home, 'README.md'), 'utf8');
  const script = readme.match(/```ts\n([\s\S]*?)```/)![1];
  const short = script.replace('steps: 500', 'steps: 2').replace('seeds: [1, 2, 3]', 'seeds: [1]');
  assert.notEqual(short, script);
  const file = path.join(home, '.bnlab', `readme-${process.pid}.ts`);
  fs.writeFileSync(file, short);
  try {
    const said = execFileSync(process.execPath, [path.join(home, 'node_modules', 'ts-node', 'dist', 'bin.js'), file], {
      cwd: home,
      env: { ...process.env, BNLAB_DATASET: 'digits' },
      encoding: 'utf8',
    });
    assert.match(said, /'no BN': [\d.]+, BN: [\d.]+/);
  } finally {
    fs.rmSync(file);
  }
});

test('a script with a misspelt option does not run: its types are checked', () => {
  const file = path.join(home, '.bnlab', `misspelt-${process.pid}.ts`);
  fs.writeFileSync(file, "import { mlp } from 'bnlab';\nconsole.log(mlp({ sizes: [2, 2], nrom: 'batch' }).name);\n");
  try {
    const bin = path.join(home, 'node_modules', 'ts-node', 'dist', 'bin.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, file], { cwd: home, encoding: 'utf8' });
    assert.notEqual(status, 0);
    assert.equal(stdout, '');
    assert.match(stderr, /'nrom' does not exist in type 'MlpOptions'/);
  } finally {
    fs.rmSync(file);
  }
});
