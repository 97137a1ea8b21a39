/**
 * `npm run conformance`: TensorFlow.js core's own tests on this project's engine.
 */
import { fork } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Command, Option } from 'commander';
import type { EngineName } from '../src/engine';
import { writeAtomically } from '../src/platform/node/write';
import { readCall } from './call';
import type { SpecMessage } from './conformance-specs';
import { type EngineOutcome, type FunctionOutcome, tableText } from './conformance-table';
import { home, shown } from './places';

/** Engines that the suite is run on; `cuda` is `native` on another device. */
const TESTED = ['native', 'webgpu', 'wasm', 'js'] as const satisfies readonly EngineName[];

const tableFile = path.join(home, 'test', 'conformance.md');

interface Options {
  engine: EngineName;
  filter?: string;
  json?: boolean;
  table?: boolean;
}

/** Specs that must pass for a run to count: fewer means that the suite was not found or did not run. */
export const fewestSpecs = 3880;

/** A failure that is understood: named by its spec, or as a family by what its error says. */
export interface KnownFailure {
  spec?: string;
  /** Part of the error's message, which stands for every spec that fails with it. */
  message?: string;
  reason: string;
}

/** How one spec ended. */
export interface SpecOutcome {
  spec: string;
  messages: string[];
}

/** What a run of the suite found. */
export interface ConformanceReport extends EngineOutcome {
  tensorflow: string | null;
  passed: number;
  /** Specs that TensorFlow.js itself has switched off. */
  pending: number;
  /** Failures that no entry of conformance-known.json explains. */
  newFailures: SpecOutcome[];
  knownFailures: (SpecOutcome & { reason: string })[];
  /** Entries of conformance-known.json whose spec ran and passed. */
  nowPassing: KnownFailure[];
  /** What broke the run itself, if anything: a crash, silence, too few specs. */
  fault: string | null;
  seconds: number;
  ok: boolean;
}

/**
 * The command.
 * @returns the exit code: 0 all as expected, 1 something failed, 2 wrong usage
 */
export async function conformance(argv: string[]): Promise<number> {
  const command = new Command('npm run conformance --')
    .description(
      "Runs TensorFlow.js core's own tests on the engine. Fails on a failure that lib/tools/conformance-known.json " +
        `does not explain, and when fewer than ${fewestSpecs} specs pass.`,
    )
    .addOption(new Option('--engine <name>', 'what to test').choices([...TESTED]).default('native'))
    .option('--table', `test every engine in turn, and write ${path.relative(home, tableFile)}`)
    .option('--filter <text>', 'only specs whose full name contains this (no least number then)')
    .option('--json', 'print the report as JSON');
  const call = readCall(command, argv, () => command.opts<Options>());
  if ('exitCode' in call) return call.exitCode;
  const { engine, filter, json, table } = call.asked;
  if (table) return writeTable(filter);
  const report = await runSuite(engine, { filter, progress: json ? undefined : showProgress() });
  console.log(json ? JSON.stringify(report, null, 2) : reportText(report));
  return report.ok ? 0 : 1;
}

/** Runs the suite on each engine, and writes what passes where. */
async function writeTable(filter: string | undefined): Promise<number> {
  const reports: ConformanceReport[] = [];
  for (const engine of TESTED) {
    reports.push(await runSuite(engine, { filter, progress: showProgress() }));
    console.log(reportText(reports[reports.length - 1]));
  }
  // A part of the suite says nothing of the rest, and a run that broke off nothing of what came after.
  if (!filter && reports.every(({ fault }) => fault === null)) {
    writeAtomically(tableFile, tableText(reports));
    console.log(`Written: ${shown(tableFile)}`);
  }
  return reports.every(({ ok }) => ok) ? 0 : 1;
}

/** Milliseconds without any news after which the suite counts as stuck. The slowest spec takes about a second. */
const patience = 120_000;

/**
 * Runs the suite in a process of its own, which a crash in native code may end, and judges the outcome.
 * @param options.filter only specs whose full name contains this
 * @param options.progress called after each spec
 */
export async function runSuite(
  engine: EngineName,
  options: { filter?: string; progress?: (done: number, total: number) => void } = {},
): Promise<ConformanceReport> {
  const start = performance.now();
  const environment: NodeJS.ProcessEnv = { ...process.env, BNLAB_ENGINE: engine };
  if (options.filter) environment.BNLAB_CONFORMANCE_FILTER = options.filter;
  const child = fork(path.join(__dirname, 'conformance-specs.js'), [], {
    silent: true,
    env: environment,
    execArgv: [],
  });

  // The suite's own prints are noise, but the last of them explain a crash.
  let said = '';
  const listen = (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000));
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);

  const passed: string[] = [];
  const failed: SpecOutcome[] = [];
  let pending = 0;
  let total = 0;
  let done = 0;
  let current = '';
  let ended = false;
  let stuck = false;
  let tensorflow: string | null = null;
  const silence = () =>
    setTimeout(() => {
      stuck = true;
      child.kill('SIGKILL');
    }, patience);
  let watch = silence();
  child.on('message', (message: SpecMessage) => {
    clearTimeout(watch);
    watch = silence();
    if (message.kind === 'started') ({ specs: total, tensorflow } = message);
    else if (message.kind === 'begin') current = message.spec;
    else if (message.kind === 'end') ended = true;
    else {
      if (message.status === 'passed') passed.push(message.spec);
      else if (message.status === 'failed') failed.push({ spec: message.spec, messages: message.messages });
      else if (message.status === 'pending') pending++;
      if (message.status !== 'excluded') options.progress?.(++done, total);
    }
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('error', () => resolve([1, null]));
    child.on('close', (...how) => resolve(how));
  });
  clearTimeout(watch);

  let fault: string | null = null;
  const where = current ? ` during "${current}"` : ' before its first spec';
  if (stuck) fault = `The suite gave no sign for ${patience / 1000} s${where}.`;
  else if (!ended) fault = `The suite's process ended with ${signal ?? `code ${code}`}${where}.\n${said.trim()}`;
  else if (!options.filter && passed.length < fewestSpecs) {
    fault = `Only ${passed.length} specs passed, where ${fewestSpecs} are wanted.`;
  } else if (options.filter && passed.length + failed.length === 0) {
    fault = `No spec has "${options.filter}" in its name.`;
  }
  return judge(
    { engine, tensorflow, passed, failed, pending, fault, seconds: (performance.now() - start) / 1000 },
    known(),
  );
}

