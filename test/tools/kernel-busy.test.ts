/** What a live kernel says of itself: busy as long as anything is at work; of a cell that fails its own error, once. */
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Session } from '../support/session';

let session: Session;
before(async () => void (session = await Session.start()));
after(() => session?.close());

/** What a frontend shows, as it would change from `from` on. */
const shown = (from: number) =>
  session.heard
    .slice(from)
    .filter(({ type }) => type === 'status')
    .map(({ content, parent }) => ({ state: content.execution_state, parent }));

test('between the cells of a queue the status is busy', async () => {
  const from = session.heard.length;
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push(await session.send(`await new Promise((resolve) => setTimeout(resolve, 30));`));
  await session.end(ids[2]);
  const states = shown(from);
  for (const id of ids.slice(0, 2)) {
    const at = states.findIndex(({ state, parent }) => state === 'idle' && parent === id);
    assert.equal(states[at + 1].state, 'busy');
  }
  assert.equal(states.at(-1)!.state, 'idle');
});

test('a name that is looked up while a cell runs does not make the kernel idle', async () => {
  const from = session.heard.length;
  const id = await session.send(`console.log('begun');
await new Promise((resolve) => (globalThis['goOn'] = resolve));`);
  await session.until(({ parent, type }) => parent === id && type === 'stream');
  session.complete('cons');
  await session.until(({ type }) => type === 'complete_reply');
  await session.until(({ of, content }) => of === 'complete_request' && content.execution_state === 'idle', from);
  session.interrupt('message');
  await session.end(id);
  const states = shown(from);
  const at = states.findIndex(({ state }) => state === 'idle');
  assert.deepEqual(states[at + 1], { state: 'busy', parent: id });
});

test('a training that nobody awaits keeps the kernel busy until it ends', async () => {
  await session.run(`import { compile, ready, tf } from 'bnlab';
await ready();
const w = tf.variable(tf.scalar(0));
const step = compile(({ x }) => { w.assign(tf.add(w, tf.mean(x))); return { w: w.clone() }; });
const data = { x: tf.ones([4, 2]) };`);
  const from = session.heard.length;
  const id = await session.send(
    `void step.run({ data, batches: new Int32Array(200000), batchSize: 1 }).then(() => console.log('at its end'));`,
  );
  await session.until(({ parent, content }) => parent === id && content.text === 'at its end\n', from);
  const told = session.of(id).filter(({ type }) => type === 'status' || type === 'stream');
  const states = told.map(({ type, content }) => content.execution_state ?? type);
  assert.deepEqual(states, ['busy', 'idle', 'busy', 'idle', 'stream']);
});

const errorsOf = (id: string) => session.of(id).filter(({ type }) => type === 'error');

for (const [what, cell, wanted] of [
  ['an error', `const one = 1;\nthrow new RangeError('wanted less');`, /^RangeError: wanted less$/],
  ['a rejection', `await Promise.reject(new RangeError('wanted less'));`, /^RangeError: wanted less$/],
  ['what is no error', `throw { code: 7 };`, /^\{ code: 7 \}$/],
  ['a fault of types', `const text: string = 1;`, /^1:7 - Type 'number' is not assignable to type 'string'\.$/],
] as const) {
  test(`a cell that fails with ${what} shows that, once`, async () => {
    const id = await session.run(cell);
    const errors = errorsOf(id);
    assert.equal(errors.length, 1);
    const { ename, evalue, traceback } = errors[0].content as { ename: string; evalue: string; traceback: string[] };
    assert.match(traceback.join('\n'), wanted);
    assert.ok(ename && evalue);
    assert.equal(session.printed(id), '');
    const { content } = await session.end(id);
    assert.deepEqual(content.traceback, traceback);
  });
}

test('the frames of an error are those of what the reader calls', async () => {
  const id = await session.run(`import { mlp as makeNetwork } from 'bnlab';
const wrong = makeNetwork({ sizes: [3], activation: 'relu' });`);
  const { traceback } = errorsOf(id)[0].content as { traceback: string[] };
  const text = traceback.join('\n');
  assert.doesNotMatch(text, /tslab|node:|evalmachine|tools.kernel/);
  assert.match(text, /^RangeError: mlp/);
});
