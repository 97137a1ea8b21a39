/** What an experiment is: a question, plain options that decide the answer, and a run that gives it as plain data. */
import {
  abortSignal,
  callback,
  counting,
  expectArgument,
  expectOptions,
  having,
  needed,
  object,
  oneOf,
  type Options,
  recordOf,
  text,
} from '../core/checks';
import { canonicalJson, expectJson, stored, type Json, type Stored } from '../core/json';
import type { Evaluation } from '../train/history';
import type { TrainingProgress } from '../train/options';

/** How far a run is. */
export interface RunProgress {
  /** Units of work done, from 0 to `total`. */
  done: number;
  /** Units of work in all: steps of training, or settings. */
  total: number;
  /** What is being done, for a person. */
  text: string;
}

/** What was seen of one run of a comparison while it trains. */
export interface RunPoint {
  /** Name of the side. */
  side: string;
  /** Of weights and batches. */
  seed: number;
  /** Base rate. */
  learningRate: number;
  /** Loss and accuracy on the test set, and what the experiment's probes reported. */
  evaluation: Stored<Evaluation>;
}

/** How a run reports, and how it is stopped. Neither changes its result. */
export interface RunControl {
  /** Called as the run gets on. */
  onProgress?: (progress: RunProgress) => void;
  /** Called at each evaluation point of an experiment that compares networks. */
  onPoint?: (point: RunPoint) => void;
  /** Stops the run: see `whenAborted`. */
  signal?: AbortSignal;
}

const CONTROL: Options<RunControl> = { onProgress: callback, onPoint: callback, signal: abortSignal };

/**
 * One measured question. `O` and `R` are plain JSON, so that another process, a queue or a page can ask for a run by name and take the
 * answer. Name, version and options, the defaults filled in, are the identity of a run: see {@link runIdentity}.
 */
export interface Experiment<O extends object, R> {
  /** Words with hyphens, such as `weight-growth`; no other experiment's. */
  readonly name: string;
  /** Raised whenever the same options give other numbers. */
  readonly version: number;
  /** What the run answers. */
  readonly question: string;
  /** Of a run that is stopped by its signal: it returns what had finished, or throws the signal's reason, an AbortError unless told. */
  readonly whenAborted: 'returns what finished' | 'throws';
  /** A small run of the question, in seconds. */
  readonly defaults: Readonly<O>;
  /**
   * The options of a run: those given, the defaults for the rest.
   * @throws TypeError or RangeError for what is no option, of another kind or out of range, or not plain JSON
   */
  resolve(given?: Partial<O>): O;
  /**
   * Answers the question. A value that JSON does not have (NaN, infinity) is null in the answer.
   * @throws as `resolve`, before anything is computed; the signal's reason for a run that was aborted before it began
   */
  run(given?: Partial<O>, control?: RunControl): Promise<Stored<R>>;
  /**
   * Answers it again and again, for options that differ little: what such runs can share (data that were loaded, a step that was traced)
   * is made once. Each answer is that of `run`. End it with `dispose`.
   */
  open(): OpenExperiment<O, R>;
}

/** An experiment that runs many times: see {@link Experiment.open}. */
export interface OpenExperiment<O extends object, R> {
  /** As {@link Experiment.run}; one run at a time. */
  run: Experiment<O, R>['run'];
  /** Frees what the runs share. */
  dispose(): void;
}

/** What the runs of an open experiment share, as its definition makes it. */
export interface Session<O extends object, R> {
  /** As {@link Definition.compute}. */
  compute(options: O, control: RunControl): Promise<R>;
  /** Frees what the runs share. */
  dispose(): void;
}

/** An experiment by what is its own. */
export interface Definition<O extends object, R> extends Omit<Experiment<O, R>, 'resolve' | 'run' | 'open'> {
  /** What each option must be. */
  readonly options: Options<O>;
  /** Answers the question for options that were checked. */
  readonly compute: (options: O, control: RunControl) => Promise<R>;
  /** For an experiment whose runs can share something. */
  readonly open?: () => Session<O, R>;
}