/** The committed list of failures that are understood, by engine. */
export function known(): Record<EngineName, KnownFailure[]> {
  // tsc copies no JSON: the list lies beside the source.
  const file = path.join(__dirname, '..', '..', 'tools', 'conformance-known.json');
  return JSON.parse(fs.readFileSync(file, 'utf8')) as Record<EngineName, KnownFailure[]>;
}

/** Sets the failures of a run against the known ones. */
export function judge(
  run: {
    engine: EngineName;
    tensorflow: string | null;
    passed: string[];
    failed: SpecOutcome[];
    pending: number;
    fault: string | null;
    seconds: number;
  },
  knownFailures: Record<EngineName, KnownFailure[]>,
): ConformanceReport {
  const entries = knownFailures[run.engine];
  const explained: ConformanceReport['knownFailures'] = [];
  const newFailures: SpecOutcome[] = [];
  for (const failure of run.failed) {
    const entry = entries.find(
      ({ spec, message }) =>
        spec === failure.spec ||
        (message !== undefined &&
          failure.messages.length > 0 &&
          failure.messages.every((text) => text.includes(message))),
    );
    if (entry) explained.push({ ...failure, reason: entry.reason });
    else newFailures.push(failure);
  }
  const passed = new Set(run.passed);
  const functions: Record<string, FunctionOutcome> = {};
  const outcomeOf = (spec: string) => (functions[functionOf(spec, run.engine)] ??= { passed: 0, failed: 0 });
  for (const spec of run.passed) outcomeOf(spec).passed++;
  for (const { spec } of run.failed) outcomeOf(spec).failed++;
  return {
    engine: run.engine,
    tensorflow: run.tensorflow,
    passed: run.passed.length,
    pending: run.pending,
    functions,
    newFailures,
    knownFailures: explained,
    nowPassing: entries.filter(({ spec }) => spec !== undefined && passed.has(spec)),
    fault: run.fault,
    seconds: run.seconds,
    ok: run.fault === null && newFailures.length === 0,
  };
}

/** The group of a spec: what stands before the engine's name, which the suite puts between group and sentence. */
function functionOf(spec: string, engine: EngineName): string {
  const at = spec.indexOf(` ${engine} {}`);
  return at < 0 ? spec.split(' ')[0] : spec.slice(0, at);
}

/** The report for a terminal. */
export function reportText(report: ConformanceReport): string {
  const what = report.tensorflow
    ? `${report.engine} engine, TensorFlow ${report.tensorflow}`
    : `${report.engine} engine`;
  const lines = [
    `TensorFlow.js's own tests on the ${what}: ${report.passed} passed, ${report.newFailures.length} failed, ` +
      `${report.knownFailures.length} known failures, ${report.pending} switched off (${report.seconds.toFixed(1)} s)`,
  ];
  for (const { spec, messages } of report.newFailures) {
    lines.push(`  FAILED  ${spec}`, ...messages.slice(0, 2).map((message) => `          ${message.split('\n')[0]}`));
  }
  const reasons = new Map<string, string[]>();
  for (const { spec, reason } of report.knownFailures) reasons.set(reason, [...(reasons.get(reason) ?? []), spec]);
  for (const [reason, specs] of reasons) {
    lines.push(
      specs.length > 5
        ? `  known   ${specs.length} specs: ${reason}`
        : `  known   ${specs.join('\n          ')}\n          ${reason}`,
    );
  }
  for (const { spec } of report.nowPassing) {
    lines.push(`  passes  ${spec}\n          It is listed as a known failure: take it off conformance-known.json.`);
  }
  if (report.fault) lines.push(report.fault);
  lines.push(report.ok ? 'All as it should be.' : 'Not as it should be.');
  return lines.join('\n');
}

/** On a terminal a line that counts; elsewhere a line per thousand specs. */
function showProgress(): (done: number, total: number) => void {
  let shown = 0;
  return (done, total) => {
    const line = `${done} of ${total} specs`;
    if (process.stderr.isTTY) {
      const now = performance.now();
      if (now - shown < 100 && done < total) return;
      shown = now;
      process.stderr.write(done < total ? `\r${line}` : '\r\x1b[K');
    } else if (done % 1000 === 0) {
      process.stderr.write(`${line}\n`);
    }
  };
}
