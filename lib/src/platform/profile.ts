/** Profiles: the same notebook in seconds, in minutes, or with the paper's own number of steps. */
import { platform } from './port';

/** `quick` is for trying and for tests, `full` for what is committed, `paper` for the paper's own lengths. */
export type Profile = 'quick' | 'full' | 'paper';

/** The profiles, shortest first. */
export const PROFILES: readonly Profile[] = ['quick', 'full', 'paper'];

/**
 * The profile this run has, from the environment variable BNLAB_PROFILE; `quick` where it is not set.
 *
 * @throws RangeError for another value
 */
export function profile(): Profile {
  const given = platform().environment.BNLAB_PROFILE || 'quick';
  const known = PROFILES.find((one) => one === given);
  if (known) return known;
  throw new RangeError(`BNLAB_PROFILE is "${given}"; wanted quick, full or paper. Set it so, or unset it for quick.`);
}
