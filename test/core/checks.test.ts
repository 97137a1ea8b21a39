/** The checks that every room shares: what is refused, in which words, and what passes. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as vm from 'node:vm';
import { mlp, tf } from 'bnlab';
import {
  callback,
  either,
  expectArgument,
  expectOptions,
  finite,
  finiteNumbers,
  flag,
  having,
  listOf,
  nearest,
  needed,
  number,
  numbers,
  oneOf,
  optionsOf,
  orNull,
  own,
  shown,
  text,
  without,
  type Options,
} from '../../lib/src/core/checks';

interface Sample {
  rate: number;
  normalize?: boolean;
  name?: string;
  inner?: { low?: number };
}
const SAMPLE: Options<Sample> = {
  ...{ rate: needed(finite), normalize: flag, name: text, inner: optionsOf<{ low?: number }>({ low: number }) },
};

test('a misspelt option is refused with the one that was meant, and with all that are known', () => {
  const refused = (given: object, message: RegExp) =>
    assert.throws(() => expectOptions('f', given, SAMPLE), { name: 'RangeError', message });
  refused(
    { rate: 1, nromalize: true },
    /^f: no option 'nromalize'\. Did you mean 'normalize'\? Known: rate, normalize/,
  );
  refused({ rate: 1, normalise: true }, /Did you mean 'normalize'\?/);
  refused({ rate: 1, Name: 'a' }, /Did you mean 'name'\?/);
  refused({ rate: 1, inner: { lwo: 1 } }, /^f: inner: no option 'lwo'\. Did you mean 'low'\?/);
  refused({ rate: 1, somethingElse: 1 }, /^f: no option 'somethingElse'\. Known: rate/);
  assert.doesNotThrow(() => expectOptions('f', { rate: 1, other: 1 }, SAMPLE, ['other']));
  assert.doesNotThrow(() => expectOptions('f', { rate: 1, name: undefined }, SAMPLE), 'undefined is left out');
});

test('an option that is needed, one of another kind, and null', () => {
  const refused = (given: unknown, message: RegExp) =>
    assert.throws(() => expectOptions('f', given, SAMPLE), { name: 'TypeError', message });
  refused({}, /^f: rate must be a finite number, got undefined/);
  refused({ rate: null }, /^f: rate must be a finite number, got null/);
  refused({ rate: 1, normalize: 'abc' }, /^f: normalize must be true or false, got 'abc'/);
  refused({ rate: 1, name: 7 }, /^f: name must be a string, got 7/);
  refused({ rate: 1, inner: [] }, /^f: inner must be an object of options, got \[\]/);
});

test('what is no object of options is refused, an object of another realm is not', () => {
  class Mine {
    rate = 1;
  }
  const none = [1e-3, 'pca', true, null, undefined, [], () => 1, new Map(), new Date(), Float32Array.of(1), new Mine()];
  for (const given of none) {
    assert.throws(() => expectOptions('f', given, SAMPLE), { name: 'TypeError', message: /^f: the options must be an object such as \{ rate: \.\.\. \}, got / }); // prettier-ignore
  }
  assert.throws(() => expectOptions('f', { kind: 'history' }, SAMPLE), /got a history/);
  assert.doesNotThrow(() => expectOptions('f', vm.runInNewContext('({ rate: 1 })'), SAMPLE));
  assert.doesNotThrow(() => expectOptions('f', Object.assign(Object.create(null), { rate: 1 }), SAMPLE));
});

test('lists and numbers say which entry is wrong, holes included', () => {
  const refused = (value: unknown, wanted: typeof numbers, message: RegExp) =>
    assert.throws(() => expectArgument('f', 'xs', value, wanted), message);
  refused([1, 'a'], numbers, /^TypeError: f: xs\[1\] must be a number, got 'a'/);
  refused([1, , 2], numbers, /f: xs\[1\] must be a number, got undefined/); // eslint-disable-line no-sparse-arrays
  refused('abc', numbers, /got 'abc'/);
  refused([1, NaN], finiteNumbers, /^RangeError: f: xs\[1\] is NaN; wanted finite numbers/);
  refused(Float32Array.of(1, Infinity), finiteNumbers, /f: xs\[1\] is Infinity/);
  refused(BigInt64Array.of(1n), numbers, /got a BigInt64Array/);
  refused([,], listOf(text), /f: xs\[0\] must be a string, got undefined/); // eslint-disable-line no-sparse-arrays
  for (const fine of [[1, NaN], Float64Array.of(1), { length: 1, 0: 3 }]) {
    assert.doesNotThrow(() => expectArgument('f', 'xs', fine, numbers));
  }
  tf.tidy(() => refused(tf.tensor1d([1]), numbers, /got a tensor, float32 \[1\]\. Read a tensor with dataSync\(\)/));
});

test('a value of one of several kinds, one of some words, a part of an object', () => {
  const wanted = either(oneOf(['all', 'none']), orNull(number));
  for (const fine of ['all', 3, null]) assert.doesNotThrow(() => expectArgument('f', 'a', fine, wanted));
  assert.throws(
    () => expectArgument('f', 'a', 'some', wanted),
    /f: a must be one of all, none, or a number, or null, got 'some'/,
  );
  const point = having<{ x: number }>('a point', { x: needed(finite) });
  assert.doesNotThrow(() => expectArgument('f', 'p', { x: 1, more: 2 }, point), 'data may hold more');
  assert.throws(() => expectArgument('f', 'p', { y: 1 }, point), /f: p\.x must be a finite number, got undefined/);
  assert.throws(() => expectArgument('f', 'p', { kind: 'comparison' }, point), /got a comparison/);
  assert.deepEqual(Object.keys(without(SAMPLE, ['rate'])), ['normalize', 'name', 'inner']);
  assert.doesNotThrow(() => expectArgument('f', 'g', () => 1, either(callback, own)));
});

test('the nearest name: slips of the hand, not other words', () => {
  const known = ['activation', 'norm', 'seed', 'weightDecay', 'optimizer'];
  const meant = { nrom: 'norm', optimiser: 'optimizer', weightdecay: 'weightDecay', weight_decay: 'weightDecay', activaton: 'activation' }; // prettier-ignore
  for (const [given, name] of Object.entries(meant)) assert.equal(nearest(given, known), name);
  for (const other of ['channels', 'x', 'dropout']) assert.equal(nearest(other, known), undefined);
});

test('messages name what was given', () => {
  const network = mlp({ sizes: [2, 2], seed: 1 });
  const gone = tf.tensor1d([1]);
  gone.dispose();
  const names: [unknown, string][] = [
    [null, 'null'],
    [NaN, 'NaN'],
    ['a'.repeat(60), `'${'a'.repeat(40)}...'`],
    [[1, 2], '[1,2]'],
    [[null], 'an array of 1'],
    [Symbol('s'), 'Symbol(s)'],
    [3n, '3'],
    [gone, 'a tensor, float32 [1], that was disposed'],
    [network, "a layer ('mlp')"],
    [{ a: 1, b: 2 }, 'an object with a, b'],
    [Object.create(null), 'an empty object'],
    [Promise.resolve(), 'a promise (await it first)'],
  ];
  for (const [value, name] of names) assert.equal(shown(value), name);
  network.dispose();
});
