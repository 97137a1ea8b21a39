/**
 * Random programs, compiled: every operation gives what eager execution gives. More of them:
 * `BNLAB_PROGRAMS=2000 npm test -- compile-programs`, from another seed on with `BNLAB_PROGRAMS_FROM=100000`.
 */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { ready } from 'bnlab';
import { given } from '../support/home';
import { faults, randomProgram } from './programs';

before(ready);

const count = Number(given.BNLAB_PROGRAMS ?? 12);
const from = Number(given.BNLAB_PROGRAMS_FROM ?? 1);

test(`${count} random programs from seed ${from} on, with XLA and without`, async () => {
  assert.ok(count >= 1, 'BNLAB_PROGRAMS wants a number of programs');
  const found: string[] = [];
  let operations = 0;
  for (let seed = from; seed < from + count; seed++) {
    const program = randomProgram(seed);
    operations += program.nodes.length;
    for (const xla of [false, true]) {
      const [first] = await faults(program, { xla });
      if (first) found.push(`seed ${seed}: ${first.text}`);
    }
  }
  assert.ok(operations >= 12 * count, `${operations} operations in ${count} programs`);
  assert.deepEqual(found, [], `\n${found.join('\n\n')}`);
});
