/**
 * The claims ledger: what the executed notebooks say of the paper's sentences. `verdict` emits a record into the
 * notebook; the runner gathers the records into data/claims.json and makes notebooks/CLAIMS.md of that. A run replaces
 * the entries of the notebooks that it executed and keeps the others'. `npm run claims` lists them. What they say of
 * other data (`npm run replicate`) lies beside it in data/claims-fashion.json.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Command } from 'commander';
import { readJson } from '../src/platform/node/write';
import {
  CLAIM_MIME,
  type ClaimLedger,
  type ClaimRecord,
  type Replication,
  type RuleChange,
  renderLedger,
} from '../src/notebook/ledger';
import { readCall } from './call';
import { displays, nameOf, Notebook, readResult, stableJson, writeAtomically } from './notebook';
import { findNotebooks, home, shown } from './places';
import { writeReading } from './reading';
import { onlyOne, Stop } from './running';

/** The claims that the notebook's outputs hold, in the order of its cells. */
export function claimsIn(notebook: Notebook): ClaimRecord[] {
  const records: ClaimRecord[] = [];
  for (const { index, data } of displays(notebook)) {
    const emitted = data[CLAIM_MIME] as ClaimRecord | ClaimRecord[] | undefined;
    for (const record of emitted === undefined ? [] : [emitted].flat()) records.push({ ...record, cell: index + 1 });
  }
  return records;
}

/**
 * The ledger as it stands; empty where there is none yet. One that cannot be read is made again of what the notebooks say.
 */
export function readLedger(root: string): ClaimLedger {
  const file = ledgerFile(root);
  if (!fs.existsSync(file)) return {};
  return asRecord<ClaimLedger>(readJson(file)) ?? ledgerOfNotebooks(root);
}

function ledgerOfNotebooks(root: string): ClaimLedger {
  const entries = findNotebooks(root, []).map((file) => [nameOf(file), claimsIn(readResult(file) ?? EMPTY)] as const);
  return Object.fromEntries(entries.filter(([, records]) => records.length > 0));
}

const EMPTY: Notebook = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };

/** A ledger of other data: with each notebook's records the hash of what they were computed from, see notebook/provenance.ts. */
export interface ReplicationFile {
  data: string;
  notebooks: Record<string, { hash: string; records: ClaimRecord[] }>;
}

/**
 * The claims on other data as they stand; undefined where nobody has measured them.
 *
 * @throws Error that names the file when it cannot be read: nothing else holds what was measured
 */
export function readReplication(root: string): ReplicationFile | undefined {
  const file = replicationFile(root);
  if (!fs.existsSync(file)) return undefined;
  const found = asRecord<ReplicationFile>(readJson(file));
  if (found && typeof found.data === 'string' && asRecord(found.notebooks)) return found;
  throw new Error(
    `${shown(file)} is empty, cut off or no ledger. Restore it (git checkout -- ${shown(file)}), or delete it and run \`npm run replicate\`.`,
  );
}

/** The ledgers of other data as the page shows them. */
export function replications(root: string): Replication[] {
  const file = readReplication(root);
  if (!file) return [];
  const ledger = Object.fromEntries(Object.entries(file.notebooks).map(([name, { records }]) => [name, records]));
  return [{ data: file.data, ledger }];
}

/**
 * Rules that were changed after a result had been seen: data/rule-changes.json, written by hand.
 *
 * @throws Error that names the file when it cannot be read
 */
export function ruleChanges(root: string): RuleChange[] {
  const file = path.join(root, 'data', 'rule-changes.json');
  if (!fs.existsSync(file)) return [];
  const found: unknown = readJson(file);
  if (Array.isArray(found)) return found as RuleChange[];
  throw new Error(`${shown(file)} is empty, cut off or no list. Restore it: git checkout -- ${shown(file)}`);
}

/** What a run reads only when it writes its results. @throws Error that names a file that cannot be read, before it runs */
export function expectReadable(root: string): void {
  readReplication(root);
  ruleChanges(root);
}

/** Writes the ledger and the page made of it. A notebook that is gone takes its claims with it. */
export function writeLedger(root: string, executed: { name: string; records: ClaimRecord[] }[]): Promise<void> {
  return inTurn(root, () => addToLedger(root, executed));
}

/** Both ledgers and their page are read, changed and written back, by runs that may end at the same time. */
function inTurn(root: string, work: () => void): Promise<void> {
  // Not the command's own request to stop: what was measured is written whatever else is wanted.
  return onlyOne(path.join(root, 'data'), 'npm run notebooks', new Stop(), async () => work());
}

function addToLedger(root: string, executed: { name: string; records: ClaimRecord[] }[]): void {
  const ledger: ClaimLedger = {
    ...readLedger(root),
    ...Object.fromEntries(executed.map(({ name, records }) => [name, records])),
  };
  for (const [name, records] of Object.entries(ledger)) {
    if (!isThere(root, name) || records.length === 0) delete ledger[name];
  }
  if (Object.keys(ledger).length === 0 && !fs.existsSync(ledgerFile(root))) return;
  writeAtomically(ledgerFile(root), stableJson(ledger) + '\n');
  writePages(root);
}

/** Adds what was found on other data, and makes the page anew. */
export function writeReplication(root: string, { data, notebooks }: ReplicationFile): Promise<void> {
  return inTurn(root, () => {
    const earlier = readReplication(root)?.notebooks ?? {};
    const all = Object.entries({ ...earlier, ...notebooks }).filter(([name]) => isThere(root, name));
    writeAtomically(replicationFile(root), stableJson({ data, notebooks: Object.fromEntries(all) }) + '\n');
    writePages(root);
  });
}

/** The pages made of all notebooks. */
function writePages(root: string): void {
  writeReading(root);
  writeAtomically(
    path.join(root, 'notebooks', 'CLAIMS.md'),
    renderLedger(readLedger(root), replications(root), ruleChanges(root)),
  );
}

function isThere(root: string, name: string): boolean {
  return fs.existsSync(path.join(root, 'notebooks', `${name}.ipynb`));
}

/** The command `npm run claims [-- --json]`. @returns 0, or 2 for a bad call */
export async function claims(argv: string[]): Promise<number> {
  const command = new Command('npm run claims --')
    .description("list the paper's claims and their verdicts")
    .option('--json', 'as JSON');
  const call = readCall(command, argv, () => command.opts<{ json?: boolean }>());
  if ('exitCode' in call) return call.exitCode;
  const { json } = call.asked;
  const ledger = readLedger(home);
  if (json) console.log(stableJson(ledger));
  else if (Object.keys(ledger).length === 0)
    console.log(
      `${shown(ledgerFile(home))} is not there: no notebook has been executed yet. Run \`npm run notebooks\`.`,
    );
  for (const [name, records] of json ? [] : Object.entries(ledger)) {
    console.log(name);
    for (const record of records) {
      console.log(`  ${record.verdict}: “${record.claim}” (${record.source})`);
      console.log(`    ${record.measured || record.reason || ''}`);
    }
  }
  return 0;
}

function ledgerFile(root: string): string {
  return path.join(root, 'data', 'claims.json');
}

function replicationFile(root: string): string {
  return path.join(root, 'data', 'claims-fashion.json');
}

function asRecord<T extends object>(given: unknown): T | undefined {
  return given !== null && typeof given === 'object' && !Array.isArray(given) ? (given as T) : undefined;
}
