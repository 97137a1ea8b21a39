/** "Take it with you": the cell that a page gives, run here, against the numbers of the page. */
import assert from 'node:assert/strict';
import * as ts from 'typescript';
import * as bnlab from 'bnlab';

/** Runs the cell as a notebook does, but for its types. */
async function comparisonOf(cell: string): Promise<bnlab.Comparison> {
  const { outputText } = ts.transpileModule(cell.replace(/^import (\{.*\}) from 'bnlab';/, 'const $1 = bnlab;'), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const run = new Function('bnlab', `return (async () => { ${outputText}; return comparison; })();`);
  return (await run({ ...bnlab, table: () => undefined })) as bnlab.Comparison;
}

/**
 * Holds the page's table of accuracy and loss (median over the seeds) against what the cell computes here.
 *
 * @param table its rows as texts, the head first
 */
export async function expectNumbersOf(cell: string, [head, ...rows]: string[][]): Promise<void> {
  assert.ok(
    cell.split('\n').every((line) => line.length <= 88),
    cell,
  );
  const comparison = await comparisonOf(cell);
  const sides = comparison.sides.map(({ name }) => name);
  const columns = (what: string) => sides.map((name) => `${name}: ${what}`);
  assert.deepEqual(head, ['step', ...columns('test accuracy'), ...columns('test loss, nats')]);
  const middle = (side: string, step: number, of: 'accuracy' | 'loss') => {
    const runs = bnlab.runsOf(comparison, side, comparison.sides[0].learningRates[0]);
    const values = runs.map(({ evaluations }) => evaluations.find((at) => at.step === step)?.test[of] ?? NaN);
    const known = values.filter(Number.isFinite);
    return known.length > 0 ? bnlab.median(known) : NaN;
  };
  const steps = comparison.runs.flatMap(({ history }) => history.evaluations.map(({ step }) => step));
  assert.deepEqual(rows.map(([step]) => Number(step)), [...new Set(steps)].sort((a, b) => a - b)); // prettier-ignore
  for (const [step, ...texts] of rows) {
    for (const [i, side] of sides.entries()) {
      const accuracy = middle(side, Number(step), 'accuracy');
      const shown = Number(texts[i].replace(' %', '')); // NaN where the page has no number
      assert.ok(Object.is(shown, NaN) === Object.is(accuracy, NaN), `${side}, step ${step}: ${texts[i]}, ${accuracy}`);
      if (Number.isFinite(accuracy))
        assert.equal(texts[i], `${(100 * accuracy).toFixed(1)} %`, `${side}, step ${step}`);
      const [text, loss] = [texts[sides.length + i], middle(side, Number(step), 'loss')];
      if (!Number.isFinite(loss)) continue;
      const within = text.includes('e') ? 0.5 : 0.006; // as many digits as are shown
      const ratio = Number(text.replaceAll(',', '')) / loss;
      assert.ok(Math.abs(ratio - 1) < within, `${side}, step ${step}: ${text}, ${loss}`);
    }
  }
}
