/** Notebooks executed with other settings than those that they are committed with, and what came of them. Nothing of it is committed. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { type ClaimRecord } from '../src/notebook';
import { claimsIn } from './claims';
import { nameOf, readNotebook } from './notebook';
import { runNotebooks } from './notebooks';

/** Which notebooks, and where the executed ones go. */
interface Where {
  /** The collection. */
  root: string;
  /** As `npm run notebooks` takes them. */
  names: readonly string[];
  /** Executed copies go there. */
  folder: string;
}

/** Executes notebooks with these variables set. @returns what `npm run notebooks` returns */
export async function executeWith(variables: Record<string, string>, { root, names, folder }: Where): Promise<number> {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return await runNotebooks(['--out', folder, '--no-twins', '--root', root, ...names]);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** One that was executed. */
interface Executed {
  /** Of the notebook. */
  name: string;
  /** Of what it was computed from; see notebook/provenance.ts. */
  hash: string;
  records: ClaimRecord[];
}

/** The notebooks that were executed into a folder, if any. */
export function executedIn(folder: string): Executed[] {
  const files = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith('.ipynb')) : [];
  return files.flatMap((file) => {
    const notebook = readNotebook(path.join(folder, file));
    const hash = notebook.metadata.bnlab?.provenance?.hash;
    return hash ? [{ name: nameOf(file), hash, records: claimsIn(notebook) }] : [];
  });
}
