/**
 * The claim card and the verdicts. The card is the notebook's first cell: question, what the paper says, what is
 * measured, how long it takes, where we deviate. Its verdicts come later, from `verdict`, which writes them back into
 * the card; so the saved notebook opens with its results.
 */
import {
  callback,
  either,
  expectArguments,
  expectOptions,
  flag,
  having,
  listOf,
  needed,
  number,
  numbers as numberList,
  type Options,
  optionsOf,
  own,
  text as aString,
} from '../core/checks';
import { emit, newPlace, type Place } from '../figure/display';
import { fmt, fmtInterval, list, percent } from '../figure/format';
import { card, htmlFacts, htmlTable, inline, unmark } from './html';
import { CLAIM_MIME, ruleWithAgreement, verdictSigns, type ClaimRecord } from './ledger';
import { profile, type Profile } from '../platform/profile';
import { judge, summarize, type Rule, type Summary } from './rules';
import { sectionName } from './words';

/** One reading of a sentence, of the paper or of another source. Several claims may quote the same sentence: each is a reading of it. */
export interface Claim {
  /** short name: 'accuracy' */
  id: string;
  /** the paper's sentence, as it stands there */
  quote: string;
  /** Where in the paper: '3.2', 'Figure 1'. */
  section?: string;
  /** In place of the section, for a sentence that is not the paper's: who says it, and where: 'Santurkar et al. 2018, section 3'. */
  source?: string;
  /** what is measured to test it */
  measured: string;
  /**
   * The sentence cannot fail: it is an identity, a closed form, or arithmetic of ranks. What is measured is then a check of this
   * library and counts apart, for a sentence that cannot fail proves nothing by holding.
   */
  cannotFail?: boolean;
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

const CLAIM: Options<Claim> = {
  ...{ id: needed(aString), quote: needed(aString), measured: needed(aString) },
  ...{ section: aString, source: aString, cannotFail: flag },
};
const DEVIATION: Options<NonNullable<ClaimCardOptions['deviations']>[number]> = {
  ...{ paper: needed(aString), here: needed(aString), because: needed(aString) },
};
const CLAIM_CARD_OPTIONS: Options<ClaimCardOptions> = {
  ...{ question: needed(own), claims: needed(own), deviations: listOf(optionsOf(DEVIATION)) },
  minutes: needed(
    optionsOf<Record<Profile, number>>({ quick: needed(number), full: needed(number), paper: needed(number) }),
  ),
};

/** What {@link verdict} takes. */
export interface VerdictOptions {
  /** of a claim on the card */
  id: string;
  /** one value per seed, or one value; null for a seed that has none, which `missing` explains */
  measured?: number | ArrayLike<number | null>;
  /** What is so where a value is null: 'no rate trains without BN'. The claim is then out of reach: what it is about was not there to measure. */
  missing?: string;
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
  /** the condition under which alone it holds, or beyond which it was not looked at: `holds` is then `holds with a limit` */
  limit?: string;
  /** why a failure would not speak against the sentence: `contradicted` is then `undecided`, for it needs a fair test */
  unfair?: string;
  /** why the claim cannot be tested here; instead of a measurement */
  outOfReach?: string;
  /** One line in place of the box: for the further readings of a sentence. The ledger and the card have all of it. */
  brief?: boolean;
}

const EXPECTED: Options<NonNullable<VerdictOptions['expected']>> = {
  ...{ value: needed(either(number, aString)), source: needed(aString) },
};
const RULE = having<Rule>('a rule, such as rule.above(0.9)', { text: needed(aString), accepts: needed(callback) });
const TITLED = having<{ title: string }>('a data set', { title: needed(aString) });
const VERDICT_OPTIONS: Options<VerdictOptions> = {
  ...{ id: needed(aString), measured: own, unit: aString, percent: flag, expected: optionsOf(EXPECTED), rule: RULE },
  ...{ data: either(aString, TITLED), seeds: listOf(number), reason: aString, limit: aString, unfair: aString },
  ...{ outOfReach: aString, missing: aString, brief: flag },
};

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
 * @throws TypeError for no question, no claims, two claims of the same id, or one with neither section nor source
 */
export function claimCard(options: ClaimCardOptions): void {
  expectOptions('claimCard', options, CLAIM_CARD_OPTIONS);
  const { question, claims } = options;
  if (question !== undefined) expectArguments('claimCard', { question: [question, aString] });
  if (claims !== undefined) expectArguments('claimCard', { claims: [claims, listOf(optionsOf(CLAIM))] });
  if (!question?.trim()) throw new TypeError('claimCard: question is missing. One notebook, one question.');
  if (!claims?.length) throw new TypeError('claimCard: claims is empty. Name at least one sentence of the paper.');
  const twice = claims.find((claim, i) => claims.findIndex((other) => other.id === claim.id) !== i);
  if (twice) throw new TypeError(`claimCard: two claims are called "${twice.id}". Give each its own id.`);
  const unplaced = claims.find(({ section, source }) => (section === undefined) === (source === undefined));
  if (unplaced) {
    const has = unplaced.section === undefined ? 'neither' : 'both';
    throw new TypeError(
      `claimCard: claim "${unplaced.id}" has ${has}; wanted section, for a sentence of the paper, or source, for another's.`,
    );
  }
  state = { place: newPlace(), options, records: new Map() };
  showCard(state);
}

/** Where a claim's sentence stands, in words. */
const sourceOf = ({ section, source }: Claim): string => source ?? sectionName(section!);

/**
 * Computes the verdict on one claim of the card from what was measured, shows it, writes it into the card, and emits it
 * for the claims ledger.
 *
 * With fewer than ten values (seeds, usually) each is asked, and all are shown: the claim **holds** when every value satisfies the
 * rule, it is **contradicted** when none does, and **undecided** when they disagree. A bootstrap of so few values would add nothing:
 * the 95% percentile interval of a median of five is the smallest and the largest of them. With ten or more the 95% bootstrap interval
 * of the median is asked instead: all of it satisfies the rule, none of it, or it straddles the limit.
 *
 * | verdict | meaning |
 * |---|---|
 * | holds | every seed, or the whole interval |
 * | holds with a limit | the same, under a `limit` that is named |
 * | undecided | seeds on both sides, an interval that straddles the limit, or a failure in a test that is not fair to the sentence |
 * | contradicted | no seed, or none of the interval, in a fair test |
 * | out of reach | not tested here, with the reason; also where a seed has no value (null), for a search that found nothing is no measurement |
 * | checked, check failed | a sentence that cannot fail (`cannotFail` on the card): a check of this library, counted apart |
 *
 * A claim that is contradicted is a result and stops nothing.
 *
 * @example
 * verdict({ id: 'slope', measured: slopes, expected: { value: -0.5, source: '1/sqrt(m)' }, rule: rule.near(-0.5, 0.02), data })
 * verdict({ id: 'imagenet', outOfReach: 'ImageNet takes weeks on this machine' })
 * @throws TypeError when the card has no such claim, nothing was measured, or a value is not finite
 */
export function verdict(options: VerdictOptions): void {
  expectOptions('verdict', options, VERDICT_OPTIONS);
  const claim = state?.options.claims.find((c) => c.id === options.id);
  if (!state || !claim) {
    const known = state
      ? `it has ${list(state.options.claims.map((c) => c.id))}`
      : 'there is no card: run claimCard first';
    throw new TypeError(`verdict: no claim "${options.id}" on the card; ${known}.`);
  }
  const record = recordOf(claim, options);
  state.records.set(claim.id, record);
  const { sign, color } = verdictSigns[record.verdict];
  const ruled = ruleWithAgreement(record);
  const rows: [string, string][] = [
    [claim.source ? 'Claim' : 'The paper says', `“${record.claim}” (${record.source})`],
    ['Expected', record.expected],
    ['Measured', record.measured],
    ['Holds if', ruled],
    ['Limit', record.limit ?? ''],
    ['Note', record.reason ?? ''],
  ];
  const shown = options.brief ? [] : rows.filter(([, text]) => text !== '');
  const line = [record.measured, ruled && `rule: ${ruled}`, record.limit && `limit: ${record.limit}`];
  const brief = options.brief ? `: ${[...line, record.reason].filter(Boolean).join('; ')}` : '';
  const head = (name: string) => `<strong style="color:${color}">${sign} ${name}: ${record.verdict}</strong>`;
  emit(
    {
      'text/html': options.brief
        ? `<p style="margin:2px 0">${head(claim.id)}${inline(brief)}</p>`
        : card('verdict', color, `<p style="margin:2px 0">${head('Verdict')}</p>` + htmlFacts(shown)),
      'text/plain': [
        `${sign} Verdict on ${claim.id}: ${record.verdict}${unmark(brief)}`,
        ...shown.map(([name, text]) => `  ${name}: ${unmark(text)}`),
      ].join('\n'),
      [CLAIM_MIME]: record,
    },
    { bnlab: { role: 'verdict' } },
  );
  showCard(state);
}

function recordOf(claim: Claim, options: VerdictOptions): ClaimRecord {
  const expected = options.expected
    ? `${typeof options.expected.value === 'number' ? show(options.expected.value, options) : options.expected.value} (${options.expected.source})`
    : '';
  const base = {
    id: claim.id,
    claim: claim.quote,
    source: sourceOf(claim),
    expected,
    ...(options.expected ? { expectedValue: options.expected.value } : {}),
    ...(options.limit ? { limit: options.limit } : {}),
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
  const given = typeof options.measured === 'number' ? [options.measured] : options.measured;
  if (options.missing !== undefined && Array.isArray(given) && given.includes(null)) {
    return { ...base, ...withMissing(claim, options, given as (number | null)[]) };
  }
  expectArguments(`verdict "${claim.id}"`, { measured: [given, numberList] });
  const values = Array.from(given as ArrayLike<number>);
  if (values.length === 0 || values.some((v) => !Number.isFinite(v))) {
    throw new TypeError(
      `verdict "${claim.id}": measured must be finite numbers, got [${values.join(', ')}]. A diverged run has no value: measure something that it has.`,
    );
  }
  if (options.seeds && options.seeds.length !== values.length) {
    throw new TypeError(`verdict "${claim.id}": ${values.length} values but ${options.seeds.length} seeds.`);
  }
  const summary = summarize(values);
  const data = titleOf(options.data);
  const accepted = judge(options.rule, summary);
  const unfair = accepted === 'contradicted' ? options.unfair : undefined;
  const reason = [unfair?.replace(/[^.!?…]$/, '$&.'), options.reason].filter(Boolean).join(' ');
  return {
    ...base,
    measured: `${claim.measured}: ${spreadText(summary, options)}${data ? `; ${data}` : ''}`,
    verdict: claim.cannotFail
      ? accepted === 'holds'
        ? 'checked'
        : 'check failed'
      : unfair
        ? 'undecided'
        : accepted === 'holds' && options.limit
          ? 'holds with a limit'
          : accepted,
    rule: ruleText(options),
    ...agreementOf(options.rule, summary, options, claim.cannotFail),
    ...(reason ? { reason } : {}),
    statistics: {
      unit: options.percent ? 'share' : (options.unit ?? ''),
      values: values.map(rounded),
      n: summary.n,
      median: rounded(summary.median),
      ...(summary.interval ? { low: rounded(summary.interval.low), high: rounded(summary.interval.high) } : {}),
    },
    ...(data ? { data } : {}),
    ...(options.seeds ? { seeds: [...options.seeds] } : {}),
  };
}

/** Of a claim that a seed has no value for: what the others have, and what is the matter. */
function withMissing(claim: Claim, options: VerdictOptions, values: (number | null)[]) {
  const data = titleOf(options.data);
  const absent = values.filter((v) => v === null).length;
  const each = values.map((v) => (v === null ? 'none' : show(v, options)));
  const noun = options.seeds ? 'seeds' : 'values';
  const why = `${options.missing} (${absent} of ${values.length} ${noun}).`;
  return {
    measured: `${claim.measured}, ${options.seeds ? 'by seed' : 'each'}: ${list(each)}${data ? `; ${data}` : ''}`,
    verdict: 'out of reach' as const,
    rule: ruleText(options),
    reason: [why[0].toUpperCase() + why.slice(1), options.reason].filter(Boolean).join(' '),
    ...(data ? { data } : {}),
    ...(options.seeds ? { seeds: [...options.seeds] } : {}),
  };
}

const titleOf = (data: VerdictOptions['data']) => (typeof data === 'string' ? data : data?.title);

const ruleText = ({ percent: isShare, rule: asked }: VerdictOptions): string =>
  (isShare && asked?.percentText) || (asked?.text ?? '');

/** 'median 2.5 [1.5, 3.5] nats, n = 15 (...)', or the values themselves where they are few. */
function spreadText({ values, n, median: middle, interval }: Summary, options: VerdictOptions): string {
  if (n === 1) return `${show(middle, options)} (one value)`;
  const bare = { ...options, unit: undefined };
  const unit = options.unit ? ` ${options.unit}` : '';
  if (interval) {
    const [smallest, largest] = [Math.min(...values), Math.max(...values)].map((v) => show(v, bare));
    return (
      `median ${fmtInterval(middle, interval.low, interval.high, { percent: options.percent, unit: options.unit })}, n = ${n} ` +
      `(95% bootstrap interval of the median; smallest ${smallest}, largest ${largest})`
    );
  }
  const each = list(values.map((v) => show(v, bare)));
  return `median ${show(middle, bare)}${unit}, ${options.seeds ? 'by seed' : 'each'}: ${each}`;
}

/** How many values satisfy the rule, and what chance alone would do where it could do something; nothing of a single value. */
function agreementOf(
  rule: Rule,
  { values, n, interval }: Summary,
  options: VerdictOptions,
  cannotFail = false,
): Pick<ClaimRecord, 'agreement'> {
  if (n === 1) return {};
  if (interval) return { agreement: 'over the whole interval' };
  const satisfied = values.filter((v) => rule.accepts(v)).length;
  const noun = options.seeds ? 'seeds' : 'values';
  const chance = rule.oneSided && !cannotFail && satisfied === n ? ` (by chance 1 in ${fmt(2 ** n)})` : '';
  return { agreement: `${satisfied} of ${n} ${noun}${chance}` };
}

function show(value: number, options: VerdictOptions): string {
  return options.percent ? percent(value) : fmt(value) + (options.unit ? ` ${options.unit}` : '');
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

const sameSentence = (claim: Claim, before: Claim | undefined): boolean =>
  before?.quote === claim.quote && sourceOf(before) === sourceOf(claim);

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
      [claims.some(({ source }) => source) ? 'Claim' : 'The paper says', 'We measure', 'Verdict'],
      claims.map((claim, i) => [
        sameSentence(claim, claims[i - 1])
          ? '<em>the same sentence, read as:</em>'
          : `“${inline(claim.quote)}” (${inline(sourceOf(claim))})`,
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
        `  “${unmark(claim.quote)}” (${sourceOf(claim)}); we measure: ${unmark(claim.measured)}; verdict: ${verdictOf(claim.id).text}`,
    ),
    `Time: ${time}`,
    ...(deviations.length > 0 ? ['Deviations from the paper:'] : ['Deviations from the paper: none']),
    ...deviations.map((d) => `  ${unmark(d.paper)} / here: ${unmark(d.here)} / because: ${unmark(d.because)}`),
  ].join('\n');
  place.show({ 'text/html': card('claim', '#00427d', html), 'text/plain': plain }, { bnlab: { role: 'claim-card' } });
}
