/** The library's own tests, in a browser on WebAssembly: what they say of formulas, layers, probes and training holds there too. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { callInPage, runInPage } from '../support/in-page';
import { type Compiled, compiled } from './compiled';

process.env.BNLAB_ENGINE = 'wasm'; // the engine of the page

/** By room; without what takes long, asks for the native engine, or reads files. */
const ROOMS: Record<string, readonly string[]> = {
  statistics: ['statistics'],
  nn: ['batch-norm', 'layers', 'loss', 'network-spec', 'partial-batch-norm', 'pitfalls', 'placements', 'shared-layer', 'whitening'], // prettier-ignore
  probe: ['gaussianity', 'gradient-projection', 'gradients', 'input-drift', 'layer-jacobian', 'linear-regime', 'looking', 'percentile-drift', 'reduction-ratio', 'saturating', 'whitening'], // prettier-ignore
  train: ['parts', 'curves', 'sides', 'gap', 'speedup'],
};

test('the tests of the library pass in a browser, on WebAssembly', async () => {
  const files = Object.entries(ROOMS).flatMap(([room, names]) => names.map((name) => `${room}/${name}.test.ts`));
  const ended = await runInPage(files);
  assert.ok(ended.length > 5 * files.length, `${ended.length} tests of ${files.length} files`);
  const failed = ended.filter(({ failure }) => failure !== undefined);
  assert.deepEqual(failed, []);
});

test('compiled steps train in the browser as on WebAssembly in Node: dense with BN and dropout, and convolutions', async () => {
  const here = await compiled();
  const there = await callInPage<Compiled[]>({ module: 'page/compiled', call: 'compiled', engine: 'wasm' });
  for (const [i, { losses, ...rest }] of there.entries()) {
    // tf.train.momentum keeps the scalar of its rate when it is disposed.
    assert.deepEqual(rest, { engine: 'wasm', mode: 'graph', left: i === 0 ? 1 : 0 });
    assert.equal(losses.length, 40);
    assert.ok(losses.at(-1)! < losses[0], `${losses[0]}, ${losses.at(-1)}`);
    losses.forEach((loss, step) => {
      assert.ok(
        Math.abs(loss - here[i].losses[step]) < 1e-4 * (1 + loss),
        `step ${step}: ${loss}, ${here[i].losses[step]}`,
      );
    });
  }
});

test('a test that fails in the browser is named, with what it said', async () => {
  const ended = await runInPage(['support/failing.ts']);
  assert.deepEqual(ended.map(({ name }) => name), ['passes', 'fails', 'throws', 'asks Node']); // prettier-ignore
  const [passes, fails, throws, asks] = ended.map(({ failure }) => failure);
  assert.equal(passes, undefined);
  assert.match(fails!, /^AssertionError/);
  assert.match(throws!, /in the body/);
  assert.match(asks!, /readFileSync is not a function/);
});
