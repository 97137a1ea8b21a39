/** What the benchmark's page says of bars, of peers that are absent, and of why a bar was missed. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { Report, Samples, markdown } from './report';

const at = (...milliseconds: number[]): Samples => ({ milliseconds });

function page(samples: Record<string, Samples>, absent: Report['absent'] = {}): string {
  return markdown({
    date: '2020-01-01',
    machine: { cpu: 'a processor', cores: 2, memoryGiB: 4 },
    libraries: {
      'TensorFlow.js': {
        tfjs: '4',
        engine: 'native',
        tensorflow: '2',
        node: '20',
        threads: { intraOp: 2, interOp: 2 },
      },
      JAX: { version: '1' },
    },
    absent,
    rounds: 3,
    cases: [{ name: 'wide', title: 'wide dense', productMegaflops: 4059, samples }],
  });
}

const ours = {
  'TensorFlow.js: stock': at(40, 40, 40),
  'TensorFlow.js: compiled': at(10, 10, 20),
  'TensorFlow.js: products': at(8, 8, 9),
};

test('a bar that is missed is followed by where the time goes, in both libraries and in the same rounds', () => {
  const text = page({
    ...ours,
    'JAX: jit': at(9, 9.5, 22),
    'JAX: scan': at(12, 12, 12),
    'JAX: products': at(7, 9, 7),
  });
  assert.match(text, /\| JAX's best mode \| 1 \| 0\.950 \| not met \|/, 'products alone are no mode of JAX');
  assert.match(text, /\| TensorFlow\.js: compiled \| 10\.0 \| 8\.00 \| 2\.00 \| 80 % \|/);
  assert.match(text, /\| JAX: jit \| 9\.50 \| 7\.00 \| 2\.50 \| 74 % \|/);
  assert.match(text, /JAX: jit took 0\.950 times compiled \(quartiles .*\); 1 of 3 rounds reached 1\./);
  assert.match(text, /Threads: TensorFlow\.js 2; a library left out/);
});

test('bars that are met need no profile, and what is absent is said to be absent', () => {
  const text = page({ ...ours, 'PyTorch: eager': { milliseconds: [], error: 'no | such' } }, { JAX: 'not asked for' });
  assert.doesNotMatch(text, /Where the time/);
  assert.match(text, /\| stock `tf\.layers` and `fit` \| 1 \| 4\.00 \| met \|/);
  assert.match(text, /JAX is absent: not asked for\./);
  assert.match(text, /\| PyTorch: eager \| absent: no \/ such \|/);
  assert.match(text, /\| JAX's best mode \| 1 \| {2}\| absent \|/);
});
