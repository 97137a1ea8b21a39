/** The cases, evaluated in processes of their own: an engine is chosen once per process. */
import { execFile } from 'node:child_process';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { type Derivative, type Derivatives, ORDERS } from './evaluate';

export interface Evaluated {
  cases: Map<string, Derivatives>;
  /** What the functions ran while a gradient was open. */
  kernels: string[];
}

/**
 * Once per process.
 * @param what `'differences'` of values in float64, TensorFlow.js's own gradients in plain JavaScript, or this library's on an engine
 */
export function evaluated(what: What): Promise<Evaluated> {
  // one after the other: each uses a core
  if (!running[what]) {
    running[what] = last.then(() => evaluate(what));
    last = running[what];
  }
  return running[what];
}

export type What = 'differences' | 'as TensorFlow.js has it' | 'native' | 'wasm' | 'js';

const running: Partial<Record<What, Promise<Evaluated>>> = {};
let last: Promise<unknown> = Promise.resolve();

async function evaluate(what: What): Promise<Evaluated> {
  const isEngine = ['native', 'wasm', 'js'].includes(what);
  const preload = ['-r', 'ts-node/register/transpile-only'];
  if (what === 'differences') preload.push('-r', path.join(__dirname, 'float64.ts'));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...preload, path.join(__dirname, 'evaluate.ts'), isEngine ? 'repaired' : what],
    { env: { ...process.env, ...(isEngine ? { BNLAB_ENGINE: what } : {}) }, maxBuffer: 2 ** 28 },
  );
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Derivatives | { kernels: string[] });
  const { kernels } = lines.pop() as { kernels: string[] };
  return { cases: new Map((lines as Derivatives[]).map((one) => [one.name, one])), kernels };
}

export const failed = (d: Derivative): d is { error: string } => 'error' in d;

/** The largest difference as a share of the largest of the wanted numbers; NaN counts as infinitely far. */
export function apart(got: number[][], wanted: number[][]): number {
  const [a, b] = [got.flat(), wanted.flat()];
  if (a.length !== b.length) return Infinity;
  const scale = Math.max(1e-3, ...b.map(Math.abs));
  return Math.max(0, ...a.map((v, i) => (Number.isNaN(v - b[i]) ? Infinity : Math.abs(v - b[i]) / scale)));
}

/** Of float32 against differences in float64. */
export const TOLERANCE = 2e-4;

export type Verdict = 'right' | 'wrong' | 'refused';

/** First and second derivatives of one case against the differences. */
export function verdicts(got: Derivatives, wanted: Derivatives): Record<(typeof ORDERS)[number], Verdict> {
  const of = (order: (typeof ORDERS)[number]): Verdict => {
    const [g, w] = [got[order], wanted[order]];
    if (failed(w)) throw new Error(`${wanted.name}: the differences failed: ${w.error}`);
    if (failed(g)) return 'refused';
    return apart(g, w) <= TOLERANCE ? 'right' : 'wrong';
  };
  return Object.fromEntries(ORDERS.map((order) => [order, of(order)])) as ReturnType<typeof verdicts>;
}
