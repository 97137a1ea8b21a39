/** One call of `npm run notebooks`: its notebooks side by side, those that measure time alone. */
import { type Profile } from '../../src/platform/profile';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { makeScratch, removeScratch } from '../scratch';
import { expectHeld } from '../../setup/lock';
import { show } from '../../setup/steps';
import type { CompiledCell } from '../check/ahead';
import { findingText } from '../check/finding';
import { claimsIn, writeLedger } from '../claims';
import { displays, MIME, type Notebook, notebookText, readNotebookText, writeAtomically } from '../notebook';
import { shown } from '../places';
import type { Library } from '../reach/library';
import { Drawer } from '../report/drawer';
import { EarlyPages } from '../report/site';
import type { Stop } from '../running';
import { writeCover } from './cover';
import { DisplayError } from './displays';
import { Finisher } from './executed';
import { type Failure, failureText } from './failure';
import { noteFailures } from './failures';
import { type Job, type RunOptions, TIMES } from './job';
import { type Executed, KernelProcesses } from './kernel-process';
import { Looks } from './look';
import { lanesEach, sideBySide } from './machine';
import { duration, plural, Screen } from './screen';

/** The run. */
export class Run {
  private readonly scratch = makeScratch();
  private readonly screen = new Screen();
  private readonly kernels: KernelProcesses;
  private readonly finisher: Finisher;
  private readonly pages: EarlyPages | undefined;
  private hasPage = false;
  /** Seconds that all of them may take. */
  private readonly budget: number;
  /** Each kernel's share of the processors. */
  private lanes = 1;

  constructor(
    private readonly jobs: Job[],
    private readonly options: RunOptions,
    private readonly profile: Profile,
    library: Library,
    private readonly stop: Stop,
  ) {
    this.kernels = new KernelProcesses(this.scratch, profile, options.cellLimit ?? TIMES[profile].cell);
    this.finisher = new Finisher(options, profile, library, stop);
    const { root, pages } = options;
    const drawer = new Drawer(stop, () => this.finisher.maker());
    if (pages !== undefined) this.pages = new EarlyPages({ root, out: path.resolve(pages) }, stop, drawer);
    this.budget = jobs.length === 1 ? jobs[0].budget : TIMES[profile].all;
  }

  /** @returns the command's exit code */
  async run(): Promise<number> {
    const started = performance.now();
    let looks: Looks | undefined;
    const ignore = this.stop.onAsked(() => {
      this.kernels.interrupt();
      void looks?.close();
    });
    // The browser's profile goes with the run's own files, also when the run is killed.
    const before = process.env.TMPDIR;
    const clock = setInterval(() => show(() => this.showProgress(started)), 250);
    process.env.TMPDIR = this.scratch;
    try {
      const width = Math.min(this.options.jobs ?? sideBySide(), this.jobs.length);
      this.screen.line(
        `${plural(this.jobs.length, 'notebook')}, profile ${this.profile}, ${width} at a time; budget ${duration(this.budget)}`,
      );
      for (const job of this.jobs) {
        if (job.unreadable) this.fail(job, { kind: 'unreadable', index: null, error: job.unreadable });
      }
      const waiting = this.jobs.filter(({ state }) => state === 'waiting');
      const [alone, beside] = [true, false].map((is) => waiting.filter((job) => job.alone === is));
      looks = new Looks([...beside, ...alone]);
      await this.pool(beside, width, looks);
      // Beside a notebook that measures time nothing else is at work.
      if (alone.length > 0) await looks.all();
      for (const job of alone) await this.pool([job], 1, looks);
      this.screen.clear();
      const done = this.jobs.filter(({ state }) => state === 'done');
      if (!this.options.out) await this.writeWhatFollows(done);
      return this.summary(done.length, (performance.now() - started) / 1000);
    } finally {
      ignore();
      clearInterval(clock);
      await looks?.close();
      await this.finisher.close();
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      removeScratch(this.scratch);
    }
  }

  /** So many kernels at a time; the figures of a notebook are drawn while the next one runs. */
  private async pool(jobs: Job[], width: number, looks: Looks): Promise<void> {
    const waiting = [...jobs];
    const finishing: Promise<void>[] = [];
    const kernels = Math.min(width, jobs.length);
    this.lanes = lanesEach(kernels);
    const worker = async () => {
      for (let job = waiting.shift(); job && !this.stop.asked; job = waiting.shift()) {
        const next = job;
        await new Promise<void>((kernelEnded) => {
          finishing.push(this.one(next, looks, kernelEnded).finally(kernelEnded));
        });
      }
    };
    await Promise.all(Array.from({ length: kernels }, worker));
    await Promise.all(finishing);
  }

  private async one(job: Job, looks: Looks, kernelEnded: () => void): Promise<void> {
    try {
      const { findings, cells } = await looks.of(job);
      if (this.stop.asked) return;
      // The kernel does not check strictly: what the compiler says against a notebook is said before it runs.
      if (findings.length === 0) return await this.execute(job, cells, kernelEnded);
      const index = findings[0].cell === null ? null : findings[0].cell - 1;
      this.fail(job, { kind: 'type error', index, error: findings.map(findingText).join('\n') });
    } catch (error) {
      if (!this.stop.asked) this.fail(job, { kind: 'runner', index: null, error: (error as Error).message });
    }
  }

