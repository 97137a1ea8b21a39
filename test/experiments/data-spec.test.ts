import assert from 'node:assert/strict';
import test from 'node:test';
import { generateDigits, type DataSpec } from 'bnlab';
import { datasetOf } from 'bnlab/internal';

test('datasetOf: digits are those of the generator, by numbers and seed', async () => {
  const data = await datasetOf({ kind: 'digits', train: 30, test: 20, seed: 3 });
  const digits = generateDigits({ train: 30, test: 20, seed: 3 });
  assert.deepEqual([data.train, data.test], [digits.train, digits.test]);
  const usual = await datasetOf({ kind: 'digits', train: 30, test: 20 });
  assert.notDeepEqual(usual.train, data.train);
  assert.deepEqual(usual.train, generateDigits({ train: 30, test: 20, seed: 1 }).train);
});

test('datasetOf: refused are other kinds, other options, and numbers out of range', async () => {
  const refused = (spec: unknown, words: RegExp) => assert.rejects(datasetOf(spec as DataSpec), words);
  await refused('digits', /datasetOf: the data must be an object of options, got 'digits'/);
  await refused({ kind: 'cifar' }, /the data: kind must be one of digits, mnist, fashion, got 'cifar'/);
  await refused({}, /the data: kind must be one of digits, mnist, fashion, got undefined/);
  await refused({ kind: 'digits', train: 0 }, /the data: train must be a whole number of at least 1, got 0/);
  await refused({ kind: 'digits', trian: 5 }, /no option 'trian'\. Did you mean 'train'/);
});
