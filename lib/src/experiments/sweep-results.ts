/** What the runs of a sweep answered, in a notebook or script. */
import { expectArgument, text } from '../core/checks';
import type { Json } from '../core/json';
import { platform } from '../platform/port';
import { INDEX, readKept } from './kept-results';

/** One run of a sweep that ended. */
export interface SweepResult<R = Json> {
  /** By axis of the grid, the value, or the name that stands for it. */
  at: Record<string, Json>;
  /** What the experiment answered. */
  answer: R;
  /** Wall time of the run. */
  seconds: number;
  /** What computed. */
  engine: string;
}

/**
 * Loads the results that `npm run sweep` has kept, in the order in which the runs ended; also while it is at work.
 *
 * @param sweep the name of a sweep, of which the results lie in `sweeps/NAME` of the checkout, or a folder
 * @returns an entry for each run that is there; a run that is under way, failed or was stopped is not
 * @throws RangeError where there are no results of that name, with the places that were looked at; PlatformError in a browser
 * @example
 * const runs = await loadSweep<TrainingRun>('rates-and-scales');
 * table(runs.map(({ at, answer }) => ({ ...at, final: answer.final })));
 */
export async function loadSweep<R = Json>(sweep: string): Promise<SweepResult<R>[]> {
  expectArgument('loadSweep', 'sweep', sweep, text);
  const { files } = platform();
  const places = [sweep, `sweeps/${sweep}`, `../sweeps/${sweep}`];
  for (const place of places) {
    if (!(await files.exists(`${place}/${INDEX}`)) && !(await files.exists(`${place}/runs`))) continue;
    const { byId } = await readKept(place);
    return [...byId.values()].map(({ at, answer, seconds, engine }) => ({ at, answer: answer as R, seconds, engine }));
  }
  throw new RangeError(
    `loadSweep: there are no results of '${sweep}'; looked in ${places.join(', ')}. \`npm run sweep -- FILE\` makes them.`,
  );
}
