/** What a notebook makes of the profile: the same cells in seconds, in minutes, or with the paper's own number of steps. */

import { expectOptions, needed, own } from '../core/checks';
import { profile } from '../platform/profile';

/**
 * The value for this run's profile: profiles, not edits, decide how long a notebook computes.
 *
 * @example const steps = byProfile({ quick: 600, full: 5000, paper: 50000 })
 */
export function byProfile<T>(values: { quick: T; full: T; paper: T }): T {
  expectOptions<typeof values>('byProfile', values, { quick: needed(own), full: needed(own), paper: needed(own) });
  return values[profile()];
}
