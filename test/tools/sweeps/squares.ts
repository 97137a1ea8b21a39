/** A sweep of an experiment of its own, quick and with every kind of trouble: see sweep.test.ts. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { defineExperiment, defineSweep } from 'bnlab';
import { needsTwoTries, square, TROUBLE } from './squaring';

const experiment = defineExperiment({
  ...{ name: 'squares', version: 1, question: 'How large is a square?', whenAborted: 'throws' },
  ...{
    defaults: { x: 1, seed: 1 },
    options: {
      x: { words: 'a number', fits: Number.isFinite, needed: true } as const,
      seed: { words: 'a number', fits: Number.isFinite, needed: true } as const,
    },
  },
  compute: async ({ x, seed }: { x: number; seed: number }) => {
    if (x === TROUBLE) throw new Error('squares of 13 bring bad luck');
    const mark = path.join(process.env.BNLAB_TEST_MARKS!, String(seed));
    if (needsTwoTries(x) && !fs.existsSync(mark)) {
      fs.writeFileSync(mark, '');
      process.exit(3);
    }
    return { square: square(x), seed };
  },
});

export default defineSweep({ name: 'squares', experiment, grid: { x: [2, 3, TROUBLE], seed: [1, 2] } });