  private async execute(job: Job, cells: CompiledCell[] | undefined, kernelEnded: () => void): Promise<void> {
    job.state = 'running';
    const started = performance.now();
    const others = this.jobs.filter(({ state }) => state === 'running').length - 1;
    if (!this.screen.live)
      this.screen.line(
        `  ${job.name}: started${others > 0 ? ` beside ${others} more` : ''}, budget ${duration(job.budget)}`,
      );
    try {
      const result = await this.kernels.execute(
        job,
        { cells, lanes: this.lanes },
        {
          progress: (text) => {
            job.progress = text;
          },
          figure: () => job.alone || this.finisher.prepare(),
        },
      );
      if (this.stop.asked) return;
      job.seconds = (performance.now() - started) / 1000;
      job.state = 'finishing';
      job.progress = 'figures';
      kernelEnded();
      if ('kind' in result) this.fail(job, result);
      else await this.keep(job, result);
    } catch (error) {
      if (this.stop.asked) return;
      const [kind, index] = error instanceof DisplayError ? ['broken display', error.index] : ['runner', null];
      this.fail(job, { kind, index, error: (error as Error).message });
    }
  }

  /** The executed notebook takes the place of the source, or goes to the folder asked for. */
  private async keep(job: Job, { text, engine }: Executed): Promise<void> {
    const { executed, twins } = await this.finisher.finish(job, text, engine);
    if (this.stop.asked) return; // without its twins it would pass for whole
    const now = fs.existsSync(job.file) ? readNotebookText(job.file) : undefined;
    const isChanged = now !== job.text;
    // A copy elsewhere takes nothing from who edits the notebook, be it JupyterLab that saves what it has open.
    if (isChanged && job.target === job.file) {
      const what =
        now === undefined ? 'deleted or moved while it ran; nothing is' : 'edited while it ran; the edited one is';
      const kept = now === undefined ? 'written' : 'kept';
      this.fail(job, { kind: 'edited', index: null, error: `the notebook was ${what} ${kept}. Run it again.` });
      return;
    }
    const written = notebookText(executed);
    expectHeld();
    writeAtomically(job.target, written);
    job.notebook = executed;
    job.state = 'done';
    if (this.options.out) noteFailures(path.resolve(this.options.out), { [job.name]: null });
    this.screen.line(doneText(job, executed, twins, Buffer.byteLength(written)));
    if (this.pages) await this.writePage(this.pages, job);
    if (isChanged) this.screen.line(`  ${job.name} was edited while it ran: this is of the text before. Run it again.`);
  }

  /** A page that cannot be written fails no notebook: the report of all, which follows, says why. */
  private async writePage(pages: EarlyPages, job: Job): Promise<void> {
    const isFirst = !this.hasPage;
    this.hasPage = true;
    const file = await pages.add(job.target).catch(() => undefined);
    if (file !== undefined && isFirst)
      this.screen.line(`  Its page can be read: ${shown(file)}; each of the others once it has run.`);
  }

  /** The ledger and the cover show what the collection's own notebooks say. */
  private async writeWhatFollows(done: Job[]): Promise<void> {
    const { root } = this.options;
    expectHeld();
    const folder = path.join(path.resolve(root), 'notebooks');
    const inCollection = done.filter(({ target }) => path.dirname(target) === folder);
    for (const { name, notebook } of inCollection) writeCover(root, name, notebook);
    const records = inCollection.map(({ name, notebook }) => ({ name, records: claimsIn(notebook) }));
    if (records.length > 0) await writeLedger(root, records);
  }

  private summary(done: number, seconds: number): number {
    const executed = `${done} of ${plural(this.jobs.length, 'notebook')} executed`;
    if (this.stop.asked) {
      this.screen.line(`${executed}; the others are as they were.`);
      return 1;
    }
    if (this.finisher.twinProblem) this.screen.line(`Figures have no SVG twins: ${this.finisher.twinProblem}`);
    const failed = this.jobs.length - done;
    this.screen.line(
      `${executed} in ${duration(seconds)} of ${duration(this.budget)}` +
        `${seconds > this.budget ? ': over budget' : ''}${failed ? `; ${failed} failed` : ''}`,
    );
    const late = this.jobs.filter(({ state, seconds: took, budget }) => state === 'done' && took > budget);
    if (seconds > this.budget || late.length > 0) {
      this.screen.line(
        'Over budget: it took longer than this profile promises its reader, on this machine and beside what else ran. ' +
          'The results are whole and count; nothing failed.',
      );
    }
    return failed ? 1 : 0;
  }

  private fail(job: Job, failure: Failure): void {
    job.state = 'failed';
    const lines = failureText(job, failure);
    for (const line of lines) this.screen.line(line);
    const { out } = this.options;
    // A report goes to others, whom the file's place does not concern.
    const [first, ...rest] = lines;
    if (out) noteFailures(path.resolve(out), { [job.name]: [first.replace(/ \([^()]*\)$/, ''), ...rest] });
  }

  private showProgress(started: number): void {
    const running = this.jobs.filter(({ state }) => state === 'running' || state === 'finishing');
    const ended = this.jobs.filter(({ state }) => state === 'done' || state === 'failed').length;
    const seconds = (performance.now() - started) / 1000;
    const each = running.map(({ name, progress }) => `${name} ${progress}`).join(' · ') || 'the compiler reads';
    this.screen.status(`  ${ended}/${this.jobs.length} done, ${duration(seconds)}: ${each}`);
  }
}

function doneText(job: Job, executed: Notebook, twins: number, bytes: number): string {
  const figures = [...displays(executed)].filter(({ data }) => data[MIME.plotly]).length;
  const parts = [
    plural(executed.cells.filter((cell) => cell.execution_count != null).length, 'cell'),
    figures ? `${plural(figures, 'figure')}${twins ? '' : ' without twins'}` : '',
    `${(bytes / 1e6).toFixed(2)} MB`,
  ];
  const late = job.seconds > job.budget ? ': over budget' : '';
  return `✓ ${job.name}: ${duration(job.seconds)} of ${duration(job.budget)}${late}; ${parts.filter(Boolean).join(', ')}`;
}
