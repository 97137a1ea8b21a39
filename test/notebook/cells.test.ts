/** What cells say, off a kernel: the displays are captured instead of shown. */
import test from 'node:test';
import assert from 'node:assert/strict';
import {
  byProfile,
  check,
  claimCard,
  engineCell,
  exercise,
  exerciseCheck,
  laterWork,
  lineFigure,
  paperSays,
  predict,
  progress,
  provenance,
  ready,
  rule,
  say,
  show,
  table,
  takeaways,
  tf,
  todo,
  verdict,
  weMeasured,
  type ClaimRecord,
  type Figure,
} from 'bnlab';
import { CheckError, CLAIM_MIME, EXERCISE_MIME, profile, renderLedger } from 'bnlab/internal';
import { capture } from 'bnlab/dist/src/figure/display';
import { picture } from 'bnlab/dist/src/notebook/progress';

delete process.env.BNLAB_PROFILE; // what is tested here is the default

const plain = (body: () => void) => capture(body).map(({ bundle }) => bundle['text/plain']);
const markdown = (body: () => void) => capture(body).map(({ bundle }) => bundle['text/markdown'] as string);
const html = (body: () => void) => capture(body).map(({ bundle }) => bundle['text/html'] as string);

test('say: numbers come from values, and Markdown stays Markdown', () => {
  assert.deepEqual(
    markdown(() => say`BN reaches **${0.97341}** after ${5000} steps, $\\gamma$.`),
    ['BN reaches **0.973** after 5,000 steps, $\\gamma$.'],
  );
  assert.deepEqual(
    plain(() => say('**bold** `code` [name](there)')),
    ['bold code name (there)'],
  );
});

test('three voices: each named in words, with its source, and apart in every form', () => {
  const [paper] = capture(() => paperSays('the model blows up', '2'));
  const [measured] = capture(() => weMeasured`it does at ${0.3}`);
  const [later] = capture(() => laterWork('it depends', 'Santurkar et al. 2018, section 3'));
  assert.equal(paper.bundle['text/plain'], 'The paper says (section 2): “the model blows up”');
  assert.equal(measured.bundle['text/plain'], 'We measured: it does at 0.3');
  assert.equal(later.bundle['text/plain'], 'Later work says (Santurkar et al. 2018, section 3): it depends');
  const edges = [paper, measured, later].map(
    ({ bundle }) => /border-left:5px solid (#\w+)/.exec(bundle['text/markdown'] as string)?.[1],
  );
  assert.equal(new Set(edges).size, 3);
  assert.throws(() => laterWork('it depends', ' '), /source is empty/);
});

test('predict: choices are lettered, help is folded without scripts', () => {
  const [text] = markdown(() => predict('Which?', { choices: ['this', 'that'], think: 'Think of *m*.' }));
  assert.match(text, /a\) this {2}\nb\) that/);
  assert.match(text, /<details><summary>[^<]+<\/summary>\n\nThink of \*m\*\.\n\n<\/details>/);
  assert.ok(!/<script/.test(text));
});

test('table: one number of decimals in a column, text left, numbers right, HTML escaped', () => {
  const [text] = plain(() =>
    table(
      [
        { a: 'x<y', b: 0.823, c: 1 },
        { a: 'z', b: 0.9, c: 12000 },
      ],
      { columns: ['a', ['b', 'share'], 'c'] },
    ),
  );
  assert.equal(text, 'a    share       c\nx<y  0.823       1\nz    0.900  12,000');
  assert.match(html(() => table([{ a: 'x<y' }]))[0], /x&lt;y/);
  assert.equal(plain(() => table([{ a: 0.5 }], { percent: ['a'] }))[0], 'a\n50.0%'.replace('a', '    a'));
  assert.throws(() => table([{ a: 1 }], { columns: ['b'] }), /no row has the column "b"; the first row has a/);
  assert.throws(() => table([]), /at least one row/);
});

