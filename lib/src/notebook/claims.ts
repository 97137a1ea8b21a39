/**
 * The claim card and the verdicts. The card is the notebook's first cell: question, what the paper says, what is
 * measured, how long it takes, where we deviate. Its verdicts come later, from `verdict`, which writes them back into
 * the card; so the saved notebook opens with its results.
 */
import { bootstrapInterval, median } from '../statistics';
import { emit, newPlace, type Place } from '../figure/display';
import { fmt, fmtInterval, list, percent } from '../figure/format';
import { card, htmlFacts, htmlTable, inline, unmark } from './html';
import { CLAIM_MIME, verdictSigns, type ClaimRecord } from './ledger';
import { profile, type Profile } from './profile';
import { sectionName } from './words';

/** One claim on the card. */
export interface Claim {
  /** short name: 'accuracy' */
  id: string;
  /** the paper's sentence, as it stands there */
  quote: string;
  /** '3.2', 'Figure 1' */
  section: string;
  /** what is measured to test it */
  measured: string;
}

/** What {@link claimCard} takes. */
export interface ClaimCardOptions {
  /** the one question of the notebook */
  question: string;
  /** What the notebook tests. */
  claims: readonly Claim[];
  /** wall time, by profile */
  minutes: Record<Profile, number>;
  /** where this differs from the paper, and why */
  deviations?: readonly { paper: string; here: string; because: string }[];
}

/** The measurement a rule judges: values over seeds and what they amount to. */
export interface Measured {
  /** As given to `verdict`. */
  values: number[];
  /** How many. */
  n: number;
  /** Of the values. */
  median: number;
  /** 95% bootstrap interval of the median; the value itself when there is one only */
  low: number;
  /** Upper end. */
  high: number;
}

/** When a claim holds: words that the reader sees, and the function that decides. */
export interface Rule {
  /** The rule in words, for the report. */
  text: string;
  /** The same for values that are shares and shown as percent; `text` unless told. */
  percentText?: string;
  /** The verdict on what was measured. */
  judge(measured: Measured): 'holds' | 'partly' | 'fails at this scale';
}

/** What {@link verdict} takes. */
export interface VerdictOptions {
  /** of a claim on the card */
  id: string;
  /** one value per seed, or one value */
  measured?: number | ArrayLike<number>;
  /** Of the values. */
  unit?: string;
  /** values are shares, shown as percent */
  percent?: boolean;
  /** what theory or the paper says, and where */
  expected?: { value: number | string; source: string };
  /** What decides. */
  rule?: Rule;
  /** What was computed on, by title. */
  data?: string | { title: string };
  /** which seeds, in the order of the values */
  seeds?: readonly number[];
  /** what the reader should know of the verdict */
  reason?: string;
  /** why the claim cannot be tested here; instead of a measurement */
  outOfReach?: string;
}

interface State {
  place: Place;
  options: ClaimCardOptions;
  records: Map<string, ClaimRecord>;
}

let state: State | undefined;

/**
 * The first cell: what is asked, what the paper says, what is measured, how long it takes, where we deviate. Its verdict
 * column is filled in by {@link verdict}, further down.
 *
 * @throws TypeError for no question, no claims, or two claims of the same id
 */
export function claimCard(options: ClaimCardOptions): void {
  const { question, claims } = options;
  if (!question?.trim()) throw new TypeError('claimCard: question is missing. One notebook, one question.');
  if (!claims?.length) throw new TypeError('claimCard: claims is empty. Name at least one sentence of the paper.');
  const twice = claims.find((claim, i) => claims.findIndex((other) => other.id === claim.id) !== i);
  if (twice) throw new TypeError(`claimCard: two claims are called "${twice.id}". Give each its own id.`);
  state = { place: newPlace(), options, records: new Map() };
  showCard(state);
}

/**
 * Computes the verdict on one claim of the card from what was measured, shows it, writes it into the card, and emits it
 * for the claims ledger.
 *
 * The value is the median over seeds with its 95% bootstrap interval. The rule decides on these, and is shown in words;
 * a claim that fails is a result and stops nothing.
 *
 * @example
 * verdict({ id: 'slope', measured: slopes, expected: { value: -0.5, source: '1/sqrt(m)' }, rule: rule.near(-0.5, 0.02), data })
 * verdict({ id: 'imagenet', outOfReach: 'ImageNet takes weeks on this machine' })
 * @throws TypeError when the card has no such claim, nothing was measured, or a value is not finite
 */
