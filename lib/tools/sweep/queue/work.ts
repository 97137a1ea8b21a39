/** The other end of the queue: a machine that takes runs of whatever sweep its numbers belong to. */
import * as os from 'node:os';
import { type Job, UnrecoverableError, WaitingError, Worker as Taker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Sweeping } from '../../../src/experiments';
import { plural, type Screen } from '../../run/screen';
import type { Stop } from '../../running';
import { TRIES } from '../pool';
import { type Answer, CannotBegin, ProcessEnded, type Worker, WorkerProcess } from '../process';
import { placeText } from '../../../src/experiments/sweep-summary';
import { type Address, connection, expectServer } from './address';
import { type Offer, offers, PREFIX, queueOf, taskOf } from './offer';
import { Suitability } from './suits';

/** Milliseconds after which a run whose worker is silent is given to another one. */
const SILENT = 15_000;
/** Milliseconds between two looks at which sweeps there are. */
const LOOK = 500;

/** How a machine works. */
export interface WorkOptions {
  address: Address;
  /** Sweeps whose experiment is of their own file, with it. */
  files: { file: string; sweep: Sweeping }[];
  /** Runs side by side. */
  width: number;
  /** Seconds without work until it ends; undefined: it waits. */
  idle?: number;
  /** Seconds that runs under way have to end when it is to stop, before they are given back. */
  grace: number;
  /** Milliseconds; see SILENT. */
  silent?: number;
}

/** A machine at work. */
export class QueueWorker {
  private readonly suitability: Suitability;
  private readonly server: Redis;
  private readonly stopped: Promise<void>;
  private made = 0;
  private trouble: Error | undefined;

  constructor(
    private readonly options: WorkOptions,
    private readonly stop: Stop,
    private readonly screen: Screen,
  ) {
    this.suitability = new Suitability(options.files, (text) => screen.line(text));
    this.server = connection(options.address, {
      onBroken: (why) => screen.line(`The queue does not answer (${why}): waiting for it.`),
      onMended: () => screen.line('The queue answers again.'),
    });
    this.stopped = new Promise((resolve) => stop.onAsked(resolve));
    stop.onAsked(() => this.suitability.stop());
  }

  /** Works until it is to stop, or was idle. @returns the number of runs it made */
  async run(): Promise<number> {
    await expectServer(this.options.address);
    this.screen.line(
      `Waiting for sweeps at ${this.options.address.shown}, ${plural(this.options.width, 'run')} at a time`,
    );
    let workedAt = performance.now();
    try {
      while (!this.stop.asked && !this.trouble) {
        const offer = await this.suitable();
        if (offer && (await this.serve(offer))) workedAt = performance.now();
        const { idle } = this.options;
        if (idle !== undefined && performance.now() - workedAt > 1000 * idle) break;
        await this.pause(LOOK);
      }
    } finally {
      this.suitability.dispose();
      this.server.disconnect();
    }
    if (this.trouble) throw this.trouble;
    return this.made;
  }

  /** The sweeps at this moment; none while the queue does not answer and the worker is to stop. */
  private async offers(): Promise<Offer[]> {
    return (await Promise.race([offers(this.server), this.stopped])) ?? [];
  }

  private async suitable(): Promise<Offer | undefined> {
    for (const offer of await this.offers()) {
      if (this.stop.asked) return undefined;
      if (await this.suitability.suits(offer)) return offer;
    }
    return undefined;
  }

