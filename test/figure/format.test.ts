import test from 'node:test';
import assert from 'node:assert/strict';
import { fmt, fmtInterval, percent } from 'bnlab';
import { spread } from 'bnlab/dist/src/figure/marks/names';
import { textWidth, wrap } from 'bnlab/dist/src/figure/format';

test('numbers read as a reader wants them', () => {
  const cases: [number, string][] = [
    [0.97341, '0.973'],
    [0.5, '0.5'],
    [12345.6, '12,346'],
    [50000, '50,000'],
    [-0.0012345, '−0.00123'],
    [0.0000123, '1.23×10⁻⁵'],
    [1e-5, '10⁻⁵'],
    [-1e-7, '−10⁻⁷'],
    [0, '0'],
    [-0, '0'],
    [999.9996, '1,000'],
    [0.00099996, '0.001'],
    [123456789.5, '123,456,790'],
    [6.02e23, '6.02×10²³'],
    [NaN, 'not a number'],
    [-Infinity, '−∞'],
  ];
  for (const [value, text] of cases) assert.equal(fmt(value), text);
  assert.equal(fmt(3.14159, 5), '3.1416');
});

test('sentences take numbers, words and lists, and refuse tensors', () => {
  assert.equal(fmt`BN reaches ${0.97341} after ${5000} steps`, 'BN reaches 0.973 after 5,000 steps');
  assert.equal(fmt`${[1, 2, 3]}; ${['a', 'b']}; ${'x'}; ${true}`, '1, 2 and 3; a and b; x; yes');
  assert.throws(() => fmt`${{ shape: [1] } as unknown as number}`, /dataSync/);
});

test('shares and intervals keep the digits that count', () => {
  assert.equal(percent(0.97341), '97.3%');
  assert.equal(percent(0.00134), '0.13%');
  assert.equal(percent(0), '0.0%');
  assert.equal(percent(0.5, 0), '50%');
  assert.equal(fmtInterval(0.97341, 0.9712, 0.9749), '0.9734 [0.9712, 0.9749]');
  assert.equal(fmtInterval(3, 1.43, 16.6, { unit: 'times' }), '3 [1.43, 16.6] times');
  assert.equal(fmtInterval(0.0013, 0.0011, 0.004, { percent: true }), '0.13% [0.11%, 0.40%]');
  assert.equal(fmtInterval(2, 2, 2), '2 [2, 2]');
});

test('titles wrap at spaces, and no line is wider than asked unless one word is', () => {
  const lines = wrap('Without BN the best learning rate is one, with BN every rate works', 200, 16, true);
  assert.ok(lines.length > 2);
  for (const line of lines) assert.ok(textWidth(line, 16, true) <= 200, line);
  assert.equal(lines.join(' '), 'Without BN the best learning rate is one, with BN every rate works');
  assert.deepEqual(wrap('unbreakable', 10, 16), ['unbreakable']);
});

test('labels that would overlap move apart, in order, and stay on the page', () => {
  for (const positions of [
    [10, 12, 11],
    [0, 0, 0, 0],
    [99, 100, 98],
    [5, 50, 52, 54, 95],
  ]) {
    const placed = spread(positions, 15, 100);
    const order = positions.map((_, i) => i).sort((a, b) => positions[a] - positions[b]);
    order.forEach((i, k) => {
      assert.ok(placed[i] >= -1e-9 && placed[i] <= 100 + 1e-9);
      if (k > 0) assert.ok(placed[i] - placed[order[k - 1]] >= 15 - 1e-9, `${positions} -> ${placed}`);
    });
  }
  assert.deepEqual(spread([20, 60], 15, 100), [20, 60]);
});
