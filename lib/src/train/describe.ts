/** Networks and results as plain JSON. */
import { tf } from '../engine';
import type { Layer } from '../nn';
import type { Json } from '../probe/types';
import { finiteOrNull } from './history';

/** Name, size and, where the network says it, configuration. */
export function describeNetwork(network: Layer): Json {
  const parameters = network.trainable.reduce((sum, v) => sum + v.size, 0);
  const { config } = network as { config?: unknown };
  return { name: network.name, parameters, config: plain(config) };
}

/** The same value as it will be after a trip through JSON: NaN and infinities become null, typed arrays plain ones. */
export function plain(value: unknown): Json {
  if (typeof value === 'number') return finiteOrNull(value);
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>, plain);
  if (value instanceof tf.Tensor) throw new TypeError('A probe returned a tensor; wanted plain numbers (dataSync).');
  return Object.fromEntries(Object.entries(value as object).map(([key, entry]) => [key, plain(entry)]));
}
