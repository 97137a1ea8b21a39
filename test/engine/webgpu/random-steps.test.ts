/**
 * Random training steps on WebGPU: replayed to the bit what they are eagerly, fused to rounding. More of them:
 * `BNLAB_PROGRAMS=200 npm test -- webgpu/random-steps`, from another seed on with `BNLAB_PROGRAMS_FROM=1000`.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { onEngine } from '../../support/engines';
import { given } from '../../support/home';
import { noSoftwareGpu } from '../../support/webgpu';
import type { Verdict } from './random-steps';

const count = Number(given.BNLAB_PROGRAMS ?? 2);
const from = Number(given.BNLAB_PROGRAMS_FROM ?? 1);

test(
  `${count} random steps from seed ${from} on: replayed bit-equal to eager, fused equal to rounding`,
  { skip: noSoftwareGpu },
  async () => {
    assert.ok(count >= 1, 'BNLAB_PROGRAMS wants a number of programs');
    const verdicts = await onEngine<Verdict[]>(
      'webgpu',
      `require('ts-node/register/transpile-only');
       return require('./test/engine/webgpu/random-steps').triedAll(given.from, given.count)`,
      { from, count },
    );
    assert.equal(verdicts.length, count);
    const faults = verdicts.flatMap(({ seed, text, faults: found }) =>
      found.map((f) => `seed ${seed} (${text}): ${f}`),
    );
    assert.deepEqual(faults, [], `\n${faults.join('\n')}`);
    const sum = (which: 'replay' | 'fused') => verdicts.reduce((all, { dispatches }) => all + dispatches[which], 0);
    assert.ok(sum('fused') < sum('replay') / 1.5, `${sum('fused')} of ${sum('replay')} dispatches`);
  },
);
