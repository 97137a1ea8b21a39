/** Two networks under the same conditions, looked into as they train: what a reader sees of every layer, at each evaluation point. */
import { tf } from '../engine';
import type { ActivationName } from '../nn';
import { captureActivations, gradientNorms, saturation, type Probe, type ProbePoint } from '../probe';
import { quantiles } from '../statistics';
import type { Stored } from '../core/json';
import { curves } from '../train/curves';
import {
  answerOf,
  bySideAndRate,
  COMPARISON_SPEC,
  comparisonOf,
  SMALL_COMPARISON,
  type ComparisonAnswer,
  type ComparisonSpec,
  type SideAtRate,
  type SideSpec,
} from './comparison-spec';
import { experimentOf, type Definition, type Experiment } from './experiment';

/** One hidden layer, on the run's first batch in training mode. */
export interface LayerSeen {
  /** Such as `layer1`. */
  layer: string;
  /** 15th, 50th and 85th percentile of what enters its nonlinearity, over examples and units. */
  inputs: number[];
  /** Share of these values at which the nonlinearity is saturated: see `saturation`. */
  saturated: number;
  /** |dl/dW|. */
  gradient: number;
  /** |W|. */
  weights: number;
  /** |b|, or |beta| where a normalization has taken the bias's place; 0 with neither. */
  shift: number;
}

/** One side at one rate. */
export interface SideSeen extends SideAtRate {
  /** Steps done at each point. */
  steps: number[];
  /** Test accuracy, [seeds][points]; null after a run diverged. */
  accuracy: number[][];
  /** Test loss, [seeds][points]; null after a run diverged. */
  loss: number[][];
  /** [seeds][points][hidden layers]; null where a network had diverged. */
  layers: (Stored<LayerSeen>[] | null)[][];
  /** How many of the seeds diverged. */
  diverged: number;
}

/** What the experiment answers. */
export interface SideBySide extends ComparisonAnswer {
  /** One per side and rate that has a finished run; its rows are the seeds, without those in `missing`. */
  rows: SideSeen[];
}

/** Looks into every layer but the last. */
function layersProbe(activation: ActivationName): Probe<LayerSeen[]> {
  return { measure: (at) => layersSeen(at, activation) };
}

function layersSeen({ network, batch, loss }: ProbePoint, activation: ActivationName): LayerSeen[] {
  const look = { network, x: batch.x, training: true };
  const saturated = saturation({ ...look, activation });
  const taps = Object.keys(saturated);
  const values = captureActivations({ ...look, taps });
  const gradients = gradientNorms({ ...look, y: batch.y, loss }).weights;
  const norm = (label: string) =>
    label in network.named ? tf.tidy(() => tf.norm(network.named[label]).dataSync()[0]) : undefined;
  return taps.map((tap) => {
    const layer = tap.slice(0, tap.lastIndexOf('/'));
    const weights = `${layer}/weights`;
    return {
      ...{ layer, inputs: quantiles(values[tap].values, [0.15, 0.5, 0.85]), saturated: saturated[tap].share },
      ...{ gradient: gradients[weights] ?? NaN, weights: norm(weights) ?? NaN },
      shift: norm(`${layer}/bias`) ?? norm(`${layer}/beta`) ?? 0,
    };
  });
}

/** A side that is looked into with its own nonlinearity. */
const seen = (side: SideSpec) => ({
  ...side,
  options: { probes: { layers: layersProbe(side.network.activation ?? 'relu') } },
});

export const definition: Definition<ComparisonSpec, SideBySide> = {
  name: 'side-by-side',
  version: 1,
  question: 'What happens inside two networks, from the same weights and over the same batches?',
  whenAborted: 'returns what finished',
  defaults: {
    ...{ ...SMALL_COMPARISON, learningRates: [3], steps: 400, evaluations: 20 },
    data: { kind: 'digits', train: 2000, test: 500 },
  },
  options: COMPARISON_SPEC,
  compute: async ({ sides, ...spec }, control) => {
    const comparison = await comparisonOf<{ layers: Probe<LayerSeen[]> }>({ ...spec, sides: sides.map(seen) }, control);
    const rows = bySideAndRate(comparison, (runs) => {
      const { x: steps, seeds: accuracy } = curves(runs);
      return {
        ...{ steps, accuracy, loss: curves(runs, ({ test }) => test.loss ?? NaN).seeds },
        layers: runs.map(({ evaluations }) => evaluations.map(({ probes }) => probes.layers)),
        diverged: runs.filter((run) => run.diverged).length,
      };
    });
    return { rows, ...answerOf(comparison) };
  },
};

/**
 * The experiment `side-by-side`, by itself: a notebook that names it reaches no other.
 *
 * @example const { rows } = await sideBySide().run({ learningRates: [3], seeds: [1, 2, 3] });
 */
export function sideBySide(): Experiment<ComparisonSpec, SideBySide> {
  return experimentOf(definition);
}
