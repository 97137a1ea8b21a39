/** Tests that end in each way: for the test of what runs tests in a browser. */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';

test('passes', () => assert.deepEqual([NaN, new Float32Array([1])], [NaN, new Float32Array([1])]));
test('fails', () => assert.deepEqual([0], [-0]));
test('throws', async () => {
  await Promise.reject(new Error('in the body'));
});
test('asks Node', () => assert.equal(fs.readFileSync('/dev/null').length, 0));
