import assert from 'node:assert/strict';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { DataError } from 'bnlab';
import { IMAGE_PIXELS, readExamples, readIdx } from 'bnlab/internal';
import { writeIdx } from 'bnlab/dist/src/data/idx';
import { idxBytes } from './fixture';

const fails = (act: () => unknown, ...words: RegExp[]) =>
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof DataError, String(error));
    assert.equal(error.code, 'format');
    for (const word of words) assert.match(error.message, word);
    return true;
  });

const shapes = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 });
const files = shapes.chain((shape) => {
  const size = shape.reduce((product, length) => product * length, 1);
  return fc.uint8Array({ minLength: size, maxLength: size }).map((values) => ({ shape, values }));
});

test('what is written as IDX is read back', () => {
  fc.assert(
    fc.property(files, fc.nat(9), ({ shape, values }, offset) => {
      // Also from the middle of a larger buffer, where byteOffset matters.
      const bytes = idxBytes(shape, values);
      assert.deepEqual(writeIdx(shape, values), bytes);
      const larger = new Uint8Array(offset + bytes.length + 3);
      larger.set(bytes, offset);
      const read = readIdx(larger.subarray(offset, offset + bytes.length));
      assert.deepEqual(read.shape, shape);
      assert.deepEqual(Uint8Array.from(read.values), values);
    }),
  );
});

test('a file of any other length is refused, with both lengths', () => {
  fc.assert(
    fc.property(files, fc.integer({ min: -40, max: 40 }), ({ shape, values }, change) => {
      const bytes = idxBytes(shape, values);
      const length = Math.max(0, bytes.length + change);
      fc.pre(length !== bytes.length);
      const other = new Uint8Array(length);
      other.set(bytes.subarray(0, length));
      fails(
        () => readIdx(other, 'the file'),
        new RegExp(`^the file: ${length} bytes`),
        /wanted/,
        /Compare .* size or checksum/,
      );
    }),
  );
});

test('whatever the bytes, the reader gives a sound array or its own error', () => {
  const noise = fc.uint8Array({ maxLength: 64 });
  const afterMagic = fc
    .tuple(fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }), noise)
    .map(([shape, rest]) => Uint8Array.of(0, 0, 8, shape.length, ...shape.flatMap((n) => [0, 0, 0, n]), ...rest));
  fc.assert(
    fc.property(fc.oneof(noise, afterMagic), (bytes) => {
      try {
        const { shape, values } = readIdx(bytes);
        assert.equal(
          values.length,
          shape.reduce((product, length) => product * length, 1),
        );
      } catch (error) {
        assert.ok(error instanceof DataError);
      }
    }),
    { numRuns: 1000 },
  );
});

test('a wrong magic number, element type or rank is named', () => {
  const bytes = idxBytes([2], Uint8Array.of(1, 2));
  const changed = (at: number, value: number) => {
    const copy = Uint8Array.from(bytes);
    copy[at] = value;
    return () => readIdx(copy);
  };
  fails(changed(0, 1), /magic number 01 00 08 01/, /wanted 00 00, an element type/);
  fails(changed(2, 0x0d), /10 bytes \(truncated\)/, /wanted 16 for float32 of shape \[2\]/);
  fails(changed(2, 0x77), /element type 0x77/, /0x08 \(uint8\), 0x09 \(int8\), .*0x0e \(float64\)/);
  fails(changed(3, 0), /0 dimensions/);
  fails(changed(3, 200), /wanted at least 804/);
  fails(() => readIdx(gzipSync(bytes)), /gzip/, /gunzipSync/);
  fails(() => readIdx(Buffer.from('<html>not found</html>')), /starts with 3c 68 74 6d: a page in HTML/);
  fails(() => readIdx(Uint8Array.of(0x80, 2, 0x7d, 0x71)), /a pickle/, /binary version .*data_batch_1.bin/);
  fails(() => readIdx(Buffer.from('\x93NUMPY\x01\0', 'latin1')), /readNpy reads it/);
});

test('images and labels must fit together', () => {
  const images = idxBytes([3, 28, 28], new Uint8Array(3 * IMAGE_PIXELS).fill(7));
  const labels = idxBytes([3], Uint8Array.of(0, 9, 5));
  const read = readExamples(images, labels);
  assert.equal(read.n, 3);
  assert.deepEqual([...read.labels], [0, 9, 5]);
  assert.equal(read.images.length, 3 * IMAGE_PIXELS);
  fails(() => readExamples(images, idxBytes([2], Uint8Array.of(0, 9))), /3 images but 2 labels/);
  fails(() => readExamples(images, idxBytes([3], Uint8Array.of(0, 10, 5))), /label 10 at position 1/, /0 to 9/);
  fails(() => readExamples(labels, images), /shape \[3\]/, /wanted \[n, height, width\]/, /exchanged/);
  fails(() => readExamples(images, images), /labels: shape \[3, 28, 28\]; wanted \[n\]/);
  assert.deepEqual(readExamples(idxBytes([3, 5, 4], new Uint8Array(60).fill(9)), labels).shape, [5, 4, 1]);
});

test('no error of a reader asks to delete a file', () => {
  for (const bytes of [
    new Uint8Array(3),
    Uint8Array.of(0, 0, 0x77, 1),
    Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 9),
    gzipSync('x'),
  ]) {
    assert.throws(
      () => readIdx(bytes),
      (error: Error) => !/delete/i.test(error.message) && error instanceof DataError,
    );
  }
});
