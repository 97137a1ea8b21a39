/** What experiments that train on tensors of a whole training set have in common. */
import { toTensors } from '../data';
import { tf } from '../engine';
import { networkOf, type Network, type NetworkSpec } from '../nn';
import { datasetOf, type DataSpec } from './data-spec';
import { ofTraining, type PartsDone, type RunControl } from './experiment';

/** A training set and how networks for it begin, with what watches the work and ends it. */
interface TrainingSet {
  /** Examples. */
  x: tf.Tensor2D;
  /** One-hot. */
  y: tf.Tensor2D;
  build: (seed: number) => Network;
  signal: AbortSignal | undefined;
  onProgress: ((at: PartsDone) => void) | undefined;
}

/** Has work done on the training set that is described; its tensors live no longer. @throws as `datasetOf`, and what the work throws */
export async function onTrainingSet<T>(
  { network, data }: { network: NetworkSpec; data: DataSpec },
  control: RunControl,
  work: (set: TrainingSet) => Promise<T>,
): Promise<T> {
  const { train } = await datasetOf(data, { signal: control.signal });
  const { x, y } = toTensors(train);
  try {
    const build = (seed: number) => networkOf(network, seed);
    return await work({ x, y, build, signal: control.signal, onProgress: ofTraining(control) });
  } finally {
    tf.dispose([x, y]);
  }
}
