/**
 * Displays that say nothing to a reader: looked for in an executed notebook before it takes the place of the old one. What a
 * display of any type must hold is looked at as soon as the cells have run (jupyter/displays.py); here are those with a
 * meaning of this project's own.
 */
import { CLAIM_MIME, verdictSigns } from '../../src/notebook/ledger';
import { displays, MIME, Notebook } from '../notebook';

/** A display that must not be kept. */
export class DisplayError extends Error {
  constructor(
    /** index of the cell, from 0 */
    readonly index: number,
    message: string,
  ) {
    super(message);
  }
}

/** @throws DisplayError for the first claim or figure that lacks what a reader or the ledger needs */
export function checkDisplays(notebook: Notebook): void {
  const ids = new Set<string>();
  for (const { index, data } of displays(notebook)) {
    const claims = data[CLAIM_MIME];
    for (const claim of claims === undefined ? [] : [claims].flat()) {
      const problem = claimProblem(claim, ids);
      if (problem) throw new DisplayError(index, `a claim ${problem}`);
    }
    if (data[MIME.plotly] === undefined) continue;
    const problem = figureProblem(data[MIME.plotly]);
    if (problem) throw new DisplayError(index, `a Plotly figure ${problem}`);
  }
}

function claimProblem(claim: unknown, ids: Set<string>): string | undefined {
  if (typeof claim !== 'object' || claim === null) return `is ${JSON.stringify(claim)}, wanted a record`;
  const record = claim as Record<string, unknown>;
  const name = typeof record.id === 'string' ? `'${record.id}' ` : '';
  const isText = (key: string) => typeof record[key] === 'string';
  const missing = [
    ...['id', 'claim', 'source', 'verdict', 'profile'].filter((key) => !isText(key) || record[key] === ''),
    ...['expected', 'measured', 'rule'].filter((key) => !isText(key)),
  ];
  if (missing.length) return `${name}lacks ${missing.join(', ')}: texts that the ledger shows`;
  if (!Object.hasOwn(verdictSigns, record.verdict as string))
    return `${name}has the verdict '${String(record.verdict)}', wanted one of ${Object.keys(verdictSigns).join(', ')}`;
  const isList = (value: unknown, kind: string) => Array.isArray(value) && value.every((item) => typeof item === kind);
  const { data = '', seeds = [], statistics = null } = record;
  if (typeof data !== 'string' && !isList(data, 'string')) return `${name}has data that are no text`;
  if (!isList(seeds, 'number')) return `${name}has seeds that are no list of numbers`;
  if (statistics !== null && !hasNumbers(statistics))
    return `${name}has statistics without n and median, or with no numbers for low and high`;
  if (record.measured === '' && record.verdict !== 'out of reach') return `${name}lacks measured: what was found`;
  if (ids.has(record.id as string)) return `${name}is there twice: an id is unique in its notebook`;
  ids.add(record.id as string);
  return undefined;
}

function hasNumbers(statistics: unknown): boolean {
  if (typeof statistics !== 'object' || statistics === null) return false;
  const numbers = statistics as Record<string, unknown>;
  const isRight = (key: string) => typeof numbers[key] === 'number';
  return isRight('n') && isRight('median') && ['low', 'high'].every((key) => numbers[key] == null || isRight(key));
}

function figureProblem(figure: unknown): string | undefined {
  if (typeof figure !== 'object' || figure === null || Array.isArray(figure))
    return 'is no object with data and layout';
  const { data = [], layout = {} } = figure as { data?: unknown; layout?: unknown };
  if (!Array.isArray(data)) return 'has data that are no list of traces';
  if (typeof layout !== 'object' || layout === null || Array.isArray(layout)) return 'has a layout that is no object';
  const drawn = layout as Record<string, unknown>;
  const marks = ['shapes', 'annotations', 'images'].some((key) => Array.isArray(drawn[key]) && drawn[key].length > 0);
  if (data.length === 0 && !marks) return 'has no traces: nothing is drawn';
  const odd = data.findIndex((trace) => typeof trace !== 'object' || trace === null || Array.isArray(trace));
  if (odd >= 0) return `has a trace (${odd + 1}) that is no object`;
  return undefined;
}
