/**
 * What a sweep says of itself on the queue's server, so that a worker knows which queue to take runs from and whether its numbers would belong
 * there. The runs themselves go through BullMQ; here are one hash of names and a lease for each.
 */
import { randomBytes } from 'node:crypto';
import * as os from 'node:os';
import type { Redis } from 'ioredis';
import type { Json } from '../../../src/core/json';
import { idOf } from '../../../src/experiments/kept-results';
import { sha256 } from '../../../src/platform/node';
import '../../../src/platform/node/set';
import type { Task } from '../pool';

/** What all keys begin with. */
export const PREFIX = 'bnlab';
const OFFERS = `${PREFIX}:sweeps`;
const leaseOf = (sweep: string) => `${PREFIX}:lease:${sweep}`;

/** Milliseconds after which a sweep that says nothing more has lost its lease. */
const LEASE = 15_000;

/** What decides the numbers of a run beside its options: the same for whoever makes one. */
export interface Need {
  /** Hash of the code. */
  code: string;
  /** What computes. */
  engine: string;
  /** Digests of the data that come from files, by kind. */
  data: Record<string, string>;
}

/** A sweep that has runs to be made. */
export interface Offer {
  sweep: string;
  /** Name of its experiment. */
  experiment: string;
  /** Whether the experiment is of the sweep's own file, which a worker then needs. */
  own: boolean;
  need: Need;
}

/** Runs of different code, engine or data never meet in one queue. */
export const queueOf = ({ sweep, experiment, need }: Offer): string =>
  `${sweep}-${sha256(JSON.stringify([experiment, need.code, need.engine, Object.entries(need.data).sort()])).slice(0, 12)}`;

/** The name of a run's job: a run that is handed in twice is one job. */
export const jobOf = (identity: string): string => `run-${idOf(identity)}`;

/** The run that a job holds; undefined for a job that is of somebody else. */
export function taskOf(job: { id?: string; data: unknown }): Task | undefined {
  const data = job.data as Partial<Task> | null;
  if (typeof data?.identity !== 'string' || job.id !== jobOf(data.identity)) return undefined;
  if (typeof data.at !== 'object' || data.at === null || data.options === undefined) return undefined;
  return data as Task;
}

/** The sweeps on a server, by name; what is there and is none is left out. */
export async function offers(server: Redis): Promise<Offer[]> {
  const found = Object.values(await server.hgetall(OFFERS)).map(offerOf);
  return found.filter((offer) => offer !== undefined).sort((a, b) => (a.sweep < b.sweep ? -1 : 1));
}

function offerOf(text: string): Offer | undefined {
  try {
    const { sweep, experiment, own, need } = JSON.parse(text) as Offer;
    const texts: unknown[] = [sweep, experiment, need.code, need.engine, ...Object.values(need.data)];
    return texts.every((one) => typeof one === 'string') ? { sweep, experiment, own: own === true, need } : undefined;
  } catch {
    return undefined;
  }
}

/** Says that a sweep has runs; again after the server has lost it. */
export const publish = (server: Redis, offer: Offer): Promise<number> =>
  server.hset(OFFERS, offer.sweep, JSON.stringify(offer));

/** Says that it has none. */
export const withdraw = (server: Redis, { sweep }: Offer): Promise<number> => server.hdel(OFFERS, sweep);

/** One command at a time hands out a sweep of a name, wherever it runs. */
export class Lease {
  private readonly token = `${os.hostname()}, process ${process.pid}|${randomBytes(6).toString('hex')}`;
  private readonly key: string;

  constructor(
    private readonly server: Redis,
    sweep: string,
  ) {
    this.key = leaseOf(sweep);
  }

  /** @returns undefined when this command has it, else who does */
  async take(): Promise<string | undefined> {
    if (await this.server.set(this.key, this.token, 'PX', LEASE, 'NX')) return undefined;
    const holder = await this.server.get(this.key);
    if (holder === null) return this.take();
    if (holder !== this.token) return holder.split('|')[0];
    await this.server.pexpire(this.key, LEASE);
    return undefined;
  }

  /** Lets the next one have it. */
  async release(): Promise<void> {
    const mine = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end";
    await this.server.eval(mine, 1, this.key, this.token);
  }
}

/** The kinds of data from files that the runs of a sweep are trained on. */
export function dataKinds(options: readonly Json[]): string[] {
  const kinds = options.map((one) => {
    const { data } = (one ?? {}) as { data?: { kind?: unknown } };
    return data?.kind;
  });
  return [...new Set(kinds)].filter((kind): kind is string => kind === 'mnist' || kind === 'fashion').sort();
}
