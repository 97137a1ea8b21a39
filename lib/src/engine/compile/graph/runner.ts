import { tf } from '../../tf';
import { nativeBackend, NativeBackend } from '../../engines/native/addon';
import { levelsOf } from '../../engines/native/levels';
import { batchInputs, Call } from '../call';
import { CompileError } from '../guard';
import type { CompileOptions, LoopKind, NamedTensors } from '../options';
import { CHUNK_MILLISECONDS, Chunk, Runner } from '../runner';
import type { AnyStep } from '../step';
import { Outlook } from '../watch';
import { digestOf } from './digest';
import { free, Loaded, loadFirst, stale, variablesOf } from './loaded';
import { listing } from './listing';
import { loopGraphs } from './loops';
import { runGraph } from './run';
import { trace, Trace } from './trace';

/** Bytes that a chunk feeds and fetches, at most. */
const CHUNK_BYTES = 64 * 2 ** 20;

/** Traces the step and runs it as a TensorFlow graph, many steps per call. On the native engine. */
export class GraphRunner implements Runner {
  readonly mode = 'graph';
  readonly traces = { count: 0, milliseconds: 0 };
  private readonly loaded = new Map<string, Loaded>();

  constructor(
    private readonly step: AnyStep,
    private readonly options: CompileOptions,
  ) {}

  get loops(): LoopKind[] {
    return [...this.loaded.values()].map(({ graph }) => graph.kind);
  }

  get oneThread(): boolean {
    return this.loaded.size > 0 && [...this.loaded.values()].every(({ graph }) => graph.threads === 1);
  }

  toString(): string {
    if (this.loaded.size === 0) return 'graph, not traced yet: run() traces it';
    const { binding } = nativeBackend()!;
    return [...this.loaded.values()].map(({ graph }) => listing(graph, binding)).join('\n\n');
  }

  dispose(): void {
    for (const loaded of this.loaded.values()) free(loaded);
    this.loaded.clear();
  }

  chunk(call: Call, from: number, count: (steps: number) => void): Chunk {
    const backend = nativeBackend()!;
    const loaded = this.load(call, backend);
    const { traced } = loaded;
    const { variables } = loaded.graph.body;
    for (const variable of variables) {
      if (variable.isDisposed) {
        throw new CompileError(`The variable '${variable.name}', which the compiled step uses, has been disposed.`);
      }
    }
    const { results, steps } = this.execute(loaded, call, from, backend);
    const changed = traced.changed.length;
    for (let i = 0; i < changed; i++) {
      variables[i].assign(results[i]);
      results[i].dispose();
    }
    count(steps);
    const tensors: NamedTensors = {};
    traced.outputs.forEach(({ name }, k) => (tensors[name] = results[changed + k]));
    return { tensors, steps };
  }

  /** Runs as many steps as fit, by the first of the graphs that TensorFlow can compile. */
  private execute(loaded: Loaded, call: Call, from: number, backend: NativeBackend) {
    const { bytesPerStep } = loaded.graph.body;
    const began = performance.now();
    for (;;) {
      const fits = loaded.graph.capacity ?? Math.max(1, Math.floor(CHUNK_BYTES / Math.max(1, bytesPerStep)));
      const steps = Math.min(call.steps - from, fits, stepsNow(loaded));
      try {
        const results = runGraph(loaded, call, from, steps, backend);
        // The first run optimizes the graph and compiles it: it says nothing of the next.
        if (loaded.warm) loaded.millisecondsPerStep = (performance.now() - began) / steps;
        loaded.warm = true;
        return { results, steps };
      } catch (error) {
        // What XLA cannot compile shows when it is first run; no variable has been assigned by then.
        if (loaded.warm || loaded.others.length === 0) throw error;
        loaded.session.dispose();
        Object.assign(loaded, loadFirst(loaded.others, backend));
      }
    }
  }

  /** The loaded graph for the shapes of this call, traced now if there is none. */
  private load(call: Call, backend: NativeBackend): Loaded {
    const levels = (name: string) => levelsOf(backend, call.data[name].dataId)?.meaning;
    const key = JSON.stringify([
      call.batchSize,
      call.dataNames.map((name) => [name, call.data[name].dtype, call.data[name].shape.slice(1), levels(name) ?? null]),
      Object.keys(call.schedules),
    ]);
    let known = this.loaded.get(key);
    const forget = () => {
      if (known) free(known);
      this.loaded.delete(key);
      known = undefined;
    };
    if (known && stale(known, backend)) forget(); // before the trace, which must not find what only the old one holds
    if (known && !known.outlook.mayDiffer()) return known;
    const began = performance.now();
    const inputs = tf.tidy(() => batchInputs(call, 0));
    let traced: Trace;
    try {
      traced = trace(this.step, { inputs, seed: call.seed, stepNumber: call.firstStep });
    } finally {
      tf.dispose(inputs);
    }
    const digest = digestOf(traced, backend);
    const outlook = new Outlook(variablesOf(traced));
    if (known?.digest === digest) {
      traced.release();
      known.outlook = outlook;
      return known;
    }
    forget();
    try {
      const { xla = 'auto' } = this.options;
      const graphs = loopGraphs(traced, {
        binding: backend.binding,
        data: new Map(call.dataNames.map((name) => [name, levels(name)])),
        xla: xla === 'auto' ? xlaPays(traced) : xla,
      });
      const ready = loadFirst(graphs, backend);
      const loaded: Loaded = { traced, ...ready, digest, outlook, millisecondsPerStep: NaN, warm: false };
      this.loaded.set(key, loaded);
      this.traces.count++;
      this.traces.milliseconds += performance.now() - began;
      return loaded;
    } catch (error) {
      traced.release();
      throw error;
    }
  }
}

/** Steps for the next chunk: one to warm up, one to measure (it may be a long one), then what the time allows. */
function stepsNow({ warm, millisecondsPerStep }: Loaded): number {
  if (!warm || Number.isNaN(millisecondsPerStep)) return 1;
  return Math.max(1, Math.round(CHUNK_MILLISECONDS / millisecondsPerStep));
}

/** The rule behind `xla: 'auto'`. */
function xlaPays(traced: Trace): boolean {
  return !traced.ops.some(({ op }) => /Conv|Pool/.test(op));
}
