/**
 * `npm run notebooks [-- NAME...]`: executes notebooks and replaces each by its executed self once it ran whole.
 *
 * Per notebook: strict types first, without a kernel; then a Python process with nbclient (jupyter/run_notebook.py) that
 * has a kernel of its own; then what makes the file deterministic, the figures' SVG twins and the provenance; last the
 * file, in one rename. Anything that fails leaves the notebook as it was.
 */
import { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as readline from 'node:readline';
import { Command, InvalidArgumentError } from 'commander';
import { makeScratch, removeScratch } from './scratch';
import { dataCacheFolder } from '../src/data/sources/folders';
import { spawnGuarded } from '../setup/guarded';
import { expectHeld } from '../setup/lock';
import { show } from '../setup/steps';
import { codeCommit } from '../src/platform/node/commit';
import { PROFILES, type Profile } from '../src/platform/profile';
import '../src/platform/node/set';
import { readCall } from './call';
import { CheckedNotebook, checkCells } from './check-cells';
import { claimsIn, expectReadable, writeLedger } from './claims';
import { writeCover } from './cover';
import { checkDisplays, DisplayError } from './displays';
import { Finding, findingText } from './finding';
import {
  displays,
  giveIds,
  MIME,
  nameOf,
  normalize,
  Notebook,
  notebookText,
  parseNotebook,
  Provenance,
  readNotebookText,
  readResult,
  withoutAnsi,
  writeAtomically,
} from './notebook-file';
import { findNotebooks, home, jupyterGlue, python, shown } from './places';
import { onlyOneOnAll, Stop, stoppable } from './running';
import { hashes, readLibrary, staleReasons, steadyMinutes } from './provenance';
import type { Library } from './reach/library';
import { addTwins, TwinMaker } from './twins';

/** Seconds: what one notebook and a whole run may take, and how long one cell may run before it is stopped. */
const TIMES: Record<Profile, { notebook: number; all: number; cell: number }> = {
  quick: { notebook: 60, all: 180, cell: 180 },
  full: { notebook: 240, all: 1200, cell: 1200 },
  paper: { notebook: 4 * 3600, all: 24 * 3600, cell: 4 * 3600 },
};

/** Memory that a kernel with TensorFlow and its Python beside it may need, bytes. */
const KERNEL_MEMORY = 2.5e9;

interface Options {
  out?: string;
  stale?: boolean;
  jobs?: number;
  cellLimit?: number;
  twins: boolean;
  root: string;
}

/** Why a notebook was not replaced. */
interface Failure {
  kind: string;
  /** index of the cell, from 0; null when it concerns the whole notebook */
  index: number | null;
  error: string;
}

interface Job {
  file: string;
  name: string;
  /** The file's text when it was read: a notebook edited meanwhile is not overwritten. */
  text: string;
  notebook: Notebook;
  target: string;
  budget: number;
  alone: boolean;
  state: 'waiting' | 'running' | 'done' | 'failed';
  /** Why it cannot be run at all. */
  unreadable?: string;
  progress: string;
  seconds: number;
  detail: string;
}

/** The command. @returns 0 when every notebook ran, 1 when one failed, 2 for a bad call, 128 and the signal when stopped */
export async function runNotebooks(argv: string[]): Promise<number> {
  const command = new Command('npm run notebooks --')
    .description('execute notebooks; each is replaced once it ran whole')
    .argument('[names...]', 'notebooks by name, number or file; all when none is named')
    .option('--out <folder>', 'write the executed copies here and leave the notebooks as they are')
    .option('--stale', 'only those whose outputs no longer belong to the sources')
    .option('--jobs <n>', 'how many run side by side', positive)
    .option('--cell-limit <seconds>', 'time limit of one cell', positive)
    .option('--no-twins', 'without the SVG twins of the figures')
    .option('--root <folder>', 'the collection: a folder with notebooks/ and data/', home)
    .addHelpText('after', '\nBNLAB_PROFILE=quick|full|paper sets steps and seeds: full by default, quick with --out.');
  const call = readCall(command, argv, () => {
    const options = command.opts<Options>();
    const profile = chosenProfile(options);
    return { options, profile, all: prepare(command.args, options, profile) };
  });
  if ('exitCode' in call) return call.exitCode;
  const { options, profile, all } = call.asked;
  expectManifest(options.root);
  const targets = all.map((job) => path.dirname(job.target));
  return stoppable((stop) =>
    onlyOneOnAll(targets, 'npm run notebooks', stop, async () => {
      if (!options.out) expectReadable(options.root);
      // Read again: another command may have been at work here until this moment.
      const present = prepare(command.args, options, profile);
      const library = readLibrary(options.root);
      const jobs = options.stale ? present.filter((job) => !isFresh(job, options.root, profile, library)) : present;
      if (jobs.length === 0) {
        console.log(options.stale ? 'Every notebook is up to date.' : 'There is no notebook to execute.');
        return 0;
      }
      return new Run(jobs, options, profile, library, stop).run();
    }),
  );
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Wanted a number above zero.');
  return value;
}

function chosenProfile(options: Options): Profile {
  const named = process.env.BNLAB_PROFILE;
  if (!named) return options.out ? 'quick' : 'full';
  const known = PROFILES.find((one) => one === named);
  if (known) return known;
  throw new Error(`BNLAB_PROFILE=${named} is none of ${PROFILES.join(', ')}.`);
}

function prepare(names: string[], options: Options, profile: Profile): Job[] {
  return findNotebooks(options.root, names).map((file) => {
    const job: Job = {
      file,
      name: nameOf(file),
      text: '',
      notebook: { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 },
      target: options.out ? path.resolve(options.out, path.basename(file)) : file,
      budget: TIMES[profile].notebook,
      alone: false,
      state: 'waiting',
      progress: '',
      seconds: 0,
      detail: '',
    };
    try {
      job.text = readNotebookText(file);
      job.notebook = parseNotebook(job.text, shown(file));
      const { alone, budget } = settingsOf(job.notebook, shown(file));
      Object.assign(job, { alone, budget: budget[profile] ?? job.budget });
      const readOnly = !options.out && (fs.statSync(file).mode & 0o222) === 0;
      if (readOnly)
        throw new Error(`${shown(file)} is read-only. Run \`chmod u+w\` on it, or name a folder with --out.`);
    } catch (error) {
      job.unreadable = (error as Error).message; // one notebook's trouble is not another's
    }
    return job;
  });
}

/** What the notebook asks of the runner. @throws Error when it asks for what there is not */
function settingsOf(
  { metadata }: Notebook,
  file: string,
): { alone: boolean; budget: Partial<Record<Profile, number>> } {
  const { name: kernel } = (metadata.kernelspec ?? {}) as { name?: unknown };
  if (kernel !== undefined && kernel !== 'tslab') {
    throw new Error(
      `${file} is written for the kernel '${String(kernel)}'; this project runs 'tslab'. Choose it in JupyterLab and save.`,
    );
  }
  const { alone, budget = {} } = metadata.bnlab ?? {};
  for (const [profile, seconds] of Object.entries(budget)) {
    if (profile in TIMES && typeof seconds === 'number' && seconds > 0) continue;
    throw new Error(
      `${file}: metadata.bnlab.budget gives ${profile} ${JSON.stringify(seconds)}; wanted seconds for ${Object.keys(TIMES).join(', ')}.`,
    );
  }
  return { alone: alone === true, budget };
}

/** True when the executed notebook already holds what running it again would give. */
function isFresh(job: Job, root: string, profile: Profile, library: Library): boolean {
  if (job.unreadable) return false;
  const executed = readResult(job.target);
  if (!executed) return false;
  const said = executed.metadata.bnlab?.provenance;
  const source: Notebook = { ...job.notebook, metadata: { ...job.notebook.metadata, bnlab: executed.metadata.bnlab } };
  return staleReasons(root, source, library).length === 0 && said?.profile === profile && said.settings === settings();
}

/** What, besides the sources, decides what a run computes. */
export function settings(environment: NodeJS.ProcessEnv = process.env): string {
  const { BNLAB_ENGINE: engine, BNLAB_DATA: folder, BNLAB_DATASET: dataset } = environment;
  // Where MNIST's files arrive after a run on generated digits, the run is to be made again.
  const mnist = path.join(folder || dataCacheFolder(environment), 'mnist', 'train-images-idx3-ubyte.gz');
  const data = dataset && dataset !== 'auto' ? dataset : fs.existsSync(mnist) ? 'MNIST at hand' : 'no MNIST files';
  return `${engine ? `engine ${engine}` : 'best engine'}, ${data}`;
}

/** One call of the command. */
class Run {
  private readonly children = new Set<ChildProcess>();
  private readonly scratch = makeScratch();
  private readonly screen = new Screen();
  private readonly commit: string | null;
  private twins: Promise<TwinMaker> | undefined;
  private twinProblem: string | undefined;

  constructor(
    private readonly jobs: Job[],
    private readonly options: Options,
    private readonly profile: Profile,
    private readonly library: Library,
    private readonly stop: Stop,
  ) {
    this.commit = codeCommit(options.root);
  }

  async run(): Promise<number> {
    const started = performance.now();
    const ignore = this.stop.onAsked(() => this.interrupt());
    // The browser's profile goes with the run's own files, also when the run is killed.
    const before = process.env.TMPDIR;
    process.env.TMPDIR = this.scratch;
    try {
      const width = Math.min(this.options.jobs ?? sideBySide(), this.jobs.length);
      const all = this.jobs.length === 1 ? this.jobs[0].budget : TIMES[this.profile].all;
      this.screen.line(
        `${plural(this.jobs.length, 'notebook')}, profile ${this.profile}, ${width} at a time; budget ${duration(all)}`,
      );
      const runnable = this.refuseWrongTypes();
      await this.pool(
        runnable.filter((job) => !job.alone),
        width,
      );
      await this.pool(
        runnable.filter((job) => job.alone),
        1,
      );
      this.screen.clear();
      const done = this.jobs.filter((job) => job.state === 'done');
      if (!this.options.out) {
        expectHeld();
        const inCollection = done.filter(
          (job) => path.dirname(job.target) === path.join(path.resolve(this.options.root), 'notebooks'),
        );
        for (const job of inCollection) writeCover(this.options.root, job.name, job.notebook);
        if (inCollection.length)
          await writeLedger(
            this.options.root,
            inCollection.map((job) => ({ name: job.name, records: claimsIn(job.notebook) })),
          );
      }
      if (this.stop.asked) {
        this.screen.line(
          `${done.length} of ${plural(this.jobs.length, 'notebook')} executed; the others are as they were.`,
        );
        return 1;
      }
      if (this.twinProblem) this.screen.line(`Figures have no SVG twins: ${this.twinProblem}`);
      const seconds = (performance.now() - started) / 1000;
      const failed = this.jobs.length - done.length;
      this.screen.line(
        `${done.length} of ${plural(this.jobs.length, 'notebook')} executed in ${duration(seconds)} of ${duration(all)}` +
          `${seconds > all ? ': over budget' : ''}${failed ? `; ${failed} failed` : ''}`,
      );
      return failed ? 1 : 0;
    } finally {
      ignore();
      await this.twins?.then((maker) => maker.close()).catch(() => undefined);
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      removeScratch(this.scratch);
    }
  }

  /** The kernel does not check strictly: what the compiler says against a notebook is said before anything runs. */
  private refuseWrongTypes(): Job[] {
    for (const job of this.jobs) {
      if (job.unreadable) this.fail(job, { kind: 'unreadable', index: null, error: job.unreadable });
    }
    const readable = this.jobs.filter((job) => job.state === 'waiting');
    const checked: CheckedNotebook[] = readable.map(({ file, notebook }) => ({ file, notebook }));
    const wrong = new Map<string, Finding[]>();
    for (const finding of checkCells(checked).filter(({ rule }) => rule === 'types')) {
      wrong.set(finding.file, [...(wrong.get(finding.file) ?? []), finding]);
    }
    for (const job of readable) {
      const findings = wrong.get(job.file);
      if (!findings) continue;
      const index = findings[0].cell === null ? null : findings[0].cell - 1;
      this.fail(job, { kind: 'type error', index, error: findings.map(findingText).join('\n') });
    }
    return this.jobs.filter((job) => job.state === 'waiting');
  }

  private async pool(jobs: Job[], width: number): Promise<void> {
    const waiting = [...jobs];
    const worker = async () => {
      for (let job = waiting.shift(); job && !this.stop.asked; job = waiting.shift()) await this.one(job);
    };
    await Promise.all(Array.from({ length: Math.min(width, jobs.length) }, worker));
  }

  private async one(job: Job): Promise<void> {
    job.state = 'running';
    const started = performance.now();
    const clock = setInterval(() => show(() => this.show(started)), 250);
    const running = this.jobs.filter(({ state }) => state === 'running').length;
    if (!this.screen.live)
      this.screen.line(
        `  ${job.name}: started${running > 1 ? ` beside ${running - 1} more` : ''}, budget ${duration(job.budget)}`,
      );
    try {
      const result = await this.execute(job, (progress) => {
        job.progress = progress;
        this.show(started);
      });
      if (this.stop.asked) return;
      job.seconds = (performance.now() - started) / 1000;
      if ('kind' in result) this.fail(job, result);
      else await this.keep(job, result.text, result.engine);
    } catch (error) {
      if (this.stop.asked) return;
      const [kind, index] = error instanceof DisplayError ? ['broken display', error.index] : ['runner', null];
      this.fail(job, { kind, index, error: (error as Error).message });
    } finally {
      clearInterval(clock);
    }
  }

  /** Runs the notebook in a Python process of its own; gives the executed notebook's text or why there is none. */
  private async execute(
    job: Job,
    onProgress: (text: string) => void,
  ): Promise<{ text: string; engine: Record<string, unknown> | null } | Failure> {
    const file = (ending: string) => path.join(this.scratch, `${this.jobs.indexOf(job)}${ending}`);
    const source = file('.ipynb');
    giveIds(job.notebook);
    fs.writeFileSync(source, JSON.stringify(job.notebook));
    const task = {
      notebook: source,
      output: file('.executed.ipynb'),
      notes: file('.notes'),
      cwd: path.dirname(job.file),
      cellLimit: this.options.cellLimit ?? TIMES[this.profile].cell,
      kernel: [
        process.execPath,
        '--require',
        path.join(__dirname, 'kernel', 'preload.js'),
        path.join(home, 'node_modules', 'tslab', 'bin', 'tslab'),
        'kernel',
        '--config-path',
        '{connection_file}',
      ],
    };
    const child = spawnGuarded(python(), ['-B', path.join(jupyterGlue, 'run_notebook.py')], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C reaches this process, which then ends the kernels in order.
      detached: true,
      env: {
        ...process.env,
        BNLAB_PROFILE: this.profile,
        PYTHONDONTWRITEBYTECODE: '1',
        JUPYTER_PLATFORM_DIRS: '1',
        // What a killed kernel leaves (its connection file, a figure's or a graph's folder) goes with the run's own.
        JUPYTER_RUNTIME_DIR: this.scratch,
        TMPDIR: this.scratch,
      },
    }) as ChildProcessWithoutNullStreams;
    this.children.add(child);
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4000)));
    child.stdin.on('error', () => undefined); // the process may end before it has read its task; its exit says why
    child.stdin.write(JSON.stringify(task) + '\n');
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    let failure: Failure | undefined;
    let engine: Record<string, unknown> | null | undefined;
    readline.createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as Record<string, unknown> & { event: string };
      if (event.event === 'cell') onProgress(`cell ${(event.position as number) + 1} of ${event.total as number}`);
      if (event.event === 'failed') failure = event as unknown as Failure;
      if (event.event === 'done') engine = (event.engine ?? null) as Record<string, unknown> | null;
    });
    try {
      await ended;
    } finally {
      this.children.delete(child);
    }
    if (failure) return failure;
    if (engine === undefined) {
      return {
        kind: 'runner',
        index: null,
        error: said.trim() || 'the Python process that runs the kernel ended early',
      };
    }
    return { text: fs.readFileSync(task.output, 'utf8'), engine };
  }

  /** The executed notebook takes the place of the source, or goes to the folder asked for. */
  private async keep(job: Job, text: string, engine: Record<string, unknown> | null): Promise<void> {
    const executed = parseNotebook(text, job.name);
    normalize(executed);
    checkDisplays(executed);
    const twins = this.options.twins ? await this.drawTwins(executed) : 0;
    if (this.stop.asked) return; // without its twins it would pass for whole
    const now = fs.existsSync(job.file) ? readNotebookText(job.file) : undefined;
    if (now !== job.text) {
      const what =
        now === undefined ? 'deleted or moved while it ran; nothing is' : 'edited while it ran; the edited one is';
      const kept = now === undefined ? 'written' : 'kept';
      this.fail(job, { kind: 'edited', index: null, error: `the notebook was ${what} ${kept}. Run it again.` });
      return;
    }
    executed.metadata.bnlab = {
      ...executed.metadata.bnlab,
      provenance: this.provenance(job, executed, engine),
    };
    const written = notebookText(executed);
    expectHeld();
    writeAtomically(job.target, written);
    job.notebook = executed;
    job.state = 'done';
    const figures = [...displays(executed)].filter(({ data }) => data[MIME.plotly]).length;
    const parts = [
      plural(executed.cells.filter((cell) => cell.execution_count != null).length, 'cell'),
      figures ? `${plural(figures, 'figure')}${twins ? '' : ' without twins'}` : '',
      `${(Buffer.byteLength(written) / 1e6).toFixed(2)} MB`,
    ];
    const late = job.seconds > job.budget ? ': over budget' : '';
    this.screen.line(
      `✓ ${job.name}: ${duration(job.seconds)} of ${duration(job.budget)}${late}; ${parts.filter(Boolean).join(', ')}`,
    );
  }

  private async drawTwins(notebook: Notebook): Promise<number> {
    if (this.twinProblem || ![...displays(notebook)].some(({ data }) => data[MIME.plotly])) return 0;
    this.twins ??= TwinMaker.open(this.stop);
    let maker: TwinMaker;
    try {
      maker = await this.twins;
    } catch (error) {
      this.twinProblem = (error as Error).message;
      return 0;
    }
    return addTwins(notebook, maker);
  }

  private provenance(job: Job, executed: Notebook, engine: Record<string, unknown> | null): Provenance {
    const earlier = readResult(job.target)?.metadata.bnlab?.provenance;
    const parts = hashes(this.options.root, executed, this.library);
    const again = earlier?.profile === this.profile && earlier.hash === parts.hash;
    return {
      commit: this.commit,
      profile: this.profile,
      settings: settings(),
      engine: engine && pick(engine, ['engine', 'gpu', 'device', 'tensorflow', 'tfjs', 'node', 'threads']),
      ...dataAndSeeds(executed),
      minutes: steadyMinutes(job.seconds, again ? earlier.minutes : undefined),
      ...parts,
    };
  }

  private fail(job: Job, failure: Failure): void {
    job.state = 'failed';
    const cell = failure.index === null ? undefined : job.notebook.cells[failure.index];
    const place = cell ? `cell ${failure.index! + 1}: ` : '';
    this.screen.line(`✗ ${job.name}: ${place}${KINDS[failure.kind] ?? failure.kind} (${shown(job.file)})`);
    if (cell) {
      const lines = cell.source.trimEnd().split('\n');
      const wide = String(lines.length).length;
      const numbered = lines.map((line, i) => `${String(i + 1).padStart(wide)} | ${line}`);
      for (const line of ends(numbered)) this.screen.line(`    ${printable(line)}`);
    }
    const glue = /^\s+at .*(?:[\\/]tslab[\\/]dist|tools[\\/]kernel|node:(?:vm|async_hooks|internal))/; // frames below the cell's own
    const said = failure.error.split('\n').filter((text) => !glue.test(text));
    for (const line of ends(said)) this.screen.line(`    ${printable(line)}`.trimEnd());
  }

  private show(started: number): void {
    const running = this.jobs.filter((job) => job.state === 'running');
    const done = this.jobs.filter((job) => job.state === 'done' || job.state === 'failed').length;
    const seconds = (performance.now() - started) / 1000;
    this.screen.status(
      `  ${done}/${this.jobs.length} done, ${duration(seconds)}: ${running.map((job) => `${job.name} ${job.progress}`).join(' · ')}`,
    );
  }

  private interrupt(): void {
    for (const child of this.children) child.stdin?.end(); // the Python process ends its kernel when its input closes
    setTimeout(() => {
      for (const child of this.children) child.kill('SIGKILL');
    }, 5000).unref();
  }
}

