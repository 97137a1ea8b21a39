/** The table of the reference, lib/src/engine/gradients/gradients.md. Run as a program, this writes it. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { CASES } from './cases';
import { type Evaluated, evaluated, type Verdict, verdicts } from './children';

export const PAGE = path.join(__dirname, '../../../lib/src/engine/gradients/gradients.md');
const [BEGIN, END] = ['| operation |', '\n\n<!-- end of the table -->'];

/** What happens to a derivative that is so in TensorFlow.js and so here. */
function fate(theirs: Verdict[], ours: Verdict[]): string {
  const refused = ours.filter((verdict) => verdict === 'refused').length;
  if (refused === ours.length) return 'refused';
  const parts = [];
  if (theirs.includes('wrong')) parts.push('mended: it was wrong');
  else if (theirs.some((verdict, i) => verdict === 'refused' && ours[i] === 'right')) parts.push('mended: it threw');
  else parts.push('right');
  if (refused > 0) parts.push('in part refused');
  return parts.join('; ');
}

/** A row per operation: its first and its second derivative. */
export function table(differences: Evaluated, theirs: Evaluated, ours: Evaluated): string {
  const operations = [...new Set(CASES.map(({ name }) => name.split(',')[0]))]
    .filter((name) => name !== 'program')
    .sort();
  const rows = operations.map((operation) => {
    const names = CASES.map(({ name }) => name).filter((name) => name.split(',')[0] === operation);
    const all = (of: Evaluated) => names.map((name) => verdicts(of.cases.get(name)!, differences.cases.get(name)!));
    const [before, after] = [all(theirs), all(ours)];
    const order = (...which: ('first' | 'firstChain' | 'second' | 'secondChain')[]) =>
      fate(
        before.flatMap((verdict) => which.map((one) => verdict[one])),
        after.flatMap((verdict) => which.map((one) => verdict[one])),
      );
    return `| ${operation} | ${order('first', 'firstChain')} | ${order('second', 'secondChain')} |`;
  });
  return ['| operation | first derivative | second derivative |', '|---|---|---|', ...rows].join('\n');
}

/** The table as it stands in the reference. */
export function stated(): string {
  const page = fs.readFileSync(PAGE, 'utf8');
  return page.slice(page.indexOf(BEGIN), page.indexOf(END));
}

async function main(): Promise<void> {
  const [differences, theirs, ours] = [
    await evaluated('differences'),
    await evaluated('as TensorFlow.js has it'),
    await evaluated('native'),
  ];
  const page = fs.readFileSync(PAGE, 'utf8');
  fs.writeFileSync(PAGE, page.replace(stated(), table(differences, theirs, ours)));
}

if (require.main === module) void main();
