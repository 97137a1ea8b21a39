/** Stop in a live notebook: Jupyter's interrupt ends what a cell has begun, and what was computed is kept. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { runScript } from '../support/engines';
import { Session } from '../support/session';

/** JavaScript as well as a cell. */
const DATA = `const sizes = [3, 8, 3];
const random = new Random(1, 'clouds');
const labels = Array.from({ length: 360 }, (_, i) => i % 3);
const rows = labels.map((l) => [Math.cos(2 * l) + random.normal(0, 0.4), Math.sin(2 * l) + random.normal(0, 0.4), 1]);
const set = (from, to) => ({ x: tf.tensor2d(rows.slice(from, to)), y: oneHotLabels(labels.slice(from, to), 3) });
const data = { train: set(0, 300), test: set(300, 360) };`;
const HEAD = `import { compare, compile, finalAccuracy, learningRateSweep, lineFigure, loadDataset, mlp, oneHotLabels, progress, Random, ready } from 'bnlab';
import { runsOf, show, tf, trainNetwork } from 'bnlab';
await ready();
${DATA}
const common = { data, steps: 1000000, batchSize: 3, evaluate: { at: [0] }, mode: 'eager' as const };
// What a later cell looks at: whether anything goes on.
const seen = { step: 0 };
const onProgress = ({ step }: { step: number }) => {
  if (seen.step === 0) console.log('at work');
  seen.step = step;
};
// Of a comparison in two processes, from when both tell of a run.
const under = new Set<string>();
const ofTwo = (at: { name: string; step: number }) => {
  under.add(at.name);
  if (under.size === 2) onProgress(at);
};`;

/** A cell by hand whose only const is \`it\`, and what the next cell must be able to say of it. */
interface Case {
  cell: string;
  how: 'signal' | 'message';
  reached: RegExp;
  next: string;
}

const sides = `sides: [{ name: 'without', network: { kind: 'mlp' as const, sizes, activation: 'sigmoid' as const } }]`;
const cases: Record<string, Case> = {
  trainNetwork: {
    cell: `const network = mlp({ sizes, activation: 'sigmoid', norm: 'batch', seed: 1 });
const it = await trainNetwork({ network, ...common, mode: 'graph', learningRate: 0.1, seed: 1, onProgress });`,
    how: 'signal',
    reached: /^mlp: stopped at step (\d+) of 1000000$/,
    next: `console.log(it.stepsDone, it.stopped, it.evaluations.length === 2, it.losses.values.length > 0, finalAccuracy(it) > 0.3);`,
  },
  compare: {
    cell: `const it = await compare({ ${sides}, seeds: [1, 2], learningRates: [0.1, 1], ...common, onProgress });`,
    how: 'message',
    reached: /^stopped at step (\d+) of 4000000 \(without, seed 1, rate 0.1\)$/,
    next: `console.log(it.runs[0].history.stepsDone, it.runs[0].history.stopped, it.runs.length === 1, it.missing.length === 3, runsOf(it, 'without', 1).length === 0);`,
  },
  'compare in two processes': {
    cell: `const it = await compare({ ${sides}, seeds: [1, 2], learningRates: [0.1, 1], ...common, mode: 'graph', lanes: 2, onProgress: ofTwo });`,
    how: 'signal',
    reached: /^stopped at step (\d+) of 4000000 \(without, seed 1, rate 0.1; without, seed 1, rate 1\)$/,
    next: `console.log(it.runs[0].history.stepsDone + it.runs[1].history.stepsDone, it.runs[1].history.stopped, it.runs.length === 2, it.missing.length === 2, runsOf(it, 'without', 1).length === 0);`,
  },
  learningRateSweep: {
    cell: `const it = await learningRateSweep({ ${sides}, seeds: [1], learningRates: [0.1, 1], ...common, onProgress });`,
    how: 'signal',
    reached: /^stopped at step (\d+) of 2000000 \(without, seed 1, rate 0.1\)$/,
    next: `console.log(it.comparison.runs[0].history.stepsDone, it.comparison.runs[0].history.stopped, it.comparison.runs.length === 1, it.table.length === 2, !('without' in it.best));`,
  },
  'CompiledStep.run': {
    cell: `const w = tf.variable(tf.scalar(0));
const step = compile(({ x }) => { w.assign(tf.add(w, tf.mul(1e-9, tf.mean(x)))); return { w: w.clone() }; });
const batches = new Int32Array(4000000);
const it = await step.run({ data: { x: data.train.x }, batches, batchSize: 1, onProgress: ({ done }) => onProgress({ step: done }) });`,
    how: 'message',
    reached: /^stopped at step (\d+) of 4000000$/,
    next: `console.log(it.steps, it.stopped ? 'signal' : 'end', it.steps > 0, it.outputs.w.shape[0] === it.steps, step.stepsDone === it.steps);`,
  },
};

