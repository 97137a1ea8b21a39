/** Which engine computes: the order, the forced one, why a better one was passed over, and what is kept off the screen. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { EngineError, type EngineCard, type PassedOver } from 'bnlab';
import { engineCardHtml, engineCardText } from 'bnlab/internal';
import { chooseEngine, forcedEngine } from 'bnlab/dist/src/engine/choose';
import type { Engine, Outcome } from 'bnlab/dist/src/engine/engines/engine';
import { threadsFrom } from 'bnlab/dist/src/engine/engines/native/threads';
import { withoutDeprecations, withStderrHeld, worthSeeing } from 'bnlab/dist/src/engine/engines/native/quiet';
import { withWarningsCollected } from 'bnlab/dist/src/engine/engines/warnings';
import { runScript } from '../support/engines';

/** Runs a script with the library in a process of its own: an engine is chosen once in each. */
async function script(body: string, environment: Record<string, string> = {}, before = ''): Promise<string> {
  const code = `${before};const { ready, engineCard, tf } = require('bnlab');(async () => { ${body} })()`;
  const { stdout, stderr } = await runScript(code, { BNLAB_ENGINE: '', BNLAB_DAWN: '/not/installed', ...environment });
  return stdout + stderr;
}
const print = 'console.log(JSON.stringify(await ready()))';
/** Makes packages whose name matches impossible to find, as where they are not installed. */
const without = (name: string) => `const M = require('node:module'), find = M._resolveFilename;
M._resolveFilename = function (asked, ...rest) {
  if (/${name}/.test(asked)) throw new Error('Cannot find module ' + asked);
  return find.call(this, asked, ...rest);
}`;

test('BNLAB_ENGINE names an engine, or none, or it is said which there are', () => {
  assert.equal(forcedEngine({}), undefined);
  assert.equal(forcedEngine({ BNLAB_ENGINE: '' }), undefined);
  assert.equal(forcedEngine({ BNLAB_ENGINE: 'wasm' }), 'wasm');
  assert.throws(() => forcedEngine({ BNLAB_ENGINE: 'WASM' }), EngineError);
  assert.throws(
    () => forcedEngine({ BNLAB_ENGINE: 'cuda' }),
    /'cuda', which is no engine. Set it to native, webgpu, wasm, js/,
  );
});

test('a forced engine computes, and the card says that better ones were passed over because of it', async () => {
  for (const [engine, backend, passed] of [
    ['js', 'cpu', ['native', 'wasm']],
    ['wasm', 'wasm', ['native']],
  ] as const) {
    const said = await script(`${print}; console.log(tf.getBackend(), (await tf.add(1, 2).data())[0])`, {
      BNLAB_ENGINE: engine,
    });
    const [line, used] = said.split('\n');
    const card = JSON.parse(line) as EngineCard;
    assert.equal(card.engine, engine);
    assert.equal(used, `${backend} 3`);
    assert.deepEqual(
      card.passedOver.map((p) => p.engine),
      passed,
    );
    assert.match(card.passedOver[0].why, new RegExp(`BNLAB_ENGINE asks for ${engine}`));
    assert.deepEqual([card.tensorflow, card.gpu, card.threads], [null, false, { intraOp: 1, interOp: 1 }]);
    assert.equal(said.trim().split('\n').length, 2, `nothing else is said: ${said}`);
  }
});

test('where an engine is missing the next one computes, and the card says why and what to run', async () => {
  const noNative = JSON.parse(await script(print, {}, without('tfjs-node-gpu'))) as EngineCard;
  assert.equal(noNative.engine, 'wasm');
  const others = ({ engine }: PassedOver) => engine !== 'webgpu'; // which is named where a GPU shows
  assert.deepEqual(noNative.passedOver.filter(others), [
    { engine: 'native', why: 'the package @tensorflow/tfjs-node-gpu is not installed', fix: 'npm run setup' },
  ]);
  const neither = JSON.parse(await script(print, {}, without('tfjs-(node-gpu|backend-wasm)'))) as EngineCard;
  assert.equal(neither.engine, 'js');
  assert.deepEqual(
    neither.passedOver.filter(others).map((p) => p.engine),
    ['native', 'wasm'],
  );
});

test('a forced engine that is missing is an error that says what to run, and another attempt is possible', async () => {
  const said = await script(
    `await ready().catch((e) => console.log(e.name, e.message));
     process.env.BNLAB_ENGINE = 'js'; console.log((await ready()).engine)`,
    { BNLAB_ENGINE: 'wasm' },
    without('tfjs-backend-wasm'),
  );
  assert.match(said, /^EngineError BNLAB_ENGINE=wasm was asked for, but the wasm engine is not available: Cannot find/);
  assert.match(said, /Run: npm run setup\. Or unset BNLAB_ENGINE/);
  assert.match(said, /\njs\n$/);
});

