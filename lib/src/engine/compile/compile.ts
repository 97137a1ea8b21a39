import { callback, expectArgument } from '../../core/checks';
import { stoppable } from '../../platform/stoppable';
import { engineInUse } from '../engines/registry';
import { tf } from '../tf';
import { Call, checkedCall } from './call';
import { chunksOf, Form, RunChunk, runChunks } from './chunks';
import { EagerRunner } from './eager';
import { CompileError, insideStep } from './guard';
import {
  CompiledStep,
  CompileOptions,
  expectCompileOptions,
  LoopKind,
  NamedTensors,
  RunOptions,
  RunResult,
  RunTogether,
  StepContext,
} from './options';
import type { Runner, RunnerOf } from './runner';
import { AnyStep, naming } from './step';
import { expectAlike, inPlace, withOwn } from './together';

/**
 * Makes a training step fast: traced once, it runs as a TensorFlow graph, many steps per call, with no JavaScript between them.
 *
 * The step is ordinary TensorFlow.js: any layers, any loss, any optimizer. It gets a batch and returns named tensors; whatever
 * `tf.Variable` it assigns (weights, optimizer slots, moving averages) is found and carried on.
 *
 * ```ts
 * const step = compile(({ x, y }, { random }) => {
 *   const loss = optimizer.minimize(() => softmaxCrossEntropy(network.apply(x, { training: true, random }), y), true)!;
 *   return { loss };
 * });
 * const { outputs } = await step.run({ data: { x, y }, batches, batchSize: 60 });   // outputs.loss: [steps]
 * ```
 *
 * - Variables that the step only reads are read at each call. Other tensors from outside the step, and JavaScript values, are
 *   constants of the trace (`adam.learningRate` is one: to change it, compile again); when such a tensor has been disposed since,
 *   the step is traced again.
 * - Looked at before each chunk, so that the step is traced again where they matter: `trainable` of its variables, the properties of
 *   this library's layers (`frozen`, `rate`, the layers of a network), and whether there is a new variable, as when a name that the step
 *   uses has been given another one.
 * - What may change from step to step is data, a schedule, a variable, `context.random` or `context.step`.
 * - Reading values (`dataSync`, `print`, ...), random operations of TensorFlow.js, and operations whose result's shape depends on
 *   values are errors that name the call.
 * - New shapes trace anew; traces are kept until `dispose`. `String(step)` lists them, operation by operation.
 * - On WebGPU the step is recorded once, as dispatches to the device, and replayed, many steps to a submission: with `xla: false`
 *   bit-equal to eager; else with shaders of its own that do the work of many, equal to rounding.
 * - On WebAssembly it is recorded once, as calls of the engine's functions, and played without TensorFlow.js between them: bit-equal to eager.
 * - With plain JavaScript, and with `{ mode: 'eager' }`, the same call runs the step as it is, with the same results up to
 *   the rounding of the engine.
 *
 * The step function itself is called once or twice per trace, not once per training step: JavaScript counters in it do not count.
 *
 * What it computes is what eager execution computes, on a processor:
 *
 * - Nothing is rewritten by the rules of real numbers: (x + c) - c is rounded twice, x / 1e38 is a division.
 * - Without XLA (`xla: false`; by default a step with convolutions) TensorFlow's own kernels run: the same bits, but for softmax, products of
 *   matrices and convolutions, for which TensorFlow has kernels of its own in graphs: those agree to rounding.
 * - With XLA the same bits, with NaN, infinities and signs of zero, for +, -, *, /, minimum and maximum, comparisons, roots, rounding, casts,
 *   `argMax`, `where`, integers, and whatever moves values about. To rounding, about 1e-6 of the largest term: exp, log, powers, tanh and
 *   their like, sums, products of matrices, gradients. And a product that is added to something may be taken before it is rounded (a
 *   fused multiply-add): x * y + z can be finite where x * y alone is infinite.
 * - Rounding grows where the step makes it grow: a logit of 1e9 is known to 64 only, and softmax takes its exponential.
 * - Numbers below 1.2e-38 in size (denormal) may count as 0. With an infinite logit, softmax is NaN there or in its whole row.
 * - On a GPU XLA keeps its algebraic simplifier: there the first of these does not hold with XLA.
 *
 * @throws TypeError when the step is no function, or the options no object of options
 * @throws RangeError for an option that is not known, with the one that was meant, or a value that is none of its own
 */
export function compile<
  I extends { [K in keyof I]: tf.Tensor } = NamedTensors,
  O extends { [K in keyof O]: tf.Tensor } = NamedTensors,
>(step: (inputs: I, context: StepContext) => O, options: CompileOptions = {}): CompiledStep<O> {
  return new Compiled(step as AnyStep, options) as unknown as CompiledStep<O>;
}

class Compiled {
  private running = false;
  private disposed = false;
  private next = 0;
  /** of what the last steps returned, for a run of no steps */
  private form: Form = [];
  private readonly step: AnyStep;
  private readonly eager: Runner;
  /** the runners of engines that have one of their own, each made when it is first used */
  private readonly others = new Map<RunnerOf, Runner>();

