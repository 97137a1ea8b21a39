/** What is measured beside single steps: two runs side by side, memory, tracing, lengths of calls, a long run. */
import { cases } from './cases';
import { bestMode, median, Report } from './report';
import { Library, Worker } from './worker-process';

/** Steps of each of two runs, in a timing. */
const SIDE_STEPS = 400;
const SIDE_ROUNDS = 7;
/** Pictures and steps of the run whose memory is looked at: MNIST's training set, as bytes. */
const PICTURES = 60_000;
const MEMORY_STEPS = 2000;
const MEMORY_PROCESSES = 3;

/**
 * Dense runs of a sweep, two of them: in two processes at once with one thread each, and one after the other as is fastest. Milliseconds for a
 * step of either.
 */
export async function sideBySide(libraries: readonly Library[], report: Report): Promise<Report['side']> {
  const [dense] = cases;
  const side: NonNullable<Report['side']> = [];
  const begun: { library: string; variant: string; both: Worker[]; alone: Worker }[] = [];
  for (const { name, command, threads } of libraries) {
    const best = bestMode(report, name);
    if (!best) continue;
    const { mode } = best;
    const both = [1, 2].map(() => new Worker(command, threads(1)));
    const alone = new Worker(command, best.threads === undefined ? {} : threads(best.threads));
    begun.push({ library: name, variant: mode, both, alone });
    side.push({ library: name, mode, two: [], one: [] });
  }
  const timed = async (workers: Worker[], variant: string) => {
    const began = performance.now();
    const answers = await Promise.all(
      workers.map((worker) => worker.ask({ case: dense.name, variant, steps: SIDE_STEPS })),
    );
    const failed = answers.find(({ seconds }) => seconds === undefined);
    if (failed) throw new Error(failed.error ?? 'no time');
    return (performance.now() - began) / SIDE_STEPS / workers.length;
  };
  for (let round = -1; round < SIDE_ROUNDS; round++) {
    for (const [i, { library, variant, both, alone }] of begun.entries()) {
      process.stdout.write(`two runs side by side: ${library}, ${round < 0 ? 'warming up' : `round ${round + 1}`}\n`);
      try {
        const [two, one] = [await timed(both, variant), await timed([alone], variant)];
        if (round < 0) continue;
        side[i].two.push(two);
        side[i].one.push(one);
      } catch (error) {
        side[i].error = String(error);
      }
    }
  }
  for (const { both, alone } of begun) for (const worker of [...both, alone]) worker.stop();
  return side;
}

/**
 * The most memory that a process has had resident when it ends a dense run on as many pictures as MNIST has, in the mode that was the
 * fastest: the median of several processes, since when JavaScript's and Python's collectors run moves a single one by tens of MiB.
 */
export async function memory(libraries: readonly Library[], report: Report): Promise<Report['memory']> {
  const found: NonNullable<Report['memory']> = [];
  for (const { name, command, threads } of libraries) {
    const best = bestMode(report, name);
    if (!best) continue;
    const { mode } = best;
    const chosen = best.threads === undefined ? {} : threads(best.threads);
    const peaks: number[] = [];
    for (let count = 1; count <= MEMORY_PROCESSES; count++) {
      console.log(`memory: ${name}, process ${count} of ${MEMORY_PROCESSES}`);
      const worker = new Worker(command, { ...chosen, BNLAB_BENCH_PICTURES: String(PICTURES) });
      const { seconds } = await worker.ask({ case: 'dense', variant: mode, steps: MEMORY_STEPS });
      if (seconds !== undefined) peaks.push((await worker.ask({ task: 'memory' })).peak as number);
      worker.stop();
    }
    if (peaks.length === MEMORY_PROCESSES)
      found.push({ library: name, mode, peakMiB: median(peaks), processes: MEMORY_PROCESSES });
  }
  return found;
}

export async function extras(worker: Worker, names: string[]): Promise<Report['extras']> {
  console.log('tracing, call lengths, and a run of 50,000 steps');
  const traces: NonNullable<Report['extras']>['traces'] = [];
  for (const name of names) {
    const costs: { traceAndLoad: number; firstStep: number }[] = [];
    for (let i = 0; i < 3; i++) {
      const { traceAndLoad, firstStep } = await worker.ask({ task: 'trace', case: name });
      costs.push({ traceAndLoad: traceAndLoad as number, firstStep: firstStep as number });
    }
    traces.push({ name, costs });
  }
  const calls: NonNullable<Report['extras']>['calls'] = [];
  for (const steps of [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]) {
    const several: number[] = [];
    for (let i = 0; i < 3; i++) several.push((await worker.ask({ task: 'call', steps })).seconds!);
    calls.push({ steps, millisecondsPerStep: (1000 * median(several)) / steps });
  }
  const steps = 50_000;
  const answer = await worker.ask({ task: 'long', steps });
  const { seconds, before, peak, after } = answer as Record<string, number>;
  return { traces, calls, long: { steps, seconds, beforeMiB: before, peakMiB: peak, afterMiB: after } };
}
