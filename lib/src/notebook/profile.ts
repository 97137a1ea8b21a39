/** Profiles: the same notebook in seconds, in minutes, or with the paper's own number of steps. */

import { expectOptions, needed, own } from '../core/checks';

/** `quick` is for trying and for tests, `full` for what is committed, `paper` for the paper's own lengths. */
export type Profile = 'quick' | 'full' | 'paper';

/**
 * The profile this run has, from the environment variable BNLAB_PROFILE; `quick` where it is not set.
 *
 * @throws RangeError for another value
 */
export function profile(): Profile {
  const given = process.env.BNLAB_PROFILE || 'quick';
  if (given !== 'quick' && given !== 'full' && given !== 'paper') {
    throw new RangeError(`BNLAB_PROFILE is "${given}"; wanted quick, full or paper. Set it so, or unset it for quick.`);
  }
  return given;
}

/**
 * The value for this run's profile: profiles, not edits, decide how long a notebook computes.
 *
 * @example const steps = byProfile({ quick: 600, full: 5000, paper: 50000 })
 */
export function byProfile<T>(values: { quick: T; full: T; paper: T }): T {
  expectOptions<typeof values>('byProfile', values, { quick: needed(own), full: needed(own), paper: needed(own) });
  return values[profile()];
}
