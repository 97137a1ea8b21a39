/** Pages of results with a section for each make of processor. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { writeAtomically } from 'bnlab/dist/src/platform/node/write';
import { type Make, makeOf, NAMES } from './report';

/** What stands on a page: above the makes, and of each. */
interface Page {
  title: string;
  /** which the sections share */
  head: string;
}

/**
 * The page with the section of one make put in; those of others stay as they were, all in the order of their names.
 *
 * @param before the page so far, if there is one
 */
export function withSection(before: string | undefined, { title, head }: Page, make: Make, section: string): string {
  const sections = new Map<string, string>();
  for (const part of (before ?? '').split(/^(?=## )/m)) {
    const name = /^## (.+)\n/.exec(part)?.[1];
    if (name !== undefined && Object.values(NAMES).includes(name))
      sections.set(name, part.slice(part.indexOf('\n')).trim());
  }
  sections.set(NAMES[make], section.trim());
  const parts = [...sections].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => `## ${name}\n\n${text}\n`);
  return [`# ${title}\n\n${head.trim()}\n`, ...parts].join('\n');
}

/** Writes the section of this machine's make to results/FILE. @returns the page */
export function writeSection(file: string, page: Page, section: string): string {
  const whole = path.join(__dirname, 'results', file);
  const before = fs.existsSync(whole) ? fs.readFileSync(whole, 'utf8') : undefined;
  const text = withSection(before, page, makeOf(os.cpus()[0]?.model ?? '', false), section);
  writeAtomically(whole, text);
  return text;
}

/** Of this machine, as a section begins. */
export function machine(): string {
  return `${os.cpus()[0]?.model.trim() ?? 'unknown'}, ${os.availableParallelism()} cores, Node ${process.versions.node}`;
}
