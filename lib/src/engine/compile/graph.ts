import { planBody } from './body';
import { executorLoop } from './executor-loop';
import { LoopGraph } from './loop';
import { Binding } from './native';
import { Trace } from './trace';
import { fitsXlaLoop, xlaLoop } from './xla-loop';

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
