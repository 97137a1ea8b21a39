/** Where the real pictures come from. The entry for Node sets its own source; a page may set one that fetches. */
import { abortSignal, callback, flag, type Options, positive } from '../core/checks';
import { type Environment, platform } from '../platform/port';
import { environment as variables } from './checks';
import { DataError } from './errors';
import { type ManifestDataset, type Part, type RealName } from './manifest';

/** How far a download is. */
export interface DownloadProgress {
  /** Which file. */
  file: string;
  /** Bytes there are, those of an earlier attempt included. */
  received: number;
  /** Bytes there will be. */
  total: number;
  /** Host they come from. */
  host: string;
}

/** How files are fetched. */
export interface DownloadOptions {
  /** Environment variables: HTTP_PROXY, HTTPS_PROXY, NO_PROXY. Those of the process by default. */
  environment?: Environment;
  /** Called as bytes arrive. */
  onProgress?: (progress: DownloadProgress) => void;
  /** Stops the download; what was fetched is kept for the next time. */
  signal?: AbortSignal;
  /** Milliseconds to wait for a mirror's answer before the next is tried; 4,000 by default. */
  answerMs?: number;
  /** Milliseconds without a byte after which a transfer counts as cut off; 15,000 by default. */
  stallMs?: number;
}

/** Every option of {@link DownloadOptions}. */
export const DOWNLOAD_OPTIONS: Options<DownloadOptions> = {
  ...{ environment: variables, onProgress: callback, signal: abortSignal, answerMs: positive, stallMs: positive },
};

/** The four files of a set, each with the checksum the manifest gives. */
export interface ObtainedFiles {
  /** What the manifest says about the set. */
  set: ManifestDataset;
  /** The bytes of each part: gzip as it is served, or what it holds, where the file at hand is of another form. */
  files: Record<Part, Uint8Array>;
  /** Where they were found. */
  from: 'BNLAB_DATA' | 'cache' | 'network';
  /** The folder they lie in, or would. */
  folder: string;
  /** Why they could not be kept in `folder`, and what to do about it; absent when they are there. */
  problem?: string;
}

/** How the files of a set are got. */
export interface ObtainOptions extends DownloadOptions {
  /**
   * Do not ask mirrors that could not be reached in the last minutes, by this process or another: with a firewall that
   * swallows what it forbids, every asking takes seconds, and a run of many notebooks would ask again in each.
   */
  unlessSilent?: boolean;
}

/** Every option of {@link ObtainOptions}. */
export const OBTAIN_OPTIONS: Options<ObtainOptions> = { ...DOWNLOAD_OPTIONS, unlessSilent: flag };

/** Gets the files of a set. */
export type DatasetSource = (name: RealName, options: ObtainOptions) => Promise<ObtainedFiles>;

let source: DatasetSource | undefined;

/**
 * Says where the real pictures come from. The entry for Node does; in a browser the page may.
 *
 * @param obtain gets the files of a set, as obtainFiles does in Node
 */
export function setDatasetSource(obtain: DatasetSource): void {
  source = obtain;
}

/** Whether other data may take the place of what could not be had: not when the reader named a wrong folder. */
export function isUnobtainable(error: unknown, environment: Environment = platform().environment): error is DataError {
  return (
    error instanceof DataError && (error.code === 'network' || error.code === 'checksum') && !environment.BNLAB_DATA
  );
}

/**
 * Gets the files of a set from the source.
 *
 * @throws DataError `network` when there is none
 */
export async function obtain(name: RealName, options: ObtainOptions): Promise<ObtainedFiles> {
  if (source) return source(name, options);
  const advice = "Take 'digits', read bytes of your own with readExamples, or give a source with setDatasetSource";
  throw new DataError('network', `${name}: no source of real pictures is set here. ${advice}.`);
}
