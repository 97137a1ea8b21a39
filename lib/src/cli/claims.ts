/**
 * The claims ledger: what the executed notebooks say of the paper's sentences. `verdict` emits a record into the
 * notebook; the runner gathers the records into data/claims.json and makes notebooks/CLAIMS.md of that. A run replaces
 * the entries of the notebooks that it executed and keeps the others'. `npm run claims` lists them. What they say of
 * other data (`npm run replicate`) lies beside it in data/claims-fashion.json.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Command } from 'commander';
import {
  CLAIM_MIME,
  type ClaimLedger,
  type ClaimRecord,
  type Replication,
  type RuleChange,
  renderLedger,
} from '../notebook/ledger';
import { readCall } from './call';
import { displays, Notebook, stableJson, writeAtomically } from './notebook-file';
import { home, shown } from './places';

/** The claims that the notebook's outputs hold, in the order of its cells. */
export function claimsIn(notebook: Notebook): ClaimRecord[] {
  const records: ClaimRecord[] = [];
  for (const { index, data } of displays(notebook)) {
    const emitted = data[CLAIM_MIME] as ClaimRecord | ClaimRecord[] | undefined;
    for (const record of emitted === undefined ? [] : [emitted].flat()) records.push({ ...record, cell: index + 1 });
  }
  return records;
}

/** The ledger as it stands; empty where there is none yet. */
export function readLedger(root: string): ClaimLedger {
  return readJson<ClaimLedger>(ledgerFile(root)) ?? {};
}

/** A ledger of other data: with each notebook's records the hash of what they were computed from, see provenance.ts. */
export interface ReplicationFile {
  data: string;
  notebooks: Record<string, { hash: string; records: ClaimRecord[] }>;
}

/** The claims on other data as they stand; undefined where nobody has measured them. */
export function readReplication(root: string): ReplicationFile | undefined {
  return readJson<ReplicationFile>(replicationFile(root));
}

/** The ledgers of other data as the page shows them. */
export function replications(root: string): Replication[] {
  const file = readReplication(root);
  if (!file) return [];
  const ledger = Object.fromEntries(Object.entries(file.notebooks).map(([name, { records }]) => [name, records]));
  return [{ data: file.data, ledger }];
}

/** Rules that were changed after a result had been seen: data/rule-changes.json, written by hand. */
export function ruleChanges(root: string): RuleChange[] {
  return readJson<RuleChange[]>(path.join(root, 'data', 'rule-changes.json')) ?? [];
}

/** Writes the ledger and the page made of it. A notebook that is gone takes its claims with it. */
export function writeLedger(root: string, executed: { name: string; records: ClaimRecord[] }[]): void {
  const ledger: ClaimLedger = {
    ...readLedger(root),
    ...Object.fromEntries(executed.map(({ name, records }) => [name, records])),
  };
  for (const [name, records] of Object.entries(ledger)) {
    if (!isThere(root, name) || records.length === 0) delete ledger[name];
  }
  if (Object.keys(ledger).length === 0 && !fs.existsSync(ledgerFile(root))) return;
  writeAtomically(ledgerFile(root), stableJson(ledger) + '\n');
  writePage(root);
}

/** Adds what was found on other data, and makes the page anew. */
export function writeReplication(root: string, { data, notebooks }: ReplicationFile): void {
  const earlier = readReplication(root)?.notebooks ?? {};
  const all = Object.entries({ ...earlier, ...notebooks }).filter(([name]) => isThere(root, name));
  writeAtomically(replicationFile(root), stableJson({ data, notebooks: Object.fromEntries(all) }) + '\n');
  writePage(root);
}

function writePage(root: string): void {
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

function readJson<T>(file: string): T | undefined {
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as T) : undefined;
}
