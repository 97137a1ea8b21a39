/**
 * The claims ledger: what the executed notebooks say of the paper's sentences. `verdict` emits a record into the
 * notebook; the runner gathers the records into data/claims.json and makes notebooks/CLAIMS.md of that. A run replaces
 * the entries of the notebooks that it executed and keeps the others'. `npm run claims` lists them.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { CLAIM_MIME, type ClaimLedger, type ClaimRecord, renderLedger } from '../notebook/ledger';
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
  const file = ledgerFile(root);
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as ClaimLedger) : {};
}

/** Writes the ledger and the page made of it. A notebook that is gone takes its claims with it. */
export function writeLedger(root: string, executed: { name: string; records: ClaimRecord[] }[]): void {
  const ledger: ClaimLedger = {
    ...readLedger(root),
    ...Object.fromEntries(executed.map(({ name, records }) => [name, records])),
  };
  for (const [name, records] of Object.entries(ledger)) {
    const there = fs.existsSync(path.join(root, 'notebooks', `${name}.ipynb`));
    if (!there || records.length === 0) delete ledger[name];
  }
  if (Object.keys(ledger).length === 0 && !fs.existsSync(ledgerFile(root))) return;
  writeAtomically(ledgerFile(root), stableJson(ledger) + '\n');
  writeAtomically(path.join(root, 'notebooks', 'CLAIMS.md'), renderLedger(ledger));
}

/** The command `npm run claims [-- --json]`. @returns 0, or 2 for a bad call */
export async function claims(argv: string[]): Promise<number> {
  const json = argv.includes('--json');
  if (argv.some((word) => word !== '--json')) {
    console.error(`claims takes --json, or nothing; it got: ${argv.join(' ')}`);
    return 2;
  }
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
