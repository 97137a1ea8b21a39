/** What a notebook of one's own begins as: cells that run as they are. */

/** A cell: `text` or `code`. */
interface TemplateCell {
  id: string;
  text?: string;
  code?: string;
}

const paper: TemplateCell[] = [
  {
    id: 'title',
    text: `# TITLE

One notebook, one question. Say here what is known, and what this notebook adds. Each cell below runs as it is; change one thing at a time.`,
  },
  {
    id: 'imports',
    code: `import { byProfile, check, claimCard, compare, curves, differenceBySeed } from 'bnlab';
import { engineCell, finalAccuracy, lineFigure, median, percent } from 'bnlab';
import { progress, provenance, ready, rule, runsOf, say, show, study } from 'bnlab';
import { takeaways, verdict, withAndWithout } from 'bnlab';`,
  },
  {
    id: 'card-head',
    text: `The claim, and the rule that decides on it, stand here before anything is run. A sentence of the paper has a \`section\`; any other has a
\`source\`: an author and a year, or yourself.`,
  },
  {
    id: 'card',
    code: `claimCard({
  question: 'Does batch normalization help at this learning rate?',
  minutes: { quick: 0.5, full: 1, paper: 1 },
  claims: [{ id: 'helps', source: 'a conjecture of mine',
    quote: 'With batch normalization the network ends higher',
    measured: 'test accuracy at the end, with BN minus without' }],
});`,
  },
  { id: 'engine', code: `engineCell(await ready());` },
  {
    id: 'sides-head',
    text: `## Two networks

Both sides start from the same weights and see the same batches, once for each seed. They differ in one thing.`,
  },
  {
    id: 'sides',
    code: `const sides = withAndWithout({ kind: 'mlp', sizes: [784, 100, 100, 10],
  activation: 'sigmoid', initStd: 0.1 });`,
  },
  {
    id: 'run',
    code: `const shown = await study(); // data, and three seeds or five
const { data, seeds } = shown;
const steps = byProfile({ quick: 300, full: 1200, paper: 5000 });
const bar = progress('Training both');
const runs = await compare({ ...shown, sides: sides, learningRates: [0.5], steps,
  batchSize: 60, evaluate: { every: steps / 10 }, onProgress: bar.report });`,
  },
  {
    id: 'figure',
    code: `const course = (side: string) => curves(runsOf(runs, side));
const ends = (side: string) => runsOf(runs, side).map(finalAccuracy);
const end = (side: string) => percent(median(ends(side)));
show(lineFigure({ ...shown,
  title: \`At the end: \${end('BN')} with BN, \${end('no BN')} without\`,
  x: { label: 'training step' }, y: { label: 'test accuracy', percent: true },
  series: [{ as: 'none', ...course('no BN') }, { as: 'batch', ...course('BN') }],
  marks: [{ y: 0.1, label: 'chance' }],
  alt: 'Test accuracy over training steps with and without batch normalization.',
  caption: 'One learning rate: nothing here says which side is faster.' }));`,
  },
  {
    id: 'read',
    text: 'What to look at in the figure, what it means, and what it does not show.',
  },
  {
    id: 'check',
    code: `check('every seed finished', { got: ends('BN').length, want: seeds.length });
const lead = differenceBySeed(ends('BN'), ends('no BN')).map((v) => 100 * v);
verdict({ ...shown, id: 'helps', measured: lead, unit: 'percentage points',
  rule: rule.above(0) });
say\`\${data.title}: BN leads by \${median(lead)} percentage points.\`;`,
  },
  {
    id: 'takeaways',
    code: `takeaways([
  'What was found.',
  'Under which conditions.',
  'What is to be tried next.',
]);`,
  },
  { id: 'provenance', code: `provenance(shown);` },
];

const blank: TemplateCell[] = [
  { id: 'title', text: '# TITLE' },
  {
    id: 'imports',
    code: `import { claimCard, engineCell, provenance, ready, study, verdict } from 'bnlab';`,
  },
  {
    id: 'card',
    code: `claimCard({
  question: 'What is asked?',
  minutes: { quick: 1, full: 1, paper: 1 },
  claims: [{ id: 'mine', source: 'a conjecture of mine', quote: 'What is claimed',
    measured: 'what is measured' }],
});`,
  },
  { id: 'engine', code: `engineCell(await ready());` },
  { id: 'data', code: `const shown = await study(); // data, and three seeds or five` },
  { id: 'verdict', code: `verdict({ id: 'mine', outOfReach: 'nothing has been measured here' });` },
  { id: 'provenance', code: `provenance(shown);` },
];

/** By name. */
export const TEMPLATES = { paper, blank };

/** Name of a template. */
export type Template = keyof typeof TEMPLATES;
