/** Which commit the code is of. */
import { execFileSync } from 'node:child_process';
import * as path from 'node:path';

/** Where what can change a number stands, as paths for git. TensorFlow's version stands in the provenance itself. */
export const SOURCES = ['lib/src', 'lib/package.json', 'package-lock.json', 'data/manifest.json'] as const;

/**
 * The last commit that touched what may compute, ten digits, with `+` when there are uncommitted changes to it; null
 * outside a git checkout. It says where to find the code that made the outputs, not whether they are fresh: a later commit may
 * have moved files or rewritten comments.
 */
export function codeCommit(root: string): string | null {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const commit = git('log', '-1', '--format=%h', '--abbrev=10', '--', ...SOURCES);
    if (!commit) return null;
    return git('status', '--porcelain', '--', ...SOURCES) ? `${commit}+` : commit;
  } catch {
    return null;
  }
}

let known: string | null | undefined;

/** {@link codeCommit} of the checkout that this library runs from, as it was when first asked. */
export function ownCommit(): string | null {
  if (known === undefined) known = codeCommit(path.resolve(__dirname, '..', '..', '..', '..', '..'));
  return known;
}
