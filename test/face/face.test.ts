/**
 * The public face, walked: every function that takes options refuses a misspelt one with the name that was meant, and what is no
 * object of options; each has a right call that passes; and none is forgotten, because the list is the TypeScript checker's.
 */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as bnlab from 'bnlab/internal';
import { calls, invoke, LEFT_OUT, makeWorld, quietly, type World } from './calls';
import { publicFace } from './face';

const face = publicFace();
let world: World;
let table: ReturnType<typeof calls>;

test.before(async () => {
  await bnlab.ready();
  world = await makeWorld();
  table = calls(world);
});

/** A name as a hurried hand writes it: two letters in the middle exchanged, or one doubled where they are the same. */
function misspelt(name: string): string {
  const at = Math.floor((name.length - 1) / 2);
  const [a, b] = [name[at], name[at + 1]];
  return a === b ? name.slice(0, at) + a + name.slice(at) : name.slice(0, at) + b + a + name.slice(at + 2);
}

/** What is as near to another name. */
const ALIKE: Record<string, string> = { sedes: 'sides' };

/** The names that a message may begin with: a class is made by a function of a name of its own. */
const begins = (name: string) =>
  new RegExp(`^(${name}|${name.replace(/Layer$|2dLayer$/, '')}|\\w*[Ll]ayer\\w*|conv2d|dense)\\b`, 'i');

test('every function and class of the face has a right call here', () => {
  const named = face.map(({ name }) => name).filter((name) => !(name in LEFT_OUT));
  assert.ok(named.length > 200, `the checker finds ${named.length}`);
  assert.deepEqual(
    named.filter((name) => !(name in table)),
    [],
  );
});

test('what silences displays takes no result of a test away', async () => {
  const write = process.stdout.write;
  const [result, arrived] = [Uint8Array.of(1, 2), [] as unknown[]];
  process.stdout.write = ((chunk: unknown, ...rest: []) =>
    chunk === result || chunk === 'a display'
      ? arrived.push(chunk) > 0
      : write.call(process.stdout, chunk as string, ...rest)) as typeof write;
  try {
    await quietly('displays', () => {
      process.stdout.write('a display');
      process.stdout.write(result);
    });
  } finally {
    process.stdout.write = write;
  }
  assert.deepEqual(arrived, [result]);
});

test('the right calls pass', async () => {
  for (const [name, make] of Object.entries(table).filter(([name]) => !(name in LEFT_OUT)))
    await quietly(name, () => invoke(name, make()));
});

for (const { name, options } of face.filter((entry) => entry.options.length > 0 && !(entry.name in LEFT_OUT))) {
  test(`${name} refuses a misspelt option, and what is no object of options`, async () => {
    for (const { index, names } of options) {
      const given = (change: (options: object) => unknown) => async () => {
        const values = table[name]();
        values[index] = change((values[index] ?? {}) as object);
        await invoke(name, values);
      };
      const refused = (change: (options: object) => unknown, of: RegExp, what: string) =>
        quietly(name, () =>
          assert.rejects(given(change), (error: Error) => {
            assert.match(`${error.name}`, /^(RangeError|TypeError|DataError|FigureError)$/, `${what}: ${error.stack}`);
            assert.match(error.message, begins(name), `${what}: ${error.message}`);
            assert.match(error.message, of, what);
            return true;
          }),
        );
      for (const right of names.filter((option) => option.length > 3)) {
        const wrong = misspelt(right);
        if (names.includes(wrong)) continue;
        const meant = names.includes(ALIKE[wrong]) ? ALIKE[wrong] : right;
        await refused((old) => ({ ...old, [wrong]: 1 }), new RegExp(`'${wrong}'.*Did you mean '${meant}'`), wrong);
      }
      await refused((old) => ({ ...old, nothingLikeIt: 1 }), /'nothingLikeIt'/, 'nothingLikeIt');
      for (const none of [1e-3, 'pca', [], null]) await refused(() => none, /got /, String(none));
      if (name !== 'check') await refused(() => true, /got true/, 'true'); // check(name, true) is a check
    }
  });
}
