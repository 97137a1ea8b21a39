/** The experiments by name: what a worker, a queue, a page or a command runs. */
import { expectArgument, text, unknownName } from '../core/checks';
import type { Json, Stored } from '../core/json';
import { definition as batchNoise } from './batch-noise';
import { definition as biasGrowth } from './bias-growth';
import { definition as blowUp } from './blow-up';
import { definition as chainOrders } from './chain';
import { definition as domainShift } from './domain-shift';
import { definition as driftingOptimum } from './drifting-optimum';
import { experimentOf, type Definition, type Experiment, type RunControl } from './experiment';
import { definition as figure1 } from './figure-1';
import { definition as gradientNoise } from './gradient-noise';
import { definition as gradientScan } from './gradient-scan';
import { definition as ignoredJacobian } from './ignored-jacobian';
import { definition as inputDescent } from './input-descent';
import { definition as layerTimes } from './layer-times';
import { definition as learningRateSweep } from './learning-rate-sweep';
import { definition as movingInput } from './moving-input';
import { definition as newtonSchulz } from './newton-schulz';
import { definition as saturationInTraining } from './saturation-in-training';
import { definition as scaleFreeTraining } from './scale-free-training';
import { definition as scaledLayer } from './scaled-layer';
import { definition as scaledTraining } from './scaled-training';
import { definition as trainingRun } from './training-run';
import { definition as sideBySide } from './side-by-side';
import { definition as smallBatches } from './small-batches';
import { definition as stepTimes } from './step-times';
import { definition as stepsToLosses } from './steps-to-losses';
import { definition as shiftedRegression } from './shifted-regression';
import { definition as weightGrowth } from './weight-growth';

/** Made into experiments when they are asked for: loading the library calls nothing of them. */
const DEFINITIONS = {
  'batch-noise': batchNoise,
  'bias-growth': biasGrowth,
  'blow-up': blowUp,
  'chain-orders': chainOrders,
  'domain-shift': domainShift,
  'drifting-optimum': driftingOptimum,
  'figure-1': figure1,
  'gradient-noise': gradientNoise,
  'gradient-scan': gradientScan,
  'ignored-jacobian': ignoredJacobian,
  'input-descent': inputDescent,
  'layer-times': layerTimes,
  'learning-rate-sweep': learningRateSweep,
  'moving-input': movingInput,
  'newton-schulz': newtonSchulz,
  'saturation-in-training': saturationInTraining,
  'scale-free-training': scaleFreeTraining,
  'scaled-layer': scaledLayer,
  'scaled-training': scaledTraining,
  'training-run': trainingRun,
  'side-by-side': sideBySide,
  'small-batches': smallBatches,
  'step-times': stepTimes,
  'steps-to-losses': stepsToLosses,
  'shifted-regression': shiftedRegression,
  'weight-growth': weightGrowth,
} as const;

/** Names of the experiments. */
export type ExperimentName = keyof typeof DEFINITIONS;
/** The options of an experiment, all of them. */
export type OptionsOf<N extends ExperimentName> =
  (typeof DEFINITIONS)[N] extends Definition<infer O, unknown> ? O : never;
/** What an experiment answers. */
export type ResultOf<N extends ExperimentName> = Stored<Awaited<ReturnType<(typeof DEFINITIONS)[N]['compute']>>>;

/** The experiments of this library. */
export const experiments = {
  /**
   * An experiment by its name.
   *
   * @example experiments.get('weight-growth').question
   * @throws RangeError for a name that none has, with the one that was likely meant
   */
  get<N extends ExperimentName>(
    name: N,
  ): Experiment<OptionsOf<N>, Awaited<ReturnType<(typeof DEFINITIONS)[N]['compute']>>> {
    expectArgument('experiments.get', 'name', name, text);
    if (!Object.hasOwn(DEFINITIONS, name))
      throw unknownName('experiments', 'experiment', name, Object.keys(DEFINITIONS));
    return experimentOf(DEFINITIONS[name] as never);
  },
};

/** An experiment in a list: everything of it that is data. */
export interface ListedExperiment extends Pick<
  Experiment<object, unknown>,
  'name' | 'version' | 'question' | 'whenAborted'
> {
  /** A small run of it. */
  defaults: Json;
}

/**
 * Every experiment of this library, as plain data.
 *
 * @example table(listExperiments().map(({ name, question }) => ({ name, question })))
 */
export function listExperiments(): ListedExperiment[] {
  return Object.values(DEFINITIONS).map(({ name, version, question, whenAborted, defaults }) => ({
    ...{ name, version, question, whenAborted },
    defaults: JSON.parse(JSON.stringify(defaults)) as Json,
  }));
}

/**
 * Runs an experiment by its name: plain data in, plain data out.
 *
 * @param name one of `listExperiments()`
 * @param options that differ from the experiment's defaults
 * @param control progress, and a signal that stops the run: what then comes back is said by the experiment's `whenAborted`
 * @example const { runs } = await runExperiment('weight-growth', { scales: [1, 10], steps: 20 });
 * @throws RangeError for an unknown name, and as `experiment.run`
 */
export function runExperiment<N extends ExperimentName>(
  name: N,
  options?: Partial<OptionsOf<N>>,
  control?: RunControl,
): Promise<ResultOf<N>>;
export async function runExperiment(name: ExperimentName, options?: object, control?: RunControl): Promise<unknown> {
  const experiment: Pick<Experiment<object, unknown>, 'run'> = experiments.get(name);
  return experiment.run(options, control);
}