  /** Takes runs of one sweep as long as it has some. @returns whether there were any */
  private async serve(offer: Offer): Promise<boolean> {
    const { address, silent = SILENT } = this.options;
    const before = this.made;
    const lane = new Lane(this.suitability.workerOf(offer), this.suitability.borrow(offer));
    let lastRun = performance.now();
    const taker = new Taker(
      queueOf(offer),
      async (job, token) => {
        try {
          const answer = await lane.make(job, token);
          this.made += 1;
          return answer;
        } finally {
          lastRun = performance.now();
        }
      },
      {
        ...{ connection: address.options, prefix: PREFIX, concurrency: this.options.width },
        ...{ lockDuration: silent, stalledInterval: silent, maxStalledCount: TRIES - 1, drainDelay: 1 },
        name: `${os.hostname()}-${process.pid}`,
      },
    );
    taker.on('error', () => undefined); // said by the connection beside it
    taker.on('failed', (job, error) => job && this.screen.line(`  failed: ${wordsOf(job)}: ${error.message}`));
    lane.onTrouble = (error) => (this.trouble ??= error);
    const isIdle = () => lane.isIdle && performance.now() - lastRun > 2 * LOOK;
    while (!this.stop.asked && !this.trouble) {
      await this.pause(LOOK);
      this.screen.status(`  ${offer.sweep}: ${plural(this.made - before, 'run')} made here`);
      if (!isIdle()) continue;
      const now = await this.offers();
      if (now.length !== 1 || queueOf(now[0]) !== queueOf(offer)) break;
      if (this.options.idle !== undefined) break;
    }
    await this.end(taker, lane);
    this.screen.clear();
    if (this.made > before)
      this.screen.line(`${offer.sweep}: ${plural(this.made - before, 'run')} made here with ${offer.need.engine}`);
    return this.made > before;
  }

  /** Runs under way may end within the grace; then they are given back. */
  private async end(taker: Taker, lane: Lane): Promise<void> {
    const closed = taker.close().catch(() => undefined);
    const isClosed = closed.then(() => true as const);
    const within = (seconds: number) =>
      Promise.race([
        isClosed,
        new Promise<false>((resolve) => setTimeout(() => resolve(false), 1000 * seconds).unref()),
      ]);
    if (!(await within(this.options.grace))) lane.giveBack();
    // Where the queue does not answer, what is under way is given back by others, when this worker was silent long enough.
    if (!(await within(5))) await taker.close(true).catch(() => undefined);
    lane.kill();
  }

  private async pause(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([new Promise((resolve) => (timer = setTimeout(resolve, milliseconds))), this.stopped]);
    clearTimeout(timer);
  }
}

/** The processes that make the runs of one sweep. */
class Lane {
  onTrouble: (error: Error) => void = () => undefined;
  private readonly free: WorkerProcess[];
  private readonly all = new Set<WorkerProcess>();
  private busy = 0;
  private givesBack = false;

  constructor(
    private readonly worker: Worker,
    first: WorkerProcess | undefined,
  ) {
    this.free = first ? [first] : [];
    for (const one of this.free) this.all.add(one);
  }

  get isIdle(): boolean {
    return this.busy === 0;
  }

  /** @throws what BullMQ takes for a failed try, for a job that is never to be tried again, or for one that was given back */
  async make(job: Job, token: string | undefined): Promise<Answer> {
    const task = taskOf(job);
    if (!task) throw new UnrecoverableError('This job is no run of a sweep: workers leave it alone.');
    this.busy += 1;
    try {
      const process = this.free.pop() ?? (await this.begin());
      try {
        const { answer, seconds } = await process.run(task.identity, task.options);
        this.free.push(process);
        return { answer, seconds };
      } catch (error) {
        if (!(error instanceof ProcessEnded)) this.free.push(process);
        throw error;
      }
    } catch (error) {
      if (!this.givesBack && !(error instanceof CannotBegin)) throw error;
      if (error instanceof CannotBegin) this.onTrouble(error);
      await job.moveToWait(token);
      throw new WaitingError();
    } finally {
      this.busy -= 1;
    }
  }

  /** Runs under way are for other workers, at once. */
  giveBack(): void {
    this.givesBack = true;
    this.kill();
  }

  kill(): void {
    for (const one of this.all) one.kill();
  }

  private async begin(): Promise<WorkerProcess> {
    return (await WorkerProcess.begin(this.worker, (one) => this.all.add(one))).process;
  }
}

function wordsOf(job: Job): string {
  const task = taskOf(job);
  return task ? placeText(task.at) : `job ${job.id}`;
}
