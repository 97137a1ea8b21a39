/** What every command says to words that it does not know, and to a call for help. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { home } from 'bnlab/dist/tools/places';

function call(...words: string[]): { code: number | null; out: string; err: string } {
  const main = path.join(home, 'lib', 'dist', 'tools', 'main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], { cwd: home, encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

for (const name of ['data', 'notebooks', 'report', 'check', 'claims', 'replicate', 'docs', 'conformance', 'bench']) {
  test(`${name}: help is printed and is no failure, an unknown option is named`, () => {
    const help = call(name, '--help');
    assert.equal(help.code, 0);
    assert.equal(help.err, '');
    assert.ok(help.out.startsWith(`Usage: npm run ${name} -- [`), help.out);
    const wrong = call(name, '--cuont');
    assert.equal(wrong.code, 2);
    assert.equal(wrong.out, '');
    assert.match(wrong.err, /unknown option '--cuont'/);
  });
}

test('a word too many, a wrong value and a notebook that is not there are named, each in one line', () => {
  for (const [words, pattern] of [
    [['claims', 'all'], /too many arguments/],
    [['docs', 'engine'], /too many arguments/],
    [['conformance', '--engine', 'x'], /'x' is invalid\. Allowed choices are native, webgpu, wasm, js/],
    [['data', 'cifar'], /'cifar' is invalid.*mnist, fashion, digits, auto/],
    [['notebooks', '--jobs', 'x'], /Wanted a number above zero/],
    [['check', 'nope'], /no notebook 'nope'.*01-saturation/],
    [['report', 'nope'], /no notebook 'nope'.*01-saturation/],
  ] as const) {
    const { code, out, err } = call(...words);
    assert.equal(code, 2, words.join(' '));
    assert.equal(out, '');
    assert.match(err, pattern);
    assert.equal(err.trim().split('\n').length, 1, err);
  }
});
