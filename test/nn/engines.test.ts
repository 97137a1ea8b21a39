/** Every network trains on every engine, eagerly and compiled, to the same weights. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import * as path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { BUILDERS, Result, STEPS } from './everything';

interface Printed {
  engine: string;
  left: number;
  results: { auto: Result; eager: Result };
}

const run = async (engine: string): Promise<Printed> => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['-r', 'ts-node/register/transpile-only', path.join(__dirname, 'everything.ts')],
    { env: { ...process.env, BNLAB_ENGINE: engine }, maxBuffer: 2 ** 26 },
  );
  return JSON.parse(stdout.slice(stdout.indexOf('{'))) as Printed;
};

/** The pitfall that cancels, and those whose rounding is a bias that nothing holds, are looser by what they get wrong. */
const tolerance = (name: string) => (name.includes('cancellation') ? 1e-3 : 2e-4);

function compare(one: Result, other: Result, what: string): void {
  for (const name of Object.keys(BUILDERS)) {
    const [a, b] = [one[name], other[name]];
    const near = (got: number[], wanted: number[], part: string) => {
      assert.equal(got.length, wanted.length);
      const scale = Math.max(1, ...wanted.map(Math.abs));
      got.forEach((v, i) => {
        assert.ok(
          Math.abs(v - wanted[i]) <= tolerance(name) * scale,
          `${what}, ${name}, ${part}[${i}]: ${v} against ${wanted[i]}`,
        );
      });
    };
    assert.equal(a.losses.length, STEPS);
    near(a.losses, b.losses, 'losses');
    for (const [label, weights] of Object.entries(b.weights)) near(a.weights[label], weights, label);
    near(a.inference, b.inference, 'inference');
  }
}

test('every network on native (compiled and eager), wasm and js: the same losses, weights and outputs', async () => {
  const js = await run('js');
  assert.equal(js.engine, 'js');
  const wasm = await run('wasm');
  assert.equal(wasm.engine, 'wasm');
  for (const printed of [js, wasm]) assert.equal(printed.left, 0, `${printed.engine} leaves tensors behind`);
  compare(wasm.results.auto, js.results.auto, 'wasm against js');

  const native = await run('native');
  assert.equal(native.left, 0, 'native leaves tensors behind');
  for (const name of Object.keys(BUILDERS)) assert.equal(native.results.auto[name].mode, 'graph');
  compare(native.results.eager, js.results.auto, 'native against js');
  compare(native.results.auto, native.results.eager, 'compiled against eager');
});
