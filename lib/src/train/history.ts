import {
  expectArgument,
  having,
  listOf,
  needed,
  object,
  resultOf,
  shown,
  text,
  unknownName,
  whole,
} from '../core/checks';
import type { Json } from '../probe/types';
import type { OptimizerSettings, WeightDecay } from './optimizer';
import type { Schedule } from './schedule';

/** Seeds of a run. */
export interface Seeds {
  /** What the initial weights were made from, where the caller says so (`compare` does); null where unknown. */
  weights: number | null;
  /** Order of the mini-batches. */
  order: number;
  /** Dropout and other noise inside the step. */
  noise: number;
}

/** Everything that decides the numbers of a run beside the network itself. Plain JSON. */
export interface Settings {
  /** Examples per update. */
  batchSize: number;
  /** Base rate, before the schedule. */
  learningRate: number;
  /** Factor on the rate over the steps. */
  schedule: Schedule;
  /** With its defaults filled in. */
  optimizer: Required<OptimizerSettings>;
  /** null for none. */
  weightDecay: Required<WeightDecay> | null;
  /** `'crossEntropy'`, `'meanSquaredError'`, or `'custom'` for a function. */
  loss: string;
  /** A training loss above this many nats (or squared units) ends the run as diverged. null: only NaN and infinity do. */
  divergenceBound: number | null;
  /** How the test set is run at inference: with the layers' moving averages, or population statistics of the training set. */
  evaluate: { inference: 'moving' | 'population' };
  [other: string]: Json | undefined;
}

/** Where numbers come from: enough to make them again. */
export interface Provenance {
  /** The commit that last touched the library's code, `+` appended when files differ from it; null outside a checkout. */
  commit: string | null;
  /** The engine card: which engine computed, its versions, device and threads. */
  engine: Json;
  /**
   * Data set by name and sizes, with the `digest` of the examples used: first 16 hexadecimal digits of the SHA-256 of training inputs,
   * training targets, test inputs and test targets. `checksum` is that of the whole set as it was loaded.
   */
  data: Json;
  /** Name, number of trainable parameters, and configuration where the network states it. */
  network: Json;
  /** The profile of the notebooks, from BNLAB_PROFILE; `quick` when that is not set. */
  profile: string;
  /** Of weights, batches and noise. */
  seeds: Seeds;
  /** As they were used, defaults filled in. */
  settings: Settings;
  /** First 16 hexadecimal digits of the SHA-256 of all batch indices: equal means the very same batches in the same order. */
  batches: string;
  /** Where the run had been cut, and what had computed until then; absent in a run that was not. */
  resumed?: { step: number; engine: Json }[];
}

/** Loss and accuracy over a set of examples. */
export interface Score {
  /** Mean loss per example; null when not finite. */
  loss: number | null;
  /** Share of rows whose largest output is the right class. A row with an output that is not finite counts as wrong. null for regression. */
  accuracy: number | null;
  /** Number of examples. */
  n: number;
}

/** What the probes of a run reported, by name. */
export type Reported = Record<string, unknown>;

/** What was seen at one evaluation point; `V` is what the run's probes reported. */
export interface Evaluation<V extends Reported = Reported> {
  /** Steps done before it; 0 is before training. */
  step: number;
  /** Test set, inference mode. */
  test: Score;
  /** Test set in training mode (statistics of the mini-batch), where asked for. */
  testTrainingMode?: Score;
  /** Training set (its first examples), inference mode, where asked for. */
  train?: Score;
  /** What each probe reported, by name; null in a network that had diverged, where it could not be measured. */
  probes: V;
}

/** Why and where a run was stopped as diverged. */
export interface Divergence {
  /** Step (from 0) whose training loss was first out of bounds. */
  step: number;
  /** That loss; null when it was NaN or infinite. */
  loss: number | null;
  /** `'loss is NaN'`, `'loss is infinite'` or `'loss above the bound of ...'`. */
  reason: string;
}

