/**
 * The claims ledger: one record for each sentence of the paper that a notebook tests. Loads nothing heavy, because the
 * command line reads it too.
 */
import { fmt } from '../figure/format';

/** How a claim fared. `fails at this scale` is as good a result as `holds`; `out of reach` says why it was not tried. */
export type Verdict = 'holds' | 'partly' | 'fails at this scale' | 'out of reach';

/** MIME type under which `verdict` emits a {@link ClaimRecord} into the notebook. */
export const CLAIM_MIME = 'application/vnd.bnlab.claim+json';

/** One testable sentence of the paper, and what became of it. Plain JSON. */
export interface ClaimRecord {
  /** short name, unique in its notebook: 'accuracy' */
  id: string;
  /** the paper's sentence */
  claim: string;
  /** where it stands: 'section 3.2' */
  source: string;
  /** what was expected, with its source, as a sentence */
  expected: string;
  /** what was measured, with seeds and spread, as a sentence; empty when out of reach */
  measured: string;
  /** computed from the measurement by `rule`, never typed */
  verdict: Verdict;
  /** when it holds, in words */
  rule: string;
  /** what the reader should know of the verdict; for 'out of reach', why */
  reason?: string;
  /** what was expected, as a value */
  expectedValue?: number | string;
  /** measured values, one per seed, with their median and 95% bootstrap interval */
  statistics?: { unit: string; values: number[]; n: number; median: number; low: number; high: number };
  /** data set */
  data?: string;
  /** Of the runs behind it. */
  seeds?: number[];
  /** `quick`, `full` or `paper`. */
  profile: string;
  /** number of the cell that emitted it, from 1 over all cells; added by the runner */
  cell?: number;
}

/** The ledger: records by notebook, in the order of their cells. */
export type ClaimLedger = Record<string, readonly ClaimRecord[]>;

/** A verdict with a sign that reads without colour. @internal */
export const verdictSigns: Record<Verdict, { sign: string; color: string }> = {
  holds: { sign: '✓', color: '#00664b' },
  partly: { sign: '◐', color: '#7a5c00' },
  'fails at this scale': { sign: '✗', color: '#b34700' },
  'out of reach': { sign: '–', color: '#595959' },
};

/**
 * The ledger as a page of Markdown: a count of verdicts, then a table for each notebook.
 *
 * @param ledger records by notebook
 * @returns the page, ending with a newline
 */
export function renderLedger(ledger: ClaimLedger): string {
  const names = Object.keys(ledger)
    .filter((name) => ledger[name].length > 0)
    .sort();
  const all = names.flatMap((name) => ledger[name]);
  const counts = (Object.keys(verdictSigns) as Verdict[])
    .map((verdict) => ({ verdict, n: all.filter((record) => record.verdict === verdict).length }))
    .filter(({ n }) => n > 0)
    .map(({ verdict, n }) => `${fmt(n)} ${verdictSigns[verdict].sign} ${verdict}`);
  const lines = [
    '# Claims',
    '',
    'What each notebook found of the paper’s sentences. Made by `npm run notebooks` from `data/claims.json`; every verdict is',
    'computed in the run, by the rule that stands beside it. Negative results stay.',
    '',
    all.length === 0 ? 'No claims yet.' : `${fmt(all.length)} claims: ${counts.join(', ')}.`,
    '',
  ];
  for (const name of names) {
    const records = ledger[name];
    lines.push(
      `## [${name}](${name}.ipynb)`,
      '',
      '| The paper says | Expected | Measured | Verdict |',
      '|---|---|---|---|',
    );
    for (const record of records) {
      const { sign } = verdictSigns[record.verdict] ?? { sign: '?' };
      const where = record.cell === undefined ? '' : `, cell ${record.cell}`;
      const facts = [record.data, record.profile && `profile ${record.profile}`].filter(Boolean).join(', ');
      lines.push(
        '| ' +
          [
            `“${record.claim}” (${record.source}; \`${record.id}\`${where})`,
            record.expected,
            [record.measured, facts && record.measured ? `(${facts})` : ''].filter(Boolean).join(' '),
            `${sign} **${record.verdict}**. ${record.reason ? `${record.reason} ` : ''}${record.rule ? `Rule: ${record.rule}.` : ''}`.trim(),
          ]
            .map(cell)
            .join(' | ') +
          ' |',
      );
    }
    lines.push('');
  }
  return lines.join('\n').trimEnd() + '\n';
}

function cell(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replace(/\|/g, '\\|');
}
