import { tf } from '../../tf';
import type { NativeBackend } from '../../engines/native/addon';
import { levelsOf } from '../../engines/native/levels';
import type { Call } from '../call';
import { drawMany } from '../random';
import { Feed } from './body';
import { DataType } from './proto';
import type { Loaded } from './loaded';

/** Runs `steps` steps of a call from number `from` on: changed variables and stacked outputs. */
export function runGraph(
  { graph, session, traced, inputNames, outputNames }: Loaded,
  call: Call,
  from: number,
  steps: number,
  backend: NativeBackend,
): tf.Tensor[] {
  const { batchSize } = call;
  const first = call.firstStep + from;
  const rows = graph.capacity ?? steps;
  const temporary: tf.Tensor[] = [];
  /** One entry per step, and zeros up to the rows that the graph wants. */
  const perStep = (feed: Feed, values: Float32Array | Int32Array | Uint8Array): tf.Tensor => {
    const size = rows * feed.shape.reduce((a, b) => a * b, 1);
    let padded = values;
    if (values.length < size) {
      padded = new (values.constructor as new (n: number) => typeof values)(size);
      padded.set(values);
    }
    const dtype = values instanceof Float32Array ? 'float32' : values instanceof Int32Array ? 'int32' : 'bool';
    return made(tf.tensor(padded, [rows, ...feed.shape], dtype));
  };
  const made = (tensor: tf.Tensor) => {
    temporary.push(tensor);
    return tensor;
  };
  const feed = (one: Feed): { dataId: object } => {
    switch (one.kind) {
      case 'steps':
        return made(tf.scalar(steps, 'int32'));
      case 'firstStep':
        return made(tf.scalar(first, 'int32'));
      case 'indices':
        return perStep(one, call.batches.slice(from * batchSize, (from + steps) * batchSize));
      case 'data':
        return call.data[one.name];
      case 'schedule':
        return perStep(one, call.schedules[one.name].slice(from, from + steps));
      case 'random':
        return perStep(one, drawMany(traced.draws[one.draw], one.draw, call.seed, first, steps));
      case 'variable':
        return graph.body.variables[one.index];
      case 'held':
        return { dataId: one.dataId };
      case 'constant':
        return made(tf.tensor(one.values, one.shape, 'float32'));
    }
  };
  try {
    const fed = graph.body.feeds.map(feed);
    const shapes = fed.map(({ dataId }) => backend.tensorMap.get(dataId).shape);
    const ids = fed.map((one, i) => {
      const { kind, dtype } = graph.body.feeds[i];
      const levels = kind === 'data' && dtype === DataType.uint8 ? levelsOf(backend, one.dataId) : undefined;
      return levels ? levels.bytes : backend.getInputTensorIds([one])[0];
    });
    return session.run(ids, inputNames, outputNames, shapes).map((metadata) => backend.createOutputTensor(metadata));
  } finally {
    tf.dispose(temporary);
  }
}
