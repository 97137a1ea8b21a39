import { Body, planBody } from './body';
import { executorLoop } from './executor-loop';
import { Binding } from './native';
import { FunctionDefinition, GraphNode } from './proto';
import { Trace } from './trace';
import { fitsXlaLoop, xlaLoop } from './xla-loop';

/**
 * How a graph runs its steps: 'xla': the loop is one XLA computation; 'clusters': TensorFlow's executor runs the loop, and XLA compiles
 * the parts of the step that it can; 'executor': no XLA.
 */
export type LoopKind = 'xla' | 'clusters' | 'executor';

/** A graph that runs a number of steps, and how to feed it and read it. */
export interface LoopGraph {
  kind: LoopKind;
  nodes: GraphNode[];
  functions: FunctionDefinition[];
  /** what it is fed with, in order, among other things */
  body: Body;
  /** names of the outputs: first the changed variables, then the stacked outputs of the step */
  fetches: string[];
  /** steps that a call must be fed for, though it may run fewer; undefined: as many as it runs */
  capacity: number | undefined;
}

/** The graphs that can run the traced step, best first: when TensorFlow refuses one, the next is to be tried. */
export function loopGraphs(
  traced: Trace,
  { binding, dataNames, xla }: { binding: Binding; dataNames: ReadonlySet<string>; xla: boolean },
): (() => LoopGraph)[] {
  const body = planBody(traced, binding, dataNames);
  if (!xla) return [() => executorLoop(body, binding, false)];
  const clusters = () => executorLoop(body, binding, true);
  return fitsXlaLoop(body) ? [() => xlaLoop(body, binding), clusters] : [clusters];
}
