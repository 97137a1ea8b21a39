/** A sweep as a page: figures, and what failed. It needs no network: Plotly lies beside it. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Json } from '../../../src/core/json';
import type { Sweeping, SweepRun } from '../../../src/experiments';
import type { Figure } from '../../../src/figure';
import { writeAtomically } from '../../../src/platform/node/write';
import { type Content, forScript, markup, raw } from '../../report/html';
import { plural } from '../../run/screen';
import type { Failure, Results } from '../store';
import { measuresOf, placeText } from '../../../src/experiments/sweep-summary';
import { mapFigure, parallelFigure, type Shown, spreadFigure } from './figures';

/** What of a sweep is shown. */
export interface ReportOptions {
  sweep: Sweeping;
  runs: readonly SweepRun[];
  results: Results;
  /** Of this code alone. */
  code: string;
  /** Which number of an answer; the last one unless told. */
  measure?: string;
}

/**
 * Writes the page of a sweep into its folder.
 * @returns the page's file
 * @throws Error where no run is there, or none has the measure
 */
export function writeReport({ sweep, runs, results, code, measure }: ReportOptions): string {
  const there = runs.flatMap(({ identity, at }) => {
    const result = results.get(identity);
    return result?.code === code ? [{ at, answer: result.answer }] : [];
  });
  const failures = runs.flatMap(({ identity, at }) => {
    const failure = results.failure(identity);
    return failure ? [{ ...failure, at }] : [];
  });
  if (there.length === 0)
    throw new Error(`No run of ${sweep.name} is there yet: \`npm run sweep -- FILE\` makes them.`);
  const known = [...new Set(there.flatMap(({ answer }) => measuresOf(answer)))];
  const chosen = measure ?? known.at(-1);
  if (chosen === undefined || !known.includes(chosen)) {
    throw new Error(
      `The runs of ${sweep.name} have no number '${chosen ?? ''}'; they have: ${known.join(', ') || 'none'}.`,
    );
  }
  const measured = there.flatMap(({ at, answer }) => {
    const value = (answer as Record<string, Json> | null)?.[chosen];
    return typeof value === 'number' ? [{ at, value }] : [];
  });
  const shown: Shown = { sweep: sweep.name, measure: chosen, axes: sweep.axes, runs: measured };
  const figures = [mapFigure(shown), spreadFigure(shown), parallelFigure(shown)].filter((one) => one !== undefined);
  const counts = `${there.length} of ${plural(runs.length, 'run')} there, ${failures.length} set aside`;
  const folder = path.join(results.folder, 'report');
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync(require.resolve('plotly.js-dist-min'), path.join(folder, 'plotly.js'));
  const page = path.join(folder, 'index.html');
  writeAtomically(page, pageOf(sweep, chosen, counts, figures, failures));
  return page;
}

function pageOf(
  sweep: Sweeping,
  measure: string,
  counts: string,
  figures: readonly Figure[],
  failures: readonly Failure[],
): string {
  const sections = figures.map(
    ({ alt, caption, summary }, i) =>
      markup`<figure><div class="plot" data-figure="${i}" role="img" aria-label="${alt}"></div><figcaption>${caption}</figcaption><details><summary>As text</summary><pre>${summary}</pre></details></figure>`,
  );
  const drawn = forScript(figures.map(({ data, layout }) => ({ data, layout })));
  const title = `${sweep.name}: ${measure}`;
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${raw(STYLE)}</style></head>
<body><h1>${title}</h1><p>Experiment ${sweep.experiment.name}, over ${sweep.axes.join(', ')}: ${counts}.</p>
${sections}
${failedTable(failures)}
<script src="plotly.js"></script>
<script type="application/json" id="figures">${raw(drawn)}</script>
<script>${raw(DRAW)}</script>
</body></html>
`.text;
}

function failedTable(failures: readonly Failure[]): Content {
  if (failures.length === 0) return markup`<p>No run was set aside.</p>`;
  const rows = failures.map(
    ({ at, error, tries }) => markup`<tr><td>${placeText(at)}</td><td>${tries}</td><td>${error}</td></tr>`,
  );
  return markup`<h2>Set aside</h2><table><thead><tr><th scope="col">run</th><th scope="col">tries</th><th scope="col">error</th></tr></thead><tbody>${rows}</tbody></table>`;
}

const STYLE = `
body { margin: 16px auto; max-width: 960px; padding: 0 12px; font: 15px/1.45 system-ui, sans-serif; background: #fff; color: #1f1f1f; }
figure { margin: 0 0 32px; overflow-x: auto; } figcaption { color: #595959; } td, th { text-align: left; padding: 2px 12px 2px 0; vertical-align: top; }`;

const DRAW = `
const figures = JSON.parse(document.getElementById('figures').textContent);
for (const place of document.querySelectorAll('.plot')) {
  const { data, layout } = figures[place.dataset.figure];
  Plotly.newPlot(place, { data, layout, config: { displayModeBar: false } });
}`;
