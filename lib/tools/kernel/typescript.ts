/** The TypeScript that compiles cells: tslab's own, older than the one that compiles this project. */
import type * as typescript from 'typescript';

export const compiler = require(
  require.resolve('@tslab/typescript-for-tslab', { paths: [require.resolve('tslab')] }),
) as typeof typescript;
