/** Whether a machine's numbers belong to a sweep. */
import type { Sweeping } from '../../../src/experiments';
import { codeOf } from '../code';
import { type Worker, WorkerProcess } from '../process';
import { type Offer, queueOf } from './offer';

/** Looks at each sweep once, and says why one is not for this machine. */
export class Suitability {
  private readonly seen = new Map<string, boolean>();
  private isStopped = false;
  private looking: WorkerProcess | undefined;
  private first: { of: string; process: WorkerProcess } | undefined;

  constructor(
    private readonly files: readonly { file: string; sweep: Sweeping }[],
    private readonly say: (text: string) => void,
  ) {}

  /** Whether runs of a sweep may be made here. */
  async suits(offer: Offer): Promise<boolean> {
    const key = `${queueOf(offer)} ${offer.own}`;
    const known = this.seen.get(key);
    if (known !== undefined) return known;
    const why = await this.whyNot(offer);
    if (this.isStopped) return false;
    this.seen.set(key, why === undefined);
    if (why !== undefined) this.say(`Nothing is taken of ${offer.sweep}: ${why}`);
    return why === undefined;
  }

  /** What makes its runs. */
  workerOf(offer: Offer): Worker {
    const file = this.fileOf(offer)?.file;
    return { experiment: offer.experiment, ...(offer.own && { file }) };
  }

  /** The process that was looked at, where it is of this sweep: it need not begin again. */
  borrow(offer: Offer): WorkerProcess | undefined {
    if (this.first?.of !== queueOf(offer)) return undefined;
    const { process } = this.first;
    this.first = undefined;
    return process;
  }

  /** Ends it: what is being looked at is not said to be unsuitable. */
  stop(): void {
    this.isStopped = true;
    this.looking?.kill();
  }

  dispose(): void {
    this.first?.process.kill();
    this.first = undefined;
  }

  private fileOf({ sweep, own }: Offer) {
    return own ? this.files.find((one) => one.sweep.name === sweep) : undefined;
  }

  private async whyNot(offer: Offer): Promise<string | undefined> {
    const { need, own, experiment } = offer;
    const found = this.fileOf(offer);
    if (own && !found) {
      return `its experiment is of its own file, which this worker was not started with: \`npm run worker -- FILE\`.`;
    }
    let code: string;
    try {
      code = codeOf(
        found?.sweep ?? { own: false, experiment: { name: experiment } as Sweeping['experiment'] },
        found?.file ?? '',
      );
    } catch (error) {
      return `${(error as Error).message} The checkout is of another time than the sweep's.`;
    }
    if (code !== need.code) {
      return `it is of other code (${need.code}; here ${code}). Bring this checkout, and the sweep's file, to the same state.`;
    }
    return this.whyNotHere(offer);
  }

  /** What only a process that computes can tell. */
  private async whyNotHere(offer: Offer): Promise<string | undefined> {
    this.dispose();
    const process = (this.looking = new WorkerProcess(this.workerOf(offer)));
    try {
      const why = await whyNotIn(process, offer.need);
      if (why === undefined) this.first = { of: queueOf(offer), process };
      else process.kill();
      return why;
    } catch (error) {
      process.kill();
      return `its process cannot begin here: ${(error as Error).message}`;
    }
  }
}

async function whyNotIn(process: WorkerProcess, need: Offer['need']): Promise<string | undefined> {
  const engine = await process.engine();
  if (engine !== need.engine) return `it is computed with ${need.engine}; here is ${engine}.`;
  let data: Record<string, string>;
  try {
    data = await process.data(Object.keys(need.data));
  } catch (error) {
    return `its data are not here: ${(error as Error).message}`;
  }
  const other = Object.keys(need.data).filter((kind) => data[kind] !== need.data[kind]);
  return other.length > 0 ? `its ${other.join(' and ')} are other data than those that are here.` : undefined;
}
