/** What training does to saturation: the share of saturated values and of stuck units, over the steps, at each learning rate. */
import { needed, oneOf, type Options, positive } from '../core/checks';
import { ACTIVATIONS, type ActivationName } from '../nn';
import { saturationProbe, type Saturation } from '../probe';
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
} from './comparison-spec';
import { type Definition } from './experiment';

/** A comparison, and what counts as saturated in it. */
export interface SaturationSpec extends ComparisonSpec {
  /** The nonlinearity of every side's hidden layers. */
  activation: ActivationName;
  /** Saturated: |g'| below this fraction of its largest value. */
  fraction: number;
}

/** Saturation of one side at one rate, a mean over its hidden layers, on the run's first batch in training mode. */
export interface SaturationCurve extends SideAtRate {
  /** Steps done at each point. */
  steps: number[];
  /** Share of saturated values, [seeds][points]. */
  share: number[][];
  /** Share of units saturated for every example, [seeds][points]. */
  stuckUnits: number[][];
  /** Test accuracy, [seeds][points]. */
  accuracy: number[][];
}

/** What the experiment answers. */
export interface SaturationInTraining extends ComparisonAnswer {
  /** One per side and rate that has a finished run; its rows are the seeds, without those in `missing`. */
  curves: SaturationCurve[];
}

const SATURATION_SPEC: Options<SaturationSpec> = {
  ...COMPARISON_SPEC,
  ...{ activation: needed(oneOf(ACTIVATIONS)), fraction: needed(positive) },
};

/** Mean over layers; NaN where the network had diverged. */
function overLayers(layers: Stored<Record<string, Saturation>> | null, what: keyof Saturation): number {
  const values = Object.values(layers ?? {}).map((layer) => layer[what] ?? NaN);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export const definition: Definition<SaturationSpec, SaturationInTraining> = {
  name: 'saturation-in-training',
  version: 1,
  question: 'Do units saturate as a network trains, and does batch normalization keep them from it?',
  whenAborted: 'returns what finished',
  defaults: { ...SMALL_COMPARISON, pixels: 'grey', learningRates: [0.3, 3, 30], activation: 'sigmoid', fraction: 0.05 },
  options: SATURATION_SPEC,
  compute: async ({ activation, fraction, ...spec }, control) => {
    const saturated = saturationProbe({ activation, fraction, training: true });
    const further = { probes: { saturated }, divergenceBound: Infinity };
    const comparison = await comparisonOf(spec, control, further);
    const found = bySideAndRate(comparison, (runs) => {
      const of = (what: keyof Saturation) => curves(runs, (at) => overLayers(at.probes.saturated, what)).seeds;
      const { x: steps, seeds: accuracy } = curves(runs);
      return { steps, share: of('share'), stuckUnits: of('stuckUnits'), accuracy };
    });
    return { curves: found, ...answerOf(comparison) };
  },
};
