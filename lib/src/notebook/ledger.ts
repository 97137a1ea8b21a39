/**
 * The claims ledger: one record for each sentence of the paper that a notebook tests. Loads nothing heavy, because the
 * command line reads it too.
 */
import { fmt, fmtInterval, percent } from '../figure/format';

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

/**
 * The same claims measured again on other data, with every rule as it stands: what was found on the first data cannot have
 * shaped it.
 */
export interface Replication {
  /** data set, in the readers' words: 'Fashion-MNIST' */
  data: string;
  /** what was found there */
  ledger: ClaimLedger;
}

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
 * @param replications the same claims on other data: a column each
 * @returns the page, ending with a newline
 */
export function renderLedger(ledger: ClaimLedger, replications: readonly Replication[] = []): string {
  const names = Object.keys(ledger)
    .filter((name) => ledger[name].length > 0)
    .sort();
  const all = names.flatMap((name) => ledger[name]);
  const lines = [
    '# Claims',
    '',
    'What each notebook found of the paper’s sentences. Made by `npm run notebooks` from `data/claims.json`; every verdict is',
    'computed in the run, by the rule that stands beside it. Negative results stay.',
    '',
    all.length === 0 ? 'No claims yet.' : `${fmt(all.length)} claims: ${counts(all)}.`,
    '',
  ];
  for (const { data, ledger: again } of replications) {
    const pairs = names.flatMap((name) =>
      ledger[name].flatMap((first) => {
        const second = recordOf(again, name, first.id);
        return second?.data === data ? [{ first, second }] : [];
      }),
    );
    const same = pairs.filter(({ first, second }) => first.verdict === second.verdict).length;
    lines.push(
      `${fmt(pairs.length)} of them were measured again on ${data}, by the same rules (\`npm run replicate\`): ` +
        `${counts(pairs.map(({ second }) => second))}. ${fmt(same)} verdicts are as before.`,
      '',
    );
  }
  for (const name of names) {
    const records = ledger[name];
    lines.push(
      `## [${name}](${name}.ipynb)`,
      '',
      tableRow(['The paper says', 'Expected', 'Measured', 'Verdict', ...replications.map(({ data }) => `On ${data}`)]),
      `|${'---|'.repeat(4 + replications.length)}`,
    );
    for (const record of records) {
      const { sign } = verdictSigns[record.verdict] ?? { sign: '?' };
      // The fragment is the report's; a code host opens the notebook and passes over it.
      const where = record.cell === undefined ? '' : `, [cell ${record.cell}](${name}.ipynb#cell-${record.cell})`;
      const data = record.data && !record.measured.endsWith(`; ${record.data}`) ? record.data : '';
      const facts = [data, record.profile && `profile ${record.profile}`].filter(Boolean).join(', ');
      lines.push(
        tableRow([
          `“${record.claim}” (${record.source}; \`${record.id}\`${where})`,
          record.expected,
          [record.measured, facts && record.measured ? `(${facts})` : ''].filter(Boolean).join(' '),
          `${sign} **${record.verdict}**. ${record.reason ? `${record.reason} ` : ''}${record.rule ? `Rule: ${record.rule}.` : ''}`.trim(),
          ...replications.map(({ data, ledger: again }) => {
            const second = recordOf(again, name, record.id);
            return second?.data === data
              ? `${verdictSigns[second.verdict].sign} **${second.verdict}**. ${spread(second)}`.trim()
              : '';
          }),
        ]),
      );
    }
    lines.push('');
  }
  return lines.join('\n').trimEnd() + '\n';
}

function recordOf(ledger: ClaimLedger, name: string, id: string): ClaimRecord | undefined {
  return ledger[name]?.find((record) => record.id === id);
}

/** '7 ✓ holds, 1 ✗ fails at this scale' */
function counts(records: readonly ClaimRecord[]): string {
  return (Object.keys(verdictSigns) as Verdict[])
    .map((verdict) => ({ verdict, n: records.filter((record) => record.verdict === verdict).length }))
    .filter(({ n }) => n > 0)
    .map(({ verdict, n }) => `${fmt(n)} ${verdictSigns[verdict].sign} ${verdict}`)
    .join(', ');
}

/** The measured value in short: 'Median 19.9% [17.4%, 22.4%], n = 5.' */
function spread({ statistics }: ClaimRecord): string {
  if (!statistics) return '';
  const { median, low, high, n, unit } = statistics;
  const style = unit === 'share' ? { percent: true } : { unit };
  return n === 1
    ? `${unit === 'share' ? percent(median) : fmt(median)}.`
    : `Median ${fmtInterval(median, low, high, style)}, n = ${fmt(n)}.`;
}

/** A row of a Markdown table. */
function tableRow(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replace(/\s*\n\s*/g, ' ').replace(/\|/g, '\\|')).join(' | ')} |`;
}
