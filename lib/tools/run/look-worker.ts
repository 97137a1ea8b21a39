/** The thread of look.ts: one notebook after the other, with the libraries read once. */
import { parentPort } from 'node:worker_threads';
import type * as ts from 'typescript';
import { compileAhead } from '../check/ahead';
import { lookAtCells } from '../check/cells';
import type { CheckedNotebook } from '../check/compile';
import type { Looked } from './look';

const sources = new Map<string, ts.SourceFile>();

parentPort!.on('message', (notebook: CheckedNotebook) => {
  const look = lookAtCells([notebook], sources);
  const findings = look.findings.filter(({ rule }) => rule === 'types');
  const looked: Looked = { findings, cells: compileAhead(look).get(notebook.file) };
  parentPort!.postMessage(looked);
});