  constructor(
    step: AnyStep,
    private readonly options: CompileOptions,
  ) {
    expectArgument('compile', 'the step', step, callback);
    expectCompileOptions(options);
    this.step = naming(step);
    this.eager = new EagerRunner(this.step);
  }

  get mode(): Runner['mode'] {
    return this.runner.mode;
  }

  get loops(): LoopKind[] {
    return this.runners.flatMap(({ loops }) => loops);
  }

  get oneThread(): boolean {
    return this.runner.oneThread;
  }

  get traces(): Runner['traces'] {
    const all = this.runners.map(({ traces }) => traces);
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    return { count: sum(all.map(({ count }) => count)), milliseconds: sum(all.map((t) => t.milliseconds)) };
  }

  get stepsDone(): number {
    return this.next;
  }

  toString(): string {
    return this.runner.toString();
  }

  run(options: RunOptions): Promise<RunResult> {
    expectOutside('run');
    return this.alone(async () => {
      const call = await this.checked(options);
      const [result] = await this.onOwnData([call], ([own]) => this.runAll(chunksOf(this.runner, own), [own]));
      return result;
    });
  }

  runTogether(runs: readonly RunTogether[]): Promise<RunResult[]> {
    expectOutside('runTogether');
    return this.alone(async () => {
      if (runs.length === 0) return [];
      const calls = await Promise.all(runs.map(({ variables: _, ...options }) => this.checked(options)));
      expectAlike(calls);
      const variables = runs.map((run) => inPlace(run.variables));
      return this.onOwnData(calls, async (own) => {
        const { runner } = this;
        const first = await runner.together?.(own, variables, 0, () => undefined);
        if (!first) return this.oneByOne(own, runs);
        const chunk: RunChunk = async (from, count) => {
          if (from > 0) return (await runner.together!(own, variables, from, count))!;
          count(first.steps);
          return first;
        };
        return this.runAll(chunk, own);
      });
    });
  }

  dispose(): void {
    if (this.running)
      throw new CompileError('This compiled step is running. Stop it and await run() before dispose().');
    this.disposed = true;
    for (const runner of this.runners) runner.dispose();
  }

  private get runners(): Runner[] {
    return [this.eager, ...this.others.values()];
  }

  /** The runner for the engine in use. */
  private get runner(): Runner {
    const { mode = 'auto' } = this.options;
    if (mode === 'eager') return this.eager;
    const { runnerOf } = engineInUse();
    if (!runnerOf) {
      if (mode === 'auto') return this.eager;
      throw new CompileError(
        `{ mode: 'graph' } needs the native engine, and the one in use is '${tf.getBackend()}'. ` +
          "Leave mode out, or set it to 'auto', to run the step eagerly here.",
      );
    }
    const known = this.others.get(runnerOf) ?? runnerOf(this.step, this.options);
    this.others.set(runnerOf, known);
    return known;
  }

  /** Does what no other run may be under way with. */
  private async alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.disposed) throw new CompileError('This compiled step has been disposed; compile it again.');
    if (this.running) {
      throw new CompileError('This compiled step is running already. Await the first run() before the next.');
    }
    this.running = true;
    try {
      await tf.ready();
      return await work();
    } finally {
      this.running = false;
    }
  }

  private checked(options: RunOptions): Promise<Call> {
    return checkedCall(options, { seed: this.options.seed ?? 0, firstStep: this.next });
  }

  /** On tensors of its own: the caller may dispose his while it runs. */
  private async onOwnData<T>(calls: readonly Call[], work: (calls: readonly Call[]) => Promise<T>): Promise<T> {
    const data: NamedTensors = {};
    for (const name of calls[0].dataNames) data[name] = calls[0].data[name].clone();
    try {
      return await work(calls.map((call) => ({ ...call, data })));
    } finally {
      tf.dispose(data);
    }
  }

  private async oneByOne(calls: readonly Call[], runs: readonly RunTogether[]): Promise<RunResult[]> {
    const results: RunResult[] = [];
    for (const [i, call] of calls.entries()) {
      const run = () => this.runAll(chunksOf(this.runner, call), [call]);
      results.push(...(await withOwn(runs[i].variables, run)));
    }
    return results;
  }

  private async runAll(chunk: RunChunk, calls: readonly Call[]): Promise<RunResult[]> {
    const [{ steps, firstStep, signal: given }] = calls;
    let done = 0;
    const run = (signal: AbortSignal | undefined) =>
      runChunks(chunk, [{ ...calls[0], signal }, ...calls.slice(1)], this.form, (count) => {
        done = count;
        this.next = firstStep + count;
      });
    const reached = () => (done < steps ? `stopped at step ${done} of ${steps}` : null);
    const { form, results } = await stoppable(given, run, reached);
    this.form = form;
    return results;
  }
}

/** Thrown, not rejected: nobody could await it in there. */
function expectOutside(name: string): void {
  if (!insideStep()) return;
  throw new CompileError(
    `${name}() inside a step: a step is one training step. Call the function of the other step itself.`,
  );
}