/** An engine that loads, or says why not, and remembers in `asked` that it was asked. */
function pretended(asked: string[], name: Engine['name'], backend: string, passedOver?: PassedOver | 'silent'): Engine {
  const card = { device: backend, tensorflow: null, gpu: false, threads: { intraOp: 1, interOp: 1 } };
  const load = async (): Promise<Outcome> => {
    asked.push(backend);
    if (passedOver === 'silent') return { loaded: false };
    if (passedOver?.why === 'throws') throw new Error('it broke\nsomewhere');
    return passedOver ? { loaded: false, passedOver } : { loaded: true, card };
  };
  return {
    ...{ name, backend, load },
    gradientKernels: { averagePoolSame: false, resizeBilinear: false, convolutionFilter: true },
  };
}

test('engines are asked in the order of the list until one loads; what each said stands on the card', async () => {
  const asked: string[] = [];
  const card = await chooseEngine([
    pretended(asked, 'native', 'first', 'silent'),
    pretended(asked, 'native', 'second', { engine: 'native', why: 'no addon', fix: 'build one' }),
    pretended(asked, 'wasm', 'third', { engine: 'wasm', why: 'throws', fix: null }),
    pretended(asked, 'js', 'fourth'),
    pretended(asked, 'js', 'fifth'),
  ]);
  assert.deepEqual(asked, ['first', 'second', 'third', 'fourth']);
  assert.deepEqual([card.engine, card.device], ['js', 'fourth']);
  assert.deepEqual(card.passedOver, [
    { engine: 'native', why: 'no addon', fix: 'build one' },
    { engine: 'wasm', why: 'it broke', fix: 'npm run setup' },
  ]);
});

test('a forced engine leaves aside only what is offered here', async () => {
  const before = process.env.BNLAB_ENGINE;
  process.env.BNLAB_ENGINE = 'js';
  try {
    for (const offered of [true, false]) {
      const webgpu = { ...pretended([], 'webgpu', 'first'), isOffered: () => offered };
      const card = await chooseEngine([webgpu, pretended([], 'wasm', 'second'), pretended([], 'js', 'third')]);
      assert.deepEqual(
        card.passedOver.map(({ engine }) => engine),
        offered ? ['webgpu', 'wasm'] : ['wasm'],
      );
    }
  } finally {
    if (before === undefined) delete process.env.BNLAB_ENGINE;
    else process.env.BNLAB_ENGINE = before;
  }
});

test('a Dawn that is named and not there is an error that names it', async () => {
  const said = await script(`await ready().catch((e) => console.log(e.name, e.message))`, { BNLAB_ENGINE: 'webgpu' });
  assert.match(said, /^EngineError BNLAB_ENGINE=webgpu was asked for, .*: BNLAB_DAWN=\/not\/installed: no such file\./);
});

test('an engine that no list has cannot be forced, and the error says so', async () => {
  const before = process.env.BNLAB_ENGINE;
  process.env.BNLAB_ENGINE = 'native';
  try {
    await assert.rejects(
      chooseEngine([pretended([], 'js', 'only')]),
      /the native engine is not available: it does not run here\. Unset BNLAB_ENGINE to take the best engine there is/,
    );
  } finally {
    if (before === undefined) delete process.env.BNLAB_ENGINE;
    else process.env.BNLAB_ENGINE = before;
  }
});

test('the engine in use is the one whose backend computes; a backend of nobody counts as plain JavaScript', async () => {
  const said = await script(
    `const { engineInUse } = require('bnlab/dist/src/engine/engines/registry');
     const names = [engineInUse().name];
     await ready();
     for (const backend of ['wasm', 'cpu']) { await tf.setBackend(backend); names.push(engineInUse().name); }
     const own = tf.backend();
     tf.registerBackend('mine', () => own);
     await tf.setBackend('mine');
     console.log(names.join(), engineInUse().name)`,
    { BNLAB_ENGINE: 'wasm' },
  );
  assert.equal(said, 'js,wasm,js js\n');
});

test('ready is shared; before it there is no card, and plain JavaScript says that it computes', async () => {
  const said = await script(
    `try { engineCard() } catch (e) { console.log(e.name, e.message) }
     tf.add(1, 2).dataSync(); tf.add(1, 2).dataSync();
     const [a, b] = [ready(), ready()]; console.log(a === b, (await a) === engineCard())`,
    { BNLAB_ENGINE: 'js' },
  );
  assert.match(said, /EngineError No engine has been chosen yet\. Begin with: await ready\(\);/);
  assert.equal(said.match(/no engine chosen, so plain JavaScript computes/g)?.length, 1);
  assert.match(said, /true true/);
});

