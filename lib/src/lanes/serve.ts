/** A lane's own side: what it is asked, it does, one after the other. */
import type { Companion, Numbers } from '../platform/port';
import type { Order, Report } from './messages';

/** What a lane can do: one kind of job. */
export interface Trade<Data> {
  /** What computes, in words: another one's numbers are others. */
  about(): Promise<string>;
  /** What is kept for the jobs to come, made of what arrived; the last is let go before. */
  keep(about: unknown, arrays: Numbers[]): Data;
  /** Lets go of it. */
  letGo(data: Data): void;
  /** Makes ready for a job's tasks. */
  open(job: unknown, data: Data): OpenJob;
}

/** A job under way. */
export interface OpenJob {
  run(task: unknown, control: { signal: AbortSignal; onProgress: (at: unknown) => void }): Promise<unknown>;
  close(): void;
}

/** Serves the process that started this one. @param ended called when that has ended */
export async function serve<Data>(
  trade: Trade<Data>,
  starter: Pick<Companion, 'send' | 'listen'>,
  ended: () => void,
): Promise<void> {
  const say = (report: Report) => starter.send(report);
  let data: { is: Data } | undefined;
  let job: OpenJob | undefined;
  let stopping = new AbortController();
  const close = () => {
    job?.close();
    job = undefined;
  };
  const obey = async (order: Order, arrays: Numbers[]): Promise<Report | undefined> => {
    switch (order.is) {
      case 'keep':
        close();
        if (data) trade.letGo(data.is);
        data = undefined;
        data = { is: trade.keep(order.value, arrays) };
        return undefined;
      case 'open':
        close();
        job = trade.open(order.job, data!.is);
        return { is: 'opened' };
      case 'run': {
        const { signal } = (stopping = new AbortController());
        const onProgress = (at: unknown) => say({ is: 'progress', at });
        return { is: 'done', answer: await job!.run(order.task, { signal, onProgress }) };
      }
      case 'close':
        close();
        return undefined;
      case 'stop':
        stopping.abort();
        return undefined;
    }
  };
  starter.listen((message, arrays) => {
    obey(message as Order, arrays).then(
      (report) => report && say(report),
      (error: unknown) => say({ is: 'failed', error: error instanceof Error ? error.message : String(error) }),
    );
  }, ended);
  try {
    say({ is: 'ready', about: await trade.about() });
  } catch (error) {
    say({ is: 'failed', error: error instanceof Error ? error.message : String(error) });
  }
}
