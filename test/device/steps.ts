/** Training steps on the card, eager, replayed, fused, and of 32 runs at once, as a table: milliseconds a step, and whether the ways agree. */
import { ready } from 'bnlab';
import { WAYS } from '../engine/webgpu/replayed';
import { BENCHES, dense, type Timed, timeSteps, timeTogether, workOf } from './replay';

/** On a driver in software each step takes as long as thousands on a card. */
const QUICK = process.env.QUICK === '1';
/** Steps after which the ways are compared: the same for all. */
const COMPARED = QUICK ? 3 : 100;
/** Steps that are timed. */
const TIMED = QUICK ? 16 : 2000;
/** Runs at once. */
const RUNS = 32;
/** Widths of networks by which is found how much work keeps the device busy. */
const WIDTHS = QUICK ? [30] : [100, 200, 400, 800, 1600];
/** Runs at once by which that is found. */
const FEW = 8;

/** Steps of each of some runs; one at least. */
const share = (steps: number, runs: number): number => Math.max(1, Math.round(steps / runs));

async function main(): Promise<void> {
  const card = await ready();
  console.log(`${card.engine}: ${card.device}\n`);
  console.log(
    `| network | way | dispatches | ms a step | of JavaScript | loss after ${COMPARED} steps |\n|---|---|---|---|---|---|`,
  );
  for (const bench of QUICK ? BENCHES.filter(({ name }) => /^(?:dense|conv) with/.test(name)) : BENCHES) {
    for (const way of Object.keys(WAYS)) {
      const compared = await timeSteps(bench, way, COMPARED);
      const timed = way === 'eager' ? compared : await timeSteps(bench, way, TIMED);
      console.log(row(timed, compared.loss));
    }
    console.log(row(await timeTogether(bench, RUNS, share(TIMED, RUNS)), ''));
  }
  await idle();
}

/** How much work keeps the device busy: what `idleBelow` of the engine is estimated from. */
async function idle(): Promise<void> {
  console.log(`\nWork is parameters times examples; ${FEW} runs at once, milliseconds a step of one of them.\n`);
  console.log('| work | alone | at once | times faster |\n|---|---|---|---|');
  for (const width of WIDTHS) {
    const bench = dense(width);
    const alone = await timeSteps(bench, 'fused', TIMED / 4);
    const together = await timeTogether(bench, FEW, share(TIMED / 4, FEW));
    const [a, b] = [alone.milliseconds, together.milliseconds];
    console.log(`| ${workOf(bench).toExponential(1)} | ${a.toFixed(4)} | ${b.toFixed(4)} | ${(a / b).toFixed(2)} |`);
  }
}

function row({ bench, way, dispatches, milliseconds, javascript }: Timed, loss: number | ''): string {
  const cells = [bench, way, dispatches ?? '', milliseconds.toFixed(4), javascript?.toFixed(4) ?? '', loss];
  return `| ${cells.join(' | ')} |`;
}

void main();
