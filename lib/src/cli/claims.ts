/**
 * The claims ledger: what the executed notebooks say of the paper's sentences. A notebook emits its claims as an output
 * of the type `application/vnd.bnlab.claim+json`; the runner gathers them into data/claims.json, and makes
 * notebooks/CLAIMS.md of that. A run replaces the entries of the notebooks that it executed and keeps the others'.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { displays, MIME, Notebook, stableJson, writeAtomically } from './notebook-file';

/** One claim as the ledger keeps it: what the notebook emitted, and the cell that did. */
export interface ClaimEntry extends Record<string, unknown> {
  /** cell's number, from 1 over all cells */
  cell: number;
  data?: string[];
  seeds?: number[];
}

/** The claims that the notebook's outputs hold, in the order of its cells. */
export function claimsIn(notebook: Notebook): ClaimEntry[] {
  const entries: ClaimEntry[] = [];
  for (const { index, data } of displays(notebook)) {
    const emitted = data[MIME.claim];
    for (const claim of Array.isArray(emitted) ? emitted : emitted ? [emitted] : []) {
      const { data: shownData, seeds, ...rest } = claim as Record<string, unknown>;
      entries.push({
        ...rest,
        cell: index + 1,
        ...(shownData !== undefined && { data: asList(shownData).map(String) }),
        ...(seeds !== undefined && { seeds: asList(seeds).map(Number).filter(Number.isFinite) }),
      });
    }
  }
  return entries;
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value == null ? [] : [value];
}

/** Writes the ledger and the page made of it. */
export function writeLedger(root: string, executed: { name: string; entries: ClaimEntry[] }[]): void {
  const file = path.join(root, 'data', 'claims.json');
  const ledger: Record<string, ClaimEntry[]> = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
  for (const { name, entries } of executed) {
    if (entries.length) ledger[name] = entries;
    else delete ledger[name];
  }
  // A notebook that is gone takes its claims with it.
  for (const name of Object.keys(ledger)) {
    if (!fs.existsSync(path.join(root, 'notebooks', `${name}.ipynb`))) delete ledger[name];
  }
  if (Object.keys(ledger).length === 0 && !fs.existsSync(file)) return;
  writeAtomically(file, stableJson(ledger) + '\n');
  writeAtomically(path.join(root, 'notebooks', 'CLAIMS.md'), claimsPage(ledger));
}

/** The ledger as a page of Markdown. */
export function claimsPage(ledger: Record<string, ClaimEntry[]>): string {
  const lines = [
    '# Claims',
    '',
    'What each notebook found of the paper’s sentences. Made by `npm run notebooks` from `data/claims.json`; verdicts are computed in the run.',
    '',
  ];
  const say = (value: unknown) => (value == null ? '' : String(value).replace(/\s*\n\s*/g, ' ').replace(/\|/g, '\\|'));
  for (const name of Object.keys(ledger).sort()) {
    lines.push(`## [${name}](${name}.ipynb)`, '', '| Claim | Source | Expected | Measured | Verdict |', '|---|---|---|---|---|');
    for (const entry of ledger[name]) {
      const row = [entry.claim, entry.source, entry.expected, entry.measured, entry.verdict];
      lines.push(`| ${row.map(say).join(' | ')} |`);
    }
    lines.push('');
  }
  return lines.join('\n');
}
