/** A cell's names of earlier cells, in every place where TypeScript lets them stand, in a real kernel. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { runCells, type Output } from '../support/kernel';

const printed = (outputs: Output[]) => outputs.flatMap(({ text }) => text ?? []).join('');

test('names in short properties and in patterns are those of the earlier cells', () => {
  const outputs = runCells([
    `import { moments64 } from 'bnlab';
const data = { x: 1 };
interface Row { rate: number; b: { c: string } }
const rows: Row[] = [{ rate: 3, b: { c: 'deep' } }];
let n = 1;
let m: number | undefined = 2;`,
    `const kept = { data, n, moments64 };
console.log(kept.data === data, kept.n, kept.moments64 === moments64);
console.log([5].map((n) => ({ n, data }))[0]);`,
    `({ n } = { n: 7 });
({ m = 8 } = {} as { m?: number });
console.log(n, m);
for ({ n } of [{ n: 9 }]) console.log(n);`,
    `const { rate: r, b: { c: deep } } = rows[0];
const take = ({ rate: q = 0 }: Row) => q;
const { mean: mu } = moments64([[1], [3]]);
console.log(r, deep, take(rows[0]), rows.map(({ rate: z }) => z), mu);`,
    `console.log(n, m, r, deep);
const text = "{ data }"; console.log(\`\${text} { n }\`);`,
  ]);
  assert.deepEqual(outputs.map(printed), [
    '',
    'true 1 true\n{ n: 5, data: { x: 1 } }\n',
    '7 8\n9\n',
    '3 deep 3 [ 3 ] [ 2 ]\n',
    '9 8 3 deep\n{ data } { n }\n',
  ]);
});

test('names below a comment in the braces of an import are there, in their own cell and in later ones', () => {
  const cells = [
    `import {
  // reads
  readFileSync, // a file
  /* asks */ existsSync as there,
} from 'node:fs';
console.log(typeof readFileSync, typeof there);`,
    'console.log(typeof readFileSync, typeof there);',
    'const s: string = readFileSync;',
  ];
  const outputs = runCells(cells);
  assert.deepEqual(outputs.slice(0, 2).map(printed), ['function function\n', 'function function\n']);
  assert.match(JSON.stringify(outputs[2]), /1:19 - Type/);
});

test('without the mend tslab loses them: is it still needed?', () => {
  const cells = [
    "import {\n  // reads\n  readFileSync,\n} from 'node:fs';\nconst data = 1;",
    'console.log(typeof readFileSync);',
    'console.log({ data });',
  ];
  const lost = runCells(cells, { preload: 'packages' });
  assert.match(printed(lost[1]), /undefined/);
  assert.match(JSON.stringify(lost[2]), /data is not defined/);
});

test('an error names the line it stands in', () => {
  const wrong = runCells(['const data = 1;', 'const all = { data };\nconst s: string = all.data;']);
  assert.match(JSON.stringify(wrong[1]), /2:7 - Type 'number' is not assignable to type 'string'/);
});
