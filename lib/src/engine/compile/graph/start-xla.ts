import type { NativeBackend } from '../../engines/native/addon';
import { tf } from '../../tf';
import { DataType, FunctionDefinition, GraphNode } from './proto';
import { Session } from './session';

let started = false;

/**
 * Has XLA compile something trivial in a session with all of TensorFlow's threads, once in a process.
 *
 * XLA divides the work of what it compiles among as many threads as the session had that was the first to compile anything. Were
 * that one of a small step on one thread, the large steps after it would have one thread too.
 */
export function startXla(backend: NativeBackend): void {
  if (started) return;
  const float = DataType.float32;
  const doubled: FunctionDefinition = {
    name: 'doubled',
    parameters: [{ name: 'x', dtype: float }],
    nodes: [{ name: 'sum', op: 'AddV2', inputs: ['x', 'x'], attributes: { T: { type: float } } }],
    results: [{ name: 'y', dtype: float, value: 'sum:z:0' }],
    mustCompile: true,
  };
  const nodes: GraphNode[] = [
    { name: 'x', op: 'Placeholder', inputs: [], attributes: { dtype: { type: float }, shape: { shape: [] } } },
    {
      name: 'launch',
      op: 'StatefulPartitionedCall',
      inputs: ['x'],
      attributes: {
        Tin: { types: [float] },
        Tout: { types: [float] },
        f: { func: 'doubled' },
        _XlaMustCompile: { bool: true },
      },
    },
  ];
  const session = new Session(backend, nodes, [doubled]);
  const x = tf.scalar(1);
  try {
    for (const result of session.run(backend.getInputTensorIds([x]), 'x:0', 'launch:0')) {
      backend.createOutputTensor(result).dispose();
    }
    started = true;
  } finally {
    x.dispose();
    session.dispose();
  }
}