test('the card in text and in HTML: engine, device, threads, memory, and each engine passed over', () => {
  const card: EngineCard = {
    engine: 'native',
    gpu: false,
    device: 'A processor <8>',
    tensorflow: '2.21.0',
    tfjs: '4.22.0',
    node: '22.0.0',
    threads: { intraOp: 4, interOp: 2 },
    memoryBytes: 8 * 2 ** 30,
    passedOver: [
      { engine: 'cuda', why: 'no build & no luck', fix: 'npm run setup -- --gpu' },
      { engine: 'wasm', why: 'hidden', fix: null },
    ],
  };
  const text = engineCardText(card);
  assert.match(text, /^Engine +native: TensorFlow 2\.21\.0 on the processor$/m);
  assert.match(text, /^Threads +4 inside an operation, 2 across operations$/m);
  assert.match(text, /^Memory +8\.0 GiB$/m);
  assert.match(text, /cuda: no build & no luck \(to have it: npm run setup -- --gpu\)$/m);
  assert.match(text, /wasm: hidden$/m);
  assert.match(engineCardText({ ...card, gpu: true }), /on the GPU/);
  const html = engineCardHtml(card);
  assert.match(html, /A processor &lt;8&gt;/);
  assert.match(html, /no build &amp; no luck/);
});

test('threads come from the variable where it is a number of threads', () => {
  assert.equal(threadsFrom('N', { N: '3' }), 3);
  for (const bad of ['0', '-1', '1.5', 'many', '']) assert.equal(threadsFrom('N', { N: bad }), threadsFrom('N', {}));
});

test('of what TensorFlow writes while it loads, errors stay and chatter goes', () => {
  const kept = [
    '2025-01-01 10:00:00.123456: E tensorflow/core/real.cc:1] something broke',
    'E0000 00:00:1700000000.123  8491 real.cc:7] another thing broke',
    'F0000 00:00:1700000000.123  8491 fatal.cc:7] the end',
    'not a log line at all',
  ];
  const gone = [
    '2025-01-01 10:00:00.123456: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.',
    'To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.',
    'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
    'W0000 00:00:1700000000.123  8491 gpu.cc:9] a warning',
    'E0000 00:00:1700000000.123  8491 cuda.cc:9] failed call to cuInit: INTERNAL',
    'E0000 00:00:1700000000.123  8491 cuda.cc:9] Unable to register cuFFT factory',
  ];
  assert.equal(worthSeeing([...gone, ...kept].join('\n')), kept.join('\n') + '\n');
  assert.equal(worthSeeing(gone.join('\n')), '');
});

test('stderr is held while native code loads and given back also when it throws; warnings likewise', async () => {
  const calls: string[] = [];
  const holder = { begin: () => calls.push('begin') > 0, end: () => (calls.push('end'), 'I0000 0:0 1 a.cc:1] x') };
  const level = process.env.TF_CPP_MIN_LOG_LEVEL;
  process.env.TF_CPP_MIN_LOG_LEVEL = '2';
  assert.deepEqual(
    withStderrHeld(holder, () => 5),
    { value: 5, written: 'I0000 0:0 1 a.cc:1] x' },
  );
  assert.throws(
    () =>
      withStderrHeld({ ...holder, end: () => (calls.push('end'), '') }, () => {
        throw new Error('no');
      }),
    /no/,
  );
  assert.deepEqual(calls, ['begin', 'end', 'begin', 'end']);
  process.env.TF_CPP_MIN_LOG_LEVEL = '0';
  assert.deepEqual(
    withStderrHeld(holder, () => 6),
    { value: 6, written: '' },
  );
  assert.equal(calls.length, 4, 'who asks for the log gets it');
  if (level === undefined) delete process.env.TF_CPP_MIN_LOG_LEVEL;
  else process.env.TF_CPP_MIN_LOG_LEVEL = level;

  const [warn, emit] = [console.warn, process.emitWarning];
  assert.deepEqual(await withWarningsCollected(async () => (console.warn('a', 1), 2)), { value: 2, warnings: ['a 1'] });
  await assert.rejects(withWarningsCollected(() => Promise.reject(new Error('no'))));
  assert.equal(
    withoutDeprecations(() => (process.emitWarning('old', 'DeprecationWarning'), 3)),
    3,
  );
  assert.deepEqual([console.warn, process.emitWarning], [warn, emit]);
});
