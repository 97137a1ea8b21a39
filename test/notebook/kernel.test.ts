/** A small notebook, run by a real tslab kernel through nbclient: what a saved notebook holds afterwards. */
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import { type ClaimRecord } from 'bnlab';
import { CLAIM_MIME, EXERCISE_MIME } from 'bnlab/internal';
import { runCells, type Output } from '../support/kernel';

const cells = [
  `import { check, claimCard, CheckError, exerciseCheck, fmt, lineFigure, paperSays, predict } from 'bnlab';
import { progress, provenance, ready, rule, say, show, todo, verdict } from 'bnlab';
claimCard({
  question: 'Does the error fall as 1/sqrt(m)?', minutes: { quick: 1, full: 2, paper: 3 },
  claims: [{ id: 'slope', quote: 'its quality improves', section: '1', measured: 'slope' }],
});`,
  `const card = await ready();`,
  `const bar = progress('Counting', 3);
for (let i = 0; i < 3; i++) {
  await new Promise((resolve) => setTimeout(resolve, 300));
  bar.tick(1, { BN: 1 / (i + 1) });
}`,
  `const errors: number[] = [1, 0.5, 0.25];
show(lineFigure({
  title: fmt\`It falls to \${errors[2]}\`, data: 'numbers', alt: 'a falling line', caption: 'Read it so.',
  x: { label: 'm', log: true }, y: { label: 'error', log: true }, series: [{ as: 'batch', x: [1, 4, 16], y: errors }],
}));`,
  `say\`It falls to \${errors[2]}.\`;
paperSays('its quality improves', '1');
predict('Which slope?');
check('slope', { got: -0.5, want: -0.5 });`,
  `verdict({ id: 'slope', measured: [-0.51, -0.5, -0.49], rule: rule.near(-0.5, 0.02), data: 'numbers' });`,
  `const double = (x: number): number => todo('twice x');
exerciseCheck('1', () => double(2) === 4);`,
  `provenance({ data: 'numbers', seeds: [] });`,
  `check('fails', { got: 2, want: 1 });`,
];

let outputs: Output[][];

/** nbformat writes texts as lists of lines. */
const text = (output: Output, type = 'text/plain') => [output.data?.[type]].flat().join('');

before(() => {
  outputs = runCells(cells);
});

test('the first cell of the saved notebook holds the verdict that a later one computed', () => {
  assert.equal(outputs[0].length, 1);
  assert.match(text(outputs[0][0]), /verdict: ✓ holds/);
  assert.match(text(outputs[0][0], 'text/html'), /✓&nbsp;holds/);
  assert.ok(!text(outputs[0][0], 'text/html').includes('computed below'));
});

test('a figure is one output with the Plotly type and its summary, and a caption', () => {
  const [figure, caption] = outputs[3];
  assert.deepEqual(Object.keys(figure.data ?? {}).sort(), ['application/vnd.plotly.v1+json', 'text/plain']);
  const plotly = figure.data?.['application/vnd.plotly.v1+json'] as {
    data: unknown[];
    layout: { meta: { alt: string } };
  };
  assert.equal(plotly.layout.meta.alt, 'a falling line');
  assert.match(text(figure), /It falls to 0\.25[\s\S]*0\.25 at 16/);
  assert.equal(caption.metadata?.bnlab?.role, 'caption');
});

test('progress leaves one line, without a time', () => {
  assert.deepEqual(
    outputs[2].map((output) => text(output)),
    ['Counting: 3 done'],
  );
});

test('sentences, voices, prompts and checks come in the order of the cell, and nothing is echoed', () => {
  assert.deepEqual(
    outputs[4].map((output) => output.metadata?.bnlab?.role),
    ['say', 'voice-paper', 'predict', 'check'],
  );
  for (const cell of outputs.slice(0, 8)) assert.ok(cell.every((output) => output.output_type === 'display_data'));
});

test('the claim and the exercise are there for the tools', () => {
  const claim = outputs[5][0].data?.[CLAIM_MIME] as ClaimRecord;
  assert.equal(claim.verdict, 'holds');
  assert.deepEqual(claim.statistics?.values, [-0.51, -0.5, -0.49]);
  assert.deepEqual(outputs[6][0].data?.[EXERCISE_MIME], { id: '1', state: 'todo', message: 'twice x' });
  assert.equal(outputs[7][0].metadata?.bnlab?.role, 'provenance');
});

test('a failed check shows itself, and stops the cell with the reason', () => {
  const [shown, error] = outputs[8];
  assert.match(text(shown), /^✗ fails: got 2, want 1/);
  assert.match(error.traceback!.join('\n'), /CheckError: "fails" does not hold/);
});

test('nothing random and no display id is saved', () => {
  assert.ok(!JSON.stringify(outputs).includes('display_id'));
});
