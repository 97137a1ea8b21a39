import assert from 'node:assert/strict';
import test from 'node:test';
import { interleavedTimes } from 'bnlab/internal';

test('interleavedTimes: every task as often as asked, in turn, in both directions', () => {
  const order: string[] = [];
  const wait = (name: string, ms: number) => () => {
    order.push(name);
    for (const until = performance.now() + ms; performance.now() < until;);
  };
  const times = interleavedTimes({ a: wait('a', 3), b: wait('b', 6) }, { repeats: 2, sampleMilliseconds: 1 });
  assert.deepEqual(order, ['a', 'a', 'b', 'b', 'a', 'b', 'b', 'a']);
  assert.equal(times.a.length, 2);
  for (const time of times.b) assert.ok(time >= 6);
  assert.throws(() => interleavedTimes({}, { repeats: 0 }), /above 0, got 0/);
});

test('interleavedTimes: a quick task is called as often as fills the sample, and its time is that of one call', (t) => {
  let clock = 1000;
  t.mock.method(performance, 'now', () => clock);
  const order: string[] = [];
  const takes = (name: string, milliseconds: number) => () => {
    order.push(name);
    clock += milliseconds;
  };
  const tasks = { a: takes('a', 2), b: takes('b', 12) };
  const times = interleavedTimes(tasks, { repeats: 3, sampleMilliseconds: 9 });
  assert.deepEqual(times, { a: [2, 2, 2], b: [12, 12, 12] });
  assert.equal(order.join(''), 'aabb' + 'aaaaab' + 'baaaaa' + 'aaaaab');
  assert.equal(interleavedTimes(tasks, { repeats: 1 }).a.length, 1);
  order.length = 0;
  assert.equal(interleavedTimes(tasks).a.length, 5);
  assert.equal(order.join(''), 'aabb' + 'aab' + 'baa' + 'aab' + 'baa' + 'aab', '5 repeats of 4 ms unless told');
});
