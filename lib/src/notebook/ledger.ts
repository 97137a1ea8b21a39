/**
 * The claims ledger: one record for each sentence of the paper that a notebook tests. Loads nothing heavy, because the
 * command line reads it too.
 */
import { expectArguments, having, listOf, needed, recordOf as byName, text } from '../core/checks';
import { fmt, fmtInterval, list, percent } from '../figure/format';
import { judgeValues, rule, type Rule } from './rules';

/**
 * How a claim fared; `verdict` says what each word means. `contradicted` is as good a result as `holds`; `out of reach` says why it was
 * not tried. The last two are of sentences that cannot fail: checks of the library, counted apart.
 */
export type Verdict =
  'holds' | 'holds with a limit' | 'undecided' | 'contradicted' | 'out of reach' | 'checked' | 'check failed';

/** MIME type under which `verdict` emits a {@link ClaimRecord} into the notebook. */
export const CLAIM_MIME = 'application/vnd.bnlab.claim+json';

/** One reading of a sentence of the paper, and what became of it. Plain JSON. */
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
  /** when it holds, in words; the same whatever was measured, and over however many seeds */
  rule: string;
  /** what satisfies the rule: '5 of 5 seeds (by chance 1 in 32)'; none of a single value */
  agreement?: string;
  /** what the reader should know of the verdict; for 'out of reach', why */
  reason?: string;
  /** what was expected, as a value */
  expectedValue?: number | string;
  /** the condition under which alone it holds */
  limit?: string;
  /** measured values, one per seed, and their median; from ten values on also its 95% bootstrap interval */
  statistics?: { unit: string; values: number[]; n: number; median: number; low?: number; high?: number };
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

/** A rule that was changed after a result had been seen: what stood before, so that a reader can judge the change. */
export interface RuleChange {
  /** The notebook's name. */
  notebook: string;
  /** Of the claim. */
  id: string;
  /** The rule before, in words. */
  before: string;
  /** The same as numbers, where it judged the quantity that is still measured: the verdict under it is then computed. */
  bound?: { above: number } | { below: number } | { near: [target: number, tolerance: number] };
  /** Why it was changed. */
  because: string;
}

/** A verdict with a sign that reads without colour. @internal */
export const verdictSigns: Record<Verdict, { sign: string; color: string }> = {
  holds: { sign: '✓', color: '#00664b' },
  'holds with a limit': { sign: '◐', color: '#00664b' },
  undecided: { sign: '?', color: '#7a5c00' },
  contradicted: { sign: '✗', color: '#b34700' },
  'out of reach': { sign: '–', color: '#595959' },
  checked: { sign: '=', color: '#00427d' },
  'check failed': { sign: '≠', color: '#b34700' },
};

const isCheck = ({ verdict }: ClaimRecord): boolean => verdict === 'checked' || verdict === 'check failed';

/** A reading with the notebook that it stands in. */
interface Reading {
  name: string;
  record: ClaimRecord;
}

const RECORD = having<ClaimRecord>('a claim with its verdict', {
  ...{ id: needed(text), claim: needed(text), source: needed(text), verdict: needed(text) },
});
const CHANGE = having<RuleChange>('a rule that was changed', {
  ...{ notebook: needed(text), id: needed(text), before: needed(text), because: needed(text) },
});
const LEDGER = byName(listOf(RECORD));
const REPLICATION = having<Replication>('a replication, { data, ledger }', {
  data: needed(text),
  ledger: needed(LEDGER),
});

/**
 * The ledger as a page of Markdown, in the order of the paper: counts, then for each section a table in which every sentence
 * stands once, with its readings under it, whichever notebooks they are in; then the rules that were changed.
 *
 * @param ledger records by notebook
 * @param replications the same claims on other data: a column each
 * @param changes rules that were changed after a result had been seen
 * @returns the page, ending with a newline
 */
