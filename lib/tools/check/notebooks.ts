/** All checks of notebooks that are not run. */
import { checkCells } from './cells';
import type { CheckedNotebook } from './compile';
import type { Finding } from './finding';
import { cellLimits } from './limits';
import { isOwn } from '../places';
import { addresses } from './network';
import { committedOutputs } from './outputs';
import { pictures } from './pictures';

/** Which checks apply: a solution is type-checked and linted, but carries no outputs. */
export interface CheckOptions {
  outputs: boolean;
}

/** All findings on the notebooks, in the order of notebooks and cells. */
export function checkNotebooks(notebooks: CheckedNotebook[], { outputs }: CheckOptions = { outputs: true }): Finding[] {
  const findings = checkCells(notebooks);
  for (const { file, notebook } of notebooks) {
    // Style is the collection's; a reader's own notebook is held to what makes it run, and its page whole.
    if (!isOwn(file)) findings.push(...cellLimits(file, notebook));
    findings.push(...addresses(file, notebook), ...pictures(file, notebook));
    if (outputs && !isOwn(file)) findings.push(...committedOutputs(file, notebook));
  }
  const order = new Map(notebooks.map(({ file }, i) => [file, i]));
  const rank = (finding: Finding) => [order.get(finding.file) ?? 0, finding.cell ?? 0, finding.line ?? 0];
  return findings.sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
  });
}
