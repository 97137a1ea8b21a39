/** `sweep()` in a cell: the same store, identities and numbers as `npm run sweep`; Stop keeps what is there, and the next call goes on. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import test, { type TestContext } from 'node:test';
import { defineExperiment, defineSweep, loadSweep, sweep, type TrainingRun } from 'bnlab';
import { readKept } from 'bnlab/dist/src/experiments/kept-results';
import { capture } from 'bnlab/dist/src/figure/display';
import { SweepView } from 'bnlab/dist/src/notebook/sweep-view';
import { sweep as command } from 'bnlab/dist/tools/sweep';
import { loadSweepFile } from 'bnlab/dist/tools/sweep/load';
import { Session } from '../support/session';
import { fileOf } from '../support/sweeps';
import { until } from '../support/until';

function scratch(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-cell-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** What a cell's displays say, those that took another's place included. */
const texts = (session: Session, id: string): string[] =>
  session.of(id).flatMap(({ type, content }) => {
    if (type !== 'display_data' && type !== 'update_display_data') return [];
    return [(content.data as Record<string, string>)['text/plain']];
  });

test('Stop in a cell keeps the runs that ended, the next call and the command go on', async (t) => {
  const session = await Session.start();
  t.after(() => session.close());
  const folder = scratch(t);
  const marks = scratch(t);
  const begun = () => fs.readdirSync(marks).filter((name) => name.startsWith('begun')).length;
  const call = `await sweep<{ n: number }>(${JSON.stringify(fileOf('patient'))}, { folder: ${JSON.stringify(folder)}, workers: 1 })`;
  const head = `import { sweep } from 'bnlab'; process.env.BNLAB_TEST_MARKS = ${JSON.stringify(marks)};`;
  await session.end(await session.run(head));
  const first = await session.send(`const runs = ${call};`);
  fs.writeFileSync(path.join(marks, 'go-1'), '');
  const index = path.join(folder, 'patient', 'results.ndjson');
  await until(() => fs.existsSync(index) && fs.readFileSync(index, 'utf8').endsWith('\n'));
  // It is shown while the second is still at work.
  await session.until(
    ({ parent }) => parent === first && texts(session, first).some((text) => /1 of 2 runs/.test(text)),
  );
  assert.equal(begun(), 1);
  const asked = await session.send('console.log(runs.length, runs[0].at.n, runs[0].answer.n);');
  session.interrupt('signal');
  assert.equal((await session.end(first)).content.status, 'error');
  assert.ok(
    texts(session, first).includes('patient: stopped at 1 of 2 runs; the same call goes on'),
    texts(session, first).join('\n'),
  );
  assert.equal((await session.end(asked)).content.status, 'aborted'); // as the cells behind every stopped one
  const kept = await session.run('console.log(runs.length, runs[0].at.n, runs[0].answer.n);');
  assert.match(session.printed(kept), /^1 1 1$/m);

  fs.writeFileSync(path.join(marks, 'go'), '');
  const second = await session.run(`console.log(JSON.stringify((${call}).map(({ answer }) => answer.n)));`);
  assert.match(session.printed(second), /^\[1,2\]$/m);
  assert.ok(texts(session, second).includes('patient: 2 of 2 runs done'), texts(session, second).join('\n'));
  assert.match(texts(session, second).at(-1)!, /^patient: medians over the seeds\nn +n +n\n1 +1 +1\n2 +2 +1$/);
  const before = fs.readFileSync(index, 'utf8');
  t.mock.method(console, 'log', () => undefined);
  assert.equal(await command([fileOf('patient'), '--out', folder]), 0);
  assert.equal(fs.readFileSync(index, 'utf8'), before); // the command finds them: there was nothing to make
});

test('the table tells axes from measures of the same name, and what was set aside is said with its error', () => {
  const shown = capture(() => {
    const view = new SweepView('a file', undefined);
    const places = [
      { network: 'no BN', n: 0.1, seed: 1 },
      { network: 'BN', n: 0.1, seed: 1 },
      { network: 'BN', n: 0.1, seed: 2 },
    ];
    view.take({ is: 'planned', name: 'rates', folder: '/', places });
    const run = { seconds: 1, engine: 'js' };
    view.take({ is: 'kept', before: true, runs: [{ index: 2, answer: { n: 4, final: 0.9 }, ...run }] });
    view.take({ is: 'kept', before: false, runs: [{ index: 1, answer: { final: 0.8 }, ...run }] });
    view.take({ is: 'aside', index: 0, error: 'bad luck' });
    assert.equal(view.reached(), null);
    view.end(false);
    assert.deepEqual(
      view.results().map(({ at }) => at.seed),
      [1, 2],
    );
  });
  assert.deepEqual(
    shown.map(({ bundle }) => bundle['text/plain'].trimEnd()),
    [
      'rates: 2 of 3 runs; `retry: true` tries the others again\n' +
        'set aside: network no BN, n 0.1, seed 1: bad luck',
      'rates: medians over the seeds\n' +
        'network  n     final  n  n\n' + // the axis, the measures, how many
        'BN       0.1  0.8500  4  2',
    ],
  );
});

test('what a cell cannot have made elsewhere, and what is wrong, is said in words', async (t) => {
  const compute = async ({ n }: { n: number }) => ({ n });
  const whole = { words: 'a number', fits: Number.isInteger, needed: true } as const;
  const experiment = defineExperiment({
    ...{ name: 'here', version: 1, question: 'Where?', whenAborted: 'throws' },
    ...{ defaults: { n: 1 }, options: { n: whole }, compute },
  });
  const mine = defineSweep({ name: 'mine', experiment, grid: { n: [1, 2] } });
  const folder = scratch(t);
  await assert.rejects(
    sweep(mine, { folder }),
    /the experiment of 'mine' was made here.*`await sweep\('experiments\/mine\.ts'\)`/,
  );
  await assert.rejects(sweep(path.join(folder, 'none.ts'), { folder }), /There is no file .*none\.ts\. Wanted/);
  const seeds = defineSweep({ name: 'seeds', experiment: 'chain-orders', grid: { x: [1, 2] } });
  await assert.rejects(sweep(seeds, { folder, only: ['x 3'] }), /No run of seeds is at x 3/);
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('a sweep as data has the numbers and identities of the same sweep from a file', async (t) => {
  const [folder, out] = [scratch(t), scratch(t)];
  const only = ['learningRate 1', 'seed 1'];
  const described = loadSweepFile(fileOf('small-networks'), { check: false });
  const { mock } = t.mock.method(console, 'log', () => undefined);
  const runs = await sweep<TrainingRun>(described, { folder, only, workers: 1 });
  const flags = only.flatMap((place) => ['--only', place]);
  assert.equal(await command([fileOf('small-networks'), '--out', out, '--workers', '1', ...flags]), 0);
  mock.restore();
  assert.deepEqual(
    runs.map(({ at }) => at.network),
    ['no BN', 'BN'],
  );
  const identities = async (place: string) =>
    [...(await readKept(path.join(place, 'small-networks'))).byId.keys()].sort();
  assert.deepEqual(await identities(folder), await identities(out));
  const byFile = await loadSweep<TrainingRun>(path.join(out, 'small-networks'));
  for (const { at, answer } of runs) {
    const same = byFile.find((one) => one.at.network === at.network)!;
    assert.deepEqual(same.answer.loss, answer.loss);
  }
});