test('takeaways are numbered, and not none', () => {
  assert.deepEqual(
    plain(() => takeaways(['One.', 'Two.'])),
    ['Takeaways\n  1. One.\n  2. Two.'],
  );
  assert.throws(() => takeaways([]), /got none/);
});

test('check: exact, approximate, maximum difference and tolerance are shown', () => {
  assert.match(
    plain(() => check('same', { got: [1, 2], want: [1, 2] }))[0],
    /^✓ same: exact: yes, approximate: yes, maximum difference: 0 /,
  );
  const [near] = plain(() => check('near', { got: [1, 2.00001], want: [1, 2], within: 1e-4 }));
  assert.match(near, /^✓ near: exact: no, approximate: yes, maximum difference: 10⁻⁵ \(allowed: 10⁻⁴\)/);
  assert.match(plain(() => check('fell', true))[0], /^✓ fell: yes/);
  assert.match(plain(() => check('small', { got: [1e-7, 2e-7], atMost: 1e-6 }))[0], /largest 2×10⁻⁷ \(at most: 10⁻⁶\)/);
});

test('check: a failure stops the cell, says where, and a finding does not', () => {
  const cases: [() => void, RegExp][] = [
    [
      () => check('far', { got: [1, 2, 3], want: [1, 2.5, 3], within: 0.1 }),
      /maximum difference: 0\.5 .*first at index 1: got 2, want 2\.5/,
    ],
    [() => check('nan', { got: NaN, want: 1 }), /maximum difference: ∞/],
    [() => check('nan is nothing', { got: NaN, want: NaN }), /maximum difference: ∞/],
    [() => check('nan', { got: [0, NaN], atMost: 1 }), /value 1 of 2 is NaN/],
    [() => check('length', { got: [1, 2], want: [1] }), /2 values against 1/],
    [() => check('shape', { got: tf.zeros([2, 3]), want: tf.zeros([3, 2]) }), /shape \[2,3\] against \[3,2\]/],
    [() => check('large', { got: 2, atMost: 1 }), /2 \(at most: 1\)/],
    [() => check('small', { got: [2, 0], atLeast: 1 }), /smallest 0 \(at least: 1\)/],
    [() => check('no', false), /no/],
  ];
  for (const [body, message] of cases) {
    const shown = capture(() =>
      assert.throws(body, (error: Error) => error instanceof CheckError && message.test(error.message)),
    );
    assert.match(shown[0].bundle['text/plain'], /^✗/);
  }
  assert.match(
    plain(() => check('claim', { got: 2, atMost: 1, finding: true }))[0],
    /^✗ claim.*a finding, not an error/,
  );
});

test('check: what cannot be checked is refused, not passed', () => {
  assert.throws(() => check('empty', { got: [], want: [] }), /got is empty/);
  assert.throws(() => check('nothing', { got: 1 }), /Give want, atMost or atLeast/);
  assert.throws(
    () => check('text', { got: 'one' as unknown as number, want: 1 }),
    /got must be a number, an array or a tensor, got string/,
  );
});

test('check: a want of infinity does not hide a difference elsewhere', () => {
  capture(() => assert.throws(() => check('inf', { got: [1, 1], want: [Infinity, 2], relative: 0.1 }), CheckError));
  capture(() => check('same inf', { got: [Infinity], want: [Infinity] }));
});

const claims = [
  { id: 'one', quote: 'A holds.', section: '1', measured: 'A' },
  { id: 'two', quote: 'B | holds.', section: 'Figure 1', measured: 'B' },
];
const card = () => claimCard({ question: 'Does it?', claims, minutes: { quick: 1, full: 5, paper: 60 } });

