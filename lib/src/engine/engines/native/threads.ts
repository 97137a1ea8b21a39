import { platform } from '../../../platform/port';

/** The number of threads in `variable`, or as many as this process may run on. */
export function threadsFrom(variable: string, environment = platform().environment): number {
  const given = Number(environment[variable]);
  return Number.isInteger(given) && given > 0 ? given : platform().processor().threads;
}
