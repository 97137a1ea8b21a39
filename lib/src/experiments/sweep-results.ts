/** What the runs of a sweep answered, in a notebook or script. */
import { expectArgument, text } from '../core/checks';
import type { Json } from '../core/json';
import { platform } from '../platform/port';

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
 * Loads the results that `npm run sweep` has kept, in the order in which the runs ended.
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
  const places = [sweep, `sweeps/${sweep}`, `../sweeps/${sweep}`].map((folder) => `${folder}/results.ndjson`);
  for (const place of places) {
    if (!(await files.exists(place))) continue;
    return (await files.readText(place)).split('\n').flatMap((line) => {
      const result = resultOf<R>(line);
      return result ? [result] : [];
    });
  }
  throw new RangeError(
    `loadSweep: there are no results of '${sweep}'; looked for ${places.join(', ')}. \`npm run sweep -- FILE\` makes them.`,
  );
}

/** A line that was cut off, by a kill or while it is being written, is no result. */
function resultOf<R>(line: string): SweepResult<R> | undefined {
  try {
    const { at, answer, seconds, engine } = JSON.parse(line) as SweepResult<R>;
    return { at, answer, seconds, engine };
  } catch {
    return undefined;
  }
}
