/** A sweep from the command line: what is there is not run again, results are kept as they end. */
import type { Sweeping, SweepRun } from '../../src/experiments';
import { duration, plural, type Screen } from '../run/screen';
import type { Stop } from '../running';
import { shown } from '../places';
import { type Ended, type Hands, type Task, TRIES, type Work } from './pool';
import type { Result, Store } from './store';
import { placeText } from '../../src/experiments/sweep-summary';

/** How a sweep is run. */
export interface SweepOptions {
  /** Where the results are kept. */
  store: Store;
  /** Hash of the code that decides the numbers. */
  code: string;
  /** Who makes the runs; asked for where some are missing. */
  hands(): Hands;
  /** Begin nothing more after so many seconds. */
  budget?: number;
  /** Try again what was set aside. */
  retry?: boolean;
  /** Who looks on. */
  watch: Watch;
}

/** Who looks on: a terminal, or the cell of a notebook. */
export interface Watch {
  readonly screen: Pick<Screen, 'live' | 'line' | 'status' | 'clear'>;
  /** Results, and whether they were there before. */
  kept?(results: readonly Result[], before: boolean): void;
  /** A run was set aside. */
  aside?(identity: string, error: string): void;
}

/** Seconds between two lines where no terminal shows one that changes. */
const LINE_EVERY = 20;

/** Makes the runs that are not there yet. */
export class SweepInProgress implements Work {
  readonly store: Store;
  private readonly started = performance.now();
  private waiting: SweepRun[] = [];
  private begun = 0;
  private engine = '';
  private total = 0;
  private done = 0;
  private lastLine = performance.now();
  /** Where in the grid each run is, as this sweep has it. */
  private readonly places: ReadonlyMap<string, SweepRun['at']>;
  private readonly wanted: ReadonlySet<string>;

  constructor(
    private readonly sweep: Sweeping,
    private readonly runs: readonly SweepRun[],
    private readonly options: SweepOptions,
    private readonly stop: Stop,
  ) {
    this.store = options.store;
    this.wanted = new Set(runs.map(({ identity }) => identity));
    this.places = new Map(sweep.runs.map(({ identity, at }) => [identity, at]));
  }

  private get screen(): Watch['screen'] {
    return this.options.watch.screen;
  }

  /** @returns the exit code: 0 when every run is there, 1 when one was set aside or is left for another time */
  async run(): Promise<number> {
    const { sweep, options } = this;
    await this.putAwayStale((result) => result.code !== options.code, 'other code');
    if (options.retry) for (const { identity } of this.runs) this.store.forgive(identity);
    await this.store.move(this.places);
    if (this.missing().length === 0) this.tellWhatIsThere();
    else {
      const pool = options.hands();
      const ignore = this.stop.onAsked(() => pool.kill());
      const clock = setInterval(() => this.progress(), 250);
      try {
        this.engine = await pool.engine();
        await this.putAwayStale((result) => result.engine !== this.engine, 'another engine');
        this.tellWhatIsThere();
        this.waiting = this.missing();
        this.total = this.waiting.length;
        const there = this.runs.length - this.total;
        this.screen.line(
          `${sweep.name}: ${plural(this.runs.length, 'run')} of ${sweep.experiment.name}, ${there} of them there; ` +
            `${pool.words} with ${this.engine}`,
        );
        await pool.run(this);
      } catch (error) {
        if (!this.stop.asked) throw error;
      } finally {
        clearInterval(clock);
        ignore();
        pool.kill();
        this.screen.clear();
      }
    }
    return this.summary();
  }

  get goesOn(): boolean {
    return !this.stop.asked && !this.isSpent();
  }

  next(): SweepRun | undefined {
    // A result that waited in a queue, from before this command, may have come in meanwhile.
    while (this.goesOn && this.begun < this.waiting.length) {
      const run = this.waiting[this.begun++];
      if (this.isMissing(run)) return run;
    }
    return undefined;
  }

  async onDone(ended: readonly Ended[]): Promise<void> {
    const { code } = this.options;
    const fresh = ended.filter(({ task }) => this.isWanted(task.identity) && !this.store.get(task.identity)).length;
    // What waited in a queue may be of another grid.
    const results = ended.map(({ task: { identity, ...task }, answer, seconds }) => {
      const at = this.places.get(identity) ?? task.at;
      return { identity, at, answer, seconds, code, engine: this.engine };
    });
    await this.store.put(...results);
    this.done += fresh;
    const wanted = results.filter(({ identity }) => this.isWanted(identity));
    if (wanted.length > 0) this.options.watch.kept?.(wanted, false);
  }

  async onFailed({ identity, at }: Task, error: string): Promise<void> {
    await this.store.setAside({ identity, at: this.places.get(identity) ?? at, error, tries: TRIES });
    this.screen.line(`  set aside after ${TRIES} tries: ${placeText(at)}: ${error}`);
    if (this.isWanted(identity)) this.options.watch.aside?.(identity, error);
  }

  /** A queue may hold what an earlier command asked for: it is kept, and is none of the runs that are looked on at. */
  private isWanted(identity: string): boolean {
    return this.wanted.has(identity);
  }

  private tellWhatIsThere(): void {
    const { watch } = this.options;
    for (const { identity } of this.runs) {
      const failure = this.store.failure(identity);
      if (failure) watch.aside?.(identity, failure.error);
    }
    watch.kept?.(
      this.runs.flatMap(({ identity }) => this.store.get(identity) ?? []),
      true,
    );
  }

  /** Runs that have neither a result nor a failure. */
  private missing(): SweepRun[] {
    return this.runs.filter((run) => this.isMissing(run));
  }

  private isMissing({ identity }: SweepRun): boolean {
    return !this.store.get(identity) && !this.store.failure(identity);
  }

  private async putAwayStale(isStale: (result: Result) => boolean, of: string): Promise<void> {
    const stale = this.runs.flatMap(({ identity }) => this.store.get(identity) ?? []).filter(isStale);
    if (stale.length === 0) return;
    await this.store.putAway(stale);
    this.screen.line(
      `${plural(stale.length, 'result')} of ${of}: kept in ${shown(this.store.folder)}/stale, and run again`,
    );
  }

  private isSpent(): boolean {
    return this.options.budget !== undefined && this.seconds() > this.options.budget;
  }

  private seconds(): number {
    return (performance.now() - this.started) / 1000;
  }

  private progress(): void {
    if (this.total === 0) return;
    const left = this.done === 0 ? '' : `, ${duration((this.seconds() / this.done) * (this.total - this.done))} left`;
    const text = `  ${this.done} of ${this.total}, ${duration(this.seconds())}${left}`;
    if (this.screen.live) return this.screen.status(text);
    if (performance.now() - this.lastLine < LINE_EVERY * 1000) return;
    this.lastLine = performance.now();
    this.screen.line(text);
  }

  private summary(): number {
    const aside = this.runs.filter(({ identity }) => this.store.failure(identity)).length;
    const left = this.missing().length;
    const there = this.runs.length - aside - left;
    this.screen.line(
      `${there} of ${plural(this.runs.length, 'run')} there, ${this.done} of them made in ${duration(this.seconds())}`,
    );
    if (aside > 0)
      this.screen.line(
        `${plural(aside, 'run')} set aside: see ${shown(this.store.folder)}/failed; \`--retry\` tries again`,
      );
    if (left > 0) this.screen.line(`${plural(left, 'run')} left: the same command goes on`);
    return aside + left > 0 ? 1 : 0;
  }
}
