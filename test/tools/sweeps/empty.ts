/** Runs of nothing: see sweep-queue.test.ts. `BNLAB_TEST_EMPTY` says how many. */
import { defineExperiment, defineSweep } from 'bnlab';

const whole = { words: 'a number', fits: Number.isInteger, needed: true } as const;
const experiment = defineExperiment({
  ...{ name: 'empty', version: 1, question: 'What does nothing cost?', whenAborted: 'throws' },
  ...{ defaults: { n: 1 }, options: { n: whole } },
  compute: async ({ n }: { n: number }) => ({ n }),
});
const many = Number(process.env.BNLAB_TEST_EMPTY ?? 20);
export default defineSweep({ name: 'empty', experiment, grid: { n: Array.from({ length: many }, (_, i) => i) } });
