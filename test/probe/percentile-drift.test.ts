import test from 'node:test';
import assert from 'node:assert/strict';
import { percentileDrift } from 'bnlab';

const rows = [
  [-1, 0, 1],
  [0, 1, 2],
  [2, 3, 4],
];

test('percentileDrift: a shift counts its length, in the units of the values, wherever it is', () => {
  assert.equal(percentileDrift(rows), 3);
  assert.equal(percentileDrift(rows.map((row) => row.map((q) => q + 5))), 3);
  assert.equal(percentileDrift(rows.map((row) => row.map((q) => 10 * q))), 30);
  assert.equal(percentileDrift([rows[0], rows[0]]), 0);
});

test('percentileDrift: a distribution that widens about its median counts as well', () => {
  const widening = [
    [-1, 0, 1],
    [-2.5, 0, 2.5],
  ];
  assert.equal(percentileDrift(widening), 1);
});

test('percentileDrift: points between the farthest two change nothing', () => {
  assert.equal(percentileDrift([rows[0], rows[2]]), percentileDrift(rows));
});

test('percentileDrift: what it cannot measure is an error that says so', () => {
  assert.throws(() => percentileDrift([]), /got none/);
  assert.throws(() => percentileDrift([[0, NaN, 1]]), /row 0/);
  assert.throws(() => percentileDrift([[0, 1], [1]]), /row 1/);
});
