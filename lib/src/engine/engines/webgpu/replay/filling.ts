/** Values of variables that a step has created: computed as a recording of their own. */
import { tf } from '../../../tf';
import { itself } from '../../../compile/together';
import type { NamedTensors } from '../../../compile/options';
import type { WebGPUBackend } from '../backend';
import { Player } from './player';
import type { Command, Recording, Value } from './recording';

/** What is to be computed, as outputs named by their places; nothing is assigned. */
export function filling(commands: Command[], created: { value: Value }[]): Recording {
  const results = created.map(({ value }) => value);
  const values = [...new Set([...results, ...commands.flatMap(({ bindings }) => bindings)])];
  const outputs = results.map((value, i) => ({ name: `${i}`, value, shape: value.shape, dtype: value.dtype }));
  return { values, commands, draws: [], changed: [], outputs, release: () => undefined };
}

/** Computes values, with the feeds of one step, into the data of variables that have none. */
export function fill(
  backend: WebGPUBackend,
  player: Player,
  { data, feeds }: { data: NamedTensors; feeds: ArrayBuffer },
  into: { variable: tf.Variable }[],
): void {
  const [results] = player.play(data, 1, feeds, [itself]);
  into.forEach(({ variable }, i) => {
    const target = backend.tensorMap.get(variable.dataId);
    const source = backend.tensorMap.get(results[`${i}`].dataId);
    target.resource = source.resource;
    source.resource = null;
  });
  tf.dispose(results);
}
