/**
 * The trainings of the paper's own length, which are made once: each file is whole, holds what its sweeps describe, and is what the committed
 * notebook shows, beside the state of the library that made it. Another state asks for none of them again.
 */
import test from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { paperRunsText, readPaperRuns } from 'bnlab/dist/src/data/sources/paper-runs';
import { displays, MIME, readNotebook } from 'bnlab/dist/tools/notebook';
import { readLibrary } from 'bnlab/dist/tools/notebook/provenance';
import { PAPER_FIGURES } from 'bnlab/dist/tools/paper';
import { loadSweepFile } from 'bnlab/dist/tools/sweep/load';
import { DataError, median, paperFigure1, paperFigure2, type PaperRun, type PaperRuns } from 'bnlab/internal';
import { ETA } from '../../data/paper/eta';

const root = path.join(__dirname, '..', '..');
const folder = path.join(root, 'data', 'paper');
const kept: Record<string, PaperRuns> = { 'figure-1': paperFigure1(), 'figure-2': paperFigure2() };

const end = (runs: readonly PaperRun[]) => median(runs.map(({ accuracy }) => accuracy.at(-1)!));

/** The best of a side's rates: the highest median of the final accuracies, of equal ones the smaller rate. */
function bestRate(runs: readonly PaperRun[]): number {
  const rates = [...new Set(runs.map(({ learningRate }) => learningRate))].sort((a, b) => a - b);
  const at = (rate: number) => end(runs.filter(({ learningRate }) => learningRate === rate));
  return rates.reduce((best, rate) => (at(rate) > at(best) ? rate : best));
}

for (const [name, files] of Object.entries(PAPER_FIGURES)) {
  test(`${name}.json holds every training that its sweeps describe, to its end`, () => {
    const { runs, origin } = kept[name];
    const found = runs.map(({ learningRate, seed, side, activation }) =>
      [activation && side, activation, learningRate, seed].join(),
    );
    for (const file of files) {
      for (const { options } of loadSweepFile(path.join(folder, file), { check: false }).runs) {
        const { norm, activation, learningRate, seed } = options as Record<string, string | number | undefined>;
        const side = norm && (norm === 'none' ? 'no BN' : 'BN');
        assert.ok(found.includes([side, activation, learningRate, seed].join()), `${file}: ${JSON.stringify(options)}`);
      }
    }
    const steps = Math.max(...runs.map((run) => run.steps.at(-1)!));
    assert.equal(steps, name === 'figure-1' ? 50_000 : 3000);
    for (const run of runs) assert.ok(run.diverged || run.steps.at(-1) === steps, JSON.stringify(run).slice(0, 80));
    assert.equal(origin.command, `npm run paper -- ${name}`);
    assert.equal(fs.readFileSync(path.join(folder, `${name}.json`), 'utf8'), paperRunsText(origin, runs));
  });
}

test('the unit of the rates of Figure 2 is the best rate of its baseline', () => {
  const baseline = kept['figure-2'].runs.filter(({ side, activation }) => side === 'no BN' && activation === 'relu');
  assert.equal(bestRate(baseline.filter(({ learningRate }) => learningRate !== 5 * ETA)), ETA);
});

test('a file that was changed by hand is refused, with what to call', () => {
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'bnlab-paper-'));
  try {
    const file = path.join(temporary, 'figure-1.json');
    const text = fs.readFileSync(path.join(folder, 'figure-1.json'), 'utf8');
    fs.writeFileSync(file, text.replace(/"accuracy":\[0\.\d/, '"accuracy":[0.9'));
    const refused = (error: DataError) => {
      assert.equal(error.code, 'format');
      assert.match(error.message, /figure-1\.json: its content does not match.*npm run paper -- figure-1/);
      return true;
    };
    assert.throws(() => readPaperRuns(file), refused);
    fs.writeFileSync(file, '{}');
    assert.throws(() => readPaperRuns(file), /not of the format/);
  } finally {
    fs.rmSync(temporary, { recursive: true });
  }
});

/** What a cell of a committed notebook put out. */
function outputsOf(notebook: string, id: string): { text: string; traces: { y?: number[] }[] } {
  const shown = [...displays(readNotebook(path.join(root, 'notebooks', `${notebook}.ipynb`)))];
  const own = shown.flatMap(({ cell, data }) => (cell.id === id ? [data] : []));
  const figure = own.find((data) => MIME.plotly in data)?.[MIME.plotly] as { data: { y?: number[] }[] } | undefined;
  return { text: own.map((data) => String(data['text/plain'])).join('\n'), traces: figure?.data ?? [] };
}

/** Medians over the seeds at each look. */
const medians = (runs: readonly PaperRun[]) => runs[0].steps.map((_, k) => median(runs.map((run) => run.accuracy[k])));

for (const [name, notebook, figure] of [
  ['figure-1', '10-figure-1', 'length-a-figure'],
  ['figure-2', '11-learning-rates', 'length-figure'],
]) {
  test(`${notebook} shows ${name}.json, and says which state of the library made it`, () => {
    const { runs, made, origin } = kept[name];
    const said = outputsOf(notebook, 'length-runs').text.replace(/\s+/g, ' ');
    assert.ok(said.includes(made.replace(/`/g, '')) || said.includes(made), said);
    for (const code of origin.code) assert.ok(said.includes(code));
    const { traces } = outputsOf(notebook, figure);
    const relu = runs.filter(({ activation = 'relu' }) => activation === 'relu');
    for (const side of ['no BN', 'BN']) {
      const of = relu.filter((run) => run.side === side);
      const rate = name === 'figure-1' ? bestRate(of) : side === 'BN' ? 5 * ETA : ETA;
      const wanted = medians(of.filter(({ learningRate }) => learningRate === rate));
      const from = name === 'figure-1' ? 1 : 0;
      const fits = ({ y }: { y?: number[] }) =>
        y?.length === wanted.length - from && y.every((v, k) => Math.abs(v - wanted[k + from]) < 1e-6);
      assert.ok(traces.some(fits), `${side} at rate ${rate}`);
    }
  });
}

test('outputs are stale when the kept runs that they show change, and only those', () => {
  const library = readLibrary(root);
  const pieces = (call: string) =>
    library
      .reach([`import { ${call} } from 'bnlab';\n${call}();`])
      .pieces.map((piece) => piece.name)
      .filter((piece) => piece.startsWith('data/paper/'));
  assert.deepEqual(pieces('paperFigure1'), ['data/paper/figure-1.json']);
  assert.deepEqual(pieces('paperFigure2'), ['data/paper/figure-2.json']);
});
