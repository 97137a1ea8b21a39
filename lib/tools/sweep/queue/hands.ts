/**
 * A sweep whose runs are made wherever a worker is: `npm run sweep -- FILE --queue`. Runs go into a BullMQ queue, so many at a time; what has
 * ended is fetched from it, kept, and only then taken out of it. Whatever stops on the way (this command, a worker, the server, the network),
 * a run is in the queue, or kept, or handed in again.
 */
import { type Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { plural } from '../../run/screen';
import { type Ended, type Hands, type Task, TRIES, type Work } from '../pool';
import type { Answer } from '../process';
import { type Address, connection, expectServer } from './address';
import { jobOf, Lease, type Need, type Offer, PREFIX, publish, queueOf, taskOf, withdraw } from './offer';

/** Runs that wait in the queue: no more, however many the sweep has. */
const WINDOW = 500;
/** Results that are fetched at once. */
const BATCH = 100;
/** Milliseconds between two looks where nothing has ended. */
const LOOK = 100;
/** Milliseconds between two times at which the server is told again what it may have lost. */
const REMIND = 5000;

/** As every job is: so many tries with twice the time between them, and it stays until it was fetched. */
const JOB = {
  attempts: TRIES,
  backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
  removeOnComplete: false,
  removeOnFail: false,
};

/** How the queue is used. */
export interface QueueUse {
  address: Address;
  offer: Omit<Offer, 'need'>;
  /** Looked at on this machine: the results that are there already are held against it. */
  need(): Promise<Need>;
  say(text: string): void;
}

/** Workers elsewhere. */
export class QueueHands implements Hands {
  readonly words: string;
  private readonly outstanding = new Map<string, Task>();
  /** Runs that waited for their next try when the server was last reminded. */
  private delayed: ReadonlySet<string> = new Set();
  private readonly foreign = { completed: new Set<string>(), failed: new Set<string>() };
  private need: Promise<Need> | undefined;
  private server: Redis | undefined;
  private isKilled = false;
  /** Whether the sweep's lease is this command's. */
  private holds = false;
  private wake: () => void = () => undefined;

  constructor(private readonly use: QueueUse) {
    this.words = `workers of the queue at ${use.address.shown}`;
  }

  async engine(): Promise<string> {
    await expectServer(this.use.address);
    return (await (this.need ??= this.use.need())).engine;
  }

  async run(work: Work): Promise<void> {
    const { address, say } = this.use;
    const offer: Offer = { ...this.use.offer, need: await (this.need ??= this.use.need()) };
    const server = (this.server = connection(address, {
      onBroken: (why) => say(`  the queue does not answer (${why}): waiting for it; what was kept is safe`),
      onMended: () => say('  the queue answers again'),
    }));
    const queue = new Queue(queueOf(offer), { connection: server, prefix: PREFIX, defaultJobOptions: JOB });
    queue.on('error', () => undefined); // said by the connection
    const lease = new Lease(server, offer.sweep);
    try {
      this.holds = await this.obtain(lease, offer);
      if (this.holds) await this.serve(queue, lease, offer, work);
    } catch (error) {
      if (!this.isKilled) throw error;
    } finally {
      await this.leave(queue, lease, offer, server);
    }
  }

  kill(): void {
    this.isKilled = true;
    this.wake();
    // What waits for a server that is gone waits no longer.
    if (this.server && this.server.status !== 'ready') this.server.disconnect();
  }

  /** @returns false when it was stopped before it was its turn */
  private async obtain(lease: Lease, { sweep }: Offer): Promise<boolean> {
    let said: string | undefined;
    for (let holder = await lease.take(); holder !== undefined; holder = await lease.take()) {
      if (this.isKilled) return false;
      if (holder !== said)
        this.use.say(`  ${sweep} is handed out through this queue by ${holder}; waiting for it to end`);
      said = holder;
      await this.pause(1000);
    }
    return true;
  }

  private async serve(queue: Queue, lease: Lease, offer: Offer, work: Work): Promise<void> {
    let remindedAt = -Infinity;
    for (;;) {
      if (performance.now() - remindedAt > REMIND) {
        await this.remind(queue, lease, offer);
        remindedAt = performance.now();
      }
      const fetched = await this.fetch(queue, work);
      if (this.isKilled) return;
      if (work.goesOn) await this.handIn(queue, work);
      else await this.takeBack(queue);
      if (this.outstanding.size === 0) return;
      if (fetched < BATCH) await this.pause(LOOK);
    }
  }

  /** What a server that was started anew has forgotten; what it still has, it keeps as it is. */
  private async remind(queue: Queue, lease: Lease, offer: Offer): Promise<void> {
    const holder = await lease.take();
    if (holder !== undefined) {
      this.holds = false;
      throw new Error(
        `${offer.sweep} has been taken over by ${holder}, while the queue did not hear of this command. What was kept is whole.`,
      );
    }
    await publish(this.server!, offer);
    await queue.addBulk([...this.outstanding.values()].map(jobFor));
    await this.hasten(queue);
  }

  /** The end of a wait is a time by the clock of the worker where the try failed: where that is ahead, no other worker would begin for so long. */
  private async hasten(queue: Queue): Promise<void> {
    const delayed = (await queue.getDelayed(0, WINDOW - 1)).filter(
      (job) => job && this.outstanding.has(String(job.id)),
    );
    const before = this.delayed;
    this.delayed = new Set(delayed.map(({ id }) => String(id)));
    const overdue = delayed.filter(({ id }) => before.has(String(id)));
    await Promise.all(overdue.map((job) => job.promote().catch(() => undefined))); // a worker has begun it meanwhile
  }

  private async handIn(queue: Queue, work: Work): Promise<void> {
    const batch: Task[] = [];
    while (this.outstanding.size < WINDOW) {
      const next = work.next();
      if (!next) break;
      const task = { identity: next.identity, at: next.at, options: next.options };
      this.outstanding.set(jobOf(task.identity), task);
      batch.push(task);
    }
    if (batch.length > 0) await queue.addBulk(batch.map(jobFor));
  }

  /** This sweep's runs that no worker has begun. */
  private async takeBack(queue: Queue): Promise<void> {
    const one = async (id: string) => {
      const state = await queue.getJobState(id);
      const isWaiting = state === 'waiting' || state === 'delayed' || state === 'prioritized';
      if (state === 'unknown' || (isWaiting && (await queue.remove(id)) === 1)) this.outstanding.delete(id);
    };
    await Promise.all([...this.outstanding.keys()].map(one));
  }

  /** @returns how many were fetched */
  private async fetch(queue: Queue, work: Work): Promise<number> {
    const completed = await this.jobs(queue, 'completed');
    const ended = completed.flatMap((job): Ended[] => {
      const [task, answer] = [taskOf(job), answerOf(job.returnvalue)];
      if (task && answer) return [{ task, ...answer }];
      this.leaveForeign('completed', String(job.id));
      return [];
    });
    if (ended.length > 0) await work.onDone(ended);
    const failed = await this.jobs(queue, 'failed');
    const aside = failed.flatMap((job): { task: Task; error: string }[] => {
      const task = taskOf(job);
      if (task) return [{ task, error: failureOf(job.failedReason) }];
      this.leaveForeign('failed', String(job.id));
      return [];
    });
    for (const { task, error } of aside) await work.onFailed(task, error);
    // They are kept: the queue may forget them.
    const fetched = new Set([...ended, ...aside].map(({ task }) => jobOf(task.identity)));
    const ours = [...completed, ...failed].filter(({ id }) => fetched.has(String(id)));
    await Promise.all(ours.map((job) => job.remove()));
    for (const id of fetched) this.outstanding.delete(id);
    return fetched.size;
  }

  /** The first jobs that ended so, beside those of somebody else, which stay in the queue. */
  private async jobs(queue: Queue, state: 'completed' | 'failed'): Promise<Job[]> {
    const last = this.foreign[state].size + BATCH - 1;
    return (await queue.getJobs([state], 0, last, true)).filter((job) => job !== undefined);
  }

  private leaveForeign(state: 'completed' | 'failed', id: string): void {
    if (this.foreign[state].has(id)) return;
    this.foreign[state].add(id);
    const count = this.foreign.completed.size + this.foreign.failed.size;
    if (count === 1) this.use.say(`  the queue holds a job that is no run of this sweep (${id}): left where it is`);
  }

  private async leave(queue: Queue, lease: Lease, offer: Offer, server: Redis): Promise<void> {
    if (this.holds && server.status === 'ready') {
      const orderly = async () => {
        await this.takeBack(queue);
        await withdraw(server, offer);
        await lease.release();
      };
      await Promise.race([orderly().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 3000))]);
    }
    await queue.close().catch(() => undefined);
    server.disconnect();
    const foreign = this.foreign.completed.size + this.foreign.failed.size;
    if (foreign > 1) this.use.say(`  ${plural(foreign, 'job')} in the queue were no runs of this sweep`);
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const jobFor = (task: Task) => ({ name: 'run', data: task, opts: { jobId: jobOf(task.identity) } });

function answerOf(value: unknown): Answer | undefined {
  const { answer, seconds } = (value ?? {}) as Partial<Answer>;
  return answer === undefined || typeof seconds !== 'number' ? undefined : { answer, seconds };
}

/** BullMQ's words for a run whose worker was gone each time say nothing of that. */
const failureOf = (reason: string | undefined): string =>
  /stalled more than allowable/.test(reason ?? '')
    ? `the worker that made it was gone before it ended, ${TRIES} times`
    : (reason ?? 'no reason was given');
