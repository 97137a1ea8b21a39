/** What cells say, off a kernel: the displays are captured instead of shown. */
import test from 'node:test';
import assert from 'node:assert/strict';
import {
  byProfile,
  check,
  CheckError,
  claimCard,
  CLAIM_MIME,
  engineCell,
  exercise,
  exerciseCheck,
  EXERCISE_MIME,
  laterWork,
  lineFigure,
  paperSays,
  predict,
  profile,
  progress,
  provenance,
  ready,
  renderLedger,
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
import { capture } from 'bnlab/dist/figure/display';
import { picture } from 'bnlab/dist/notebook/progress';

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
  assert.match(ruleOf(true, rule.above(0.05)), /^the value is above 5% over/);
  assert.match(ruleOf(true, rule.near(0.57, 0.001)), /^the value is 57% ± 0\.1% over/);
  assert.match(ruleOf(false, rule.above(0.05)), /^the value is above 0\.05 over/);
  assert.equal(
    ruleOf(
      true,
      rule.custom('as told', () => true),
    ),
    'as told',
  );
});

test('verdicts: rules decide on the whole interval, on the median, or fail', () => {
  const judged = (measured: number[], r = rule.above(0)) => {
    const seen = capture(() => {
      card();
      verdict({ id: 'one', measured, rule: r });
    });
    return (seen.find(({ bundle }) => bundle[CLAIM_MIME])?.bundle[CLAIM_MIME] as ClaimRecord).verdict;
  };
  assert.equal(judged([1, 2, 3]), 'holds');
  assert.equal(judged([-1, 2, 3]), 'partly');
  assert.equal(judged([-1, -2, 3]), 'fails at this scale');
  assert.equal(judged([-0.5, -0.51], rule.near(-0.5, 0.02)), 'holds');
  assert.equal(judged([0.5, 1.5], rule.between(0, 2)), 'holds');
  assert.equal(judged([3], rule.below(2)), 'fails at this scale');
  assert.equal(
    judged(
      [1, 2],
      rule.custom('all are whole', (m) => m.values.every(Number.isInteger)),
    ),
    'holds',
  );
  assert.equal(
    judged(
      [1, 2],
      rule.custom('half of them', () => 'partly'),
    ),
    'partly',
  );
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
  assert.deepEqual(
    { ...record, statistics: { ...record.statistics, low: 0, high: 0 } },
    {
      id: 'one',
      claim: 'A holds.',
      source: 'section 1',
      expected: '20.0% (theory)',
      expectedValue: 0.2,
      measured: record.measured,
      verdict: 'holds',
      rule: 'the value is 20% ± 15% over the whole interval (partly: at the median)',
      reason: 'why',
      statistics: { unit: 'share', values: [0.1, 0.3, 0.2], n: 3, median: 0.2, low: 0, high: 0 },
      data: 'MNIST',
      seeds: [1, 2, 3],
      profile: 'quick',
    },
  );
  assert.match(
    record.measured,
    /^A: median 20% \[10%, 30%\], n = 3 \(95% bootstrap interval; smallest 10\.0%, largest 30\.0%\); MNIST$/,
  );
});

test('verdict record: a unit stands after the interval, once', () => {
  const seen = capture(() => {
    card();
    verdict({ id: 'one', measured: [1.5, 3.5, 2.5], unit: 'percentage points', rule: rule.above(0) });
    verdict({ id: 'two', measured: 2.5, unit: 'nats', rule: rule.above(0) });
  });
  const records = seen.flatMap(({ bundle }) => (bundle[CLAIM_MIME] as ClaimRecord | undefined) ?? []);
  assert.match(
    records[0].measured,
    /^A: median 2\.5 \[1\.5, 3\.5\] percentage points, n = 3 \(95% bootstrap interval; smallest 1\.5, largest 3\.5\)$/,
  );
  assert.match(records[1].measured, /: 2\.50? nats \(one value\)$/);
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

test('ledger: a page of Markdown with counts, rules, and pipes escaped', () => {
  const record: ClaimRecord = {
    id: 'one',
    claim: 'A | B',
    source: 'section 1',
    expected: '',
    measured: 'A: 3',
    verdict: 'partly',
    rule: 'above 2',
    profile: 'full',
    data: 'MNIST',
    cell: 7,
  };
  const page = renderLedger({
    'b-second': [
      record,
      { ...record, id: 'two', verdict: 'out of reach', measured: '', rule: '', reason: 'no machine' },
    ],
    'a-empty': [],
  });
  assert.match(page, /2 claims: 1 ◐ partly, 1 – out of reach\./);
  assert.match(page, /## \[b-second\]\(b-second\.ipynb\)/);
  assert.match(
    page,
    /\| “A \\\| B” \(section 1; `one`, \[cell 7\]\(b-second\.ipynb#cell-7\)\) \| {2}\| A: 3 \(MNIST, profile full\) \| ◐ \*\*partly\*\*\. Rule: above 2\. \|/,
  );
  assert.match(page, /– \*\*out of reach\*\*\. no machine \|/);
  const named = renderLedger({ c: [{ ...record, measured: 'A: 3; MNIST' }] });
  assert.match(named, /A: 3; MNIST \(profile full\)/, 'data once');
  assert.ok(!page.includes('a-empty'));
  assert.match(renderLedger({}), /No claims yet/);
});

test('ledger: other data have a column, and a count of verdicts that are as before', () => {
  const base = { source: 'section 1', expected: '', measured: 'A: 3', rule: 'above 2', profile: 'full' };
  const values = { unit: 'times', values: [3, 3.2], n: 2, median: 3.1, low: 3, high: 3.2 };
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
    of('kept', 'clothes', 'holds'),
    { ...of('lost', 'clothes', 'fails at this scale'), statistics: { ...values, unit: 'share', median: 0.5, n: 1 } },
    of('exact', 'exact functions', 'holds'),
  ];
  const page = renderLedger({ one: first }, [{ data: 'clothes', ledger: { one: again } }]);
  assert.match(page, /^2 of them were measured again on clothes, .*: 1 ✓ holds, 1 ✗ fails at this scale\. 1 verdicts/m);
  assert.match(page, /^\| The paper says \| Expected \| Measured \| Verdict \| On clothes \|$/m);
  assert.match(page, /`kept`.* \| ✓ \*\*holds\*\*\. Median 3\.10 \[3\.00, 3\.20\] times, n = 2\. \|$/m);
  assert.match(page, /`lost`.* \| ✗ \*\*fails at this scale\*\*\. 50\.0%\. \|$/m);
  assert.match(page, /`exact`.* \| {2}\|$/m);
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
      ['BN', [3, 2, 1]],
      ['no BN', [3, NaN, 2.5]],
    ]),
  );
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
