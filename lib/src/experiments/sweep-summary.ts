/** The results of a sweep in a few numbers: medians over the seeds. */
import type { Json } from '../core/json';
import { median } from '../statistics';

/** A run that ended: where in the grid, and its answer. */
export interface Answered {
  /** By axis, the value, or the name that stands for it. */
  at: Readonly<Record<string, Json>>;
  /** What the experiment answered. */
  answer: Json;
}

/** All runs at one place of the grid, whatever their seeds. */
export interface PlaceSummary {
  /** Where in the grid, without the seed. */
  place: Record<string, Json>;
  /** How many ended. */
  n: number;
  /** By measure, the median over those that have it as a number. */
  medians: Record<string, number>;
}

/** What of an answer is a number, at the answer's top. */
export function measuresOf(answer: Json): string[] {
  if (answer === null || typeof answer !== 'object' || Array.isArray(answer)) return [];
  return Object.keys(answer).filter((name) => typeof answer[name] === 'number');
}

/** The values of a measure, of those answers that have it as a number. */
export function valuesOf(runs: readonly Answered[], measure: string): number[] {
  const values = runs.map(({ answer }) => (answer as Record<string, Json> | null)?.[measure]);
  return values.filter((value): value is number => typeof value === 'number');
}

/** Medians over the seeds at every place of the grid where a run ended, in the order in which the runs are given. */
export function summarize(runs: readonly Answered[]): PlaceSummary[] {
  const groups = new Map<string, { place: Record<string, Json>; runs: Answered[] }>();
  for (const run of runs) {
    const { seed: _, ...place } = run.at;
    const key = JSON.stringify(place);
    const group = groups.get(key);
    if (group) group.runs.push(run);
    else groups.set(key, { place, runs: [run] });
  }
  return [...groups.values()].map(({ place, runs: here }) => {
    const measures = new Set(here.flatMap(({ answer }) => measuresOf(answer)));
    const medians = [...measures].map((name) => [name, median(valuesOf(here, name))] as const);
    return { place, n: here.length, medians: Object.fromEntries(medians) };
  });
}

/** `network BN, learningRate 1, seed 2` */
export function placeText(at: Readonly<Record<string, Json>>): string {
  return Object.entries(at)
    .map(([axis, value]) => `${axis} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}