test('claim card: written again in place when a verdict is reached', () => {
  const seen = capture(() => {
    card();
    verdict({ id: 'one', measured: [1, 2, 3], rule: rule.above(0), data: 'MNIST', seeds: [1, 2, 3] });
    verdict({ id: 'two', outOfReach: 'no machine' });
  });
  const cards = seen.filter(({ metadata }) => (metadata.bnlab as { role: string }).role === 'claim-card');
  assert.equal(cards.length, 3);
  assert.equal(new Set(cards.map(({ id }) => id)).size, 1);
  assert.deepEqual(
    cards.map(({ update }) => update),
    [false, true, true],
  );
  assert.equal(cards[0].bundle['text/plain'].match(/computed below/g)?.length, 2);
  assert.match(cards[2].bundle['text/plain'], /A; verdict: ✓ holds[\s\S]*B; verdict: – out of reach/);
});

test('verdicts: a rule on shares names its limits as the values are shown, in percent', () => {
  const ruleOf = (percent: boolean, r: ReturnType<typeof rule.above>) => {
    const seen = capture(() => {
      card();
      verdict({ id: 'one', measured: [0.1, 0.2], percent, rule: r });
    });
    return (seen.find(({ bundle }) => bundle[CLAIM_MIME])?.bundle[CLAIM_MIME] as ClaimRecord).rule;
  };
  assert.equal(ruleOf(true, rule.above(0.05)), 'the value is above 5%');
  assert.equal(ruleOf(true, rule.near(0.57, 0.001)), 'the value is 57% ± 0.1%');
  assert.equal(ruleOf(false, rule.above(0.05)), 'the value is above 0.05');
  assert.equal(
    ruleOf(
      true,
      rule.custom('as told', () => true),
    ),
    'as told',
  );
});

test('verdicts: few values are asked one by one, many through the interval of their median', () => {
  const judged = (measured: number[], r = rule.above(0)) => {
    const seen = capture(() => {
      card();
      verdict({ id: 'one', measured, rule: r });
    });
    return (seen.find(({ bundle }) => bundle[CLAIM_MIME])?.bundle[CLAIM_MIME] as ClaimRecord).verdict;
  };
  assert.equal(judged([1, 2, 3]), 'holds');
  assert.equal(judged([-1, 2, 3]), 'undecided');
  assert.equal(judged([-1, -2, 3]), 'undecided');
  assert.equal(judged([-1, -2, -3]), 'contradicted');
  assert.equal(judged([-0.5, -0.51], rule.near(-0.5, 0.02)), 'holds');
  assert.equal(judged([0.5, 1.5], rule.between(0, 2)), 'holds');
  assert.equal(judged([0, 1], rule.near(0.5, 0.1)), 'undecided', 'on both sides of a narrow range');
  assert.equal(judged([1, 2], rule.near(0.5, 0.1)), 'contradicted');
  assert.equal(judged([3], rule.below(2)), 'contradicted');
  assert.equal(judged([1, 2], rule.custom('whole', Number.isInteger)), 'holds');
  assert.equal(judged([1, 2.5], rule.custom('whole', Number.isInteger)), 'undecided');
  // Ten values: one outlier leaves the interval of the median where it is.
  const nine = Array.from({ length: 14 }, (_, i) => 1 + i / 10);
  assert.equal(judged([...nine, -1]), 'holds');
  assert.equal(judged([...nine, ...nine.map((v) => -v)]), 'undecided');
  assert.equal(judged([...nine, -1].map((v) => -v)), 'contradicted');
});

