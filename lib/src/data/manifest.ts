/** What can be fetched, from where, and how it is recognized: the content of data/manifest.json. */

/** The sets of real pictures; the folder of each bears the same name, because the two share file names. */
export const REAL_DATASETS = ['mnist', 'fashion'] as const;
/** `'mnist'` or `'fashion'`. */
export type RealName = (typeof REAL_DATASETS)[number];

/** The parts of a set. */
export const PARTS = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const;
/** One of the four files of a set. */
export type Part = (typeof PARTS)[number];

/** One file to fetch. */
export interface ManifestFile {
  /** File name below a mirror and below the set's folder. */
  name: string;
  /** Size in bytes, compressed as it is served. */
  bytes: number;
  /** SHA-256 of these bytes, in hexadecimal. */
  sha256: string;
  /** The same of what is compressed in it, so that a copy that was decompressed or compressed anew is recognized. */
  contents?: { bytes: number; sha256: string };
}

/** One set of pictures to fetch. */
export interface ManifestDataset {
  /** As people call it. */
  title: string;
  /** Who made it, and where. */
  source: string;
  /** What may be done with it. */
  licence: string;
  /** Names of the ten classes, by label. */
  classes: string[];
  /** Addresses that end in a slash, tried in this order. */
  mirrors: string[];
  /** What to fetch. */
  files: Record<Part, ManifestFile>;
}

/** The content of data/manifest.json. */
export interface Manifest {
  datasets: Record<RealName, ManifestDataset>;
}

/** What a manifest lacks, in words; undefined when it is whole. */
export function whatLacks(given: unknown): string | undefined {
  const manifest = given as Partial<Manifest> | null;
  for (const name of REAL_DATASETS) {
    const set = manifest?.datasets?.[name];
    if (!set) return `has no datasets.${name}`;
    if (!Array.isArray(set.classes) || set.classes.length !== 10) return `${name}.classes must list ten names`;
    if (!Array.isArray(set.mirrors) || !set.mirrors.every((url) => /^https?:\/\/.*\/$/.test(url)))
      return `${name}.mirrors must be http(s) addresses that end in a slash`;
    const unsound = PARTS.find((part) => !isSound(set.files?.[part]));
    if (unsound !== undefined)
      return `${name}.files.${unsound} needs a name, bytes above 0, and a sha256 of 64 hexadecimal digits, in contents as well`;
  }
  return undefined;
}

function isSound(file: ManifestFile | undefined): boolean {
  const sized = (one: { bytes: number; sha256: string }) => one.bytes > 0 && /^[0-9a-f]{64}$/.test(one.sha256);
  return !!file && /^[\w.-]+$/.test(file.name) && sized(file) && (!file.contents || sized(file.contents));
}