export function renderLedger(
  ledger: ClaimLedger,
  replications: readonly Replication[] = [],
  changes: readonly RuleChange[] = [],
): string {
  expectArguments('renderLedger', {
    ...{
      ledger: [ledger, LEDGER],
      replications: [replications, listOf(REPLICATION)],
      changes: [changes, listOf(CHANGE)],
    },
  });
  const names = Object.keys(ledger).sort();
  const readings = names.flatMap((name) => ledger[name].map((record) => ({ name, record })));
  const sentences = grouped(readings, ({ record }) => `${record.source}\n${record.claim}`);
  const lines = [
    '# Claims',
    '',
    'What the notebooks found of the paper’s sentences. Made by `npm run notebooks` from `data/claims.json`; every verdict is',
    'computed in the run, by the rule that stands beside it. Negative results stay.',
    '',
    'A claim **holds** when every seed satisfies its rule (of ten or more values: when the whole 95% bootstrap interval of their median does),',
    '**holds with a limit** where the limit is named, is **contradicted** when no seed does and the test is fair, and **undecided** otherwise. A',
    'sentence that cannot fail, such as an identity, is **checked**: that it comes out says something of this library, nothing of the world.',
    '',
    readings.length === 0
      ? 'No claims yet.'
      : `${fmt(sentences.length)} sentences in ${fmt(readings.length)} readings. ${total(readings)}`,
    '',
  ];
  for (const { data, ledger: again } of replications) {
    const pairs = readings.flatMap(({ name, record: first }) => {
      const second = recordOf(again, name, first.id);
      return second?.data === data ? [{ first, second: { name, record: second } }] : [];
    });
    const same = pairs.filter(({ first, second }) => first.verdict === second.record.verdict).length;
    lines.push(
      `${fmt(pairs.length)} of them were measured again on ${data}, by the same rules (\`npm run replicate\`). ` +
        `${total(pairs.map(({ second }) => second))} ${fmt(same)} verdicts are as before.`,
      '',
    );
  }
  const sections = grouped(sentences, ([{ record }]) => record.source);
  sections.sort(([[a]], [[b]]) => placeInPaper(a.record.source) - placeInPaper(b.record.source));
  for (const section of sections) {
    const [[{ record: first }]] = section;
    lines.push(
      `## ${first.source[0].toUpperCase()}${first.source.slice(1)}`,
      '',
      tableRow([
        'The paper says',
        'In',
        'Expected',
        'Measured',
        'Verdict',
        ...replications.map(({ data }) => `On ${data}`),
      ]),
      `|${'---|'.repeat(5 + replications.length)}`,
      ...section.flatMap((sentence) =>
        sentence.map((reading, i) => tableRow(readingCells(reading, i === 0, replications))),
      ),
      '',
    );
  }
  if (changes.length > 0) {
    lines.push(
      '## Rules that were changed after a result had been seen',
      '',
      'A rule that is chosen with the result in view proves less. These were; the verdict under the earlier rule is computed where it judged',
      'the quantity that is still measured.',
      '',
      tableRow(['Claim', 'Rule before', 'Verdict under it', 'Rule now', 'Verdict now', 'Changed because']),
      `|${'---|'.repeat(6)}`,
      ...changes.map((change) => tableRow(changeCells(change, recordOf(ledger, change.notebook, change.id)))),
      '',
    );
  }
  return lines.join('\n').trimEnd() + '\n';
}

function readingCells({ name, record }: Reading, first: boolean, replications: readonly Replication[]): string[] {
  // The fragment is the report's; a code host opens the notebook and passes over it.
  const where = record.cell === undefined ? `${name}.ipynb` : `${name}.ipynb#cell-${record.cell}`;
  const data = record.data && !record.measured.endsWith(`; ${record.data}`) ? record.data : '';
  const facts = [data, record.profile && `profile ${record.profile}`].filter(Boolean).join(', ');
  const notes = [
    record.limit && `Limit: ${record.limit}.`,
    record.reason,
    record.rule && `Rule: ${ruleWithAgreement(record)}.`,
  ].filter(Boolean);
  return [
    first ? `“${record.claim}”` : '',
    `[${name}](${where}) \`${record.id}\``,
    record.expected,
    [record.measured, facts && record.measured ? `(${facts})` : ''].filter(Boolean).join(' '),
    `${signed(record.verdict)}. ${notes.join(' ')}`.trim(),
    ...replications.map(({ data, ledger }) => {
      const again = recordOf(ledger, name, record.id);
      return again?.data === data ? `${signed(again.verdict)}. ${spread(again)}`.trim() : '';
    }),
  ];
}

