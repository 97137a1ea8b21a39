/** A sweep's runs and results as text. */
import type { SweepRun } from '../../src/experiments';
import { placeText, summarize } from '../../src/experiments/sweep-summary';
import type { Results } from './store';

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

/** The median of every measure over the seeds, for every other combination. */
export function resultTable(runs: readonly SweepRun[], store: Results): string {
  const answered = runs.flatMap(({ identity, at }) => {
    const result = store.get(identity);
    return result ? [{ at, answer: result.answer }] : [];
  });
  const rows = summarize(answered).map((row) => ({ ...row, text: placeText(row.place) }));
  if (rows.length === 0) return '';
  const measures = [...new Set(rows.flatMap(({ medians }) => Object.keys(medians)))];
  const width = rows.reduce((most, { text }) => Math.max(most, text.length), 0);
  const head = `${''.padEnd(width)}  ${measures.map((name) => name.padStart(10)).join('  ')}   n`;
  const lines = rows.map(({ text, medians, n }) => {
    const cells = measures.map((name) => (name in medians ? medians[name].toPrecision(4) : '-').padStart(10));
    return `${text.padEnd(width)}  ${cells.join('  ')}  ${String(n).padStart(2)}`;
  });
  return [head, ...lines].join('\n');
}