export function verdict(options: VerdictOptions): void {
  const claim = state?.options.claims.find((c) => c.id === options.id);
  if (!state || !claim) {
    const known = state
      ? `it has ${list(state.options.claims.map((c) => c.id))}`
      : 'there is no card: run claimCard first';
    throw new TypeError(`verdict: no claim "${options.id}" on the card; ${known}.`);
  }
  const record = judge(claim, options);
  state.records.set(claim.id, record);
  const { sign, color } = verdictSigns[record.verdict];
  const rows: [string, string][] = [
    ['The paper says', `“${record.claim}” (${record.source})`],
    ['Expected', record.expected],
    ['Measured', record.measured],
    ['Holds if', record.rule],
    ['Note', record.reason ?? ''],
  ];
  const shown = rows.filter(([, text]) => text !== '');
  emit(
    {
      'text/html': card(
        'verdict',
        color,
        `<p style="margin:2px 0"><strong style="color:${color}">${sign} Verdict: ${record.verdict}</strong></p>` +
          htmlFacts(shown),
      ),
      'text/plain': [
        `${sign} Verdict on ${claim.id}: ${record.verdict}`,
        ...shown.map(([name, text]) => `  ${name}: ${unmark(text)}`),
      ].join('\n'),
      [CLAIM_MIME]: record,
    },
    { bnlab: { role: 'verdict' } },
  );
  showCard(state);
}

function judge(claim: Claim, options: VerdictOptions): ClaimRecord {
  const expected = options.expected
    ? `${typeof options.expected.value === 'number' ? show(options.expected.value, options) : options.expected.value} (${options.expected.source})`
    : '';
  const base = {
    id: claim.id,
    claim: claim.quote,
    source: sectionName(claim.section),
    expected,
    ...(options.expected ? { expectedValue: options.expected.value } : {}),
    profile: profile(),
  };
  if (options.outOfReach !== undefined) {
    if (options.measured !== undefined) {
      throw new TypeError(
        `verdict "${claim.id}": a claim that was measured is not out of reach. Leave one of the two out.`,
      );
    }
    return { ...base, measured: '', verdict: 'out of reach', rule: '', reason: options.outOfReach };
  }
  if (options.measured === undefined || !options.rule) {
    throw new TypeError(
      `verdict "${claim.id}": give measured (one value per seed) and rule, or outOfReach with the reason.`,
    );
  }
  const values = typeof options.measured === 'number' ? [options.measured] : Array.from(options.measured);
  if (values.length === 0 || values.some((v) => !Number.isFinite(v))) {
    throw new TypeError(
      `verdict "${claim.id}": measured must be finite numbers, got [${values.join(', ')}]. A diverged run has no value: measure something that it has.`,
    );
  }
  if (options.seeds && options.seeds.length !== values.length) {
    throw new TypeError(`verdict "${claim.id}": ${values.length} values but ${options.seeds.length} seeds.`);
  }
  const interval =
    values.length > 1 ? bootstrapInterval(values, { level: 0.95, seed: 0 }) : { low: values[0], high: values[0] };
  const measured: Measured = {
    values,
    n: values.length,
    median: median(values),
    low: interval.low,
    high: interval.high,
  };
  // The interval before them names the unit.
  const [smallest, largest] = [Math.min(...values), Math.max(...values)].map((v) =>
    show(v, { ...options, unit: undefined }),
  );
  const ends = `smallest ${smallest}, largest ${largest}`;
  const spread =
    measured.n === 1
      ? `${show(measured.median, options)} (one value)`
      : `median ${fmtInterval(measured.median, measured.low, measured.high, options)}, n = ${measured.n} (95% bootstrap interval; ${ends})`;
  const data = typeof options.data === 'string' ? options.data : options.data?.title;
  return {
    ...base,
    measured: `${claim.measured}: ${spread}${data ? `; ${data}` : ''}`,
    verdict: options.rule.judge(measured),
    rule: (options.percent && options.rule.percentText) || options.rule.text,
    ...(options.reason ? { reason: options.reason } : {}),
    statistics: {
      unit: options.percent ? 'share' : (options.unit ?? ''),
      values: values.map(rounded),
      n: measured.n,
      median: rounded(measured.median),
      low: rounded(measured.low),
      high: rounded(measured.high),
    },
    ...(data ? { data } : {}),
    ...(options.seeds ? { seeds: [...options.seeds] } : {}),
  };
}

