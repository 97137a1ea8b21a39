/** Every network trains on every engine, eagerly and compiled, to the same weights. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { onEngine } from '../support/engines';
import { noSoftwareGpu } from '../support/webgpu';
import { BUILDERS, everything, Result, STEPS } from './everything';

type Printed = Awaited<ReturnType<typeof everything>>;

const run = (engine: string) =>
  onEngine<Printed>(
    engine,
    "require('ts-node/register/transpile-only'); return require('./test/nn/everything').everything()",
  );

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
  const wasm = await run('wasm');
  for (const [engine, { left }] of Object.entries({ js, wasm }))
    assert.equal(left, 0, `${engine} leaves tensors behind`);
  compare(wasm.results.auto, js.results.auto, 'wasm against js');
  for (const name of Object.keys(BUILDERS)) {
    assert.equal(wasm.results.auto[name].mode, 'graph');
    const { mode: _, ...eager } = wasm.results.eager[name];
    assert.deepEqual({ ...eager, mode: 'graph' }, wasm.results.auto[name], `${name}: replayed, bit for bit`);
  }

  const native = await run('native');
  assert.equal(native.left, 0, 'native leaves tensors behind');
  for (const name of Object.keys(BUILDERS)) assert.equal(native.results.auto[name].mode, 'graph');
  compare(native.results.eager, js.results.auto, 'native against js');
  compare(native.results.auto, native.results.eager, 'compiled against eager');
});

test('every network on webgpu, in software: the same as in plain JavaScript', { skip: noSoftwareGpu }, async () => {
  const [webgpu, js] = [await run('webgpu'), await run('js')];
  assert.equal(webgpu.left, 0, 'webgpu leaves tensors behind');
  compare(webgpu.results.auto, js.results.auto, 'webgpu against js');
});
