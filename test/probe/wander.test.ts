import test from 'node:test';
import assert from 'node:assert/strict';
import { wander } from 'bnlab';

test('wander: movement of the median in widths, blind to shift and scale', () => {
  const rows = [
    [-1, 0, 1],
    [0, 1, 2],
    [2, 3, 4],
  ];
  assert.equal(wander(rows), 1.5);
  assert.equal(wander(rows.map((row) => row.map((q) => 10 * q + 5))), 1.5);
  assert.equal(wander([rows[0], rows[0]]), 0);
});

test('wander: what it cannot measure is an error that says so', () => {
  assert.throws(() => wander([]), /got none/);
  assert.throws(() => wander([[0, NaN, 1]]), /row 0/);
  assert.throws(() => wander([[1, 1, 1]]), /width 0/);
});
