/** Smaller pictures: means of squares of pixels, in bytes and in numbers. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { shrinkImages } from 'bnlab';

const labels = Uint8Array.of(3, 1);

test('each pixel is the mean of those it stands for, channel by channel, picture by picture', () => {
  const shape = [2, 4, 2];
  const images = Float32Array.from({ length: 32 }, (_, i) => i * i);
  const small = shrinkImages({ images, labels, n: 2, shape, classCount: 10 }, 2);
  const at = (n: number, row: number, column: number, channel: number) =>
    images[((n * 2 + row) * 4 + column) * 2 + channel];
  const want: number[] = [];
  for (const n of [0, 1])
    for (const column of [0, 2])
      for (const channel of [0, 1])
        want.push(
          (at(n, 0, column, channel) +
            at(n, 0, column + 1, channel) +
            at(n, 1, column, channel) +
            at(n, 1, column + 1, channel)) /
            4,
        );
  assert.deepEqual([...small.images], want);
  assert.deepEqual(small.shape, [1, 2, 2]);
  assert.deepEqual([...small.labels], [3, 1]);
  assert.equal(small.classCount, 10);
  assert.notEqual(small.labels, labels);
});

test('bytes stay bytes, rounded; a factor of 1 is a copy; what does not divide is refused', () => {
  const images = Uint8Array.of(0, 1, 1, 1, 200, 255, 255, 255);
  const given = { images, labels, n: 2, shape: [2, 2, 1] };
  const small = shrinkImages(given, 2);
  assert.ok(small.images instanceof Uint8Array);
  assert.deepEqual([...small.images], [1, 241]);
  assert.deepEqual([...shrinkImages(given, 1).images], [...images]);
  assert.throws(
    () => shrinkImages(given, 3),
    /a factor of 3 for pictures of 2 x 2; wanted one that divides both sides/,
  );
  const rows = { images: new Float32Array(8), labels, n: 2, shape: [4] };
  assert.throws(() => shrinkImages(rows, 2), /wanted pictures/);
});
