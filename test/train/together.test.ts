/** Runs side by side give what they give one after the other: on WebGPU at once, elsewhere by the same rules. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { ready } from 'bnlab';
import { onEngine } from '../support/engines';
import { noSoftwareGpu } from '../support/webgpu';
import { timelessComparison } from '../support/timeless';
import { bothWays } from './together';

type Both = Awaited<ReturnType<typeof bothWays>>;

function expectAlike({ together, alone, left, steps }: Both): void {
  assert.deepEqual(timelessComparison(together), timelessComparison(alone));
  const key = ({ side, seedIndex, learningRate }: Both['together']['runs'][number]) =>
    [seedIndex, side, learningRate].join();
  assert.deepEqual(
    together.runs.map(key),
    [0, 1].flatMap((seed) =>
      ['momentum', 'BN, Adam'].flatMap((side) => [0.1, 1e12].map((r) => [seed, side, r].join())),
    ),
  );
  const diverged = together.runs.filter(({ history }) => history.diverged);
  assert.ok(diverged.length > 0 && diverged.every(({ learningRate }) => learningRate > 1), 'the high rate diverges');
  for (const { history, learningRate } of together.runs) {
    if (learningRate < 1) assert.deepEqual([history.stepsDone, history.diverged], [12, null]);
  }
  assert.equal(left, 0, 'tensors are left behind');
  assert.ok(
    steps.every((step, i) => i === 0 || step >= steps[i - 1]),
    `progress goes on: ${steps.join()}`,
  );
}

test('a comparison with its runs side by side, on the engine at hand', async () => {
  await ready();
  expectAlike(await bothWays());
});

const onWebgpu = <T>(what: string) =>
  onEngine<T>(
    'webgpu',
    `require('ts-node/register/transpile-only'); return require('./test/train/together').${what}()`,
  );

test('a comparison with its runs side by side, on WebGPU', { skip: noSoftwareGpu }, async () => {
  expectAlike(await onWebgpu<Both>('bothWays'));
});

test('what is stopped stops side by side, and says where', { skip: noSoftwareGpu }, async () => {
  const { runs, missing } = await onWebgpu<Both['together']>('stopped');
  assert.equal(runs.length, 4);
  const [{ history }] = runs;
  assert.ok(history.stepsDone > 0 && history.stepsDone < 12, `${history.stepsDone} steps`);
  for (const { side, history: one } of runs) {
    assert.equal(side, 'momentum');
    if (!one.diverged) assert.deepEqual([one.stopped, one.stepsDone], ['signal', history.stepsDone]);
    assert.equal(one.evaluations.at(-1)!.step, one.stepsDone);
  }
  assert.deepEqual(
    missing.map(({ side }) => side),
    Array(4).fill('BN, Adam'),
  );
});
