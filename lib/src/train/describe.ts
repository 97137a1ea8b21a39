/** Networks as plain JSON. */
import { stored, type Json } from '../core/json';
import type { Layer } from '../nn';

/** Name, size and, where the network says it, configuration. */
export function describeNetwork(network: Layer): Json {
  const parameters = network.trainable.reduce((sum, v) => sum + v.size, 0);
  const { config } = network as { config?: unknown };
  return { name: network.name, parameters, config: stored(config) };
}