/** Looks at the manifest, which is read at the end of a run, and that may take long. @throws Error that names what is wrong */
function expectManifest(root: string): void {
  const manifest = path.join(root, 'data', 'manifest.json');
  try {
    if (fs.existsSync(manifest)) JSON.parse(fs.readFileSync(manifest, 'utf8'));
  } catch (error) {
    const file = shown(manifest);
    throw new Error(`${file} cannot be read: ${(error as Error).message}. Restore it (\`git checkout -- ${file}\`).`, {
      cause: error,
    });
  }
}

/** Lines that a screen holds: the first and the last of many. */
function ends(lines: string[]): string[] {
  if (lines.length <= 60) return lines;
  return [...lines.slice(0, 20), `… ${lines.length - 55} lines more …`, ...lines.slice(-35)];
}

/** A line of somebody else's text: it moves no cursor, and ends. */
function printable(line: string): string {
  const plain = withoutAnsi(line).replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '�');
  return plain.length > 1000 ? `${plain.slice(0, 1000)}…` : plain;
}

const KINDS: Record<string, string> = {
  error: 'the cell failed',
  unhandledRejection: 'a promise that nobody awaited was rejected',
  uncaughtException: 'an exception outside of any cell, in a timer or a callback',
  'time limit': 'over its time limit',
  'dead kernel': 'the kernel died',
  'too much output': 'too much output',
  'lost output': 'output was lost',
  'still at work': 'work that had not ended',
  'broken display': 'a display that shows nothing',
  'nothing ran': 'nothing ran',
  unreadable: 'it cannot be run',
  edited: 'it is not what was run',
  runner: 'the runner could not do its work',
};

