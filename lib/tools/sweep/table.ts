/** A sweep's runs and results as text. */
import type { Json } from '../../src/core/json';
import type { SweepRun } from '../../src/experiments';
import { median } from '../../src/statistics';
import type { Results } from './store';

/** `network BN, learningRate 1, seed 2` */
export function placeText(at: Readonly<Record<string, Json>>): string {
  return Object.entries(at)
    .map(([axis, value]) => `${axis} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

/** What of an answer a table shows: a number at the answer's top. */
export function measuresOf(answer: Json): string[] {
  if (answer === null || typeof answer !== 'object' || Array.isArray(answer)) return [];
  return Object.keys(answer).filter((name) => typeof answer[name] === 'number');
}

/** One line for each run: whether it is there. */
export function runList(runs: readonly SweepRun[], store: Results, code: string): string {
  const states = runs.map(({ identity, at }) => {
    const result = store.get(identity);
    const failure = store.failure(identity);
    const state = failure ? 'set aside' : !result ? 'missing' : result.code === code ? 'there' : 'other code';
    return `${state.padEnd(10)}  ${placeText(at)}`;
  });
  return states.join('\n');
}

/** The median of a measure over the seeds, for every other combination. */
export function resultTable(runs: readonly SweepRun[], store: Results): string {
  const results = runs.flatMap(({ identity, at }) => {
    const result = store.get(identity);
    return result ? [{ at, answer: result.answer }] : [];
  });
  if (results.length === 0) return '';
  const measures = measuresOf(results[0].answer);
  const groups = new Map<string, Record<string, number>[]>();
  for (const { at, answer } of results) {
    const { seed: _, ...place } = at;
    const key = placeText(place);
    const group = groups.get(key);
    if (group) group.push(answer as Record<string, number>);
    else groups.set(key, [answer as Record<string, number>]);
  }
  const width = [...groups.keys()].reduce((most, key) => Math.max(most, key.length), 0);
  const cell = (answers: Record<string, number>[], name: string) => {
    const values = answers.map((answer) => answer[name]).filter((value) => typeof value === 'number');
    return values.length === 0 ? '-' : median(values).toPrecision(4);
  };
  const head = `${''.padEnd(width)}  ${measures.map((name) => name.padStart(10)).join('  ')}   n`;
  const lines = [...groups].map(
    ([key, answers]) =>
      `${key.padEnd(width)}  ${measures.map((name) => cell(answers, name).padStart(10)).join('  ')}  ${String(answers.length).padStart(2)}`,
  );
  return [head, ...lines].join('\n');
}
