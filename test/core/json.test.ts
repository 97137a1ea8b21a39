import assert from 'node:assert/strict';
import test from 'node:test';
import { runInNewContext } from 'node:vm';
import { canonicalJson, expectJson, stored } from '../../lib/src/core/json';

test('stored: what JSON gives back, typed arrays as lists, what is no number as null', () => {
  const value = {
    a: NaN,
    b: [Infinity, 1],
    c: Float32Array.of(0.5, NaN),
    d: undefined,
    e: { f: 'x', g: null, h: true },
  };
  assert.deepEqual(stored(value), { a: null, b: [null, 1], c: [0.5, null], e: { f: 'x', g: null, h: true } });
  assert.equal(stored(undefined), null);
  assert.equal(stored(-0.25), -0.25);
});

test('expectJson: what survives a trip passes, what does not is named by its place', () => {
  const good = { a: [1, 'x', null, { b: true, c: undefined }], d: Object.create(null) as object };
  expectJson('f', 'options', good);
  expectJson('f', 'options', runInNewContext('({ a: [{ b: 1 }] })'));
  const loop: { inner?: object[] } = {};
  loop.inner = [loop];
  class Own {
    a = 1;
  }
  for (const [value, words] of [
    [
      { a: [1, NaN] },
      'f: options.a[1] must be plain JSON (finite numbers, texts, true, false, null, lists, objects), got NaN.',
    ],
    [{ a: { b: () => 1 } }, /options\.a\.b must be .* got a function/],
    [new Own(), /options must be .* got a Own/],
    [{ a: new Date() }, /options\.a must be .* got a Date/],
    [Float32Array.of(1), /options must be .* got a Float32Array/],
    [[undefined], /options\[0\] must be .* got undefined/],
    [Array(1), /options\[0\] must be .* got undefined/],
    [1n, /got 1/],
    [loop, /options\.inner\[0\] must be .* got an object that holds itself/],
  ] as [unknown, string | RegExp][]) {
    assert.throws(() => expectJson('f', 'options', value), { name: 'TypeError', message: words });
  }
  const twice = { a: 1 };
  expectJson('f', 'options', [twice, twice]); // not in itself
});

test('canonicalJson: names in order at every depth, lists as they are', () => {
  assert.equal(canonicalJson({ b: [{ d: 1, c: 2 }], a: null }), '{"a":null,"b":[{"c":2,"d":1}]}');
  assert.equal(canonicalJson([2, 1]), '[2,1]');
});