test('verdicts: a limit is named, an unfair test decides nothing, and what cannot fail is a check', () => {
  const recorded = (options: Partial<Parameters<typeof verdict>[0]>, cannotFail = false) => {
    const seen = capture(() => {
      claimCard({
        question: 'Does it hold?',
        claims: [{ ...claims[0], cannotFail }],
        minutes: { quick: 1, full: 1, paper: 1 },
      });
      verdict({ id: 'one', measured: [1, 2], rule: rule.above(0), ...options });
    });
    const shown = seen.find(({ bundle }) => bundle[CLAIM_MIME])!;
    return { record: shown.bundle[CLAIM_MIME] as ClaimRecord, text: shown.bundle['text/plain'] };
  };
  const limited = recorded({ limit: 'small rates' });
  assert.equal(limited.record.verdict, 'holds with a limit');
  assert.equal(limited.record.limit, 'small rates');
  assert.match(limited.text, /Limit: small rates/);
  assert.equal(recorded({ limit: 'small rates', rule: rule.below(0) }).record.verdict, 'contradicted');

  const unfair = recorded({ rule: rule.below(0), unfair: 'All layers move', reason: 'Why.' });
  assert.equal(unfair.record.verdict, 'undecided');
  assert.equal(unfair.record.reason, 'All layers move. Why.');
  assert.equal(recorded({ unfair: 'All layers move.' }).record.verdict, 'holds');
  assert.equal(recorded({ unfair: 'All layers move.' }).record.reason, undefined);

  assert.match(recorded({}).record.agreement!, /by chance/);
  assert.equal(recorded({}, true).record.verdict, 'checked');
  assert.doesNotMatch(recorded({}, true).record.agreement!, /by chance/);
  assert.equal(recorded({ rule: rule.below(1.5) }, true).record.verdict, 'check failed');
});

test('claim card: a sentence with several readings stands there once', () => {
  const [shown] = capture(() => {
    claimCard({
      question: 'Does it hold?',
      claims: [claims[0], { ...claims[0], id: 'again', measured: 'A, otherwise' }, claims[1]],
      minutes: { quick: 1, full: 1, paper: 1 },
    });
  });
  const page = String(shown.bundle['text/html']);
  assert.equal(page.split(claims[0].quote).length - 1, 1);
  assert.equal(page.match(/the same sentence, read as:/g)?.length, 1);
  assert.match(page, /A, otherwise/);
});

test('verdicts: a brief one is a line, with the same record', () => {
  const seen = (brief: boolean) =>
    capture(() => {
      card();
      const measured = [1, 2];
      verdict({ id: 'one', measured, rule: rule.above(0), limit: 'small nets', reason: 'why', brief });
    }).find(({ bundle }) => bundle[CLAIM_MIME])!.bundle;
  const [box, line] = [seen(false), seen(true)];
  assert.deepEqual(line[CLAIM_MIME], box[CLAIM_MIME]);
  assert.equal(
    line['text/plain'],
    '◐ Verdict on one: holds with a limit: A: median 1.5, each: 1 and 2; rule: the value is above 0; 2 of 2 values (by chance 1 in 4); limit: small nets; why',
  );
  assert.match(String(box['text/plain']), /\n {2}Limit: small nets\n/);
  assert.ok(String(line['text/html']).length < String(box['text/html']).length);
});

test('verdict record: what the ledger keeps', () => {
  const seen = capture(() => {
    card();
    verdict({
      id: 'one',
      measured: [0.1, 0.3, 0.2],
      percent: true,
      expected: { value: 0.2, source: 'theory' },
      rule: rule.near(0.2, 0.15),
      data: { title: 'MNIST' },
      seeds: [1, 2, 3],
      reason: 'why',
    });
  });
  const record = seen.find(({ bundle }) => bundle[CLAIM_MIME])?.bundle[CLAIM_MIME] as ClaimRecord;
  assert.deepEqual(record, {
    id: 'one',
    claim: 'A holds.',
    source: 'section 1',
    expected: '20.0% (theory)',
    expectedValue: 0.2,
    measured: record.measured,
    verdict: 'holds',
    rule: 'the value is 20% ± 15%',
    agreement: '3 of 3 seeds',
    reason: 'why',
    statistics: { unit: 'share', values: [0.1, 0.3, 0.2], n: 3, median: 0.2 },
    data: 'MNIST',
    seeds: [1, 2, 3],
    profile: 'quick',
  });
  assert.match(record.measured, /^A: median 20\.0%, by seed: 10\.0%, 30\.0% and 20\.0%; MNIST$/);
});

