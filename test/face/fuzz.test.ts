/**
 * Bad input of many kinds in every place of every call of the public face: whatever is refused is refused in the library's own words,
 * and never with what JavaScript or TensorFlow.js says when the library stumbles over it. Each place gets some kinds, drawn by a seed.
 */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { Random, ready, tf } from 'bnlab';
import { CLASS_COUNT } from 'bnlab/internal';
import { calls, invoke, LEFT_OUT, makeWorld, methodCalls, quietly } from './calls';
import { publicFace } from './face';

/** What an engine of JavaScript, or TensorFlow.js, says when something inside fails. */
const INSIDE =
  /Cannot (read|set|destructure|use|convert|assign|access|mix)|is not (a function|iterable|a constructor|defined)|\[object |Invalid (array|typed|string|count|value)|Maximum call|Reduce of empty|Argument '|Argument tensors|Tensor is disposed|Tensor must have|Based on the provided|Unknown dtype|Error in \w+:|(null|undefined) is not (?!known)|must be of type|private field|incompatible receiver|offset is out/;

/** How many kinds of bad input each place gets. */
const KINDS_A_PLACE = 16;

test('no bad input shows the inside of the library', async (t) => {
  // A name of a file is a bad input, too: what is saved under it goes away with the folder.
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'bnlab-fuzz-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  process.chdir(folder);
  process.env.BNLAB_OFFLINE = '1'; // an option that is left out asks no network
  await ready();
  const world = await makeWorld();
  const gone = tf.ones([2, 2]);
  gone.dispose();
  const bad: Record<string, () => unknown> = {
    undefined: () => undefined,
    null: () => null,
    NaN: () => NaN,
    'a negative number': () => -1,
    infinity: () => Infinity,
    'a fraction': () => 0.5,
    'a string': () => 'abc',
    'an empty string': () => '',
    true: () => true,
    'an empty array': () => [],
    'an array of null': () => [null],
    'ragged rows': () => [[1], 2],
    'an empty object': () => ({}),
    'another object': () => ({ zzz: 1 }),
    'a function': () => () => undefined,
    'a class': () => Map,
    'a tensor': () => tf.ones([2, 2]),
    'a tensor of integers': () => tf.ones([4, 2], 'int32'),
    'a tensor of rank 5': () => tf.ones([1, 1, 1, 1, 1]),
    'an empty tensor': () => tf.zeros([0, 2]),
    'a tensor of NaN': () => tf.fill([4, 2], NaN),
    'a disposed tensor': () => gone,
    'a history': () => world.history,
    'a comparison': () => world.comparison,
    'a network': () => world.network,
    'a typed array': () => Float32Array.of(1, 2),
    'a bigint': () => 3n,
    'a symbol': () => Symbol('s'),
    'a date': () => new Date(0),
    'a map': () => new Map(),
    'a promise': () => Promise.resolve(1),
    'an object without a prototype': () => Object.create(null) as object,
  };
  const random = new Random(CLASS_COUNT, 'fuzz');
  const some = (name: string) => {
    const kinds = Object.keys(bad).filter((kind) => !(name in SLOW_BY_DEFAULT && LEAVES_OUT.has(kind)));
    return Array.from(random.permutation(kinds.length).subarray(0, KINDS_A_PLACE), (i) => kinds[i]);
  };
  const declared = new Map(publicFace().map((entry) => [entry.name, entry]));
  const count = { tried: 0, refused: 0 };
  const wrong: string[] = [];
  const attempt = async (what: string, name: string, call: () => unknown) => {
    count.tried++;
    try {
      await quietly(name, call);
    } catch (error) {
      count.refused++;
      const said = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${typeof error}`;
      if (!(error instanceof Error) || INSIDE.test(said) || error instanceof ReferenceError)
        wrong.push(`${what}: ${said}`);
    }
  };
  const all: [string, () => { call: (values: unknown[]) => unknown; values: unknown[] }][] = [
    ...Object.entries(calls(world)).map(([name, make]): (typeof all)[number] => [
      name,
      () => ({ call: (values) => invoke(name, values), values: make() }),
    ]),
    ...Object.entries(methodCalls(world)).map(([name, make]): (typeof all)[number] => [
      name,
      () => {
        const [of, method, values] = make();
        const call = (of as Record<string, (...given: unknown[]) => unknown>)[method];
        return { call: (given) => call.apply(of, given), values };
      },
    ]),
  ];
  for (const [name, make] of all) {
    if (name in LEFT_OUT || name in SLOW) continue;
    const sample = tf.tidy(
      () => make().values.map((value) => (value instanceof tf.Tensor ? null : value)) as never,
    ) as unknown as unknown[];
    const options = declared.get(name)?.options ?? [];
    for (let place = 0; place < sample.length; place++) {
      for (const kind of some(name)) {
        await attempt(`${name}, argument ${place}: ${kind}`, name, () => {
          const { call, values } = make();
          values[place] = bad[kind]();
          return call(values);
        });
      }
      const names = new Set([
        ...(options.find(({ index }) => index === place)?.names ?? []),
        ...(isLiteral(sample[place]) ? Object.keys(sample[place] as object) : []),
      ]);
      for (const option of names) {
        if (option === 'environment') continue; // without BNLAB_OFFLINE in it, it asks the network
        for (const kind of some(name)) {
          await attempt(`${name}, ${option}: ${kind}`, name, () => {
            const { call, values } = make();
            values[place] = { ...(values[place] as object), [option]: bad[kind]() };
            return call(values);
          });
        }
      }
    }
  }
  t.diagnostic(`${count.tried} bad inputs, ${count.refused} refused`);
  assert.deepEqual(wrong, []);
  assert.ok(count.refused > 0.75 * count.tried, `${count.refused} of ${count.tried} refused`);
});

/** Left out here, because they compute for seconds. */
const SLOW: Record<string, string> = {
  ignoredJacobian: 'trains',
  runnable: 'trains',
  layerTimes: 'compiles each step',
};
/** Here no option is left to its default. */
const SLOW_BY_DEFAULT: Record<string, string> = {
  generateDigits: 'draws 70,000 pictures by default',
  loadDataset: 'draws 70,000 pictures by default',
  study: 'draws 70,000 pictures by default',
};
const LEAVES_OUT = new Set(['undefined', 'an empty object', 'an object without a prototype']);

const isLiteral = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
