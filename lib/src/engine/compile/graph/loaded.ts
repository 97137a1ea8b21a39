import type { tf } from '../../tf';
import type { NativeBackend } from '../../engines/native/addon';
import { Outlook } from '../watch';
import { LoopGraph } from './loop';
import { Session } from './session';
import { startXla } from './start-xla';
import { Trace } from './trace';

/** A traced step, loaded. */
export interface Loaded {
  traced: Trace;
  graph: LoopGraph;
  session: Session;
  inputNames: string;
  outputNames: string;
  /** graphs to fall back on when TensorFlow cannot compile this one */
  others: (() => LoopGraph)[];
  /** what it does, and what might change that */
  digest: string;
  outlook: Outlook;
  /** measured, NaN before the first chunk */
  millisecondsPerStep: number;
  warm: boolean;
}

/** Loads the first graph that TensorFlow accepts. */
export function loadFirst(
  graphs: (() => LoopGraph)[],
  backend: NativeBackend,
): Pick<Loaded, 'graph' | 'session' | 'inputNames' | 'outputNames' | 'others'> {
  for (let i = 0; ; i++) {
    try {
      const graph = graphs[i]();
      if (graph.threads !== undefined) startXla(backend);
      return {
        graph,
        session: new Session(backend, graph.nodes, graph.functions, {
          threads: graph.threads,
          // all that there is to run is one operation: a thread of a pool would only have to be woken for it
          inCaller: graph.kind === 'xla' && !backend.binding.isUsingGpuDevice(),
        }),
        inputNames: graph.body.feeds.map(({ node }) => `${node}:0`).join(','),
        outputNames: graph.fetches.join(','),
        others: graphs.slice(i + 1),
      };
    } catch (error) {
      if (i === graphs.length - 1) throw error;
    }
  }
}

/** Whether a tensor from outside that the graph holds has been disposed by everybody else. */
export function stale({ traced }: Loaded, backend: NativeBackend): boolean {
  for (const source of traced.sources.values()) {
    if (source.kind === 'held' && source.outside && backend.refCount(source.dataId) <= 1) return true;
  }
  return false;
}

/** The variables that a step reads or assigns. */
export function variablesOf({ sources, changed }: Trace): tf.Variable[] {
  const read = [...sources.values()].flatMap((source) => (source.kind === 'variable' ? [source.variable] : []));
  return [...new Set([...read, ...changed.map(({ variable }) => variable)])];
}

/** Lets go of the graph and of what the trace holds. */
export function free({ session, traced }: Loaded): void {
  session.dispose();
  traced.release();
}
