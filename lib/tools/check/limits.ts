import type { Notebook } from '../notebook';
import type { Finding } from './finding';
import { code } from './walk';

/** The limits of a cell that CONTRIBUTING.md gives. */
export const LIMITS = { lines: 30, columns: 88, medianLines: 8, bytes: 1_000_000 } as const;

/** Cells short enough to be read: lines, columns, and the median of the lines. */
export function cellLimits(file: string, notebook: Notebook): Finding[] {
  const findings: Finding[] = [];
  const lengths: number[] = [];
  for (const { cell, number } of code(notebook)) {
    const lines = cell.source.trimEnd().split('\n');
    lengths.push(lines.length);
    if (lines.length > LIMITS.lines) {
      const message = `${lines.length} lines, at most ${LIMITS.lines}: split it, or move what is long into the library`;
      findings.push({ file, cell: number, line: LIMITS.lines + 1, rule: 'cell length', message });
    }
    lines.forEach((line, i) => {
      const width = [...line].length;
      if (width <= LIMITS.columns) return;
      findings.push({
        file,
        cell: number,
        line: i + 1,
        rule: 'line length',
        message: `${width} columns, at most ${LIMITS.columns}`,
      });
    });
  }
  lengths.sort((a, b) => a - b);
  const median = lengths.length ? (lengths[(lengths.length - 1) >> 1] + lengths[lengths.length >> 1]) / 2 : 0;
  if (median > LIMITS.medianLines) {
    const message = `the median cell has ${median} lines, at most ${LIMITS.medianLines}: shorter steps read better`;
    findings.push({ file, cell: null, line: null, rule: 'cell length', message });
  }
  return findings;
}