/** The record of one training run; `V` is what its probes reported. Plain JSON: `JSON.stringify` loses nothing. */
export interface History<V extends Reported = Reported> {
  /** What the JSON is. */
  kind: 'history';
  /** Of this layout. */
  version: 1;
  /** As the run was called. */
  name: string;
  /** Where the numbers come from. */
  provenance: Provenance;
  /** Steps asked for. */
  steps: number;
  /** Steps done; fewer when stopped or diverged. */
  stepsDone: number;
  /** What ended the run early: an AbortSignal or a notebook's Stop button (`'signal'`), or a budget of seconds or bytes. What was computed until then is here. */
  stopped: null | 'signal' | 'seconds' | 'bytes';
  /** null when training loss stayed within bounds. */
  diverged: Divergence | null;
  /** Training loss (data term only), averaged over windows: `values[i]` is the mean over the `window` steps that end at `steps[i]` (the last may be fewer). */
  losses: { window: number; steps: number[]; values: (number | null)[] };
  /** What was seen at the evaluation points, by rising step. */
  evaluations: Evaluation<V>[];
  /** What `record` returned, one entry per step. */
  perStep: Record<string, Json[]>;
  /** Wall time in seconds. Not part of the result: two equal runs differ here only. */
  timing: { seconds: number; stepSeconds: number; evaluationSeconds: number };
}

const EVALUATION = having<Evaluation>('what an evaluation point saw', { step: needed(whole), test: needed(object) });
const HISTORY = resultOf<History>('history', { evaluations: needed(listOf(EVALUATION)) });

/** Throws unless this is a history. */
export function expectHistory(where: string, history: History): void {
  expectArgument(where, 'history', history, HISTORY);
}

/**
 * Test accuracies and their steps.
 *
 * @throws TypeError for what is no history
 */
export function accuracies(history: History): { steps: number[]; accuracy: number[] } {
  expectHistory('accuracies', history);
  const scored = history.evaluations.filter((e) => e.test.accuracy !== null);
  return { steps: scored.map((e) => e.step), accuracy: scored.map((e) => e.test.accuracy!) };
}

/**
 * First evaluation point whose test accuracy (inference mode) is at least `accuracy`. Resolution: the distance between
 * evaluation points, so the true step is at or below it.
 *
 * @param accuracy between 0 and 1
 * @returns steps, or null when it was never reached
 * @example stepsToReach(history, 0.95)
 */
export function stepsToReach(history: History, accuracy: number): number | null {
  expectHistory('stepsToReach', history);
  if (typeof accuracy !== 'number' || !(accuracy >= 0 && accuracy <= 1)) {
    throw new RangeError(
      `stepsToReach: accuracy must be between 0 and 1, got ${shown(accuracy)}. For percent, divide by 100.`,
    );
  }
  return history.evaluations.find((e) => (e.test.accuracy ?? -1) >= accuracy)?.step ?? null;
}

/**
 * Test accuracy (inference mode) where the run ended. For a run that diverged, that of the state it was stopped in.
 *
 * @throws RangeError when the run has no evaluation with an accuracy
 */
export function finalAccuracy(history: History): number {
  expectHistory('finalAccuracy', history);
  const last = accuracies(history).accuracy.at(-1);
  if (last === undefined) throw new RangeError(`finalAccuracy: history '${history.name}' holds no accuracy.`);
  return last;
}

/**
 * What a probe reported, evaluation point by evaluation point.
 *
 * @param name as in the `probes` of the run
 * @returns the steps done at each point, and the value as the history holds it: null where the network had diverged and the probe failed
 * @example probeSeries(history, 'fan').map(({ step, value }) => [step, value.typical])
 * @throws RangeError for a name that no probe of the run had, naming those that it had
 */
export function probeSeries<V extends Reported, K extends keyof V & string>(
  history: History<V>,
  name: K,
): { step: number; value: V[K] }[] {
  expectArgument('probeSeries', 'history', history, HISTORY);
  expectArgument('probeSeries', 'name', name, text);
  return history.evaluations.map(({ step, probes }) => {
    if (!Object.hasOwn(probes, name)) throw unknownName('probeSeries', 'probe', name, Object.keys(probes));
    return { step, value: probes[name] };
  });
}

/** A finite number, or null: JSON has no NaN. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
