/** Runs that end when they are let, all of them or one by its number: see sweep-queue.test.ts and sweep-cell.test.ts. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { defineExperiment, defineSweep } from 'bnlab';

const whole = { words: 'a number', fits: Number.isInteger, needed: true } as const;
const experiment = defineExperiment({
  ...{ name: 'patient', version: 1, question: 'May I?', whenAborted: 'throws' },
  ...{ defaults: { n: 1 }, options: { n: whole } },
  compute: async ({ n }: { n: number }) => {
    const marks = process.env.BNLAB_TEST_MARKS!;
    fs.writeFileSync(path.join(marks, `begun-${process.pid}`), '');
    const isLet = () => ['go', `go-${n}`].some((name) => fs.existsSync(path.join(marks, name)));
    while (!isLet()) await new Promise((resolve) => setTimeout(resolve, 20));
    return { n };
  },
});
export default defineSweep({ name: 'patient', experiment, grid: { n: [1, 2] } });
