import * as fs from 'node:fs';
import { isJson, type Notebook, type Output, withoutAnsi } from '../notebook';
import type { Finding } from './finding';
import { LIMITS } from './limits';
import { code, tags } from './walk';

/** Outputs as they may be committed: whole, executed in order, small, and the same on every machine and day. */
export function committedOutputs(file: string, notebook: Notebook): Finding[] {
  const findings: Finding[] = [];
  const bytes = fs.existsSync(file) ? fs.statSync(file).size : 0;
  if (bytes > LIMITS.bytes) {
    const message = `${(bytes / 1e6).toFixed(2)} MB, at most ${LIMITS.bytes / 1e6} MB: fewer points or fewer figures`;
    findings.push({ file, cell: null, line: null, rule: 'output size', message });
  }
  let expected = 0;
  for (const { cell, number } of code(notebook)) {
    const add = (rule: string, message: string) => findings.push({ file, cell: number, line: null, rule, message });
    if (tags(cell).includes('skip-execution')) continue;
    expected++;
    if (cell.execution_count == null) add('not executed', 'no execution count: run `npm run notebooks`');
    else if (cell.execution_count !== expected) {
      add('not executed', `execution count ${cell.execution_count}, wanted ${expected}: run \`npm run notebooks\``);
    }
    for (const output of cell.outputs ?? []) {
      if (output.output_type === 'error') add('error in output', `${output.ename ?? 'error'}: ${output.evalue ?? ''}`);
      if (output.output_type === 'stream' && output.name === 'stderr') {
        add('error in output', `the cell writes to stderr: '${firstLine(output.text ?? '')}'`);
      }
      const said = outputText(output);
      if (withoutAnsi(said) !== said) add('terminal colours', 'escape sequences in an output');
      // Of an output that is JSON, `x:` at the end of a line reads `x:\n`, which is no path.
      const local =
        /(?:^|[\s"'(=:])((?:\/(?:home|root|Users|tmp|var|usr|opt|work|mnt|workspace)\/|[A-Za-z]:\\(?:\\|(?![nrtu"])))[^\s"'<>)]*)/m.exec(
          said,
        );
      if (local) add('absolute path', `'${local[1]}' is a place on one machine`);
      const when =
        /\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?|\b\d{4}-\d\d-\d\d \d\d:\d\d|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d/.exec(
          said,
        );
      if (when) add('timestamp', `'${when[0]}' changes from run to run`);
    }
  }
  return findings;
}

/** Everything of an output that a reader may read as text. Pictures are left out: they hold no prose. */
function outputText(output: Output): string {
  const parts = [output.text ?? ''];
  for (const [type, value] of Object.entries(output.data ?? {})) {
    if (type.startsWith('image/')) continue;
    parts.push(isJson(type) ? JSON.stringify(value) : String(value));
  }
  return parts.join('\n');
}

function firstLine(value: string): string {
  const line = value.trim().split('\n')[0];
  return line.length > 80 ? line.slice(0, 77) + '...' : line;
}
