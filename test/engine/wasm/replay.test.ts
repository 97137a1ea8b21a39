/** Steps recorded once and played on WebAssembly: bit-equal to the step as it is called, and nothing left behind. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { onEngine } from '../../support/engines';
import { type failed, type grown, MODELS, STEPS, type stepped, type trained } from './replayed';

const replayed = (what: string) =>
  `require('ts-node/register/transpile-only'); return require('./test/engine/wasm/replayed').${what}()`;

test('every optimizer, dropout, convolutions: played bit-equal to eager', async () => {
  const results = await onEngine<Awaited<ReturnType<typeof trained>>>('wasm', replayed('trained'));
  for (const name of Object.keys(MODELS)) {
    const { eager, played } = results[name];
    assert.deepEqual([eager.mode, eager.traces, played.mode, played.traces], ['eager', 0, 'graph', 1]);
    assert.ok(eager.losses.at(-1)! < eager.losses[0], `${name} does not learn`);
    assert.deepEqual(played.losses, eager.losses, name);
    assert.deepEqual(played.weights, eager.weights, name);
    assert.deepEqual(played.left, eager.left, `${name}: what is left behind`);
    if (!/momentum|Nesterov/.test(name)) assert.deepEqual(played.left, [0, 0, 0, 0], name);
  }
});

test('what is not plain about a step: variables exchanged, kernels of JavaScript, types, feeds', async () => {
  const results = await onEngine<Awaited<ReturnType<typeof stepped>>>('wasm', replayed('stepped'));
  for (const name of Object.keys(STEPS)) {
    const { eager, played } = results[name];
    assert.ok(Object.keys(eager).length >= 3, name);
    assert.deepEqual(played, eager, name);
  }
});

test('an error while a step is recorded or played: said, the steps before it count, nothing is left', async () => {
  const { messages, a, done, left } = await onEngine<Awaited<ReturnType<typeof failed>>>('wasm', replayed('failed'));
  assert.match(messages[0], /^CompileError: Unique inside a compiled step: the shape of its result depends on values/);
  assert.match(messages[1], /^CompileError: tensor\.dataSync\(\) inside a compiled step/);
  assert.match(messages[2], /the index value 7 is not in \[0, 2\]/);
  assert.equal(messages.length, 3);
  assert.deepEqual([a, done], [[3], 3]);
  assert.deepEqual(left, [0, 0, 0, 0]);
});

test('a tensor from outside that was disposed since: the step is recorded again', async () => {
  assert.deepEqual(await onEngine<number[]>('wasm', replayed('renewed')), [-3, -33, 2]);
});

test("the module's memory does not grow with the steps that were compiled and disposed", async () => {
  const [few, many] = await onEngine<Awaited<ReturnType<typeof grown>>>('wasm', replayed('grown'));
  assert.equal(many, few);
});
