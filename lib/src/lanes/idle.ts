/** Lanes from one job to the next: starting one takes seconds. */
import { platform } from '../platform/port';
import { Lane } from './lane';

interface Held {
  lane: Lane;
  /** What it was started with, where it counts. */
  environment: string;
}

const idle: Held[] = [];
const borrowed = new Map<Lane, Held>();
const made = new Set<Lane>();

/** Numbers of the processes that are there. */
export function laneIds(): number[] {
  return [...made].map(({ id }) => id);
}

/** A lane that is ready already, if there is one; a process that was started under another environment is ended. */
export function idleLane(): Lane | undefined {
  const environment = environmentNow();
  for (let held = idle.shift(); held; held = idle.shift()) {
    if (held.environment !== environment) {
      held.lane.end();
      continue;
    }
    held.lane.rest(false);
    borrowed.set(held.lane, held);
    return held.lane;
  }
  return undefined;
}

/** The file among the tools. */
const LANE_PROGRAM = 'lane';

/**
 * Starts a lane. It is ready seconds later, and rests until then.
 *
 * @returns undefined where there can be none
 */
export function startLane(): Lane | undefined {
  // it divides its work no further
  const companion = platform().startProgram(LANE_PROGRAM, { BNLAB_LANES: '1' });
  if (!companion) return undefined;
  const lane = new Lane(companion, () => forget(lane));
  lane.rest(true);
  made.add(lane);
  borrowed.set(lane, { lane, environment: environmentNow() });
  return lane;
}

/** The lane is ready, and no job's. */
export function giveBack(lane: Lane): void {
  const held = borrowed.get(lane);
  borrowed.delete(lane);
  if (!held || !made.has(lane)) return;
  lane.rest(true);
  idle.push(held);
}

/** Ends those of no job. */
export function endIdleLanes(): void {
  for (const { lane } of idle.splice(0)) lane.end();
}

function forget(lane: Lane): void {
  made.delete(lane);
  borrowed.delete(lane);
  const place = idle.findIndex((held) => held.lane === lane);
  if (place >= 0) idle.splice(place, 1);
}

/** Whatever variable may decide what is computed, or what a history says of it. */
function environmentNow(): string {
  return JSON.stringify(platform().environment);
}
