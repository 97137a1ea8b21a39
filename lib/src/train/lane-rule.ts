/** When runs of a comparison are made in processes beside this one, and in how many. */
import { platform, type Environment } from '../platform/port';

/** So many processes, this one included, may make a comparison's runs; 1: this one alone. */
const VARIABLE = 'BNLAB_LANES';

/**
 * Seconds of work that must be left here for another process to be started. Measured on 2 idle cores, its start included: 1.35 times as fast with
 * 4 seconds of work, 1.5 with 6, 1.67 with 11. On busy cores nothing is gained below 8, and nothing lost.
 */
const WORTH_SECONDS = 4;

/** Memory that another process takes besides its data, bytes. */
const PROCESS_BYTES = 5e8;

/** What the rule looks at. */
export interface Outlook {
  /** Whether the steps run on one thread. Larger ones use all processors by themselves: two processes would get in each other's way. */
  oneThread: boolean;
  /** Seconds that the runs still take here. */
  secondsLeft: number;
  /** Runs that nobody has begun. */
  runsLeft: number;
  /** Bytes of the data. */
  dataBytes: number;
}

/**
 * How many processes may make runs, this one included: what the caller asks for, else what `BNLAB_LANES` says (whoever runs several
 * notebooks side by side shares the processors out), else one a processor.
 *
 * @throws RangeError when the variable is no number of processes
 */
export function lanesAllowed(asked: number | undefined, environment: Environment = platform().environment): number {
  const given = environment[VARIABLE];
  if (given !== undefined && given !== '' && !/^[1-9]\d*$/.test(given)) {
    throw new RangeError(
      `${VARIABLE}='${given}': wanted a whole number of at least 1, the processes that may make runs side by side; 1 makes all runs in this process.`,
    );
  }
  return asked ?? (given ? Number(given) : platform().processor().threads);
}

/** How many processes beside this one are worth their start. */
export function lanesWorth({ oneThread, secondsLeft, runsLeft, dataBytes }: Outlook, allowed: number): number {
  if (!oneThread || secondsLeft < WORTH_SECONDS) return 0;
  const { free = 0 } = platform().memory();
  // While data arrive they are there twice, and half of what is free is left alone.
  const fit = Math.floor(free / 2 / (PROCESS_BYTES + 2 * dataBytes));
  return Math.min(allowed - 1, runsLeft, fit);
}