test('verdict record: a unit stands after the median or the interval, once', () => {
  const seen = capture(() => {
    card();
    verdict({ id: 'one', measured: [1.5, 3.5, 2.5], unit: 'percentage points', rule: rule.above(0) });
    verdict({ id: 'two', measured: 2.5, unit: 'nats', rule: rule.above(0) });
    const many = Array.from({ length: 15 }, (_, i) => 1.5 + i / 7);
    verdict({ id: 'one', measured: many, unit: 'nats', rule: rule.above(0) });
  });
  const records = seen.flatMap(({ bundle }) => (bundle[CLAIM_MIME] as ClaimRecord | undefined) ?? []);
  assert.match(records[0].measured, /^A: median 2\.50? percentage points, each: 1\.50?, 3\.50? and 2\.50?$/);
  assert.match(
    records[2].measured,
    /^A: median 2\.5 \[[\d., ]+\] nats, n = 15 \(95% bootstrap interval of the median; smallest 1\.50?, largest 3\.50?\)$/,
  );
  assert.ok(records[2].statistics!.low! > 1.5 && records[2].statistics!.high! < 3.5);
  assert.deepEqual(
    records.map((record) => record.agreement),
    ['3 of 3 values (by chance 1 in 8)', undefined, 'over the whole interval'],
  );
  assert.equal(new Set(records.map((record) => record.rule)).size, 1, 'the rule reads the same at any n');
  assert.match(records[1].measured, /: 2\.50? nats \(one value\)$/);
});

test('verdict: where a search found nothing in a seed, the claim is out of reach, and says in how many', () => {
  const measured = [2, null, null];
  const given = { id: 'one', measured, unit: 'times', rule: rule.above(1), data: 'digits', seeds: [1, 2, 3] };
  const seen = capture(() => {
    card();
    verdict({ ...given, missing: 'no rate trains without BN', reason: 'To rate 100.' });
    // A value of each: what would be missing is not.
    verdict({ ...given, measured: [2, 3, 4], missing: 'no rate trains without BN' });
    assert.throws(() => verdict(given), /measured\[1\] must be a number, got null/);
  });
  const [without, whole] = seen.flatMap(({ bundle }) => (bundle[CLAIM_MIME] as ClaimRecord | undefined) ?? []);
  assert.equal(without.verdict, 'out of reach');
  assert.equal(without.reason, 'No rate trains without BN (2 of 3 seeds). To rate 100.');
  assert.equal(without.measured, 'A, by seed: 2 times, none and none; digits');
  assert.equal(without.rule, whole.rule, 'the rule is the same');
  assert.equal(without.statistics, undefined);
  assert.equal(whole.verdict, 'holds');
  assert.ok(!('reason' in whole));
});

test('verdict: what is no measurement is refused', () => {
  const cases: [() => void, RegExp][] = [
    [
      () => verdict({ id: 'three', measured: 1, rule: rule.above(0) }),
      /no claim "three" on the card; it has one and two/,
    ],
    [() => verdict({ id: 'one', measured: [1, NaN], rule: rule.above(0) }), /finite numbers, got \[1, NaN\]/],
    [() => verdict({ id: 'one', measured: [], rule: rule.above(0) }), /finite numbers/],
    [() => verdict({ id: 'one', measured: 1 }), /give measured .* and rule, or outOfReach/],
    [() => verdict({ id: 'one', measured: 1, rule: rule.above(0), outOfReach: 'x' }), /is not out of reach/],
    [() => verdict({ id: 'one', measured: [1, 2], seeds: [1], rule: rule.above(0) }), /2 values but 1 seeds/],
  ];
  capture(() => {
    card();
    for (const [body, message] of cases) assert.throws(body, message);
  });
  assert.throws(
    () => claimCard({ question: '', claims, minutes: { quick: 1, full: 1, paper: 1 } }),
    /question is missing/,
  );
  assert.throws(
    () => claimCard({ question: 'q', claims: [claims[0], claims[0]], minutes: { quick: 1, full: 1, paper: 1 } }),
    /two claims are called "one"/,
  );
});

