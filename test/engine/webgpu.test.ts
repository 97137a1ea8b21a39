/**
 * The WebGPU engine, on a driver in software where there is one: right numbers where the shading language loses them, errors where the
 * device is silent, and that nobody gets a GPU in software who did not ask.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { EngineCard } from 'bnlab';
import { onEngine, runScript } from '../support/engines';
import { noDawn, noSoftwareGpu } from '../support/webgpu';

const values = { skip: noSoftwareGpu };

const NUMBERS = [
  ...[NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -0.5, 2, 3.7, -3.7, 20, -20, 50, -50, 88.5, -88.5, 100, -100],
  ...[1e-3, -1e-3, 1e-6, -1e-6, 0.29, -0.31, 1e5, -1e5, 1e30, -1e30, 3e38, 1e-30, 17, -17, 33000.3],
].map(Math.fround);
const texts = (numbers: readonly number[]) => numbers.map((x) => (Object.is(x, -0) ? '-0' : String(x)));

/** In float64, from the definitions. */
const UNARY: Record<string, (x: number) => number> = {
  ...Object.fromEntries(
    (['abs', 'acosh', 'asinh', 'atanh', 'ceil', 'cos', 'cosh', 'exp', 'expm1', 'floor', 'log', 'log1p'] as const)
      .concat(['sin', 'sinh', 'sqrt', 'tan', 'tanh', 'atan', 'asin', 'acos'] as never[])
      .map((name) => [name, Math[name]]),
  ),
  elu: (x) => (x >= 0 ? x : Math.expm1(x)),
  isNaN: (x) => Number(Number.isNaN(x)),
  isFinite: (x) => Number(Number.isFinite(x)),
  leakyRelu: (x) => (x < 0 ? 0.2 * x : x),
  logSigmoid: (x) => (x < -30 ? x : -Math.log1p(Math.exp(-x))),
  neg: (x) => -x,
  reciprocal: (x) => 1 / x,
  relu: (x) => (x < 0 ? 0 : x),
  relu6: (x) => (x < 0 ? 0 : x > 6 ? 6 : x),
  rsqrt: (x) => 1 / Math.sqrt(x),
  selu: (x) => (x >= 0 ? 1.0507009873554805 * x : 1.7580993408473766 * Math.expm1(x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  sign: Math.sign,
  softplus: (x) => (x > 30 ? x : Math.log1p(Math.exp(x))),
  square: (x) => x * x,
};

/** What float32 makes of a number; what is subnormal there counts as 0 on a GPU. */
function single(x: number): number {
  const rounded = Math.fround(x);
  return Math.abs(rounded) < 2 ** -126 ? 0 : rounded;
}

function near(got: unknown, wanted: number, tolerance: number, what: string): void {
  const value = Number(got);
  const [a, b] = [single(value), single(wanted)];
  const close = Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * Math.abs(b) + 1e-37;
  assert.ok(close, `${what}: ${String(got)}, not ${wanted}`);
}

test('functions of one number are right, and NaN stays NaN', values, async () => {
  const got = await onEngine<Record<string, string[]>>(
    'webgpu',
    `const x = tf.tensor1d(given.numbers.map(Number));
     return Object.fromEntries(given.names.map((name) => [name, Array.from(tf[name](x).dataSync(), String)]));`,
    { numbers: texts(NUMBERS), names: Object.keys(UNARY) },
  );
  for (const [name, f] of Object.entries(UNARY)) {
    NUMBERS.forEach((x, i) => near(got[name][i], f(x), 4e-6, `${name}(${x})`));
  }
});

const BINARY: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  atan2: Math.atan2,
  div: (a, b) => a / b,
  equal: (a, b) => Number(a === b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  maximum: Math.max,
  minimum: Math.min,
  mul: (a, b) => a * b,
  notEqual: (a, b) => Number(a !== b),
  pow: Math.pow,
  prelu: (a, b) => (a < 0 ? b * a : a),
};

test('functions of two numbers are right, and NaN stays NaN, in fours and one by one', values, async () => {
  const numbers = NUMBERS.filter(
    (x) => !(Math.abs(x) > 1e29 && Number.isFinite(x)) && Math.abs(x) !== Math.fround(1e-30),
  );
  const pairs = numbers.flatMap((a) => numbers.map((b) => [a, b]));
  for (const length of [pairs.length - (pairs.length % 4), pairs.length - (pairs.length % 4) - 1]) {
    const taken = pairs.slice(0, length);
    const got = await onEngine<Record<string, string[]>>(
      'webgpu',
      `const [a, b] = [0, 1].map((i) => tf.tensor1d(given.pairs.map((pair) => Number(pair[i]))));
       return Object.fromEntries(given.names.map((name) => [name, Array.from(tf[name](a, b).dataSync(), String)]));`,
      { pairs: taken.map(texts), names: Object.keys(BINARY) },
    );
    for (const [name, f] of Object.entries(BINARY)) {
      taken.forEach(([a, b], i) => near(got[name][i], f(a, b), 2e-5, `${name}(${a}, ${b})`));
    }
  }
});

test('whole numbers are whole: beyond 2^24 none is rounded', values, async () => {
  const big = 2 ** 24 + 1;
  const got = await onEngine<Record<string, number[]>>(
    'webgpu',
    `const { big } = given;
     const [a, b] = [[big, -big, 7, -7], [3, big, -2, 2]].map((list) => tf.tensor1d(list, 'int32'));
     const m = tf.tensor2d([big, 1, -big, 2, 3, 4], [2, 3], 'int32');
     const all = { add: tf.add(a, b), sub: tf.sub(a, b), mul: tf.mul(b, tf.scalar(5, 'int32')), maximum: tf.maximum(a, b), floorDiv: tf.floorDiv(a, b),
       mod: tf.mod(a, b), abs: tf.abs(a), equal: tf.equal(a, tf.scalar(big - 1, 'int32')), sum: tf.sum(m, 1), max: tf.max(m), prod: tf.prod(a.slice(0, 2)),
       cumsum: tf.cumsum(b), transpose: tf.transpose(m), concat: tf.concat([a, b]), gather: tf.gather(a, tf.tensor1d([1, 0], 'int32')),
       tile: tf.tile(a, [2]), reverse: tf.reverse(a), pad: tf.pad(a, [[1, 0]], big), oneHot: tf.oneHot(tf.tensor1d([1], 'int32'), 2, big, -big),
       where: tf.where(tf.tensor1d([1, 0, 1, 0], 'bool'), a, b), matMul: tf.matMul(m, tf.ones([3, 1], 'int32')), argMax: tf.argMax(tf.tensor1d([big - 1, big], 'int32')),
       segments: tf.unsortedSegmentSum(a, tf.tensor1d([1, 1, 0, 9], 'int32'), 2) };
     return Object.fromEntries(Object.entries(all).map(([name, y]) => [name, Array.from(y.dataSync())]));`,
    { big },
  );
  assert.deepEqual(got, {
    add: [big + 3, 0, 5, -5],
    sub: [big - 3, -2 * big, 9, -9],
    mul: [15, 5 * big, -10, 10],
    maximum: [big, big, 7, 2],
    floorDiv: [Math.floor(big / 3), -1, -4, -4],
    mod: [big % 3, 0, -1, 1],
    abs: [big, big, 7, 7],
    equal: [0, 0, 0, 0],
    sum: [1, 9],
    max: [big],
    prod: [Math.imul(big, -big)],
    cumsum: [3, 3 + big, 1 + big, 3 + big],
    transpose: [big, 2, 1, 3, -big, 4],
    concat: [big, -big, 7, -7, 3, big, -2, 2],
    gather: [-big, big],
    tile: [big, -big, 7, -7, big, -big, 7, -7],
    reverse: [-7, 7, -big, big],
    pad: [big, big, -big, 7, -7],
    oneHot: [-big, big],
    where: [big, big, 7, 2],
    matMul: [1, 9],
    argMax: [1],
    segments: [7, 0],
  });
});

test(
  'reductions and activations keep NaN and infinities; of a window it is left out, as by every engine',
  values,
  async () => {
    const got = await onEngine<Record<string, string[]>>(
      'webgpu',
      `const rows = tf.tensor2d(given.map(Number), [3, 4]);
     const image = (list) => tf.tensor4d(list, [1, 2, 2, 1]);
     const x = tf.tensor2d([1, 1], [2, 1]), w = tf.tensor2d([[NaN, -Infinity, -2, 8]]);
     const fused = (activation) => tf.fused.matMul({ a: x, b: w, activation, leakyreluAlpha: 0.5 });
     const all = { softmax: tf.softmax(rows), sum: tf.sum(rows, 1), max: tf.max(rows, 1), min: tf.min(rows, 1), mean: tf.mean(rows, 1),
       prod: tf.prod(rows, 1, true), largest: tf.maxPool(tf.tensor4d([NaN, 1, 2, 3, 4, 5, 6, 7], [1, 2, 4, 1]), 2, 2, 'valid'),
       towards: tf.grad((y) => tf.sum(tf.maxPool(y, 2, 2, 'valid')))(image([NaN, 1, 3, 3])),
       lowest: tf.maxPool(image([-Infinity, -Infinity, -Infinity, -Infinity]), 2, 2, 'valid'),
       ties: tf.grad((y) => tf.sum(tf.maxPool(y, 2, 2, 'valid')))(image([0, 0, 0, 0])),
       elu: fused('elu').slice([0, 0], [1, 4]), relu6: fused('relu6').slice([0, 0], [1, 4]), leakyrelu: fused('leakyrelu').slice([0, 0], [1, 4]) };
     return Object.fromEntries(Object.entries(all).map(([name, y]) => [name, Array.from(y.dataSync(), (v) => String(+v.toPrecision(5)))]));`,
      ['NaN', 1, 2, 3, 'Infinity', 0, 1, 2, 0, 0, 0, 0],
    );
    const nan = 'NaN';
    assert.deepEqual(got, {
      softmax: [nan, nan, nan, nan, nan, nan, nan, nan, '0.25', '0.25', '0.25', '0.25'],
      sum: [nan, 'Infinity', '0'],
      max: [nan, 'Infinity', '0'],
      min: [nan, '0', '0'],
      mean: [nan, 'Infinity', '0'],
      prod: [nan, nan, '0'],
      largest: ['5', '7'],
      towards: ['0', '0', '1', '0'],
      lowest: ['-Infinity'],
      ties: ['1', '0', '0', '0'],
      elu: [nan, '-1', String(+Math.expm1(-2).toPrecision(5)), '8'],
      relu6: [nan, '0', '0', '6'],
      leakyrelu: [nan, '-Infinity', '-1', '8'],
    });
  },
);

test('a cumulative sum knows its length, also after one of another length', values, async () => {
  const got = await onEngine<number[][]>(
    'webgpu',
    `return [2, 3, 5, 4].flatMap((n) => [[true, true], [false, true], [true, false]].map(([exclusive, reverse]) =>
       Array.from(tf.cumsum(tf.range(1, n + 1), 0, exclusive, reverse).dataSync())));`,
  );
  const wanted = [2, 3, 5, 4].flatMap((n) => {
    const list = Array.from({ length: n }, (_, i) => i + 1);
    const total = (from: number, to: number) => list.slice(from, to).reduce((a, b) => a + b, 0);
    return [list.map((_, i) => total(i + 1, n)), list.map((_, i) => total(i, n)), list.map((_, i) => total(0, i))];
  });
  assert.deepEqual(got, wanted);
});

/** Runs statements that print, with `attempt(f)`, which prints an error's name and message, or what `f` gives. */
async function printed(body: string, environment: Record<string, string> = {}): Promise<string[]> {
  const code = `const { ready, tf } = require('bnlab'); (async () => { const card = await ready();
    const attempt = async (f) => { try { console.log(JSON.stringify(await f())); } catch (e) { console.log(e.name + ': ' + e.message); } };
    ${body} })()`;
  const { stdout, stderr } = await runScript(code, { BNLAB_ENGINE: 'webgpu', ...environment });
  assert.equal(stderr, '');
  return stdout.trimEnd().split('\n');
}

test(
  'an index that points nowhere is an error: at once where it is at hand, else at the next read',
  values,
  async () => {
    const said = await printed(`
    const x = tf.tensor1d([1, 2, 3]);
    const list = (y) => Array.from(y.dataSync());
    const onDevice = (...values) => tf.add(tf.tensor1d(values, 'int32'), tf.scalar(0, 'int32'));
    await attempt(() => list(tf.gather(x, tf.tensor1d([0, 3], 'int32'))));
    await attempt(() => list(tf.gather(x, onDevice(0, 3))));
    await attempt(() => list(x));
    await attempt(async () => Array.from(await tf.gather(x, onDevice(-1)).data()));
    await attempt(async () => { const y = tf.add(x, 1), values = y.data(); y.dispose(); return Array.from(await values); });
    await attempt(() => list(tf.gather(x, onDevice(2, 0))));
    await attempt(() => list(tf.scatterND(onDevice(4).reshape([1, 1]), tf.tensor1d([1]), [4])));
    await attempt(() => list(tf.gatherND(tf.ones([2, 5]), onDevice(1, 5).reshape([1, 2]))));`);
    assert.deepEqual(said, [
      'RangeError: GatherV2: the index value 3 is not in [0, 2].',
      'EngineError: GatherV2: an index is not in [0, 2].',
      '[1,2,3]',
      'EngineError: GatherV2: an index is not in [0, 2].',
      '[2,3,4]',
      '[3,1]',
      'EngineError: scatterND: an index is not in [0, 3].',
      'EngineError: gatherND: an index is not in [0, 1] x [0, 4].',
    ]);
  },
);

test('what is too large is refused before it is asked for, and costs nothing else', values, async () => {
  const said = await printed(`
    const { device } = tf.backend();
    const { maxStorageBufferBindingSize: most } = device.limits;
    const kept = tf.add(tf.tensor1d([1, 2]), 1);
    await attempt(() => tf.fill([most / 4 + 1], 1).dataSync().length);
    await attempt(() => Array.from(kept.dataSync()));
    await attempt(() => Array.from(tf.add(kept, 1).dataSync()));`);
  assert.match(
    said[0],
    /^EngineError: A tensor of \d+ MiB was to be made, and this GPU takes \d+ MiB in one piece\. Take fewer/,
  );
  assert.deepEqual(said.slice(1), ['[2,3]', '[3,4]']);
});

const BAD = `const bad = { variableNames: ['A'], outputShape: [2], shaderKey: 'bad', workgroupSize: [64, 1, 1], dispatchLayout: { x: [0] },
  dispatch: [1, 1, 1], size: true, getUserCode: () => 'fn main(index : i32) { nonsense(; }' };
  const run = () => tf.engine().makeTensorFromTensorInfo(tf.backend().runWebGPUProgram(bad, [tf.tensor1d([1, 2])], 'float32'));`;

test('a shader that does not compile, and a device that is lost, are errors and no zeros', values, async () => {
  const refused =
    /^EngineError: The GPU refused a command, so that nothing computed since can be trusted: Error while parsing WGSL/;
  const said = await printed(`${BAD}
    await attempt(() => Array.from(run().dataSync()));
    await attempt(async () => Array.from(await tf.ones([2]).add(1).data()));`);
  assert.equal(said.length, 2);
  for (const line of said) assert.match(line, refused);

  const lost = await printed(`
    const x = tf.add(tf.tensor1d([1, 2]), 1);
    tf.backend().device.destroy();
    await attempt(() => Array.from(x.dataSync()));
    await attempt(async () => Array.from(await tf.add(x, 1).data()));`);
  assert.match(lost[0], /^EngineError: The GPU gave no values back: its device is lost/);
  assert.match(lost[1], /^EngineError: The GPU is lost \(destroyed/);
});

test('a script that does not catch it ends with an exit code that says so, and prints no zeros', values, async () => {
  for (const body of [
    `${BAD} console.log(run().dataSync().length);`,
    `tf.backend().device.destroy(); console.log((await tf.ones([2]).add(1).data()).length);`,
  ]) {
    await assert.rejects(
      printed(body),
      /^Error: it ended with 1: [^]*EngineError: The GPU (?:refused|is lost|gave no)/,
    );
  }
});

test(
  "Dawn's null backend takes every command and refuses a wrong one, without a driver",
  { skip: noDawn },
  async () => {
    const said = await printed(
      `const folder = 'bnlab/dist/src/engine/engines/webgpu/node';
     const [{ loadWebgpu }, { webgpuPaths }] = [require(folder + '/load'), require(folder + '/paths')];
     const { adapter } = await loadWebgpu(webgpuPaths(), { software: true, options: ['backend=null'] });
     console.log(adapter.device, adapter.software);
     const w = tf.variable(tf.ones([3, 2]));
     const loss = () => tf.mean(tf.square(tf.softmax(tf.matMul(tf.ones([4, 3]), w))));
     const { value } = tf.variableGrads(loss);
     await attempt(() => value.dataSync().length);
     ${BAD}
     await attempt(() => Array.from(run().dataSync()));`,
      { BNLAB_ENGINE: 'js' },
    );
    assert.deepEqual(said.slice(0, 2), ['null-backend true', '1']);
    assert.match(said[2], /^EngineError: The GPU refused a command/);
  },
);

test('a GPU in software computes for nobody who did not ask, and says what it is to who did', values, async (t) => {
  const asked = JSON.parse((await printed('console.log(JSON.stringify(card))'))[0]) as EngineCard;
  if (asked.gpu) return t.skip('a GPU computes on this machine');
  assert.deepEqual([asked.engine, asked.gpu], ['webgpu', false]);
  assert.match(asked.device, /SwiftShader.*, in software$/);
  const [said] = await printed('console.log(JSON.stringify(card))', { BNLAB_ENGINE: '' });
  const card = JSON.parse(said) as EngineCard;
  assert.ok(card.engine !== 'webgpu' || card.gpu);
  if (!card.gpu) assert.ok(card.passedOver.some(({ engine, why }) => engine === 'webgpu' && /GPU|driver/.test(why)));
});