function changeCells({ notebook, id, before, bound, because }: RuleChange, record: ClaimRecord | undefined): string[] {
  const values = record?.statistics?.values;
  return [
    `[${notebook}](${notebook}.ipynb) \`${id}\``,
    before,
    bound && values ? judgeValues(ruleOf(bound), values) : 'it judged another quantity',
    record?.rule ?? 'the claim is no longer made',
    record ? signed(record.verdict) : '',
    because,
  ];
}

function ruleOf(bound: NonNullable<RuleChange['bound']>): Rule {
  if ('above' in bound) return rule.above(bound.above);
  return 'below' in bound ? rule.below(bound.below) : rule.near(...bound.near);
}

/** 'the value is above 0; 5 of 5 seeds (by chance 1 in 32)' @internal */
export function ruleWithAgreement({ rule, agreement }: Pick<ClaimRecord, 'rule' | 'agreement'>): string {
  return agreement ? `${rule}; ${agreement}` : rule;
}

const signed = (verdict: Verdict): string => `${verdictSigns[verdict]?.sign ?? '?'} **${verdict}**`;

/** Items with the same key together, in the order in which the keys come first. */
function grouped<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups.values()];
}

/** A number that sorts 'abstract', 'section 1', 'section 3.2', 'Figure 1' (of section 4.1) as the paper has them. */
function placeInPaper(source: string): number {
  const section = /^section (\d+)(?:\.(\d+))?/.exec(source);
  if (section) return 100 * Number(section[1]) + Number(section[2] ?? 0);
  const figure = /^Figure (\d+)/.exec(source);
  if (figure) return 401.5 + (figure[1] === '1' ? 0 : 1);
  return source === 'abstract' ? 0 : 1000;
}

function recordOf(ledger: ClaimLedger, name: string, id: string): ClaimRecord | undefined {
  return ledger[name]?.find((record) => record.id === id);
}

/** 'Claims: 7 ✓ holds, 1 ✗ contradicted. Checks of what cannot fail: 3 = checked.' */
function total(readings: readonly Reading[]): string {
  const records = readings.map(({ record }) => record);
  const claims = counts(records.filter((record) => !isCheck(record)));
  const checks = counts(records.filter(isCheck));
  return [claims && `Claims: ${claims}.`, checks && `Checks of what cannot fail: ${checks}.`].filter(Boolean).join(' ');
}

/** '7 ✓ holds, 1 ✗ contradicted' */
function counts(records: readonly ClaimRecord[]): string {
  return (Object.keys(verdictSigns) as Verdict[])
    .map((verdict) => ({ verdict, n: records.filter((record) => record.verdict === verdict).length }))
    .filter(({ n }) => n > 0)
    .map(({ verdict, n }) => `${fmt(n)} ${verdictSigns[verdict].sign} ${verdict}`)
    .join(', ');
}

/** The measured value in short: 'Median 19.9%: 17.4%, 19.9% and 22.4%.' */
function spread({ statistics }: ClaimRecord): string {
  if (!statistics) return '';
  const { median, low, high, n, unit, values } = statistics;
  const style = unit === 'share' ? { percent: true } : { unit };
  const one = (value: number) => (unit === 'share' ? percent(value) : fmt(value));
  if (n === 1) return `${one(median)}.`;
  if (low !== undefined && high !== undefined) return `Median ${fmtInterval(median, low, high, style)}, n = ${fmt(n)}.`;
  return `Median ${one(median)}${unit && unit !== 'share' ? ` ${unit}` : ''}: ${list(values.map(one))}.`;
}

/** A row of a Markdown table. */
function tableRow(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replace(/\s*\n\s*/g, ' ').replace(/\|/g, '\\|')).join(' | ')} |`;
}
