/** Real pictures in the page: files that the reader chose, known by their checksums, or a part of a set that came with the page. */
import manifest from '../../data/manifest.json';
import { type ManifestDataset, type Part, PARTS, REAL_DATASETS, type RealName } from '../src/data/manifest';
import type { ObtainedFiles } from '../src/data/source';
import { platform } from '../src/platform/port';
import type { EmbeddedSet } from '../src/data/embedded';

const DATASETS = manifest.datasets as unknown as Record<RealName, ManifestDataset>;

/** Files as `loadDataset` takes them, or why they are not taken. */
export type Recognized =
  { set: { name: RealName; title: string }; files: ObtainedFiles; message: string } | { message: string };

/** Knows the four files of MNIST or Fashion-MNIST by what is in them, whatever they are called and compressed or not. */
export function recognized(given: readonly { name: string; bytes: ArrayBuffer }[]): Recognized {
  const found = new Map<string, { set: RealName; part: Part; bytes: Uint8Array }>();
  const strange: string[] = [];
  for (const { name, bytes: buffer } of given) {
    const bytes = new Uint8Array(buffer);
    const known = knownAs(platform().sha256(bytes));
    if (known) found.set(`${known.set}/${known.part}`, { ...known, bytes });
    else strange.push(name);
  }
  const name = REAL_DATASETS.find((set) => PARTS.every((part) => found.has(`${set}/${part}`)));
  if (name === undefined) return { message: whatIsMissing(found, strange) };
  const set = DATASETS[name];
  const files = Object.fromEntries(PARTS.map((part) => [part, found.get(`${name}/${part}`)!.bytes]));
  return {
    set: { name, title: set.title },
    files: { set, files: files as ObtainedFiles['files'], from: 'cache', folder: 'chosen by the reader' },
    message: `${set.title}: all four files are the published ones, by their SHA-256.`,
  };
}

function knownAs(digest: string): { set: RealName; part: Part } | undefined {
  for (const set of REAL_DATASETS) {
    for (const part of PARTS) {
      const file = DATASETS[set].files[part];
      if (digest === file.sha256 || digest === file.contents?.sha256) return { set, part };
    }
  }
  return undefined;
}

function whatIsMissing(found: ReadonlyMap<string, { set: RealName }>, strange: readonly string[]): string {
  const [some] = found.values();
  const wanted = DATASETS[some?.set ?? 'mnist'];
  const missing = PARTS.filter((part) => !found.has(`${some?.set ?? 'mnist'}/${part}`));
  const names = missing.map((part) => wanted.files[part].name).join(', ');
  const other = strange.length > 0 ? ` Not a published file, by its SHA-256: ${strange.join(', ')}.` : '';
  return `${wanted.title} needs four files. Missing: ${names}.${other} Choose all four at once.`;
}

/** What came with the page. */
export function embeddedFiles({ name, files }: EmbeddedSet): ObtainedFiles {
  const bytes = Object.fromEntries(
    PARTS.map((part) => [part, Uint8Array.from(atob(files[part]), (c) => c.charCodeAt(0))]),
  );
  return { set: DATASETS[name], files: bytes as ObtainedFiles['files'], from: 'cache', folder: 'in the page' };
}