let session: Session;
before(async () => {
  session = await Session.start();
  assert.deepEqual(errorsOf(await session.run(HEAD)), []);
});
after(() => session?.close());

const errorsOf = (id: string) =>
  session
    .of(id)
    .filter(({ type }) => type === 'error')
    .map(({ content }) => content as unknown as { ename: string; evalue: string; traceback: string[] });

/** Runs a cell that succeeds; what it prints. */
async function says(code: string): Promise<string> {
  const id = await session.run(code);
  assert.deepEqual(errorsOf(id), []);
  return session.printed(id);
}

/** Sends a cell, and Stop as soon as it prints. */
async function stopped(code: string, how: 'signal' | 'message' = 'signal'): Promise<string> {
  await says('seen.step = 0;');
  const id = await session.send(code);
  await session.until(({ parent, type }) => parent === id && type === 'stream');
  session.interrupt(how);
  await session.end(id);
  return id;
}

/** A run of its own to its end, and whether anything else has moved meanwhile. */
const restsDuringARun = async () =>
  says(`const quiet = seen.step;
const short = await trainNetwork({ network: mlp({ sizes, activation: 'sigmoid', seed: 1 }), ...common, steps: 200, learningRate: 0.1, seed: 1 });
console.log(short.stepsDone, seen.step === quiet);`);

for (const [name, { cell, how, reached, next }] of Object.entries(cases)) {
  test(`Stop (${how}) ends ${name}; its result is there, and nothing goes on`, async () => {
    const id = await stopped(cell, how);
    const errors = errorsOf(id);
    assert.equal(errors.length, 1);
    assert.equal(errors[0].ename, 'Stopped');
    const step = reached.exec(errors[0].evalue)?.[1];
    assert.ok(step, errors[0].evalue);
    assert.deepEqual(errors[0].traceback, [errors[0].evalue]);
    const answer = await session.end(id);
    assert.deepEqual([answer.content.status, answer.content.ename], ['error', 'Stopped']);
    assert.equal(await says(next), `${step} signal true true true\n`);
    assert.equal(await restsDuringARun(), '200 true\n');
    await says(`const gone = tf.disposeVariables();`);
  });
}

test('the cells behind a stopped one are not run', async () => {
  await says('seen.step = 0;');
  const [id, behind] = [await session.send(cases.trainNetwork.cell), await session.send(`console.log('behind');`)];
  await session.until(({ parent, type }) => parent === id && type === 'stream');
  session.interrupt('signal');
  assert.equal((await session.end(behind)).content.status, 'aborted');
  assert.equal(session.printed(behind), '');
});

test('a loop of trainings ends with the one that was stopped; what it has gathered is there', async () => {
  const id = await stopped(`const all: number[] = [];
for (let seed = 1; ; seed++) {
  const one = await trainNetwork({ network: mlp({ sizes, activation: 'sigmoid', seed }), ...common, learningRate: 0.1, seed, onProgress });
  all.push(one.stepsDone);
}`);
  assert.match(errorsOf(id)[0].evalue, /^mlp: stopped at step \d+ of 1000000$/);
  assert.match(await says('console.log(all.length, all[0] > 0);'), /^1 true$/m);
  assert.equal(await restsDuringARun(), '200 true\n');
});

test('a loop that nobody awaits ends as well, and says nothing', async () => {
  const before = session.heard.length;
  await says(`seen.step = 0;
const settings = { ...common, learningRate: 0.1, seed: 1, onProgress };
void (async () => {
  for (;;) await trainNetwork({ network: mlp({ sizes, activation: 'sigmoid', seed: 1 }), ...settings });
})();`);
  const from = session.heard.length;
  await session.until(({ type, content }) => type === 'stream' && content.text === 'at work\n', before);
  session.interrupt('signal');
  await session.until(({ content }) => content.execution_state === 'idle', from);
  assert.equal(await restsDuringARun(), '200 true\n');
  assert.deepEqual(
    session.heard.slice(from).filter(({ content }) => content.name === 'stderr'),
    [],
  );
});

test('what a cell does with half a result may fail: both are said, and the result is there', async () => {
  const id =
    await stopped(`const half = await compare({ ${sides}, seeds: [1], learningRates: [0.1], ...common, onProgress });
console.log(runsOf(half, 'without')[0].stepsDone);`);
  const [{ evalue, traceback }] = errorsOf(id);
  assert.match(evalue, /^stopped at step \d+ of 1000000/);
  assert.equal(traceback[1], 'What came after it failed:');
  assert.match(traceback[2], /^TypeError: /);
  assert.match(await says('console.log(half.runs.length);'), /^1$/m);
});

for (const [what, code] of [
  ['waits for something else', 'await new Promise(() => undefined);'],
  ['computes without a pause', 'for (;;);'],
] as const) {
  test(`a cell that ${what} is left at once`, async () => {
    const id = await stopped(`console.log('begun');\n${code}`);
    assert.deepEqual(errorsOf(id), [{ ename: 'Stopped', evalue: 'stopped', traceback: ['stopped'] }]);
  });
}

