/** Why a notebook was not replaced, as the screen says it. */
import { withoutAnsi } from '../notebook';
import { shown } from '../places';
import type { Job } from './job';

/** Why a notebook was not replaced. */
export interface Failure {
  kind: string;
  /** index of the cell, from 0; null when it concerns the whole notebook */
  index: number | null;
  error: string;
}

/** Frames of a stack below the cell's own. */
const GLUE = /^\s+at .*(?:[\\/]tslab[\\/]dist|tools[\\/]kernel|node:(?:vm|async_hooks|internal))/;

/** The lines that tell of it: which notebook, what happened, the cell, what was said. */
export function failureText(job: Job, { kind, index, error }: Failure): string[] {
  const cell = index === null ? undefined : job.notebook.cells[index];
  const place = cell ? `cell ${index! + 1}: ` : '';
  const source = cell ? ends(numbered(cell.source)) : [];
  const said = ends(error.split('\n').filter((line) => !GLUE.test(line)));
  return [
    `✗ ${job.name}: ${place}${KINDS[kind] ?? kind} (${shown(job.file)})`,
    ...source.map((line) => `    ${printable(line)}`),
    ...said.map((line) => `    ${printable(line)}`.trimEnd()),
  ];
}

function numbered(source: string): string[] {
  const lines = source.trimEnd().split('\n');
  const wide = String(lines.length).length;
  return lines.map((line, i) => `${String(i + 1).padStart(wide)} | ${line}`);
}

/** Lines that a screen holds: the first and the last of many. */
function ends(lines: string[]): string[] {
  if (lines.length <= 60) return lines;
  return [...lines.slice(0, 20), `… ${lines.length - 55} lines more …`, ...lines.slice(-35)];
}

/** A line of somebody else's text: it moves no cursor, and ends. */
function printable(line: string): string {
  const plain = withoutAnsi(line).replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '�');
  return plain.length > 1000 ? `${plain.slice(0, 1000)}…` : plain;
}

const KINDS: Record<string, string> = {
  error: 'the cell failed',
  unhandledRejection: 'a promise that nobody awaited was rejected',
  uncaughtException: 'an exception outside of any cell, in a timer or a callback',
  'time limit': 'over its time limit',
  'dead kernel': 'the kernel died',
  'too much output': 'too much output',
  'lost output': 'output was lost',
  'still at work': 'work that had not ended',
  'broken display': 'a display that shows nothing',
  'nothing ran': 'nothing ran',
  unreadable: 'it cannot be run',
  edited: 'it is not what was run',
  runner: 'the runner could not do its work',
};
