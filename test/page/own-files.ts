/** Files that a reader brings, too large to lie here: pictures whose rows say their class, in the form of MNIST's. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { type Part, PARTS } from 'bnlab/internal';
import type { Manifest } from 'bnlab/dist/src/data/manifest';
import { idxFiles } from 'bnlab/dist/src/data/embedded';
import { nodePlatform } from 'bnlab/dist/src/platform/node';
import { home } from '../support/sample';

/** Four files as MNIST's are, of pictures whose rows say their class; what the page's manifest holds of each. */
export function idxOfClasses(): Record<Part, { bytes: Uint8Array; sha256: string }> {
  const made = [10_000, 2_000].map((n) => {
    const labels = Uint8Array.from({ length: n }, (_, i) => i % 10);
    const images = Uint8Array.from({ length: n * 784 }, (_, k) =>
      Math.floor((k % 784) / 56) === labels[Math.floor(k / 784)] ? 255 : 0,
    );
    return idxFiles({ n, images, labels });
  });
  const all = made.flatMap(({ images, labels }) => [images, labels]);
  return Object.fromEntries(
    PARTS.map((part, i) => [part, { bytes: all[i], sha256: nodePlatform.sha256(all[i]) }]),
  ) as ReturnType<typeof idxOfClasses>;
}

/** Makes of a site one for which these files are the published ones. */
export function takesOwnFiles(site: string, made: string): void {
  fs.cpSync(site, made, { recursive: true });
  const script = path.join(made, 'assets', 'compute.js');
  const { files } = (JSON.parse(fs.readFileSync(path.join(home, 'data', 'manifest.json'), 'utf8')) as Manifest).datasets
    .mnist;
  const withOwn = (text: string) =>
    Object.entries(idxOfClasses()).reduce(
      (all, [part, { sha256 }]) => all.replaceAll(files[part as Part].contents!.sha256, sha256),
      text,
    );
  const given = fs.readFileSync(script, 'utf8');
  const [, packed] = /"worker":"([\w+/=]+)"/.exec(given)!;
  const worker = withOwn(inflateSync(Buffer.from(packed, 'base64')).toString('utf8'));
  const text = withOwn(given.replace(packed, deflateSync(worker).toString('base64')));
  fs.writeFileSync(script, text);
}