for (const [by, wait] of [
  ['waits by a timer', 'await new Promise((resolve) => setTimeout(resolve, 1));'],
  ['waits by the next frame', 'await tf.nextFrame();'],
  ['awaits what is there', 'await 0;'],
  [
    'computes for a while at each round',
    'await 0; const end = performance.now() + 20; do {} while (performance.now() < end);',
  ],
] as const) {
  test(`a loop that ${by} ends with its cell, and what it has gathered is there`, async () => {
    await says('seen.step = 0;');
    const id = await stopped(`const gathered: number[] = [];
console.log('begun');
for (let i = 0; ; i++) {
  gathered.push(i);
  ${wait}
}`);
    assert.deepEqual(errorsOf(id), [{ ename: 'Stopped', evalue: 'stopped', traceback: ['stopped'] }]);
    assert.match(
      await says(`const had = gathered.length;
await new Promise((resolve) => setTimeout(resolve, 50));
console.log(had > 0, gathered.length === had);`),
      /^true true$/m,
    );
  });
}

test('a loop over the rounds of an interval ends with its cell', async () => {
  const id = await stopped(`const rounds = { n: 0 };
for await (const _ of (await import('node:timers/promises')).setInterval(1)) if (rounds.n++ === 0) console.log('begun');`);
  assert.deepEqual(errorsOf(id), [{ ename: 'Stopped', evalue: 'stopped', traceback: ['stopped'] }]);
  const next = `const { n } = rounds;
await new Promise((resolve) => setTimeout(resolve, 50));
console.log(n > 0, n === rounds.n);`;
  assert.match(await says(next), /^true true$/m);
});

test('a loop of figures, in a cell that awaits, shows them as they come, and ends', async () => {
  const id = await session.send(`await ready();
const drawn = { n: 0 };
for (;;) {
  show(lineFigure({ title: 'It falls', data: 'none', x: { label: 'step' }, y: { label: 'loss' },
    series: [{ as: 'none', x: [0, 1], y: [2, 1] }], alt: 'A line that falls.', caption: 'Loss.' }));
  drawn.n++;
  const end = performance.now() + 100;
  while (performance.now() < end);
}`);
  await session.until(({ parent, type }) => parent === id && type === 'display_data');
  session.interrupt('signal');
  await session.end(id);
  assert.deepEqual(errorsOf(id), [{ ename: 'Stopped', evalue: 'stopped', traceback: ['stopped'] }]);
  assert.match(await says('console.log(drawn.n > 0);'), /^true$/m);
});

test('a progress without a total ends with its cell: as done, or by how far it was when it was stopped', async () => {
  const lastOf = (id: string) =>
    session
      .of(id)
      .flatMap(({ content: { data } }) => (data ? [(data as Record<string, string>)['text/plain']] : []))
      .at(-1);
  const whole = await session.run(`const whole = progress('Counting'); whole.tick();`);
  assert.deepEqual(errorsOf(whole), []);
  assert.equal(lastOf(whole), 'Counting: done');
  const id = await stopped(`const half = progress('Counting'); half.tick(); console.log('begun');
await new Promise(() => undefined);`);
  assert.equal(lastOf(id), 'Counting: stopped at 1');
});

test('what a cell computes before it awaits, in a function that it calls, is there when the call returns', async () => {
  const cell = `const order: number[] = [];
const counted = (async () => { for (let i = 0; i < 3; i++) { order.push(i); const end = performance.now() + 60; while (performance.now() < end); } await 0; order.push(3); })();
console.log(order.join(' '));
await counted;
let [sum, rounds] = [0, 0];
outer: for (const a of [1, 2, 3]) for (let b = 0; b < 3; b++) if (b > a) continue outer; else sum += a * b; 
do rounds++; while (rounds < 5);
class Counter { at = [1, 2].map((n) => { for (;;) return n; }); *all() { for (const n of this.at) yield await0(n); } }
function await0(n: number) { return n; }
console.log(sum, rounds, [...new Counter().all()].join(' '), order.length, await (await Promise.resolve(Promise.resolve(7))));`;
  assert.equal(await says(cell), '0 1 2\n16 5 1 2 4 7\n');
});

test('a run that nobody stops gives the numbers that it gives in a script', async () => {
  const run = `const network = mlp({ sizes, activation: 'sigmoid', norm: 'batch', seed: 3 });
const h = await trainNetwork({ network, data, steps: 300, batchSize: 10, learningRate: 0.3, seed: 3 });
console.log(JSON.stringify([h.losses, h.evaluations]));`;
  const { stdout } = await runScript(`const { mlp, oneHotLabels, Random, ready, tf, trainNetwork } = require('bnlab');
(async () => { await ready(); ${DATA} ${run} })();`);
  assert.equal(await says(run), stdout);
});
