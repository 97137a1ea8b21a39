import { Body, Emitter, Feed, gather, writeBody } from './body';
import { Binding } from '../../engines/native/addon';
import { Attribute, DataType, GraphNode } from './proto';
import { LoopGraph } from './loop';
import { NOT_FOR_XLA, differsByType } from './xla-limits';

/**
 * The step as the body of a loop that TensorFlow's executor runs, kernel by kernel, made of TensorFlow's loop primitives (Enter,
 * Merge, Switch, NextIteration, Exit): without the function call per step that a While node costs.
 *
 * Loop variables are the step's number within the chunk, the variables that the step changes, and one list per output; everything
 * else enters once as a constant of the loop.
 *
 * @param xla whether XLA may compile what neighbouring operations it can, cluster by cluster
 */
export function executorLoop(body: Body, binding: Binding, xla: boolean): LoopGraph {
  const { traced, feeds, feedOf } = body;
  const nodes: GraphNode[] = [];
  const add = (name: string, op: string, inputs: string[], attributes: Record<string, Attribute> = {}): string => {
    nodes.push({ name, op, inputs, attributes });
    return name;
  };
  const constant = (name: string, dtype: number, shape: number[], values: ArrayBufferView, inside?: string) =>
    add(name, 'Const', inside ? [`^${inside}`] : [], {
      dtype: { type: dtype },
      value: { tensor: { dtype, shape, values } },
    });
  const enter = (name: string, input: string, dtype: number, isConstant: boolean) =>
    add(name, 'Enter', [input], {
      T: { type: dtype },
      frame_name: { string: 'steps' },
      is_constant: { bool: isConstant },
      parallel_iterations: { int: 1 },
    });

  // The loop's variables, each with its value for the next step, known when the body is written.
  const loop: { name: string; dtype: number; next?: string }[] = [];
  const loopVariable = (name: string, dtype: number, initial: string) => {
    enter(`${name}/enter`, initial, dtype, false);
    add(`${name}/merge`, 'Merge', [`${name}/enter`, `${name}/next`], { T: { type: dtype }, N: { int: 2 } });
    add(`${name}/switch`, 'Switch', [`${name}/merge`, 'continue'], { T: { type: dtype } });
    add(`${name}/now`, 'Identity', [`${name}/switch:1`], { T: { type: dtype } });
    add(`${name}/exit`, 'Exit', [`${name}/switch`], { T: { type: dtype } });
    const variable: { name: string; dtype: number; next?: string } = { name, dtype };
    loop.push(variable);
    return variable;
  };

  for (const { node, dtype, shape, perStep } of feeds) {
    add(node, 'Placeholder', [], { dtype: { type: dtype }, shape: { shape: perStep ? [-1, ...shape] : shape } });
  }
  const entered = new Map<Feed, string>();
  const steps = enter('steps/in', feedOf.get('steps')!.node, DataType.int32, true);
  const zero = constant('zero', DataType.int32, [], Int32Array.of(0));
  const index = loopVariable('i', DataType.int32, zero);
  add('more', 'Less', ['i/merge', steps], { T: { type: DataType.int32 } });
  add('continue', 'LoopCond', ['more']);
  const now = 'i/now';
  const one = constant('one', DataType.int32, [], Int32Array.of(1), now);
  index.next = add('i/plus', 'AddV2', [now, one], { T: { type: DataType.int32 } });

  const states = traced.changed.map((_, i) => {
    const feed = feeds.find((f) => f.kind === 'variable' && f.index === i)!;
    const state = loopVariable(`state${i}`, feed.dtype, feed.node);
    entered.set(feed, `${state.name}/now`);
    return state;
  });
  const given = (feed: Feed): string => {
    if (!entered.has(feed)) entered.set(feed, enter(`${feed.node}/in`, feed.node, feed.dtype, true));
    return entered.get(feed)!;
  };
  const emitter: Emitter = {
    add: (name, op, inputs, attributes, fromTrace) => {
      const may = xla && fromTrace && !NOT_FOR_XLA.has(op) && !differsByType(op, attributes);
      const marked = may ? { ...attributes, _XlaCompile: { bool: true } } : attributes;
      add(name, op, inputs, marked);
      return (output = 0) => (output === 0 ? name : `${name}:${output}`);
    },
    constant: (name, dtype, shape, values) => constant(name, dtype, shape, values, now),
    row: (name, input, { dtype }, index) => gather(emitter, name, input, dtype, index),
  };
  const symbol = writeBody(body, binding, emitter, now, given);

  const fetches = states.map(({ name }) => `${name}/exit:0`);
  const changes = changesWithTheLoop(nodes);
  traced.changed.forEach(({ value }, i) => {
    const next = symbol(value);
    // TensorFlow would start one step after the other, without end, to pass on a value that is there in all of them
    states[i].next = changes(next)
      ? next
      : add(`state${i}/again`, 'Identity', [next, `^${now}`], { T: { type: states[i].dtype } });
  });
  traced.outputs.forEach(({ value, shape }, k) => {
    const { dtype } = traced.info.get(value)!;
    const elements = constant(`output${k}/shape`, DataType.int32, [shape.length], Int32Array.from(shape));
    const empty = add(`output${k}/empty`, 'TensorListReserve', [elements, 'steps'], {
      element_dtype: { type: dtype },
      shape_type: { type: DataType.int32 },
    });
    const list = loopVariable(`output${k}/list`, DataType.variant, empty);
    list.next = add(`output${k}/set`, 'TensorListSetItem', [`output${k}/list/now`, now, symbol(value)], {
      element_dtype: { type: dtype },
    });
    add(`output${k}/stack`, 'TensorListStack', [`output${k}/list/exit`, elements], {
      element_dtype: { type: dtype },
      num_elements: { int: -1 },
    });
    fetches.push(`output${k}/stack:0`);
  });
  for (const { name, dtype, next } of loop) add(`${name}/next`, 'NextIteration', [next!], { T: { type: dtype } });
  return { kind: xla ? 'clusters' : 'executor', nodes, functions: [], body, fetches, capacity: undefined };
}

/** Whether a node's value belongs to one step of the loop; those made only of what enters as a constant belong to all. */
function changesWithTheLoop(nodes: readonly GraphNode[]): (input: string) => boolean {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const known = new Map<string, boolean>();
  const changes = (input: string): boolean => {
    const name = input.replace(/^\^/, '').replace(/:\d+$/, '');
    const found = known.get(name);
    if (found !== undefined) return found;
    const { op, inputs } = byName.get(name)!;
    const answer = op === 'Switch' || (op !== 'Enter' && inputs.some(changes));
    known.set(name, answer);
    return answer;
  };
  return changes;
}
