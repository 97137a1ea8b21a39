/** Several runs side by side on WebGPU: what each gives alone, to the last bit, whatever becomes of the others. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { NotWidened, widened } from 'bnlab/dist/src/engine/engines/webgpu/replay/widen';
import { onEngine } from '../../support/engines';
import { noSoftwareGpu } from '../../support/webgpu';
import { type compared, DIVERGED } from './together';

test('a shader of several runs: each access in its part, held at its end; what is not understood is refused', () => {
  const binding = (i: number, name: string, type: string) =>
    `@group(0) @binding(${i}) var<storage, read_write> ${name} : array<${type}>;`;
  const main = 'fn main(@builtin(global_invocation_id) id : vec3<u32>) {';
  const code = `${binding(0, 'a', 'f32')}\n${binding(1, 'b', 'vec4<f32>')}\n${binding(2, 'c', 'i32')}
${main} a[id.x] = b[c[id.y + 1u]].x; // b[0]
}`;
  const parts = [
    { size: 6, stride: 8 },
    { size: 12, stride: 16 },
    { size: 3, stride: 0 },
  ];
  const text = widened(code, parts, 1);
  assert.match(text, /^var<private> ownRun : u32;/);
  assert.ok(text.includes(`${main}\n  ownRun = id.z;`));
  assert.ok(
    text.includes('a[ownRun * 8u + min(u32(id.x), 5u)] = b[ownRun * 4u + min(u32(c[id.y + 1u]), 2u)].x;'),
    text,
  );
  assert.throws(() => widened(code.replace('{ a', '{ let b = 1u; a'), parts, 1), NotWidened);
  assert.throws(() => widened(code, parts.slice(1), 1), NotWidened);
  assert.throws(() => widened(code, parts, 2), NotWidened);
});

const together = (what: string) =>
  `require('ts-node/register/transpile-only'); return require('./test/engine/webgpu/together').${what}()`;

test(
  'momentum, Adam, batch norm, dropout, convolutions: each run gives what it gives alone, beside one that diverges',
  { skip: noSoftwareGpu },
  async () => {
    const results = await onEngine<Awaited<ReturnType<typeof compared>>>('webgpu', together('compared'));
    assert.equal(Object.keys(results).length, 2);
    for (const [name, { together, alone, left, stays, dispatches }] of Object.entries(results)) {
      assert.deepEqual(together, alone, name);
      assert.equal(new Set(alone.map(({ losses }) => losses.join())).size, alone.length, `${name}: runs are alike`);
      together.forEach(({ losses }, run) => {
        const isFinite = losses.every((loss) => Number.isFinite(Number(loss)));
        assert.equal(isFinite, run !== DIVERGED, `${name}, run ${run}: ${losses.join()}`);
      });
      assert.equal(left, 0, `${name}: tensors are left behind`);
      // beside those of one run, one for each call of each run that had more than one chunk: they are joined
      const more = dispatches[0] - dispatches[1];
      assert.ok(more >= 0 && more <= 2 * alone.length, `${name}: ${more} dispatches more than one run takes`);
      assert.ok(stays, `${name}: the variables themselves have changed`);
    }
  },
);