function show(value: number, options: VerdictOptions): string {
  return options.percent ? percent(value) : fmt(value) + (options.unit ? ` ${options.unit}` : '');
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/**
 * Rules for verdicts. Each asks the whole 95% interval, so that chance alone does not decide: the claim holds when all of
 * the interval satisfies it, partly when only the median does.
 */
export const rule = {
  /** the value is above `limit` */
  above(limit: number): Rule {
    return bound(
      (show) => `the value is above ${show(limit)}`,
      (v) => v > limit,
    );
  },
  /** the value is below `limit` */
  below(limit: number): Rule {
    return bound(
      (show) => `the value is below ${show(limit)}`,
      (v) => v < limit,
    );
  },
  /** the value is between `low` and `high` */
  between(low: number, high: number): Rule {
    return bound(
      (show) => `the value is between ${show(low)} and ${show(high)}`,
      (v) => v >= low && v <= high,
    );
  },
  /** the value is within `tolerance` of `target` */
  near(target: number, tolerance: number): Rule {
    return bound(
      (show) => `the value is ${show(target)} ± ${show(tolerance)}`,
      (v) => Math.abs(v - target) <= tolerance,
    );
  },
  /** any other rule: say it in words, and decide in code */
  custom(text: string, judge: (measured: Measured) => boolean | 'holds' | 'partly' | 'fails at this scale'): Rule {
    return {
      text,
      judge(measured) {
        const result = judge(measured);
        return typeof result === 'boolean' ? (result ? 'holds' : 'fails at this scale') : result;
      },
    };
  },
};

function bound(words: (show: (limit: number) => string) => string, holds: (value: number) => boolean): Rule {
  const text = (show: (limit: number) => string) => `${words(show)} over the whole interval (partly: at the median)`;
  return {
    text: text((limit) => fmt(limit)),
    percentText: text((limit) => `${fmt(Number((100 * limit).toPrecision(12)))}%`),
    judge: (m) =>
      holds(m.low) && holds(m.high) && holds(m.median) ? 'holds' : holds(m.median) ? 'partly' : 'fails at this scale',
  };
}

/** Claims of the card that have no verdict yet. @internal */
export function openClaims(): string[] {
  return state ? state.options.claims.map((c) => c.id).filter((id) => !state?.records.has(id)) : [];
}

function showCard({ place, options, records }: State): void {
  const { question, claims, minutes, deviations = [] } = options;
  const current = profile();
  const verdictOf = (id: string): { text: string; html: string } => {
    const record = records.get(id);
    if (!record) return { text: 'computed below', html: '<em>computed below</em>' };
    const { sign, color } = verdictSigns[record.verdict];
    return {
      text: `${sign} ${record.verdict}`,
      html: `<strong style="color:${color}">${sign}&nbsp;${record.verdict}</strong>`,
    };
  };
  const time = `${fmt(minutes[current])} min in this run’s profile, ${current} (${(['quick', 'full', 'paper'] as const)
    .filter((name) => name !== current)
    .map((name) => `${name}: ${fmt(minutes[name])} min`)
    .join(', ')})`;
  const html =
    `<p style="margin:4px 0 8px;font-size:115%"><strong>${inline(question)}</strong></p>` +
    htmlTable(
      ['The paper says', 'We measure', 'Verdict'],
      claims.map((claim) => [
        `“${inline(claim.quote)}” (${inline(sectionName(claim.section))})`,
        inline(claim.measured),
        verdictOf(claim.id).html,
      ]),
    ) +
    `<p style="margin:8px 0 4px"><strong>Time</strong> ${inline(time)}</p>` +
    (deviations.length > 0
      ? `<details open><summary><strong>Deviations from the paper</strong></summary>${htmlTable(
          ['The paper', 'Here', 'Because'],
          deviations.map((d) => [inline(d.paper), inline(d.here), inline(d.because)]),
        )}</details>`
      : '<p style="margin:4px 0"><strong>Deviations from the paper</strong> none</p>');
  const plain = [
    unmark(question),
    ...claims.map(
      (claim) =>
        `  “${unmark(claim.quote)}” (${sectionName(claim.section)}); we measure: ${unmark(claim.measured)}; verdict: ${verdictOf(claim.id).text}`,
    ),
    `Time: ${time}`,
    ...(deviations.length > 0 ? ['Deviations from the paper:'] : ['Deviations from the paper: none']),
    ...deviations.map((d) => `  ${unmark(d.paper)} / here: ${unmark(d.here)} / because: ${unmark(d.because)}`),
  ].join('\n');
  place.show({ 'text/html': card('claim', '#00427d', html), 'text/plain': plain }, { bnlab: { role: 'claim-card' } });
}
