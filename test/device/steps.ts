/** Training steps on the card, eager, replayed, fused, and of 32 runs at once, as a table: milliseconds a step, and whether the ways agree. */
import { ready } from 'bnlab';
import { WAYS } from '../engine/webgpu/replayed';
import { BENCHES, type Timed, timeSteps, timeTogether } from './replay';

/** Steps after which the ways are compared: the same for all. */
const COMPARED = 100;
/** Steps that are timed. */
const TIMED = 2000;
/** Runs at once. */
const RUNS = 32;

async function main(): Promise<void> {
  const card = await ready();
  console.log(`${card.engine}: ${card.device}\n`);
  console.log(
    '| network | way | dispatches | ms a step | of JavaScript | loss after 100 steps |\n|---|---|---|---|---|---|',
  );
  for (const bench of BENCHES) {
    for (const way of Object.keys(WAYS)) {
      const compared = await timeSteps(bench, way, COMPARED);
      const timed = way === 'eager' ? compared : await timeSteps(bench, way, TIMED);
      console.log(row(timed, compared.loss));
    }
    console.log(row(await timeTogether(bench, RUNS, TIMED / RUNS), ''));
  }
}

function row({ bench, way, dispatches, milliseconds, javascript }: Timed, loss: number | ''): string {
  const cells = [bench, way, dispatches ?? '', milliseconds.toFixed(4), javascript?.toFixed(4) ?? '', loss];
  return `| ${cells.join(' | ')} |`;
}

void main();