/**
 * How many kernels this machine carries at once: by its cores, and by the memory that is free on it and in the container.
 *
 * @param machine bytes that are free on the machine, and that the container's limit leaves
 */
export function sideBySide(
  machine = {
    cores: os.availableParallelism(),
    free: os.freemem(),
    left: process.availableMemory?.() ?? Infinity,
  },
): number {
  const memory = Math.min(machine.free, machine.left);
  return Math.max(1, Math.min(machine.cores, Math.floor(memory / KERNEL_MEMORY)));
}

/** What the notebook's last cell, or else its verdicts, say of data and seeds. */
function dataAndSeeds(notebook: Notebook): { data: string[]; seeds: number[] } {
  const said: { data?: string | string[]; seeds?: number[] }[] = [...displays(notebook)]
    .map(({ output }) => output.metadata?.bnlab as { role?: string; data?: string[]; seeds?: number[] } | undefined)
    .filter((meta) => meta !== undefined && meta.role === 'provenance') as { data: string[]; seeds: number[] }[];
  const from = said.length ? said : claimsIn(notebook);
  return {
    data: [...new Set(from.flatMap(({ data }) => data ?? []))],
    seeds: [...new Set(from.flatMap(({ seeds }) => seeds ?? []))].sort((a, b) => a - b),
  };
}

function pick(from: Record<string, unknown>, keys: string[]): Record<string, unknown> {
  return Object.fromEntries(keys.filter((key) => from[key] != null).map((key) => [key, from[key]]));
}

function plural(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** `8 s`, `2 min 05 s` */
function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 120) return `${seconds < 10 ? seconds.toFixed(1) : whole} s`.replace('.0 ', ' ');
  if (whole >= 7200) return `${Math.round(whole / 3600)} h`;
  return whole % 60 ? `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s` : `${whole / 60} min`;
}

/** Lines that stay, and on a terminal one below them that changes. */
class Screen {
  readonly live = process.stdout.isTTY === true;

  line(text: string): void {
    this.clear();
    console.log(text);
  }

  status(text: string): void {
    if (!this.live) return;
    const width = (process.stdout.columns ?? 80) - 1;
    process.stdout.write(`\r\x1b[K${text.length > width ? text.slice(0, width - 1) + '…' : text}`);
  }

  clear(): void {
    if (this.live) process.stdout.write('\r\x1b[K');
  }
}