const DEFINITION: Options<Definition<object, unknown>> = {
  ...{ name: needed(text), version: needed(counting), question: needed(text), defaults: needed(object) },
  ...{ options: needed(recordOf(having('what an option must be', { fits: needed(callback) }))) },
  ...{ compute: needed(callback), whenAborted: needed(oneOf(['returns what finished', 'throws'])) },
  open: callback,
};

/**
 * Makes an experiment of its definition: its options are checked before the run, and its answer leaves as plain data.
 *
 * @example export const experiment = defineExperiment({ name: 'mine', version: 1, question: '...', defaults: { seeds: [1] }, ... });
 * @throws TypeError or RangeError for what is no definition
 */
export function defineExperiment<O extends object, R>(definition: Definition<O, R>): Experiment<O, R> {
  const given: unknown = definition; // looked at without narrowing its type
  expectOptions('defineExperiment', given, DEFINITION);
  return experimentOf(definition);
}

/** {@link defineExperiment} without its check, for the definitions of this library. */
export function experimentOf<O extends object, R>(definition: Definition<O, R>): Experiment<O, R> {
  const { options: wanted, compute, open, ...rest } = definition;
  const where = `experiment '${rest.name}'`;
  const resolve = (given: Partial<O> = {}): O => {
    expectArgument(where, 'options', given, object);
    const told = Object.entries(given).filter(([, value]) => value !== undefined);
    const options: unknown = { ...rest.defaults, ...Object.fromEntries(told) };
    expectJson(where, 'options', options);
    expectOptions(where, options, wanted);
    return options;
  };
  const runBy = (work: Definition<O, R>['compute']): Experiment<O, R>['run'] => {
    return async (given = {}, control = {}) => {
      const options = resolve(given);
      expectOptions(where, control, CONTROL);
      control.signal?.throwIfAborted();
      const answer = (await work(options, control)) as R;
      return stored(answer);
    };
  };
  return {
    ...rest,
    resolve,
    run: runBy(compute),
    open: () => {
      const session = open?.();
      return { run: runBy(session ? session.compute.bind(session) : compute), dispose: () => session?.dispose() };
    },
  };
}

/** What tells a run from every other: the same for the same experiment, version and options, in whatever order they were written. */
export interface RunIdentity {
  /** Of the experiment. */
  name: string;
  /** Of the experiment. */
  version: number;
  /** With the defaults filled in. */
  options: Json;
}

const EXPERIMENT = having<Experiment<object, unknown>>('an experiment, as experiments.get() gives it', {
  ...{ name: needed(text), version: needed(counting), resolve: needed(callback) },
});

/**
 * The identity of a run, as one line of JSON with its names in order.
 *
 * @example runIdentity(experiments.get('weight-growth'), { seeds: [1] }) // {"name":"weight-growth","options":{...},"version":1}
 * @throws as `experiment.resolve`
 */
export function runIdentity<O extends object>(
  experiment: Pick<Experiment<O, unknown>, 'name' | 'version' | 'resolve'>,
  given?: Partial<O>,
): string {
  expectArgument('runIdentity', 'experiment', experiment, EXPERIMENT);
  const { name, version } = experiment;
  const identity: RunIdentity = { name, version, options: stored(experiment.resolve(given)) as Json };
  return canonicalJson({ ...identity });
}

/** What an experiment's function reports of itself, as training does: units done, units in all, what is being done. */
export type PartsDone = Pick<TrainingProgress, 'step' | 'steps' | 'name'>;

/** RunProgress of training as that of a run. */
export function ofTraining({ onProgress }: RunControl): ((at: PartsDone) => void) | undefined {
  return onProgress && (({ step, steps, name }) => onProgress({ done: step, total: steps, text: name }));
}
