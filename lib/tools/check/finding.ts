/** What the static checks say, and how it reads. */
import { shown } from '../places';

/** One thing to put right. */
export interface Finding {
  file: string;
  /** counted from 1 over all cells; null when it concerns the whole notebook */
  cell: number | null;
  /** line within the cell, from 1 */
  line: number | null;
  rule: string;
  message: string;
}

/** `10-figure-1.ipynb: cell 7, line 2: types: ...` */
export function findingText(finding: Finding): string {
  const place = [
    shown(finding.file),
    finding.cell === null ? '' : `cell ${finding.cell}${finding.line === null ? '' : `, line ${finding.line}`}`,
  ].filter(Boolean);
  return `${place.join(': ')}: ${finding.rule}: ${finding.message}`;
}
