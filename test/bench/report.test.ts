/** What the benchmark's page says of bars, of peers that are absent, and of why a bar was missed. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { bestMode, goneOnFrom, makeOf, Report, Samples, markdown } from './report';

const at = (...milliseconds: number[]): Samples => ({ milliseconds });

function page(samples: Record<string, Samples>, absent: Report['absent'] = {}): string {
  return markdown([reportOf(samples, absent)]);
}

function reportOf(
  samples: Record<string, Samples>,
  absent: Report['absent'] = {},
  make: Report['make'] = 'arm',
): Report {
  return {
    date: '2020-01-01',
    make,
    machine: { cpu: 'a processor', cores: 2, memoryGiB: 4 },
    libraries: {
      'TensorFlow.js': {
        tfjs: '4',
        engine: 'native',
        tensorflow: '2',
        node: '20',
      },
      JAX: { version: '1' },
    },
    absent,
    rounds: 3,
    cases: [{ name: 'wide', title: 'wide dense', productMegaflops: 4059, samples }],
  };
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
  assert.match(text, /\| JAX's best mode \| 1\.05 \| 0\.950 \| not met \|/, 'products alone are no mode of JAX');
  assert.match(text, /\| TensorFlow\.js: compiled \| 10\.0 \| 8\.00 \| 2\.00 \| 80 % \|/);
  assert.match(text, /\| JAX: jit \| 9\.50 \| 7\.00 \| 2\.50 \| 74 % \|/);
  assert.match(text, /JAX: jit took 0\.950 times compiled \(quartiles .*\); 1 of 3 rounds reached 1\.05\./);
});

test('bars that are met need no profile, and what is absent is said to be absent', () => {
  const text = page({ ...ours, 'PyTorch: eager': { milliseconds: [], error: 'no | such' } }, { JAX: 'not asked for' });
  assert.doesNotMatch(text, /Where the time/);
  assert.match(text, /\| stock `tf\.layers` and `fit` \| 1 \| 4\.00 \| met \|/);
  assert.match(text, /JAX is absent: not asked for\./);
  assert.match(text, /\| PyTorch: eager \| absent: no \/ such \|/);
  assert.match(text, /\| JAX's best mode \| 1\.05 \| {2}\| absent \|/);
});

test('makes of processor stand side by side, each with its own bar', () => {
  const peers = { 'PyTorch: eager': at(15, 15, 15), 'PyTorch: torch.compile, max-autotune': at(11, 11, 11) };
  const [amd, intel] = (['amd', 'intel'] as const).map((make) => reportOf({ ...ours, ...peers }, {}, make));
  intel.cases[0].samples['PyTorch: eager'] = at(10.5, 10.5, 10.5);
  const text = markdown([amd, intel]);
  assert.match(text, /\| step \| against \| AMD \| Intel \|/);
  assert.match(text, /\| wide \| PyTorch's best mode \| 1\.10 \(2\) \| 1\.05 \(1\.08\) \|/);
  assert.match(text, /\| PyTorch's best mode \| 2 \| 1\.10 \| not met \|/);
  assert.ok(text.indexOf('# AMD') < text.indexOf('# Intel'));
});

test('a copy shows the noise; threads, two runs side by side and memory are told', () => {
  const report = reportOf({
    ...ours,
    'TensorFlow.js, a copy: compiled': at(10.4, 10.4, 10.4),
    'JAX: jit': { ...at(12, 12, 12), threads: 1 },
  });
  report.side = [{ library: 'JAX', mode: 'jit', two: [3, 4, 5], one: [6, 8, 9] }];
  report.memory = [{ library: 'JAX', mode: 'jit', peakMiB: 512.4 }];
  report.load = 7;
  const text = markdown([report]);
  assert.match(text, /Noise: a copy of the compiled lane, in a process of its own, took 1\.04 times as long/);
  assert.match(text, /\| JAX: jit \| 12\.0 \| 12\.0 \| 1\.20 \| 1 \|/);
  assert.match(text, /\| JAX: jit \| 4\.00 \| 8\.00 \| 2\.00 \|/);
  assert.match(text, /\| JAX: jit \| 512 \| 1 \|/);
  assert.match(text, /busy when the run began \(load 7\.00 on 2 cores\)/);
});

test('the fastest mode of a library is told from its products and from the copy', () => {
  const report = reportOf(ours);
  report.cases[0] = {
    ...report.cases[0],
    name: 'dense',
    samples: {
      ...ours,
      'TensorFlow.js, a copy: compiled': at(1),
      'JAX: products': at(1),
      'JAX: scan': at(3),
      'JAX: jit': { ...at(2), threads: 1 },
    },
  };
  assert.equal(bestMode(report, 'TensorFlow.js')?.mode, 'compiled');
  assert.deepEqual(bestMode(report, 'JAX'), { mode: 'jit', threads: 1 });
  assert.equal(bestMode(report, 'PyTorch'), undefined);
  assert.deepEqual(
    ['AMD EPYC', 'Intel(R) Xeon(R)', 'Apple M3'].map((cpu) => makeOf(cpu, false)),
    ['amd', 'intel', 'arm'],
  );
});

test('a run goes on from one of the same day, machine, libraries and rounds, and from no other', () => {
  const earlier: Report = { ...reportOf(ours), load: 0.1, memory: [{ library: 'JAX', mode: 'jit', peakMiB: 1 }] };
  const report: Report = { ...reportOf(ours), load: 0.2, cases: [] };
  const { cases, load, memory, side } = goneOnFrom(report, earlier);
  assert.deepEqual([cases, load, memory, side], [earlier.cases, 0.1, earlier.memory, undefined]);
  const others: Partial<Report>[] = [
    ...[{ date: '2020-01-02' }, { rounds: 4 }, { absent: { JAX: 'no' } }],
    ...[{ machine: { ...earlier.machine, cores: 4 } }, { libraries: { JAX: { version: '2' } } }],
  ];
  for (const other of others) assert.deepEqual(goneOnFrom(report, { ...earlier, ...other }), {});
  assert.deepEqual(goneOnFrom(report, undefined), {});
});
