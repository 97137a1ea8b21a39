import { expectArgument, shown, text as aString } from '../core/checks';
import { platform } from '../platform/port';
import type { Comparison } from './comparison';
import type { History } from './history';
import type { TrainingSnapshot } from './snapshot-data';

/** What went wrong with a stored result, and with which file. */
export class StoreError extends Error {
  /** `StoreError`, in messages and to tell errors apart. */
  override readonly name = 'StoreError';

  constructor(
    /** The file it is about. */
    readonly file: string,
    problem: string,
  ) {
    super(`${file}: ${problem}`);
  }
}

const FORMAT = 'bnlab-result';
const VERSION = 1;

/**
 * Writes a history to a JSON file, whole or not at all: to a temporary name beside it, then renamed. Folders are made.
 * The file states its format, version and the SHA-256 of its content.
 *
 * @example await saveHistory('results/bn-seed1.json', history)
 * @throws StoreError when the file cannot be written, or this is no history
 */
export async function saveHistory(file: string, history: History): Promise<void> {
  await save(file, history, 'history');
}

/**
 * Reads a history that {@link saveHistory} wrote.
 *
 * @throws StoreError when the file is absent, not JSON, cut short, changed since it was written, of another version, or holds
 *   something else
 */
export async function loadHistory(file: string): Promise<History> {
  return (await load(file, 'history')) as History;
}

/** Writes a comparison: see {@link saveHistory}. */
export async function saveComparison(file: string, comparison: Comparison): Promise<void> {
  await save(file, comparison, 'comparison');
}

/** Reads a comparison that {@link saveComparison} wrote: see {@link loadHistory}. */
export async function loadComparison(file: string): Promise<Comparison> {
  return (await load(file, 'comparison')) as Comparison;
}

/**
 * Writes a snapshot of a training run, to go on from it in another process: see {@link saveHistory}.
 *
 * @example await trainNetwork({ ...run, onSnapshot: (snapshot) => saveSnapshot('results/bn.snapshot.json', snapshot) });
 *   await trainNetwork({ ...run, resume: await loadSnapshot('results/bn.snapshot.json') });
 */
export async function saveSnapshot(file: string, snapshot: TrainingSnapshot): Promise<void> {
  await save(file, snapshot, 'snapshot');
}

/** Reads a snapshot that {@link saveSnapshot} wrote: see {@link loadHistory}. */
export async function loadSnapshot(file: string): Promise<TrainingSnapshot> {
  return (await load(file, 'snapshot')) as TrainingSnapshot;
}

type Kind = 'history' | 'comparison' | 'snapshot';
const NAMES = { history: 'History', comparison: 'Comparison', snapshot: 'Snapshot' } as const;

async function save(file: string, content: History | Comparison | TrainingSnapshot, kind: Kind): Promise<void> {
  expectArgument(`save${NAMES[kind]}`, 'file', file, aString);
  if (content?.kind !== kind) throw new StoreError(file, `not written: got ${shown(content)}; wanted a ${kind}.`);
  const body = JSON.stringify(content);
  const text = `{"format":"${FORMAT}","version":${VERSION},"sha256":"${platform().sha256(body)}",\n"content":${body}}\n`;
  try {
    await platform().files.writeAtomically(file, text);
  } catch (error) {
    throw new StoreError(file, `cannot be written (${(error as Error).message}).`);
  }
}

async function load(file: string, kind: Kind): Promise<unknown> {
  expectArgument(`load${NAMES[kind]}`, 'file', file, aString);
  let text: string;
  try {
    text = await platform().files.readText(file);
  } catch (error) {
    throw new StoreError(file, `cannot be read (${(error as Error).message}). Run the experiment to make it.`);
  }
  let stored: {
    format?: unknown;
    version?: unknown;
    sha256?: unknown;
    content?: { kind?: unknown; version?: unknown };
  };
  try {
    stored = JSON.parse(text);
  } catch (error) {
    throw new StoreError(
      file,
      `is not JSON (${(error as Error).message}): damaged or cut short. Delete it and run again.`,
    );
  }
  if (stored === null || typeof stored !== 'object' || stored.format !== FORMAT) {
    throw new StoreError(file, `is JSON, but no stored result: wanted "format": "${FORMAT}".`);
  }
  if (stored.version !== VERSION) {
    throw new StoreError(
      file,
      `has version ${String(stored.version)}; this library reads version ${VERSION}. Run the experiment again.`,
    );
  }
  const { content } = stored;
  if (content === null || typeof content !== 'object' || platform().sha256(JSON.stringify(content)) !== stored.sha256) {
    throw new StoreError(
      file,
      'does not match its SHA-256: changed or damaged since it was written. Delete it and run again.',
    );
  }
  if (content.kind !== kind || content.version !== 1) {
    throw new StoreError(file, `holds a ${String(content.kind)}; wanted a ${kind}.`);
  }
  return content;
}