test('provenance: refuses an open claim; holds no time and no machine', async () => {
  await ready();
  capture(() => {
    card();
    assert.throws(() => provenance({ data: 'MNIST', seeds: [1] }), /no verdict on one, two/);
  });
  const [shown] = capture(() => {
    capture(() => {
      verdict({ id: 'one', outOfReach: 'x' });
      verdict({ id: 'two', outOfReach: 'x' });
    });
    provenance({ data: [{ title: 'MNIST', source: 'LeCun' }], seeds: [1, 2] });
  });
  const text = shown.bundle['text/plain'];
  assert.match(text, /MNIST; LeCun\nSeeds {4}1, 2\nProfile {2}quick\nEngine/);
  assert.ok(!/\d\d:\d\d|20\d\d-|GiB/.test(text));
  assert.match(html(() => engineCell())[0], /<table/);
});

test('ledger: sentences in the order of the paper, each once with its readings, and checks counted apart', () => {
  const record: ClaimRecord = {
    id: 'one',
    claim: 'A | B',
    source: 'section 3.2',
    expected: '',
    measured: 'A: 3',
    verdict: 'undecided',
    rule: 'above 2',
    profile: 'full',
    data: 'MNIST',
    cell: 7,
  };
  const page = renderLedger({
    'b-second': [
      record,
      {
        ...record,
        id: 'two',
        claim: 'C',
        source: 'abstract',
        verdict: 'out of reach',
        measured: '',
        rule: '',
        reason: 'no machine',
      },
      { ...record, id: 'identity', claim: 'D', source: 'Figure 1', verdict: 'checked' },
      {
        ...record,
        id: 'limited',
        claim: 'E',
        source: 'section 4.2',
        verdict: 'holds with a limit',
        limit: 'small rates',
      },
    ],
    'c-third': [{ ...record, id: 'again', measured: 'A: 4; MNIST', verdict: 'contradicted' }],
    'a-empty': [],
  });
  assert.match(
    page,
    /^4 sentences in 5 readings\. Claims: 1 ◐ holds with a limit, 1 \? undecided, 1 ✗ contradicted, 1 – out of reach\. Checks of what cannot fail: 1 = checked\.$/m,
  );
  assert.deepEqual(page.match(/^## .*$/gm), ['## Abstract', '## Section 3.2', '## Figure 1', '## Section 4.2']);
  const rows = page.split('\n').filter((line) => /`(one|again)`/.test(line));
  assert.deepEqual(rows, [
    '| “A \\| B” | [b-second](b-second.ipynb#cell-7) `one` |  | A: 3 (MNIST, profile full) | ? **undecided**. Rule: above 2. |',
    '|  | [c-third](c-third.ipynb#cell-7) `again` |  | A: 4; MNIST (profile full) | ✗ **contradicted**. Rule: above 2. |',
  ]);
  assert.match(page, /– \*\*out of reach\*\*\. no machine \|/);
  assert.match(page, /◐ \*\*holds with a limit\*\*\. Limit: small rates\. Rule: above 2\. \|/);
  assert.ok(!page.includes('a-empty'));
  assert.match(renderLedger({}), /No claims yet/);
});

test('ledger: other data have a column, and a count of verdicts that are as before', () => {
  const base = { source: 'section 1', expected: '', measured: 'A: 3', rule: 'above 2', profile: 'full' };
  const values = { unit: 'times', values: [3, 3.2], n: 2, median: 3.1 };
  const of = (id: string, data: string, verdict: ClaimRecord['verdict']): ClaimRecord => ({
    ...base,
    id,
    claim: id,
    data,
    verdict,
    statistics: values,
  });
  const first = [of('kept', 'MNIST', 'holds'), of('lost', 'MNIST', 'holds'), of('exact', 'exact functions', 'holds')];
  const again = [
    { ...of('kept', 'clothes', 'holds'), statistics: { ...values, n: 15, low: 3, high: 3.2 } },
    {
      ...of('lost', 'clothes', 'contradicted'),
      statistics: { ...values, unit: 'share', values: [0.5], median: 0.5, n: 1 },
    },
    of('exact', 'exact functions', 'holds'),
  ];
  const page = renderLedger({ one: first }, [{ data: 'clothes', ledger: { one: again } }]);
  assert.match(
    page,
    /^2 of them were measured again on clothes, .*\. Claims: 1 ✓ holds, 1 ✗ contradicted\. 1 verdicts are as before\.$/m,
  );
  assert.match(page, /^\| The paper says \| In \| Expected \| Measured \| Verdict \| On clothes \|$/m);
  assert.match(page, /`kept`.* \| ✓ \*\*holds\*\*\. Median 3\.10 \[3\.00, 3\.20\] times, n = 15\. \|$/m);
  assert.match(page, /`lost`.* \| ✗ \*\*contradicted\*\*\. 50\.0%\. \|$/m);
  assert.match(page, /`exact`.* \| {2}\|$/m);
  const few = renderLedger({ one: first }, [{ data: 'MNIST', ledger: { one: first } }]);
  assert.match(few, /`kept`.* \| ✓ \*\*holds\*\*\. Median 3\.10? times: 3 and 3\.20?\. \|$/m);
});

test('ledger: rules that were changed stand in one table, with the verdict under the earlier one', () => {
  const record: ClaimRecord = {
    id: 'one',
    claim: 'A',
    source: 'section 1',
    expected: '',
    measured: 'A: 3',
    verdict: 'contradicted',
    rule: 'above 2',
    profile: 'full',
    statistics: { unit: '', values: [1, 1.5], n: 2, median: 1.25 },
  };
  const ledger = { 'a-first': [record] };
  const change = { notebook: 'a-first', id: 'one', before: 'above 1.2', because: 'of a reason' };
  const table = (given: Parameters<typeof renderLedger>[2]) =>
    renderLedger(ledger, [], given).split('\n').slice(-2, -1)[0];
  const now = 'above 2 | ✗ **contradicted** | of a reason |';
  const before = '| [a-first](a-first.ipynb) `one` | above 1.2 |';
  assert.equal(table([{ ...change, bound: { above: 1.2 } }]), `${before} undecided | ${now}`);
  assert.equal(table([{ ...change, bound: { below: 2 } }]), `${before} holds | ${now}`);
  assert.equal(table([{ ...change, bound: { near: [3, 1] } }]), `${before} contradicted | ${now}`);
  assert.equal(table([change]), `${before} it judged another quantity | ${now}`);
  assert.ok(!renderLedger(ledger).includes('Rules that were changed'));
});

test('exercises: a stub is not yet, a wrong answer is not right, the solution is solved', () => {
  const states = (body: () => void) =>
    capture(body).map(({ bundle }) => bundle[EXERCISE_MIME] as { state: string; message: string });
  const stub = (): number => todo('return two');
  assert.deepEqual(
    states(() => exerciseCheck('1', () => stub() === 2)),
    [{ id: '1', state: 'todo', message: 'return two' }],
  );
  assert.deepEqual(
    states(() => exerciseCheck('1', () => 'three is not two')),
    [{ id: '1', state: 'wrong', message: 'three is not two' }],
  );
  assert.equal(states(() => exerciseCheck('1', () => false))[0].state, 'wrong');
  assert.deepEqual(
    states(() =>
      exerciseCheck('1', () => {
        throw new RangeError('got 3');
      }),
    ),
    [{ id: '1', state: 'wrong', message: 'got 3' }],
  );
  assert.equal(states(() => exerciseCheck('1', () => undefined))[0].state, 'passed');
  assert.throws(() => exerciseCheck('1', (async () => true) as unknown as () => boolean), /returned a promise/);
  process.env.BNLAB_EXERCISES = 'strict';
  try {
    capture(() => {
      assert.throws(() => exerciseCheck('1', () => stub() === 2), /Exercise 1, not yet: return two/);
      exerciseCheck('1', () => true);
    });
  } finally {
    delete process.env.BNLAB_EXERCISES;
  }
  assert.match(
    markdown(() => exercise('2', 'Do it.', { hint: 'So.', solution: 's.ipynb' }))[0],
    /Exercise 2\.\*\* Do it\. \(\[solution\]\(s\.ipynb\)\)[\s\S]*<details><summary>Hint/,
  );
});

test('profiles come from BNLAB_PROFILE, and an unknown one is refused', () => {
  const before = process.env.BNLAB_PROFILE;
  try {
    delete process.env.BNLAB_PROFILE;
    assert.equal(profile(), 'quick');
    process.env.BNLAB_PROFILE = 'paper';
    assert.equal(byProfile({ quick: 3, full: 5, paper: 7 }), 7);
    process.env.BNLAB_PROFILE = 'fast';
    assert.throws(() => profile(), /BNLAB_PROFILE is "fast"; wanted quick, full or paper/);
  } finally {
    if (before === undefined) delete process.env.BNLAB_PROFILE;
    else process.env.BNLAB_PROFILE = before;
  }
});

test('progress: ends as one line without times, also when the reports reach their total', () => {
  assert.deepEqual(
    plain(() => {
      const bar = progress('Training');
      bar.report({ step: 1, steps: 2, secondsLeft: 3, loss: 1, name: 'BN' });
      bar.report({ step: 2, steps: 2, secondsLeft: 0, loss: 0.5, name: 'BN' });
      bar.done();
    }),
    ['Training: 2 steps done'],
  );
  assert.deepEqual(
    plain(() => {
      const { tick } = progress('Scales', 2);
      tick();
      tick();
    }),
    ['Scales: 2 done'],
  );
  const svg = picture(
    0.5,
    new Map([
      ['BN', [3, 2, 1].map((y, i) => ({ x: 10 * i, y }))],
      ['no BN', [3, NaN, 2.5].map((y, i) => ({ x: 10 * i, y }))],
    ]),
    { end: 40, unit: 'steps' },
  );
  // The last value stands beside each curve, and the axes say what they span.
  for (const said of ['BN 1', 'no BN 2.5', '3', '1', '0', '40 steps']) assert.ok(svg.includes(`>${said}</text>`), said);
  assert.match(svg, /<path d="M52.0 18.0L115.5 55.0L179.0 92.0"/);
  assert.doesNotMatch(svg, /NaN/);
  assert.match(svg, /aria-label="progress bar and BN, no BN so far"/);
  assert.match(svg, /stroke="#00427d"[\s\S]*stroke="#c44f00" [^>]*stroke-dasharray/);
});

test('show: figure and caption in a notebook; anything else is refused', () => {
  const figure = lineFigure({
    title: 'A finding',
    data: 'numbers',
    alt: 'a line',
    caption: 'read <it>',
    x: { label: 'x' },
    y: { label: 'y' },
    series: [{ x: [1, 2], y: [3, 4] }],
  });
  const [drawn, caption] = capture(() => show(figure));
  assert.deepEqual(Object.keys(drawn.bundle), ['application/vnd.plotly.v1+json', 'text/plain']);
  assert.deepEqual(drawn.metadata, { bnlab: { role: 'figure', alt: 'a line' } });
  assert.match(caption.bundle['text/html'] as string, /read &lt;it&gt;/);
  assert.throws(() => show({ data: [] } as unknown as Figure), /wanted a figure/);
});
